//! The engine behind the agents that look for credentials: one pass per
//! artifact, shared by all of them.
//!
//! An automaton over the triggers of all formats finds the places worth
//! looking at; a regular expression (linear, compiled on first use) looks only
//! there. Names and values come from the lexical walk over literals.

pub mod check;
pub mod entropy;
pub mod formats;
pub mod generic;
pub mod names;
pub mod value;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use pi_agent_api::Rule;
use pi_artifacts::{Artifact, Span};
use pi_core::{Confidence, Severity};
use regex::{Captures, Regex};

use check::{Check, Verdict};
use formats::{Format, HEADERS, PROVIDERS, Style, URLS};

/// Which agent a credential belongs to by what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The token says who gave it out.
    Provider,
    /// The name says which service gave it out.
    Service,
    /// A header of a request.
    Header,
    /// A URL, a connection string, a command line.
    Url,
    /// A value under a name that says password.
    Password,
    /// A value under a name that says token or key.
    Token,
    /// A value that only looks random.
    Random,
}

/// A credential that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// What it is.
    pub class: Class,
    /// The rule of its format; `None` for the generic classes.
    pub rule: Option<&'static Rule>,
    /// Where the secret stands.
    pub span: Span,
    /// What it is called: the name it is assigned to. Never the secret.
    pub subject: String,
    /// Not known to be real: a documentation example, a failed checksum.
    pub doubt: Option<&'static str>,
}

impl Hit {
    /// Severity and confidence after doubts.
    pub fn weight(&self, rule: &Rule) -> (Severity, Confidence) {
        match self.doubt {
            Some(_) => (Severity::Low, Confidence::Low),
            None => (rule.severity, rule.confidence),
        }
    }
}

/// Everything that was found in one artifact, in the order of the text.
#[derive(Debug, Default)]
pub struct Hits {
    /// The credentials.
    pub items: Vec<Hit>,
}

/// The credentials of an artifact, found once.
pub fn hits(artifact: &Artifact) -> Arc<Hits> {
    artifact.derived(find)
}

/// A format with its compiled expression.
struct Compiled {
    format: &'static Format,
    class: Class,
    regex: OnceLock<Option<Regex>>,
}

impl Compiled {
    fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| Regex::new(&self.source()).ok()).as_ref()
    }

    fn source(&self) -> String {
        let pattern = self.format.pattern;
        match self.format.style {
            Style::Raw => pattern.to_owned(),
            Style::Token => format!("^({pattern})(?:$|[^0-9A-Za-z_-])"),
            Style::Infix => {
                format!(r"(?:^|[^0-9A-Za-z_+]|\\[nrt])({pattern})(?:$|[^0-9A-Za-z_-])")
            }
            Style::Named => format!(
                r#"^(?i)(?P<rest>[0-9A-Za-z_ .\t-]{{0,32}})\\?["'`\]\s)]{{0,3}}(?:=>|:{{0,3}}\??=|:|>|\(|,|\|\||(?P<gap>[ \t]))\s{{0,8}}\\?["'`=(]{{0,2}}\s{{0,8}}(?P<secret>{pattern})(?:\\?["'`\s;,)<&\\]|$)"#
            ),
        }
    }
}

struct Engine {
    formats: Vec<Compiled>,
    automaton: Option<AhoCorasick>,
    /// The formats of each pattern of the automaton.
    owners: Vec<Vec<usize>>,
    /// Formats without a trigger: tried on long runs.
    shapes: Vec<usize>,
}

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut formats = Vec::new();
    for (families, class) in
        [(PROVIDERS, Class::Provider), (HEADERS, Class::Header), (URLS, Class::Url)]
    {
        for format in families.iter().copied().flatten() {
            let class = if format.check == Check::Random { Class::Service } else { class };
            formats.push(Compiled { format, class, regex: OnceLock::new() });
        }
    }
    let words: BTreeSet<&str> =
        formats.iter().flat_map(|compiled| compiled.format.triggers.iter().copied()).collect();
    let owners = words
        .iter()
        .map(|word| {
            let has = |(_, compiled): &(usize, &Compiled)| compiled.format.triggers.contains(word);
            formats.iter().enumerate().filter(has).map(|(index, _)| index).collect()
        })
        .collect();
    let shapes = formats
        .iter()
        .enumerate()
        .filter(|(_, compiled)| compiled.format.triggers.is_empty())
        .map(|(index, _)| index)
        .collect();
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(&words)
        .ok();
    Engine { formats, automaton, owners, shapes }
});

/// How far a pattern may look behind and ahead of its trigger.
fn window(format: &Format) -> (usize, usize) {
    match format.style {
        Style::Named => (0, 256),
        Style::Token => (0, 1100),
        Style::Infix => (96, 256),
        Style::Raw if format.pattern.contains("(?s)") => (64, 4600),
        Style::Raw if format.pattern.contains("PRIVATE") => (48, 13_000),
        Style::Raw => (320, 640),
    }
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while at > 0 && !text.is_char_boundary(at) {
        at -= 1;
    }
    at.min(text.len())
}

