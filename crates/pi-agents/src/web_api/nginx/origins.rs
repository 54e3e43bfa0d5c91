//! Expressions that are meant to match the origins one trusts.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::pattern::{contains, parse};

/// Samples that are made of one expression at most.
const MAX_SAMPLES: usize = 64;

/// A character that the expression leaves open and that can be a `/`.
const OPEN: char = '\u{1}';
/// The beginning and the end that an expression insists on.
const BEGIN: char = '\u{2}';
const END: char = '\u{3}';

/// A hostile origin that an expression accepts, if it does.
pub(in super::super) fn hostile(expression: &str) -> Option<String> {
    let hir = parse(expression)?;
    samples(&hir).iter().find_map(|sample| hostile_sample(sample))
}

/// Turns a sample into an attacker's address where the expression lets it.
fn hostile_sample(sample: &str) -> Option<String> {
    let anchored = sample.starts_with(BEGIN);
    let ended = sample.ends_with(END);
    let core: String = sample.chars().filter(|c| !matches!(*c, BEGIN | END)).collect();
    if !anchored {
        return Some(format!("http://evil.example/{}", core.replace(OPEN, "/")));
    }
    let (scheme, rest) = core.split_once("://")?;
    let (authority, has_path) = match rest.find(['/', '?', '#', OPEN]) {
        Some(at) => (rest.get(..at)?, true),
        None => (rest, false),
    };
    // What the author left open stands where an attacker ends the host name.
    if rest.get(authority.len()..).is_some_and(|rest| rest.starts_with(OPEN)) {
        let rest = rest.replace(OPEN, "/");
        let host = if authority.is_empty() { "evil.example" } else { authority };
        return Some(format!("{scheme}://{host}{}", rest.get(authority.len()..)?));
    }
    (!ended && !has_path).then(|| format!("{scheme}://{authority}.evil.example"))
}

/// Texts that an expression matches, one for each of its branches.
fn samples(hir: &Hir) -> Vec<String> {
    match hir.kind() {
        HirKind::Empty => vec![String::new()],
        HirKind::Look(Look::Start) => vec![BEGIN.to_string()],
        HirKind::Look(Look::End) => vec![END.to_string()],
        HirKind::Look(_) => vec![String::new()],
        HirKind::Literal(literal) => vec![String::from_utf8_lossy(&literal.0).into_owned()],
        HirKind::Class(class) => vec![sample(class).to_string()],
        HirKind::Capture(capture) => samples(&capture.sub),
        HirKind::Alternation(branches) => {
            branches.iter().flat_map(samples).take(MAX_SAMPLES).collect()
        }
        HirKind::Repetition(repetition) => {
            let once = samples(&repetition.sub);
            if repetition.min > 0 { once } else { [vec![String::new()], once].concat() }
        }
        HirKind::Concat(parts) => parts.iter().fold(vec![String::new()], |all, part| {
            let next = samples(part);
            let pairs = all.iter().flat_map(|a| next.iter().map(move |b| format!("{a}{b}")));
            pairs.take(MAX_SAMPLES).collect()
        }),
    }
}

/// A character of a class: an open one where any character will do.
fn sample(class: &Class) -> char {
    if contains(class, '/') && contains(class, 'a') {
        return OPEN;
    }
    ['a', '0', '.', '/', ':'].into_iter().find(|c| contains(class, *c)).unwrap_or('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_origins() {
        for expression in [
            r"^https://www.example\.org/",
            r"^https://example\.org",
            r"https://example\.org/",
            r"^https://example\.org/|example\.net/",
            r"^https://.*\.example\.org$",
            r"^https?://example\.org(:\d+)?",
        ] {
            assert!(hostile(expression).is_some(), "{expression}");
        }
        for expression in [
            r"^https://example\.org$",
            r"^https?:\/\/example\.org\/",
            r"^https?://([^/]+\.)?example\.(org|net)/",
            r"^https://example\.org(:\d+)?$",
            r"^http://localhost(:[0-9]+)?$",
        ] {
            assert_eq!(hostile(expression), None, "{expression}");
        }
    }
}
