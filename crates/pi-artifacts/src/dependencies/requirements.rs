//! pip requirements and constraints files.
//!
//! Grammar: pip's "Requirements File Format".

use super::{Dependencies, Ecosystem, Include, Registry, lines, requirement};
use crate::span::Span;

const SECTION: &str = "requirements";

/// Options that take a value behind a blank or `=`.
const VALUED: &[&str] = &[
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-e",
    "--editable",
    "-i",
    "--index-url",
    "--pypi-url",
    "--extra-index-url",
    "-f",
    "--find-links",
];

/// Parses a requirements file; unknown options are passed over.
pub(super) fn parse(text: &str) -> Dependencies {
    let mut out = Dependencies::manifest(Ecosystem::PyPi);
    for (line, span) in logical_lines(text) {
        if line.starts_with('-') {
            option(&line, span, &mut out);
        } else {
            requirement_line(&line, span, false, &mut out);
        }
    }
    out
}

fn option(line: &str, span: Span, out: &mut Dependencies) {
    let Some((name, value)) = VALUED.iter().find_map(|name| {
        let rest = line.strip_prefix(name)?;
        let short = name.len() == 2;
        let valued = short || rest.starts_with(['=', ' ', '\t']);
        valued.then(|| (*name, rest.trim_start_matches(['=', ' ', '\t']).trim()))
    }) else {
        return;
    };
    if value.is_empty() {
        return;
    }
    match name {
        "-r" | "--requirement" | "-c" | "--constraint" => {
            out.includes.push(Include { path: value.to_owned(), span });
        }
        "-e" | "--editable" => requirement_line(value, span, true, out),
        _ => {
            let extra = matches!(name, "--extra-index-url" | "-f" | "--find-links");
            out.registries.push(Registry { url: value.to_owned(), extra, span });
        }
    }
}

fn requirement_line(line: &str, span: Span, editable: bool, out: &mut Dependencies) {
    let (body, options) = split_options(line);
    let Some(mut found) = requirement::parse(body, SECTION, span) else { return };
    found.has_integrity |= options.contains("--hash");
    if editable && matches!(found.source, super::Source::Registry(_)) {
        found.source = super::Source::Path(body.trim().to_owned());
        found.version = None;
    }
    out.items.push(found);
}

/// Splits `requirement --hash=... --config-settings=...`.
fn split_options(line: &str) -> (&str, &str) {
    [" --", "\t--"]
        .iter()
        .filter_map(|mark| line.find(mark))
        .min()
        .and_then(|at| line.split_at_checked(at))
        .unwrap_or((line, ""))
}

/// Lines with continuations joined and comments removed; blank ones left out.
fn logical_lines(text: &str) -> Vec<(String, Span)> {
    let mut out = Vec::new();
    let mut joined = String::new();
    let mut span: Option<Span> = None;
    for (start, line) in lines(text) {
        let content = without_comment(line);
        // A comment ends with its line, whatever stands at its end.
        let continued = content.len() == line.len() && content.ends_with('\\');
        let content =
            if continued { content.strip_suffix('\\').unwrap_or(content) } else { content };
        let trimmed = content.trim();
        if !trimmed.is_empty() {
            let at = start + (content.len() - content.trim_start().len());
            let place = Span::new(at, at + trimmed.len());
            span = Some(span.map_or(place, |before| before.to(place)));
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(trimmed);
        }
        if !continued && let Some(span) = span.take() {
            out.push((std::mem::take(&mut joined), span));
        }
    }
    if let Some(span) = span {
        out.push((joined, span));
    }
    out
}

/// A `#` starts a comment at the start of a line or behind a blank.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            return line.get(..at).unwrap_or(line);
        }
        before = c;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;

    #[test]
    fn lines_options_hashes_and_continuations() {
        let text = "# comment \\\nrequests==2.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb  # why\n\
                    -r base.txt\n-c  limits.txt\n--extra-index-url=https://e/simple\n-i https://i/simple\n\
                    -e git+https://h/o/p.git@main#egg=p\n-e .[dev]\r\n--no-binary :all:\n\nflask>=1;python_version<'4'\n";
        let found = parse(text);
        let names: Vec<&str> = found.items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(names, ["requests", "p", ".[dev]", "flask"]);
        assert_eq!(found.items[0].version.as_deref(), Some("==2.0"));
        assert!(found.items[0].has_integrity && !found.items[3].has_integrity);
        assert!(found.items[0].span.of(text).starts_with("requests==2.0 \\\n"));
        assert!(found.items[0].span.of(text).ends_with("sha256:bb"));
        assert_eq!(found.items[3].span.of(text), "flask>=1;python_version<'4'");
        assert!(
            matches!(&found.items[1].source, Source::Git { reference: Some(r), .. } if r == "main")
        );
        assert!(matches!(&found.items[2].source, Source::Path(_)));
        let paths: Vec<&str> = found.includes.iter().map(|include| include.path.as_str()).collect();
        assert_eq!(paths, ["base.txt", "limits.txt"]);
        let urls: Vec<_> = found.registries.iter().map(|r| (r.url.as_str(), r.extra)).collect();
        assert_eq!(urls, [("https://e/simple", true), ("https://i/simple", false)]);
    }
}