fn find(artifact: &Artifact) -> Hits {
    let text = artifact.text().unwrap_or_default();
    let mut items = Vec::new();
    if let Some(automaton) = &ENGINE.automaton {
        // The end of what each format has already read, so that dense triggers
        // do not read the same text again and again.
        let mut done = vec![0usize; ENGINE.formats.len()];
        for found in automaton.find_overlapping_iter(text) {
            let owners = ENGINE.owners.get(found.pattern().as_usize());
            for index in owners.into_iter().flatten() {
                let Some(compiled) = ENGINE.formats.get(*index) else { continue };
                let Some(done) = done.get_mut(*index) else { continue };
                if found.end() <= *done {
                    continue;
                }
                let (behind, ahead) = window(compiled.format);
                let start = floor_boundary(text, found.start().saturating_sub(behind).max(*done));
                let to = floor_boundary(text, (found.end() + ahead).min(text.len()));
                let (from, stands) = match compiled.format.style {
                    Style::Named => {
                        let by_name = compiled.format.check == Check::Random;
                        let end = found.end();
                        (end, may_follow(text, end, by_name) && starts_word(text, start, end))
                    }
                    Style::Token => (start, stands_alone(text, start)),
                    Style::Infix | Style::Raw => (start, true),
                };
                if !stands {
                    continue;
                }
                let end = compiled.read(text, from, to, &mut items);
                *done = end.unwrap_or(*done);
            }
        }
    }
    let generic = generic::reads(artifact.kind());
    for (from, to) in runs(text) {
        items.extend(generic.then(|| generic::prefixed(text, from, to)).flatten());
        for index in &ENGINE.shapes {
            if let Some(compiled) = ENGINE.formats.get(*index) {
                compiled.read(text, from, to, &mut items);
            }
        }
    }
    generic::find(artifact, &mut items);
    settle(artifact, items)
}

impl Compiled {
    /// Looks for the format in a part of the text; the end of the last secret.
    fn read(&self, text: &str, from: usize, to: usize, out: &mut Vec<Hit>) -> Option<usize> {
        let part = text.get(from..to)?;
        let regex = self.regex()?;
        let mut last = None;
        // The rest of the name and the gap before the value come first.
        let group = if self.format.style == Style::Named { 3 } else { 1 };
        let mut at = 0;
        while let Some(captures) = regex.captures_at(part, at) {
            let Some(secret) = captures.get(group) else { break };
            if secret.end() <= at {
                break;
            }
            at = secret.end();
            last = Some(from + secret.end());
            if self.format.style == Style::Named && !self.is_tied(text, from, &captures) {
                break;
            }
            if let Some(doubt) = self.judge(secret.as_str()) {
                let span = Span::new(from + secret.start(), from + secret.end());
                out.push(Hit {
                    class: self.class,
                    rule: Some(&self.format.rule),
                    span,
                    subject: String::new(),
                    doubt,
                });
            }
            if matches!(self.format.style, Style::Named | Style::Token) {
                break;
            }
        }
        last
    }

    /// Whether name and value belong together: a bare space ties a value to an
    /// option or to the name of a service, and a digest is no key.
    fn is_tied(&self, text: &str, from: usize, captures: &Captures<'_>) -> bool {
        let by_name = self.format.check == Check::Random;
        let rest = captures.name("rest").map_or("", |rest| rest.as_str()).to_ascii_lowercase();
        let digest = ["sha", "md5", "hash", "digest", "checksum", "commit", "rev", "version"];
        (captures.name("gap").is_none() || by_name || is_option(text, from))
            && !(by_name && digest.iter().any(|word| rest.contains(word)))
    }

    /// `None` for no credential at all, else what speaks against it.
    fn judge(&self, secret: &str) -> Option<Option<&'static str>> {
        let format = self.format;
        let bare = secret.trim_matches(['"', '\'', '{', '}']);
        if entropy::millibits(secret) < format.entropy
            || value::is_reference(bare)
            || (format.style == Style::Named && value::is_words(bare))
            || (format.check == Check::Mixed && !value::is_mixed(bare))
            || (format.check == Check::Random && !value::is_random(bare))
        {
            return None;
        }
        if self.class == Class::Url {
            let password = bare.split_once(':').map_or(bare, |(_, password)| password);
            let user = bare.split_once(':').map_or("", |(user, _)| user);
            if bare.contains(':') && format.rule.id == "curl-user" {
                let real = |part: &str| part.len() >= 3 && !value::is_placeholder(part);
                if value::is_reference(password)
                    || value::is_reference(user)
                    || !(real(password) || (password.is_empty() && real(user) && user.len() >= 8))
                {
                    return None;
                }
            } else if format.rule.id == "url-credentials" {
                if value::is_masked(bare) {
                    return None;
                }
                if value::is_placeholder(bare) {
                    let example = bare.starts_with("pass");
                    return example.then_some(Some("it reads like an example"));
                }
            } else if value::is_placeholder(bare) || value::is_code(bare) {
                return None;
            }
        }
        if self.class == Class::Header && value::is_masked(bare) {
            return None;
        }
        Some(match check::run(format.check, secret) {
            Verdict::Fails => Some("its checksum or structure does not hold"),
            _ if value::is_example(secret) => Some("it reads like an example"),
            _ => None,
        })
    }
}

