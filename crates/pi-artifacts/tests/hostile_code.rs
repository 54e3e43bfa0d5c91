//! Texts made to break parsers of programs: none may abort the process, hang,
//! or fail without a named reason.

#![expect(clippy::unwrap_used, reason = "a helper of tests")]

use std::time::Duration;

use pi_artifacts::limits::PARSER_STACK_BYTES;
use pi_artifacts::{Artifact, Kind};
use pi_core::Reason;

/// A debug build gets this much time of the processor for one text; how busy the
/// machine is does not count.
const PATIENCE: Duration = Duration::from_secs(10);

/// Time of the processor that this thread has used.
fn used() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap()
}

/// Parses on a thread with the stack of a parser thread and gives the time it
/// took; no reason is success.
fn parse(kind: Kind, text: String) -> (Option<Reason>, Duration) {
    let parser = std::thread::Builder::new().stack_size(PARSER_STACK_BYTES).spawn(move || {
        let artifact = Artifact::with_kind("hostile", text.into_bytes(), kind);
        let failure = match kind {
            Kind::Shell => artifact.shell().err(),
            Kind::Python => artifact.python().err(),
            Kind::Sql => artifact.sql().err(),
            Kind::Markdown => artifact.markdown().err(),
            Kind::Diff => artifact.diff().err(),
            _ => artifact.syntax().err(),
        };
        (failure.map(|failure| failure.reason), used())
    });
    parser.unwrap().join().unwrap()
}

/// Repeats `open` before and `close` behind `inner`, 10,000 and 100,000 times,
/// below the byte cap.
fn check(kind: Kind, open: &str, inner: &str, close: &str, expected: &[Option<Reason>]) {
    check_times(kind, open, inner, close, expected, &[10_000, 100_000]);
}

fn check_times(
    kind: Kind,
    open: &str,
    inner: &str,
    close: &str,
    expected: &[Option<Reason>],
    times: &[usize],
) {
    let most = 1_000_000 / (open.len() + close.len());
    for times in times {
        let times = (*times).min(most);
        let text = format!("{}{inner}{}", open.repeat(times), close.repeat(times));
        let (found, took) = parse(kind, text);
        let shown = format!("{kind} {open:?} x {times}: {found:?} in {took:?}");
        assert!(expected.contains(&found), "{shown}");
        assert!(took < PATIENCE, "{shown}");
    }
}

const DEEP: &[Option<Reason>] = &[Some(Reason::ArtifactTooDeep)];
/// Flat after all, wrong, or refused: anything but an abort.
const ANY: &[Option<Reason>] = &[
    None,
    Some(Reason::ArtifactTooDeep),
    Some(Reason::ArtifactUnparsable),
    Some(Reason::BudgetExceeded),
];

#[test]
fn shell() {
    let deep = [
        ("{ ", ":;", " }"),
        ("( ", ":", " )"),
        ("$(", ":", ")"),
        ("\"$(", ":", ")\""),
        ("${x:-", "y", "}"),
        ("<(", ":", ")"),
        ("if :; then ", ":", "; fi"),
        ("while :; do ", ":", "; done"),
        ("until ", ":", "; do :; done"),
        ("for x in y; do ", ":", "; done"),
        ("case x in x) ", ":", ";; esac"),
        ("f() ", "{ :; }", ""),
        ("function f ", "{ :; }", ""),
        ("x=$(", ":", ")"),
        ("$((1+$(echo ", "1", ")))"),
        ("\"${x:-\"", "y", "\"}\""),
    ];
    for (open, inner, close) in deep {
        check(Kind::Shell, open, inner, close, DEEP);
    }
    let flat = [
        "<<E\n",
        "<<E ",
        "cat <<E\n$(\n",
        "`",
        "`\\`",
        "((",
        "(( a )",
        "$((",
        "! ",
        "time ",
        "a && ",
        "a | ",
        "a;",
        "'",
        "\"",
        "$'",
        "\\",
        "[[ ",
        "a[",
        "a=(",
        "@(",
        "?(a",
        "${",
        "${{",
        "#\n",
        "& ",
        "> a ",
        "$",
        "\\\n",
        "<<-'E'\n\t",
        "x[$(",
        "\"`",
        "case x in ",
        "(a) b) ",
        ")",
        "}",
        "then ",
        "\r",
        "\0",
        "é'",
    ];
    for open in flat {
        check(Kind::Shell, open, "", "", ANY);
    }
}

#[test]
fn shell_nesting_fits_a_small_stack() {
    let levels = pi_artifacts::limits::MAX_SHELL_NESTING / 2 - 1;
    for (open, inner, close) in
        [("{ ", ":;", " }"), ("\"$(", ":", ")\""), ("if :; then ", ":", "; fi")]
    {
        let text = format!("{}{inner}{}", open.repeat(levels), close.repeat(levels));
        let small = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
        let ends_closed = move || {
            let script = pi_artifacts::shell::parse_shell(&text, 0);
            script.map(|script| script.commands().len())
        };
        let found = small.spawn(ends_closed).unwrap().join().unwrap();
        // `};` is missing between closing braces: named, not parsed.
        assert!(found.is_ok() || open == "{ ", "{open:?}: {found:?}");
    }
}

