//! Our shell parser against an independent one: both accept the same scripts,
//! and see the same number of statements.

use brush_parser::{ParserOptions, parse_tokens, uncached_tokenize_str};
use pi_artifacts::shell::parse_shell;

/// Pieces from which scripts are joined; some are wrong on their own.
const PIECES: &[&str] = &[
    "a",
    "a b 'c d' \"e $f\"",
    "A=1 b",
    "x=$(a \"$(b)\")",
    "`a`",
    "if a; then b; else c; fi",
    "while a; do b; done",
    "for i in 1 2; do a; done",
    "for ((i=0;i<2;i++)); do a; done",
    "case $x in a|b) c;; *) d;; esac",
    "f() { a; }",
    "(a; b)",
    "{ a; }",
    "[[ -f $x && $y == z ]]",
    "((x+1))",
    "echo $((1+2)) ${x:-y} ${#x}",
    "a > b 2>&1",
    "cat <<E\nbody $x\nE",
    "cat <<'E'\n$(\nE",
    "! a",
    "a <(b) >(c)",
    "fi",
    "(",
    "}",
    "then",
    "'",
    "x=(1 2 3)",
    "# note",
];

const JOINTS: &[&str] = &["\n", "; ", " | ", " && ", " &\n"];

/// The number of statements the other parser sees; `None` when it refuses.
fn theirs(text: &str) -> Option<usize> {
    let options = ParserOptions::default();
    let tokens = uncached_tokenize_str(text, &options.tokenizer_options()).ok()?;
    let program = parse_tokens(&tokens, &options).ok()?;
    Some(program.complete_commands.iter().map(|list| list.0.len()).sum())
}

#[test]
fn both_parsers_agree() {
    let mut differences = Vec::new();
    for first in PIECES {
        for second in PIECES {
            for joint in JOINTS {
                // A heredoc ends on a line of its own; Bash reads one that does not
                // end (as we do), the other parser refuses it.
                let joint = if first.contains("<<") { "\n" } else { joint };
                let text = format!("{first}{joint}{second}\n");
                let ours = parse_shell(&text, 0).ok().map(|script| script.statements.len());
                let theirs = theirs(&text);
                if ours != theirs {
                    differences.push(format!("{text:?}: ours {ours:?}, theirs {theirs:?}"));
                }
            }
        }
    }
    assert!(differences.is_empty(), "{}\n{}", differences.len(), differences.join("\n"));
}
