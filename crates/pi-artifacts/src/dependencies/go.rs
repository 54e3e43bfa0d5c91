//! Go modules: `go.mod` and `go.sum`.
//!
//! Grammar: the Go Modules Reference.

use std::collections::BTreeSet;

use super::{Dependencies, Dependency, Ecosystem, Source, lines};
use crate::span::Span;

/// Parses `go.mod`. Sections: `require`, `indirect`, `replace`, `exclude`, `tool`.
pub(super) fn module(text: &str) -> Dependencies {
    let mut out = Dependencies::manifest(Ecosystem::Go);
    let mut block: Option<String> = None;
    for (start, line) in lines(text) {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let trimmed = code.trim();
        if trimmed.is_empty() {
            continue;
        }
        if block.is_some() && trimmed == ")" {
            block = None;
            continue;
        }
        let at = start + (code.len() - code.trim_start().len());
        let span = Span::new(at, at + trimmed.len());
        let (verb, rest) = match &block {
            Some(verb) => (verb.clone(), trimmed),
            None => {
                let (verb, rest) = trimmed.split_once([' ', '\t', '(']).unwrap_or((trimmed, ""));
                if trimmed.ends_with('(') {
                    block = Some(verb.to_owned());
                    continue;
                }
                (verb.to_owned(), rest.trim())
            }
        };
        let words: Vec<String> = rest.split_whitespace().map(unquoted).collect();
        let indirect = comment.trim_start().starts_with("indirect");
        directive(&verb, &words, indirect, span, &mut out);
    }
    out
}

fn directive(verb: &str, words: &[String], indirect: bool, span: Span, out: &mut Dependencies) {
    match (verb, words) {
        ("module", [name, ..]) => out.package = Some(name.clone()),
        ("require", [name, version, ..]) => {
            let section = if indirect { "indirect" } else { "require" };
            let version = Some(version.clone());
            out.items.push(Dependency { version, ..Dependency::new(name, section, span) });
        }
        ("exclude", [name, version, ..]) => {
            let version = Some(version.clone());
            out.items.push(Dependency { version, ..Dependency::new(name, verb, span) });
        }
        ("tool", [name, ..]) => {
            out.items.push(Dependency { development: true, ..Dependency::new(name, verb, span) })
        }
        ("replace", words) => {
            let Some(arrow) = words.iter().position(|word| word == "=>") else { return };
            let (Some(old), Some(new)) = (words.first(), words.get(arrow + 1)) else { return };
            let is_path = new.starts_with(['.', '/']);
            out.items.push(Dependency {
                alias: Some(old.clone()),
                version: words.get(arrow + 2).cloned(),
                source: if is_path { Source::Path(new.clone()) } else { Source::Registry(None) },
                ..Dependency::new(new, verb, span)
            });
        }
        _ => {}
    }
}

/// Parses `go.sum`: one item per module and version. A module of which only the
/// `go.mod` is hashed takes part in resolution, yet is never built: section
/// `go.mod`, else `go.sum`.
pub(super) fn sum(text: &str) -> Dependencies {
    let mut out = Dependencies::lockfile(Ecosystem::Go);
    let all: Vec<(usize, Vec<&str>)> =
        lines(text).map(|(start, line)| (start, line.split_whitespace().collect())).collect();
    let built: BTreeSet<(&str, &str)> = all
        .iter()
        .filter_map(|(_, words)| match words.as_slice() {
            [name, version, _] if !version.ends_with("/go.mod") => Some((*name, *version)),
            _ => None,
        })
        .collect();
    for (start, words) in &all {
        let [name, version, hash] = words.as_slice() else { continue };
        let (version, section) = match version.strip_suffix("/go.mod") {
            Some(version) if built.contains(&(*name, version)) => continue,
            Some(version) => (version, "go.mod"),
            None => (*version, "go.sum"),
        };
        let line = text.get(*start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        out.items.push(Dependency {
            version: Some(version.to_owned()),
            has_integrity: hash.starts_with("h1:"),
            ..Dependency::new(*name, section, Span::new(*start, start + line.trim_end().len()))
        });
    }
    out
}

fn unquoted(word: &str) -> String {
    word.trim_matches(['"', '`']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_single_lines_and_replacements() {
        let text = "module \"example.com/me\"\n\ngo 1.22\n\nrequire (\n\ta.com/x v1.0.0\n\
                    \tb.com/y v0.0.0-2020-abc // indirect\n)\nrequire c.com/z v2.0.0+incompatible\n\
                    replace a.com/x => ../x\nreplace (\n\tb.com/y v0.1.0 => f.com/y v0.2.0 // fork\n)\n\
                    exclude d.com/w v1.1.1\ntool e.com/cmd\n";
        let found = module(text);
        assert_eq!(found.package.as_deref(), Some("example.com/me"));
        let rows: Vec<(&str, &str, Option<&str>, &str)> = found
            .items
            .iter()
            .map(|i| (i.section.as_str(), i.name.as_str(), i.version.as_deref(), i.span.of(text)))
            .collect();
        assert_eq!(
            rows,
            [
                ("require", "a.com/x", Some("v1.0.0"), "a.com/x v1.0.0"),
                ("indirect", "b.com/y", Some("v0.0.0-2020-abc"), "b.com/y v0.0.0-2020-abc"),
                (
                    "require",
                    "c.com/z",
                    Some("v2.0.0+incompatible"),
                    "require c.com/z v2.0.0+incompatible"
                ),
                ("replace", "../x", None, "replace a.com/x => ../x"),
                ("replace", "f.com/y", Some("v0.2.0"), "b.com/y v0.1.0 => f.com/y v0.2.0"),
                ("exclude", "d.com/w", Some("v1.1.1"), "exclude d.com/w v1.1.1"),
                ("tool", "e.com/cmd", None, "tool e.com/cmd"),
            ]
        );
        assert_eq!(found.items[4].alias.as_deref(), Some("b.com/y"));
        assert!(matches!(&found.items[3].source, Source::Path(path) if path == "../x"));
    }

    #[test]
    fn sums_are_one_item_per_version() {
        let text = "a v1 h1:x=\na v1/go.mod h1:y=\nb v2/go.mod h1:z=\n";
        let found = sum(text);
        let rows: Vec<_> = found
            .items
            .iter()
            .map(|i| (i.name.as_str(), i.section.as_str(), i.has_integrity))
            .collect();
        assert_eq!(rows, [("a", "go.sum", true), ("b", "go.mod", true)]);
        assert_eq!(found.items[0].span.of(text), "a v1 h1:x=");
    }
}
