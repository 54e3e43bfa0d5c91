//! One Python requirement: PEP 508 (`name[extra] >=1; marker`, `name @ url`),
//! and pip's bare URLs and paths.

use super::source::{git, is_git, split_fragment, split_reference};
use super::{Dependency, Source};
use crate::span::Span;

/// Parses one requirement; `None` when there is no package in it.
pub(super) fn parse(text: &str, section: &str, span: Span) -> Option<Dependency> {
    let text = without_marker(text).trim();
    if is_location(text) {
        return Some(location(text, section, span));
    }
    let end = text.find(|c: char| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    if name.is_empty() {
        return None;
    }
    let mut dependency = Dependency::new(name, section, span);
    let rest = skip_extras(rest.trim_start()).trim();
    if let Some(url) = rest.strip_prefix('@') {
        let url = url.trim();
        dependency.has_integrity = has_hash(url);
        dependency.source = source(url);
        return Some(dependency);
    }
    let version = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest);
    dependency.version = Some(version.trim().to_owned()).filter(|version| !version.is_empty());
    Some(dependency)
}

/// The source behind the URL or path of a requirement.
pub(super) fn source(location: &str) -> Source {
    let (bare, _) = split_fragment(location);
    if let Some(path) = bare.strip_prefix("file:") {
        return Source::Path(path.trim_start_matches("//").to_owned());
    }
    if is_git(bare) {
        let (url, reference) = split_reference(bare);
        return git(url, reference);
    }
    if bare.contains("://") {
        return Source::Url(location.to_owned());
    }
    Source::Path(bare.to_owned())
}

/// A requirement that is only a URL or path; its name comes from `#egg=` or the
/// file's name.
fn location(text: &str, section: &str, span: Span) -> Dependency {
    let (bare, fragment) = split_fragment(text);
    let egg = fragment
        .and_then(|fragment| fragment.split('&').find_map(|part| part.strip_prefix("egg=")))
        .map(|egg| egg.split('[').next().unwrap_or(egg));
    let name = egg.unwrap_or_else(|| file_stem(bare));
    let mut dependency = Dependency::new(name, section, span);
    dependency.has_integrity = has_hash(text);
    dependency.source = source(text);
    dependency
}

/// `https://host/requests-2.0-py3-none-any.whl` is called `requests`.
fn file_stem(location: &str) -> &str {
    let (bare, _) = split_reference(location);
    let last = bare.trim_end_matches('/').rsplit('/').next().unwrap_or(bare);
    let last = last.strip_suffix(".git").unwrap_or(last);
    let archive = [".whl", ".tar.gz", ".zip", ".tgz", ".tar.bz2"];
    match archive.iter().find_map(|suffix| last.strip_suffix(suffix)) {
        Some(stem) => stem.split('-').next().unwrap_or(stem),
        None => last,
    }
}

fn is_location(text: &str) -> bool {
    let first = text.split([' ', '\t', '@']).next().unwrap_or(text);
    let named = text.split_once('@').is_some_and(|(name, _)| {
        let name = name.split('[').next().unwrap_or(name).trim();
        !name.is_empty() && name.chars().all(is_name)
    });
    !(named && !text.starts_with("git@") && !text.starts_with('.'))
        && (text.contains("://")
            || text.starts_with("git@")
            || text.starts_with(['.', '/'])
            || first.ends_with(".whl")
            || first.ends_with(".tar.gz")
            || first.ends_with(".zip")
            || first.starts_with("file:"))
}

/// The `;` of a marker follows a blank where a URL stands, else it follows
/// anything.
fn without_marker(text: &str) -> &str {
    let separator = if text.contains("://") { " ;" } else { ";" };
    text.split_once(separator).map_or(text, |(requirement, _)| requirement)
}

fn skip_extras(text: &str) -> &str {
    if !text.starts_with('[') {
        return text;
    }
    text.split_once(']').map_or("", |(_, rest)| rest)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

fn has_hash(url: &str) -> bool {
    let (_, fragment) = split_fragment(url);
    fragment.is_some_and(|fragment| {
        fragment.split('&').any(|part| {
            ["sha256=", "sha384=", "sha512="].iter().any(|algorithm| part.starts_with(algorithm))
        })
    })
}

/// The name under which the index knows a package (PEP 503).
pub(super) fn normalized(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: &str, version: Option<&str>, source: Source) {
        let found = parse(text, "", Span::default()).unwrap();
        assert_eq!((found.name.as_str(), found.version.as_deref()), (name, version), "{text}");
        assert_eq!(found.source, source, "{text}");
    }

    #[test]
    fn every_form_of_a_requirement() {
        let registry = || Source::Registry(None);
        check("requests", "requests", None, registry());
        check(
            "requests[socks, a] >= 2.0, <3 ; os_name == 'x'",
            "requests",
            Some(">= 2.0, <3"),
            registry(),
        );
        check("a.b_c==1.0;python_version<'3'", "a.b_c", Some("==1.0"), registry());
        check("pkg (>=1,<2)", "pkg", Some(">=1,<2"), registry());
        check(
            "pip @ https://h/pip-1.zip#sha256=ab",
            "pip",
            None,
            Source::Url("https://h/pip-1.zip#sha256=ab".into()),
        );
        check(
            "p[x]@git+https://u@h/o/p.git@v1#egg=z ; a",
            "p",
            None,
            git("git+https://u@h/o/p.git", Some("v1")),
        );
        check(
            "git+ssh://git@h/o/p.git@abc#egg=zed[e]",
            "zed",
            None,
            git("git+ssh://git@h/o/p.git", Some("abc")),
        );
        check(
            "https://h/x/six-1.0-py2.whl",
            "six",
            None,
            Source::Url("https://h/x/six-1.0-py2.whl".into()),
        );
        check("./local/pkg", "pkg", None, Source::Path("./local/pkg".into()));
        assert!(parse("", "", Span::default()).is_none());
        assert!(parse("&&&", "", Span::default()).is_none());
    }

    #[test]
    fn names_compare_as_the_index_compares_them() {
        assert_eq!(normalized("Zope._Interface"), "zope-interface");
    }
}
