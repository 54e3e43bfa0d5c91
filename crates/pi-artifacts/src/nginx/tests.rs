//! What the grammar of nginx says.

use super::*;

fn config(text: &str) -> Parsed<Config> {
    parser::parse(text)
}

/// Directives without places.
fn shape(directives: &[Directive]) -> String {
    let one = |directive: &Directive| {
        let words: Vec<&str> = directive.arguments.iter().map(|word| word.text.as_str()).collect();
        let block = match &directive.block {
            Some(Block::Directives(children)) => format!("{{{}}}", shape(children)),
            Some(Block::Raw(_)) => "{raw}".to_owned(),
            None => String::new(),
        };
        format!("{}{words:?}{block}", directive.name.text)
    };
    directives.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn words_quotes_and_blocks() {
    for (text, expected) in [
        ("a;", "a[]"),
        ("# c; {\na b 'c d' \"e\\\"f\";", r#"a["b", "c d", "e\"f"]"#),
        ("location ~ \\.php$ { x y; }", r#"location["~", "\\.php$"]{x["y"]}"#),
        ("root /srv/${host}/a}b;", r#"root["/srv/${host}/a}b"]"#),
        ("a b#c;", r#"a["b#c"]"#),
        ("if ($a = \"b\") { return 403; }", r#"if["($a", "=", "b", ")"]{return["403"]}"#),
        ("h {\r\n\ts { }\r\n}\r\n", "h[]{s[]{}}"),
        ("h 'a\n b';", r#"h["a\n b"]"#),
        (
            "content_by_lua_block { if x then y = '}' end -- }\n z = [[ } ]] t = {} } a;",
            "content_by_lua_block[]{raw} a[]",
        ),
    ] {
        assert_eq!(shape(&config(text).unwrap().directives), expected, "{text}");
    }
}

#[test]
fn what_nginx_refuses() {
    for text in ["a", "a {", "}", ";", "a { b }", "a 'b;", "a 'b'c;", "x_by_lua_block { '"] {
        assert!(config(text).is_err(), "{text}");
    }
    let deep = "a{".repeat(300) + &"}".repeat(300);
    let failure = config(&deep).unwrap_err();
    assert_eq!(failure.reason, pi_core::Reason::ArtifactTooDeep);
}

#[test]
fn places() {
    let text = "server {\n  listen 'x';\n}\n";
    let config = config(text).unwrap();
    let server = &config.directives[0];
    assert_eq!(server.span.of(text), "server {\n  listen 'x';\n}");
    assert_eq!(server.children()[0].span.of(text), "listen 'x';");
    assert_eq!(server.children()[0].arguments[0].span.of(text), "'x'");
}

#[test]
fn variables_in_words() {
    use Part::{Text, Variable};
    assert_eq!(
        parts("http://$1$host/${a}b$$"),
        [Text("http://"), Variable("1"), Variable("host"), Text("/"), Variable("a"), Text("b$$")]
    );
    assert_eq!(parts("^/x$"), [Text("^/x$")]);
}

#[test]
fn other_formats_are_not_nginx() {
    for text in [
        "[section]\nuser = root\n",
        "options {\n  directory \"/var\";\n};\n",
        "option domain-name \"x\";\nsubnet 10.0.0.0 netmask 255.0.0.0 { range 10.0.0.1; }\n",
        "<VirtualHost *:80>\n  ServerName x\n</VirtualHost>\n",
        "global\n  daemon\n",
        "",
    ] {
        assert!(!is_config(text), "{text}");
    }
    assert!(is_config("add_header X-A b;"));
}
