use super::*;

fn pairs(text: &str) -> Vec<(String, String)> {
    scan_text(text)
        .items
        .into_iter()
        .filter_map(|literal| Some((literal.name?, literal.value)))
        .collect()
}

fn has(text: &str, name: &str, value: &str) {
    let found = pairs(text);
    assert!(
        found.iter().any(|(n, v)| n == name && v == value),
        "{text:?}: no {name}={value} in {found:?}"
    );
}

#[test]
fn every_spelling_of_an_assignment_is_read() {
    for (text, name, value) in [
        ("name = \"v1\"", "name", "v1"),
        ("name: v1", "name", "v1"),
        ("\"name\": \"v1\"", "name", "v1"),
        ("{\n  \"name\": \"v1\"\n}", "name", "v1"),
        (":name => 'v1'", "name", "v1"),
        ("name := `v1`", "name", "v1"),
        ("name ?= v1", "name", "v1"),
        ("export NAME=v1", "NAME", "v1"),
        ("cmd --name v1 x", "name", "v1"),
        ("cmd --name=v1 x", "name", "v1"),
        ("cmd -p=v1", "p", "v1"),
        ("<name>v1</name>", "name", "v1"),
        ("<a name=\"v1\"/>", "name", "v1"),
        ("https://h/p?a=b&name=v1&c=d", "name", "v1"),
        ("Authorization: Bearer v1", "Authorization", "v1"),
        ("-H 'Authorization: Bearer v1'", "Authorization", "v1"),
        ("setPassword(\"v1\")", "setPassword", "v1"),
        ("define('NAME', 'v1');", "NAME", "v1"),
        ("config[\"name\"] = \"v1\"", "name", "v1"),
        ("let name: &str = \"v1\";", "name", "v1"),
        ("var name string = \"v1\"", "name", "v1"),
        ("private static final String NAME = \"v1\";", "NAME", "v1"),
        ("- name: TOKEN\n  value: v1", "TOKEN", "v1"),
        ("<add key=\"Secret\" value=\"v1\"/>", "Secret", "v1"),
        ("db.password = v1", "password", "v1"),
        ("x = \"{\\\"name\\\": \\\"v1\\\"}\"", "name", "v1"),
        ("f(password=\"v1\")", "password", "v1"),
        ("\"Host=h;Password=v1;X=y\"", "Password", "v1"),
    ] {
        has(text, name, value);
    }
}

#[test]
fn comments_are_flagged_and_comparisons_are_no_assignments() {
    let found =
        scan_text("# key = \"a1\"\nkey = \"b1\" // other = \"c1\"\nif key == \"d1\" {}").items;
    let flags: Vec<_> =
        found.iter().map(|l| (l.value.as_str(), l.in_comment, l.is_assignment)).collect();
    assert!(flags.contains(&("a1", true, true)), "{flags:?}");
    assert!(flags.contains(&("b1", false, true)), "{flags:?}");
    assert!(flags.contains(&("c1", true, true)), "{flags:?}");
    assert!(flags.contains(&("d1", false, false)), "{flags:?}");
}

#[test]
fn spans_are_the_value_and_nothing_else() {
    let text = "é = \"wört\\u0041\" # x\nk: 'ü'\n";
    for literal in scan_text(text).items {
        assert!(text.get(literal.span.range()).is_some());
    }
}

#[test]
fn no_text_makes_it_fail_or_take_long() {
    for piece in
        ["\"", "'", "`", "=", ":", "\\\"", "<a>", "--a ", "a=", "/*", "'''", "é=", "{{", "${", "\r"]
    {
        let text = piece.repeat(20_000);
        let _ = scan_text(&text);
        let _ = scan_text(&format!("x = {text}\n"));
    }
}
