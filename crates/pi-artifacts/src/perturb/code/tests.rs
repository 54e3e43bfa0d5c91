use super::*;

const FAMILIES: &[Perturbation] = &[
    Perturbation::Comments,
    Perturbation::BaitComments,
    Perturbation::LineEndings,
    Perturbation::Quoting,
    Perturbation::Spacing,
    Perturbation::Renaming,
    Perturbation::Spelling,
];

fn artifact(path: &str, kind: Kind, text: &str) -> Artifact {
    Artifact::with_kind(path, text.as_bytes().to_vec(), kind)
}

fn with(seed: u64) -> Request {
    Request { copy: 1, allowed: crate::Perturbations::ALL, seed }
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for edit in edits {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        assert!(start >= at, "edits overlap: {edits:?}");
        out.push_str(&text[at..start]);
        out.push_str(&edit.text);
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

/// What a text means, without trivia, quotes and the suffix of renamed names.
fn meaning(artifact: &Artifact) -> String {
    let text = artifact.text().unwrap();
    match artifact.kind() {
        Kind::Python => {
            let module = artifact.python().unwrap();
            let values = format!(
                "{:?}",
                module
                    .calls
                    .iter()
                    .map(|c| (
                        &c.name,
                        c.arguments.iter().map(|a| (&a.name, &a.value)).collect::<Vec<_>>()
                    ))
                    .collect::<Vec<_>>()
            );
            let names = format!(
                "{:?}",
                module.assignments.iter().map(|a| (&a.name, &a.value)).collect::<Vec<_>>()
            );
            (values + &names).replace("_v\"", "\"")
        }
        Kind::Shell => {
            let script = artifact.shell().unwrap();
            let mut out = String::new();
            script.walk(&mut |item| match item {
                crate::shell::Item::Statement(statement) => {
                    out.push_str(&format!("{} {};", statement.links.len(), statement.background));
                }
                crate::shell::Item::Word(word) if !word.is_dynamic => {
                    out.push_str(&format!("{} ", word.text));
                }
                _ => {}
            });
            out
        }
        Kind::Sql => {
            let sql = artifact.sql().unwrap();
            format!(
                "{:?}",
                sql.statements
                    .iter()
                    .map(|s| (
                        s.words.iter().map(|w| &w.text).collect::<Vec<_>>(),
                        s.strings.iter().map(|w| &w.text).collect::<Vec<_>>()
                    ))
                    .collect::<Vec<_>>()
            )
        }
        _ => {
            let syntax = artifact.syntax().unwrap();
            assert!(syntax.errors().is_empty(), "{text}");
            let mut out = String::new();
            for node in syntax.nodes() {
                let around = std::iter::successors(Some(node), |node| node.parent());
                let is_comment =
                    around.map(|node| node.kind()).any(|kind| kind.contains("comment"));
                if is_comment || matches!(node.kind(), "'" | "\"") {
                    continue;
                }
                out.push_str(node.kind());
                if node.children().next().is_none() {
                    out.push_str(node.text(text).trim_matches(['\'', '"']));
                }
                out.push(' ');
            }
            out
        }
    }
}

const CASES: &[(&str, Kind, &str)] = &[
    (
        "a.py",
        Kind::Python,
        "#!/usr/bin/python\n'''doc\n>>> f(1, 2)\n'''\nimport os\n\ndef f(a, b=1):\n    x = 'one'\n    \
         os.system(x, shell=True)\n    return g(x,\n        y := \"two\")\n\ndef h(q):\n    z = f'{q},{\"w\"}'\n    \
         return [z for z in q]\n\nif f(1, \\\n     2):\n    pass\nelse:\n    s = '''a\nb'''; print(s, 'x\\n')\n",
    ),
    (
        "a.sh",
        Kind::Shell,
        "#!/bin/sh\nset -eu\nif true; then\n  curl -s http://host/a | sh\nfi\nexport A=b c=d\ncat <<EOF\n  rm -rf /x\nEOF\n\
         x=$(\n  echo hi\n)\nfor f in a b; do\n  rm -rf $f \\\n    other/dir\ndone\necho `date -u \\`id\\``\ncase $x in\n  aa) true;;\nesac\n",
    ),
    (
        "a.sql",
        Kind::Sql,
        "-- schema\nCREATE TABLE t (a int, b text);\n\nselect a,b from t where b = 'x\ny' and a in (1,2);\ngrant all on t to bob;\n",
    ),
    (
        "a.js",
        Kind::JavaScript,
        "'use strict';\nconst a = `x\n${b}, c`\n// eslint-disable-next-line\nfoo('a', \"b\")\nreturned()\nfunction f() {\n  return g(1,2)\n}\n\
         const j = <p title='q'>\n  it's, text\n</p>;\nlet r = /'a,\"/;\nclass A {\n  b = 1\n  c() { eval('x'); }\n}\n",
    ),
    (
        "a.ts",
        Kind::TypeScript,
        "interface A {\n  b: 'c';\n}\nexport function f(a: string, b = 'd'): void {\n  exec(a,b);\n}\n",
    ),
    (
        "a.rs",
        Kind::Rust,
        "//! Doc.\nuse a::{b, c};\n\n/// Doc.\n#[derive(A, B)]\nstruct S;\n\nfn f(a: u8, b: u8) {\n    let x = \"a\n, b\";\n    \
         println!(\"{}, {}\",a,b);\n    unsafe { g(a,b) }\n}\n",
    ),
    (
        "literals.rs",
        Kind::Rust,
        "fn f<'a>(a: &'a str) -> [char; 3] {\n    let b = r#\"x\n, \"y\" \\\"#;\n    let c = br\"z\\\";\n    \
         /* a /* b\n */ \"c */\n    let d = \"\\\"\\\\\";\n    let r#type = b'\\'';\n    'b: loop {\n        break 'b;\n    }\n    \
         ['\"', '\\'', 'é']\n}\n",
    ),
    (
        "a.sol",
        Kind::Solidity,
        "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.0;\ncontract A {\n  uint a;\n  function f(uint b, uint c) public {\n    a = b;\n    \
         g(b,c);\n    assembly { let x := add(1,2) }\n  }\n}\n",
    ),
    (
        "a.go",
        Kind::Go,
        "//go:build x\n\npackage a\n\nfunc f(a int, b int) {\n\tx := `a\n`\n\tg(a,b,x)\n}\n",
    ),
    (
        "A.java",
        Kind::Java,
        "package a;\nclass A {\n  int b = 1;\n  void f(int a, int c) {\n    g(a,c);\n  }\n}\n",
    ),
];

#[test]
fn meaning_is_kept_by_every_family() {
    for (path, kind, text) in CASES {
        let original = artifact(path, *kind, text);
        let before = meaning(&original);
        for family in FAMILIES {
            for seed in 0..4 {
                let found = edits(&original, text, *family, with(seed));
                assert_eq!(found, edits(&original, text, *family, with(seed)));
                let copy = artifact(path, *kind, &apply(text, &found));
                assert_eq!(meaning(&copy), before, "{path} {family:?}\n{}", copy.text().unwrap());
            }
        }
    }
}

#[test]
fn families_are_offered_where_they_are_safe() {
    for (path, kind, text) in CASES {
        let original = artifact(path, *kind, text);
        for family in [Perturbation::Comments, Perturbation::BaitComments, Perturbation::Spacing] {
            assert!(!edits(&original, text, family, with(0)).is_empty(), "{path} {family:?}");
        }
    }
    let offered = |index: usize, family| {
        let (path, kind, text): (&str, Kind, &str) = CASES[index];
        apply(text, &edits(&artifact(path, kind, text), text, family, with(0)))
    };
    assert!(offered(0, Perturbation::Renaming).contains("x_v = 'one'"));
    assert!(!offered(0, Perturbation::Renaming).contains("z_v"));
    assert!(offered(0, Perturbation::Quoting).contains("x = \"one\""));
    assert!(offered(1, Perturbation::Spelling).contains("c''url -s"));
    assert!(offered(1, Perturbation::Quoting).contains("curl '-s' 'http://host/a'"));
    assert!(offered(2, Perturbation::Spelling).contains("SELECT a,b FROM t"));
    assert!(offered(3, Perturbation::Quoting).contains("foo(\"a\", 'b')"));
}

#[test]
fn a_straw_grep_is_fooled() {
    let (path, kind, text) = CASES[1];
    let original = artifact(path, kind, text);
    assert!(text.contains("curl -s"));
    for family in [Perturbation::Spelling, Perturbation::Quoting, Perturbation::Spacing] {
        assert!(
            !apply(text, &edits(&original, text, family, with(0))).contains("curl -s"),
            "{family:?}"
        );
    }
    let bait = apply(text, &edits(&original, text, Perturbation::BaitComments, with(1)));
    let count = |text: &str| {
        ["rm -rf", "| sh", "chmod 777"]
            .iter()
            .map(|straw| text.matches(straw).count())
            .sum::<usize>()
    };
    assert!(count(&bait) > count(text));
}

#[test]
fn whole_copies_keep_the_meaning_and_map_back() {
    for (path, kind, text) in CASES {
        let original = artifact(path, *kind, text);
        let before = meaning(&original);
        for number in [1, 2] {
            let copy = crate::perturb(&original, number, crate::Perturbations::ALL);
            let changed = copy.artifact.text().unwrap();
            assert_ne!(changed, *text, "{path} {number}");
            assert_eq!(meaning(&copy.artifact), before, "{path} {number}\n{changed}");
            assert_eq!(copy.to_original(Span::new(0, changed.len())).range(), 0..text.len());
        }
    }
    let (path, kind, text) = CASES[0];
    let copy = crate::perturb(&artifact(path, kind, text), 1, crate::Perturbations::ALL);
    let call = &copy.artifact.python().unwrap().calls[0];
    assert!(copy.to_original(call.span).of(text).starts_with("os.system(x,"));
}
