//! nginx configuration: comments between directives, other quotes around plain
//! words, wider gaps.

use super::dockerfile::line_start;
use super::lines::comments;
use super::{Changes, Perturbation, Request};
use crate::artifact::Artifact;
use crate::nginx::{Directive, Word};
use crate::span::Span;

const BAIT: &[&str] = &[
    "proxy_pass http://127.0.0.1;",
    "proxy_set_header Host $host;",
    "server_tokens off;",
    "ssl_protocols TLSv1.3;",
    "add_header X-Frame-Options DENY;",
    "internal;",
    "deny all;",
];

pub(super) fn changes(original: &Artifact, text: &str, request: Request) -> Changes {
    let mut changes = Changes::default();
    let Ok(config) = original.nginx() else { return Changes::line_endings(text, request) };
    let mut all = Vec::new();
    collect(&config.directives, &mut all);
    let starts: Vec<usize> = all
        .iter()
        .filter_map(|directive| line_start(text, directive.span.start as usize))
        .collect();
    comments(&mut changes, text, &starts, "#", BAIT, request);
    for (number, directive) in all.iter().enumerate() {
        let end = directive.name.span.end as usize;
        if request.wants(Perturbation::Spacing) && text.as_bytes().get(end) == Some(&b' ') {
            changes.insert(end, " ".repeat(1 + request.pick(number, 3)));
        }
        // A condition is read by its parentheses, not word by word.
        if request.wants(Perturbation::Quoting) && !directive.is("if") {
            for word in &directive.arguments {
                quote(&mut changes, text, word);
            }
        }
    }
    // A line break inside a word belongs to its value.
    let is_plain = |directive: &&Directive| {
        directive.arguments.iter().all(|word| !word.span.of(text).contains('\n'))
    };
    if all.iter().all(is_plain) {
        changes.swap_line_endings(text, request);
    }
    changes
}

fn collect<'a>(directives: &'a [Directive], out: &mut Vec<&'a Directive>) {
    for directive in directives {
        out.push(directive);
        collect(directive.children(), out);
    }
}

/// Plain words get quotes, and double quotes become single ones.
fn quote(changes: &mut Changes, text: &str, word: &Word) {
    let written = word.span.of(text);
    let is_plain =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./:@$".contains(&b));
    let (start, end) = (word.span.start as usize, word.span.end as usize);
    match word.quote {
        None if is_plain(written) => changes.wrap(word.span, "\""),
        Some('"') if !written.contains(['\\', '\'']) => {
            changes.replace(Span::new(start, start + 1), "'");
            changes.replace(Span::new(end - 1, end), "'");
        }
        _ => {}
    }
}
