//! Checksum manifests, as `sha256sum` and BSD's `sha256` write them.

use std::collections::BTreeMap;

use pi_agent_api::{Report, Stop};
use pi_artifacts::{Artifact, Span};

use super::code_signing_enforcer::{CONFLICT, DIGEST, PLACEHOLDER, WEAK};

/// Algorithms by the words of file names and the length of their digests.
const ALGORITHMS: &[(&str, usize)] = &[
    ("md5", 32),
    ("sha1", 40),
    ("sha224", 56),
    ("sha256", 64),
    ("sha384", 96),
    ("sha512", 128),
    ("b2", 128),
];

/// SHA-256, SHA-1, MD5 and SHA-512 (its start) of nothing.
const EMPTY: &[&str] = &[
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "d41d8cd98f00b204e9800998ecf8427e",
];

struct Line<'a> {
    algorithm: Option<&'a str>,
    digest: &'a str,
    file: &'a str,
    span: Span,
}

/// Checks a manifest, when the file's name says that it is one.
///
/// # Errors
/// The steps are spent.
pub fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let Some(promised) = promised(artifact.file_name()) else { return Ok(()) };
    let Ok(text) = artifact.parsable_text() else { return Ok(()) };
    let mut seen: BTreeMap<(&str, usize), (&str, Span)> = BTreeMap::new();
    let mut weak: Option<(Span, &str)> = None;
    for (start, line) in super::unicode_text::lines(text) {
        report.tick(1)?;
        let Some(line) = read(line, start) else { continue };
        let hex = line.digest.bytes().all(|b| b.is_ascii_hexdigit());
        let wanted = line.algorithm.or(promised);
        let length = wanted.and_then(|word| ALGORITHMS.iter().find(|(name, _)| *name == word));
        let fits = match length {
            Some((_, length)) => line.digest.len() == *length,
            None => ALGORITHMS.iter().any(|(_, length)| line.digest.len() == *length),
        };
        if !hex || !fits {
            let name = wanted.unwrap_or("any algorithm");
            report
                .finding(&DIGEST, line.span)
                .message(format!("the digest of `{}` is none of {name}", line.file))
                .subject(line.file);
            continue;
        }
        let lower = line.digest.to_ascii_lowercase();
        let first = lower.bytes().next();
        if EMPTY.contains(&lower.as_str()) || lower.bytes().all(|b| Some(b) == first) {
            report
                .finding(&PLACEHOLDER, line.span)
                .message(format!("the digest of `{}` is that of nothing", line.file))
                .subject(line.file);
        }
        if line.digest.len() <= 40 {
            weak.get_or_insert((line.span, if line.digest.len() == 32 { "MD5" } else { "SHA-1" }));
        }
        match seen.get(&(line.file, line.digest.len())) {
            Some((other, first)) if !other.eq_ignore_ascii_case(line.digest) => {
                report
                    .finding(&CONFLICT, line.span)
                    .message(format!("`{}` has two different digests", line.file))
                    .subject(line.file)
                    .related(*first, "the first one");
            }
            Some(_) => {}
            None => {
                seen.insert((line.file, line.digest.len()), (line.digest, line.span));
            }
        }
    }
    if let Some((span, name)) = weak
        && !seen.keys().any(|(_, length)| *length > 40)
    {
        report
            .finding(&WEAK, span)
            .message(format!("the files are vouched for by {name} only"))
            .subject(name);
    }
    Ok(())
}

/// The algorithm that a file name promises: `Some(None)` when it promises
/// checksums of any.
fn promised(name: &str) -> Option<Option<&'static str>> {
    let name = name.to_ascii_lowercase();
    let bare = name.strip_suffix(".txt").unwrap_or(&name);
    let of = |algorithm: &str| {
        bare.ends_with(&format!(".{algorithm}"))
            || bare.ends_with(&format!("{algorithm}sum"))
            || bare.ends_with(&format!("{algorithm}sums"))
    };
    if let Some((algorithm, _)) = ALGORITHMS.iter().find(|(algorithm, _)| of(algorithm)) {
        return Some(Some(algorithm));
    }
    let any = ["checksums", "checksum", "shasums"];
    any.iter().any(|word| bare.ends_with(word)).then_some(None)
}

/// `digest  file`, `digest *file`, `SHA256 (file) = digest`, or a lone digest.
fn read(line: &str, start: usize) -> Option<Line<'_>> {
    let text = line.trim();
    if text.is_empty() || text.starts_with('#') || text.starts_with("-----") {
        return None;
    }
    let offset = start + (line.len() - line.trim_start().len());
    let span = Span::new(offset, offset + text.len());
    if let Some((algorithm, rest)) = text.split_once(" (")
        && let Some((file, digest)) = rest.rsplit_once(") = ")
    {
        let known = ALGORITHMS.iter().find(|(name, _)| {
            algorithm
                .bytes()
                .filter(|b| *b != b'-')
                .map(|b| b.to_ascii_lowercase())
                .eq(name.bytes())
        });
        return Some(Line { algorithm: known.map(|(name, _)| *name), digest, file, span });
    }
    let (digest, file) = text.split_once([' ', '\t']).unwrap_or((text, "the file"));
    let file = file.trim_start_matches([' ', '\t', '*']);
    // A line of prose is no entry; a digest is one word without punctuation.
    let plausible = digest.len() >= 16 && digest.bytes().all(|b| b.is_ascii_alphanumeric());
    plausible.then_some(Line { algorithm: None, digest, file, span })
}