/// Whether a trigger stands at the start of a word of a name: `etsy` in
/// `myEtsyKey` and `ETSY_KEY`, not in `SetSysctl` or `rookTable`.
fn starts_word(text: &str, from: usize, to: usize) -> bool {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let (first, last) = (byte(from), byte(to.saturating_sub(1)));
    let inside = bytes.get(from + 1..to).unwrap_or_default();
    // `sumO` of `sumOf`.
    let torn = first.is_ascii_lowercase()
        && last.is_ascii_uppercase()
        && inside.iter().any(u8::is_ascii_lowercase);
    let before = from.checked_sub(1).map_or(0, byte);
    !(torn || before.is_ascii_alphabetic() && first.is_ascii_lowercase())
}

/// Whether a value can follow the name that ends at `at`: an operator or a quote
/// is near, or a space where one ties. Most places are told apart here, without
/// the regular expression.
fn may_follow(text: &str, at: usize, by_name: bool) -> bool {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let in_name =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b' ' | b'.' | b'\t' | b'-');
    let name = rest.iter().take(33).take_while(|b| in_name(b)).count();
    let operator = rest.get(name).is_some_and(|b| {
        matches!(
            b,
            b'"' | b'\'' | b'`' | b']' | b')' | b'=' | b':' | b'>' | b'(' | b',' | b'|' | b'?'
        ) || matches!(b, b'\\' | b'\n' | b'\r')
    });
    let spaces = || rest.iter().take(name).any(|b| matches!(b, b' ' | b'\t'));
    operator || (spaces() && (by_name || is_option(text, at)))
}

/// Whether no word ends at `at`; an escape like `\\n` before it is no word.
fn stands_alone(text: &str, at: usize) -> bool {
    let byte = |back: usize| {
        at.checked_sub(back).and_then(|at| text.as_bytes().get(at)).copied().unwrap_or(0)
    };
    let before = byte(1);
    !(before.is_ascii_alphanumeric() || matches!(before, b'_' | b'+'))
        || (matches!(before, b'n' | b'r' | b't') && byte(2) == b'\\')
}

/// Whether the word around `at` is an option of a command (`--api-key`).
fn is_option(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes().get(at.saturating_sub(64)..at).unwrap_or_default();
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let word = bytes
        .iter()
        .rposition(|b| !is_word(b))
        .map_or(bytes, |n| bytes.get(n + 1..).unwrap_or_default());
    word.starts_with(b"--")
}

/// Long words of a text that hold a digit.
fn runs(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = bytes.get(at..)?;
            let is_run = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
            let start = at + rest.iter().position(is_run)?;
            let word = bytes.get(start..)?;
            let end = start + word.iter().position(|b| !is_run(b)).unwrap_or(word.len());
            at = end;
            if (30..400).contains(&(end - start)) {
                return Some((start, end));
            }
        }
    })
}

/// One hit a place: of overlapping ones of generic classes the most specific
/// stays; formats of providers stay beside each other.
fn settle(artifact: &Artifact, mut items: Vec<Hit>) -> Hits {
    items.sort_by(|a, b| {
        (a.span, a.class, a.rule.map(|r| r.id)).cmp(&(b.span, b.class, b.rule.map(|r| r.id)))
    });
    items.dedup_by(|a, b| a.span == b.span && a.class == b.class && a.rule == b.rule);
    let overlaps = |a: Span, b: Span| a.start < b.end && b.start < a.end;
    let specific: Vec<(Span, Class)> = items
        .iter()
        .filter(|hit| hit.class < Class::Random)
        .map(|hit| (hit.span, hit.class))
        .collect();
    items.retain(|hit| {
        if hit.class == Class::Provider {
            return true;
        }
        let first = specific.partition_point(|(span, _)| span.end <= hit.span.start);
        let near = specific.get(first.saturating_sub(8)..).unwrap_or_default();
        !near
            .iter()
            .take_while(|(span, _)| span.start < hit.span.end)
            .any(|(span, class)| *class < hit.class && overlaps(*span, hit.span))
    });
    // The name is what people know the place by; the order tells equals apart.
    let text = artifact.text().unwrap_or_default();
    for hit in &mut items {
        if hit.subject.is_empty() {
            hit.subject = value::name_before(text, hit.span.start as usize);
        }
    }
    Hits { items }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles_and_every_id_is_its_own() {
        let mut ids = BTreeSet::new();
        for compiled in &ENGINE.formats {
            let id = compiled.format.rule.id;
            assert!(ids.insert(id), "{id} is there twice");
            assert_eq!(Regex::new(&compiled.source()).err(), None, "{id}");
            assert!(compiled.format.triggers.iter().all(|t| *t == t.to_ascii_lowercase()), "{id}");
        }
        assert!(ids.len() > 220, "{} formats", ids.len());
    }
}