#[test]
fn python() {
    let deep = [
        ("[", "", "]"),
        ("(", "", ")"),
        ("{1:", "1", "}"),
        ("f(", "", ")"),
        ("-", "1", ""),
        ("~", "1", ""),
        ("not ", "1", ""),
        ("await ", "x", ""),
        ("lambda: ", "1", ""),
        ("lambda a, b: ", "1", ""),
        ("lambda a=", "1", ": 1"),
        ("1 if 1 else ", "1", ""),
        ("1+", "1", ""),
        ("1**", "1", ""),
        ("a.", "b", ""),
        ("1<", "1", ""),
        ("a and b or ", "c", ""),
        ("x = ", "1", ""),
        ("[x for x in ", "y", "]"),
        ("f'{", "x", "}'"),
        ("x: ", "y", ""),
        ("*", "a", ""),
        ("@", "a", ""),
        ("yield ", "x", ""),
        ("match ", "x", ""),
    ];
    for (open, inner, close) in deep {
        check(Kind::Python, open, inner, close, ANY);
    }
    for (open, inner, close) in deep.iter().take(14) {
        let text = format!("{}{inner}{}", open.repeat(10_000), close.repeat(10_000));
        assert_eq!(parse(Kind::Python, text).0, Some(Reason::ArtifactTooDeep), "{open:?}");
    }
    for close in ["()", "[0]", ".a", "(b)(c)", " + 1"] {
        let text = format!("a{}", close.repeat(100_000));
        assert_eq!(parse(Kind::Python, text).0, Some(Reason::ArtifactTooDeep), "{close:?}");
    }
    let indented: String =
        (0..1_300).map(|level| format!("{}if x:\n", " ".repeat(level))).collect();
    assert_eq!(parse(Kind::Python, indented).0, Some(Reason::ArtifactTooDeep));
    for open in [
        "'",
        "'''",
        "\"\"\"a",
        "\\\n",
        "#\n",
        "f'{",
        "(\n",
        "if x: ",
        "elif x:\n",
        "@a\n",
        "a = b,",
        "1 ",
        "\t",
        "\u{c}",
        "$",
    ] {
        check(Kind::Python, open, "", "", ANY);
    }
    let long = format!("x = [{}]\n", "'a' + 'b', lambda a, b: 1,".repeat(20_000));
    assert_eq!(parse(Kind::Python, long).0, None);
}

#[test]
fn trees_of_grammars() {
    let forms = [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{", "", "}"),
        ("f(", "1", ")"),
        ("-", "1", ""),
        ("!", "a", ""),
        ("1+", "1", ""),
        ("a.", "b", ""),
        ("a=", "1", ""),
        ("a?b:", "c", ""),
        ("if(a){", "", "}"),
        ("<a>", "", "</a>"),
        ("`${", "a", "}`"),
        ("a=>", "b", ""),
        ("function f(){", "", "}"),
        ("new ", "a", ""),
        ("Vec<", "T", ">"),
        ("&", "a", ""),
        ("match a { _ => ", "b", "}"),
        ("contract A { function f() {", "", "}}"),
        ("mapping(a => ", "b", ")"),
        ("#![", "", "]"),
        ("/*", "", "*/"),
        ("\"", "", ""),
        ("@", "", ""),
        ("<", "", ""),
        ("r#", "", ""),
    ];
    for kind in [Kind::JavaScript, Kind::TypeScript, Kind::Rust, Kind::Solidity] {
        // The grammars share one engine: the longest texts for one of them only.
        let times: &[usize] = if kind == Kind::JavaScript { &[10_000, 100_000] } else { &[10_000] };
        for (open, inner, close) in forms {
            check_times(kind, open, inner, close, ANY, times);
        }
    }
}

#[test]
fn sql() {
    let deep = [
        ("SELECT (", "1", ")"),
        ("SELECT 1 FROM (", "t", ")"),
        ("1 AND ", "1", ""),
        ("NOT ", "1", ""),
        ("CASE WHEN 1 THEN ", "1", " END"),
        ("SELECT 1 UNION ", "SELECT 1", ""),
        ("1 + ", "1", ""),
        ("a IN (", "1", ")"),
        ("- - ", "1", ""),
    ];
    for (open, inner, close) in deep {
        check(Kind::Sql, open, inner, close, DEEP);
    }
    for open in [
        "'",
        "\"",
        "$$",
        "/*",
        "--\n",
        ";",
        "a ",
        "(,",
        "a.",
        "1,",
        "`",
        "E'",
        "x::",
        "[",
        "SELECT 1;",
        "é ",
    ] {
        check(Kind::Sql, open, "", "", ANY);
    }
}

#[test]
fn markdown_and_diffs() {
    for open in [
        "> ",
        "- ",
        "1. ",
        "[",
        "![",
        "*",
        "_",
        "**a ",
        "`",
        "``` ",
        "<",
        "<a ",
        "|",
        "[a]: b\n",
        "[^a]",
        "&",
        "\\",
        "#",
        "a\n>",
        " ",
        "[a](",
        "*a_",
        "<!--",
        "| |\n|-|\n",
    ] {
        check(Kind::Markdown, open, "a", "", ANY);
    }
    for open in [
        "@@ -1 +1 @@\n",
        "--- a\n+++ b\n@@ -1,4294967295 +1,4294967295 @@\n",
        "diff --git a/a b/b\n",
        "+\n",
        "--- a\n",
    ] {
        check(Kind::Diff, open, "", "", ANY);
    }
}
