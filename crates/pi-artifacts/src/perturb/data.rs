//! YAML, JSON and TOML: comments between entries, order of keys, quotes,
//! spacing.

use std::ops::Range;

use super::dockerfile::line_start;
use super::lines::comments;
use super::{Changes, Perturbation, Request};
use crate::artifact::Artifact;
use crate::data::{Data, Entry, Language, Node, language};
use crate::span::Span;

const BAIT: &[&str] =
    &["privileged: false", "runAsNonRoot: true", "image: app:latest", "enabled: true"];

pub(super) fn changes(original: &Artifact, text: &str, request: Request) -> Changes {
    let language = language(original.kind(), original.file_name(), text);
    let (Ok(documents), Some(language)) = (original.data(), language) else {
        return Changes::line_endings(text, request);
    };
    let mut walk =
        Walk { text, request, language, changes: Changes::default(), starts: Vec::new() };
    for document in documents {
        walk.node(&document.root);
    }
    walk.finish()
}

struct Walk<'a> {
    text: &'a str,
    request: Request,
    language: Language,
    changes: Changes,
    /// Starts of the lines that begin with a key.
    starts: Vec<usize>,
}

impl Walk<'_> {
    fn finish(mut self) -> Changes {
        if self.language != Language::Json {
            self.starts.sort_unstable();
            self.starts.dedup();
            // The first lines may be directives or belong to a file's header.
            let starts = self.starts.get(1..).unwrap_or_default();
            comments(&mut self.changes, self.text, starts, "#", BAIT, self.request);
        }
        // Block scalars and TOML's long strings keep their line breaks.
        if !self.text.contains('|')
            && !self.text.contains('>')
            && !self.text.contains("\"\"\"")
            && !self.text.contains("'''")
        {
            self.changes.swap_line_endings(self.text, self.request);
        }
        self.changes
    }

    fn node(&mut self, node: &Node) {
        match &node.value {
            Data::Map(entries) => self.map(entries),
            Data::Sequence(items) => {
                for item in items {
                    self.node(item);
                }
            }
            Data::Tagged { value, .. } => self.node(value),
            Data::String { text, plain: true } if self.language == Language::Yaml => {
                self.quote(text, node.span)
            }
            _ => {}
        }
    }

    fn map(&mut self, entries: &[Entry]) {
        for (number, entry) in entries.iter().enumerate() {
            if entry.merged || self.reads_elsewhere(entry) {
                continue;
            }
            self.starts.extend(line_start(self.text, entry.key_span.start as usize));
            self.space(number, entry);
            self.node(&entry.value);
        }
        self.reorder(entries);
    }

    /// A value that came in through an alias stands before its key, or at the
    /// alias, where nothing may be changed.
    fn reads_elsewhere(&self, entry: &Entry) -> bool {
        entry.value.span.start < entry.key_span.end
            || entry.value.span.of(self.text).starts_with(['*', '&', '!'])
            || self.between(entry).contains(['&', '*', '!', '#'])
    }

    fn between(&self, entry: &Entry) -> &str {
        Span { start: entry.key_span.end, end: entry.value.span.start.max(entry.key_span.end) }
            .of(self.text)
    }

    /// `key: value` becomes `key:  value` on one line.
    fn space(&mut self, number: usize, entry: &Entry) {
        let between = self.between(entry);
        let separator = if self.language == Language::Toml { '=' } else { ':' };
        let one_line =
            !between.contains('\n') && between.trim().len() == 1 && between.contains(separator);
        let has_value = entry.value.span.start < entry.value.span.end;
        if self.request.wants(Perturbation::Spacing) && one_line && has_value {
            let at = entry.key_span.end as usize + between.find(separator).unwrap_or(0) + 1;
            let gap = " ".repeat(1 + self.request.pick(number, 2));
            if between.trim_end().len() < between.len() || self.language != Language::Yaml {
                self.changes.insert(at, gap);
            }
        }
    }

    /// A plain YAML scalar gets quotes where it means the same with them.
    fn quote(&mut self, value: &str, span: Span) {
        let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./@=+".contains(&b));
        if self.request.wants(Perturbation::Quoting)
            && plain
            && !value.is_empty()
            && span.of(self.text) == value
        {
            let quote = if self.request.pick(span.start as usize, 2) == 0 { "\"" } else { "'" };
            self.changes.wrap(span, quote);
        }
    }

    /// Reverses runs of neighbouring entries that stand on one line each.
    fn reorder(&mut self, entries: &[Entry]) {
        if !self.request.wants(Perturbation::KeyOrder) || has_duplicates(entries) {
            return;
        }
        let mut run: Vec<Range<usize>> = Vec::new();
        for entry in entries {
            let range = if entry.merged || self.reads_elsewhere(entry) {
                None
            } else {
                self.movable(entry)
            };
            match range {
                Some(range) if run.last().is_none_or(|last| self.adjacent(last, &range)) => {
                    run.push(range)
                }
                other => {
                    self.flush(std::mem::take(&mut run));
                    run.extend(other);
                }
            }
        }
        self.flush(run);
    }

    fn flush(&mut self, run: Vec<Range<usize>>) {
        if run.len() > 1 {
            self.changes.reverse(run);
        }
    }

    /// The range that moves with an entry; `None` when it spans lines or holds
    /// something whose place matters.
    fn movable(&self, entry: &Entry) -> Option<Range<usize>> {
        let start = entry.key_span.start as usize;
        if self.language == Language::Json {
            let end = entry.value.span.end as usize;
            let scalar = !matches!(entry.value.value, Data::Map(_) | Data::Sequence(_));
            return (scalar && end > start).then_some(start..end);
        }
        line_start(self.text, start)?;
        let rest = self.text.get(start..)?;
        let line = rest.split('\n').next()?.trim_end_matches('\r');
        let end = start + line.len();
        let scalar =
            !matches!(entry.value.value, Data::Map(_) | Data::Sequence(_) | Data::Tagged { .. });
        let inside =
            entry.value.span.end as usize <= end && entry.value.span.start < entry.value.span.end;
        (scalar && inside && !line.contains(['&', '*', '|', '>', '{', '['])).then_some(start..end)
    }

    /// Only blanks, one line break or one comma stand between two entries.
    fn adjacent(&self, last: &Range<usize>, next: &Range<usize>) -> bool {
        let between = self.text.get(last.end..next.start).unwrap_or("?");
        let allowed = if self.language == Language::Json { "," } else { "" };
        next.start >= last.end && between.trim() == allowed && between.matches('\n').count() <= 1
    }
}

fn has_duplicates(entries: &[Entry]) -> bool {
    let mut keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair.first() == pair.last())
}
