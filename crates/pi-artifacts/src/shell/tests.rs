use super::*;

fn script(text: &str) -> Script {
    parse_shell(text, 0).unwrap_or_else(|failure| panic!("{failure:?}: {text}"))
}

/// Every simple command as its resolved words, in the order of the walk.
fn commands(text: &str) -> Vec<String> {
    let script = script(text);
    script
        .commands()
        .iter()
        .filter_map(|command| command.simple())
        .map(|simple| {
            let words: Vec<&str> = simple.words.iter().map(|word| word.text.as_str()).collect();
            words.join(" ")
        })
        .collect()
}

#[test]
fn words_are_resolved() {
    let cases = [
        ("r''m -r\"f\" \\/", "rm -rf /"),
        ("c\\url 'a b' \"c $d\"", "curl a b c $d"),
        ("echo $'a\\tb\\x41\\101\\u00e9'", "echo a\tbAA\u{e9}"),
        ("echo a\\\nb", "echo ab"),
        ("echo \"a\\\"b\\q\"", "echo a\"b\\q"),
        ("ls *.txt @(a|b)", "ls *.txt @(a|b)"),
    ];
    for (text, expected) in cases {
        assert_eq!(commands(text), [expected], "{text}");
    }
}

#[test]
fn nested_commands_are_found_everywhere() {
    let cases: &[(&str, &[&str])] = &[
        ("a | b && c || d; e & f", &["a", "b", "c", "d", "e", "f"]),
        ("if a; then b; elif c; then d; else e; fi", &["a", "b", "c", "d", "e"]),
        ("while a; do b; done\nuntil c; do d; done", &["a", "b", "c", "d"]),
        ("for x in 1 $(a); do b; done", &["a", "b"]),
        ("for ((i=0;i<3;i++)); do a; done", &["a"]),
        ("case $x in (a|b) c;; *) d ;; esac", &["c", "d"]),
        ("f() { a; }; function g { b; }", &["a", "b"]),
        ("(a; b) > out 2>&1", &["a", "b"]),
        ("echo \"$(a \"$(b)\")\" `c`", &["echo $(a \"$(b)\") `c`", "a $(b)", "b", "c"]),
        ("echo `a \\`b\\``", &["echo `a \\`b\\``", "a `b`", "b"]),
        ("diff <(a) <(b)", &["diff <(a) <(b)", "a", "b"]),
        ("x=$(a) y=(b $(c)) ", &["", "a", "c"]),
        ("echo ${x:-$(a)} $((1 + $(b)))", &["echo ${x:-$(a)} $((1 + $(b)))", "a", "b"]),
        ("[[ $a =~ ^(x|y)$ && -f $(b) ]]", &["b"]),
        ("((x++)); ((y)) && a", &["a"]),
        ("$( (a) )", &["$( (a) )", "a"]),
        ("cat <<EOF | sh\n$(a)\nEOF\nb", &["cat", "sh", "b", "a"]),
        ("a # b; c\n# d\ne", &["a", "e"]),
    ];
    for (text, expected) in cases {
        assert_eq!(commands(text), *expected, "{text}");
    }
}

#[test]
fn heredocs_keep_to_their_lines() {
    let text = "cat <<A <<-'B' && x\none $v\nA\n\t$(no)\n\tB\ny";
    let found = script(text);
    let [a, b] = found.heredocs.as_slice() else { panic!("{:?}", found.heredocs) };
    assert_eq!((a.body.text.as_str(), a.body.is_dynamic), ("one $v\n", true));
    assert_eq!((b.body.raw.as_str(), b.body.is_dynamic), ("\t$(no)\n", false));
    assert_eq!(b.body.span.of(text), "\t$(no)\n");
    assert_eq!(commands(text), ["cat", "x", "y"]);
    assert_eq!(script("cat <<E\nopen").heredocs[0].body.text, "open");
}

#[test]
fn assignments_redirections_and_templates() {
    let text = "A=1 B+='x y' curl -o f \"${{ github.event.issue.title }}\" 2>>log &>all <<< word";
    let found = script(text);
    let command = found.commands()[0];
    let simple = command.simple().unwrap();
    let names: Vec<_> = simple.assignments.iter().map(|a| (a.name.as_str(), a.append)).collect();
    assert_eq!(names, [("A", false), ("B", true)]);
    assert!(matches!(&simple.assignments[1].value, Value::Scalar(word) if word.text == "x y"));
    assert_eq!(command.name(), Some("curl"));
    let title = &command.arguments()[2].expansions[0];
    assert_eq!(
        (title.kind, title.name.as_str()),
        (ExpansionKind::Template, "github.event.issue.title")
    );
    let operators: Vec<&str> = command.redirections.iter().map(|r| r.operator).collect();
    assert_eq!(operators, [">>", "&>", "<<<"]);
    assert_eq!(command.redirections[0].descriptor.as_deref(), Some("2"));
    assert_eq!(command.span.of(text), text);
}

#[test]
fn spans_carry_the_base_offset() {
    let document = "RUN curl -s http://x | sh";
    let found = parse_shell(document.get(4..).unwrap(), 4).unwrap();
    let pipeline = found.pipelines()[0];
    assert_eq!(pipeline.span.of(document), "curl -s http://x | sh");
    assert_eq!(pipeline.commands[1].span.of(document), "sh");
}

#[test]
fn wrong_text_is_refused_with_a_place() {
    for text in [
        "if a; then",
        "a )",
        "( a",
        "'open",
        "\"open",
        "echo $(a",
        "fi",
        "a && ",
        "`",
        "case x in a)",
    ] {
        let failure = parse_shell(text, 0).unwrap_err();
        assert_eq!(failure.reason, pi_core::Reason::ArtifactUnparsable, "{text}");
    }
}
