//! Rust, Go and Java: comments between lines, blanks, line endings, by a scanner
//! that knows strings and comments and nothing else. Most trees are full of such
//! files and few agents parse them; a copy must not cost more than its vote.

use super::tree::BAITS;
use super::{Edit, comment_line, line_endings};
use crate::artifact::Artifact;
use crate::kind::Kind;
use crate::perturb::{Perturbation, Request};
use crate::span::Span;

/// One of so many places is changed.
const SHARE: usize = 4;

pub(super) fn edits(
    artifact: &Artifact,
    text: &str,
    family: Perturbation,
    request: Request,
) -> Vec<Edit> {
    let scanned = artifact.derived(|artifact| Scanner::new(artifact.kind(), text).scan());
    let Some(scanned) = scanned.as_ref() else { return Vec::new() };
    let some = |places: &[u32]| -> Vec<u32> {
        let chosen = |at: &u32| request.pick(*at as usize, SHARE) == 0;
        let chosen: Vec<u32> = places.iter().copied().filter(chosen).collect();
        if chosen.is_empty() { places.iter().copied().take(1).collect() } else { chosen }
    };
    match family {
        Perturbation::Comments | Perturbation::BaitComments => some(&scanned.lines)
            .into_iter()
            .map(|at| comment_line(text, family, "//", BAITS, request, at))
            .collect(),
        Perturbation::LineEndings => line_endings(text, &scanned.content),
        Perturbation::Spacing => {
            some(&scanned.commas).into_iter().map(|at| Edit::insert(at, " ")).collect()
        }
        _ => Vec::new(),
    }
}

#[derive(Default)]
struct Scanned {
    /// Strings and comments: what is written there is content.
    content: Vec<Span>,
    /// Starts of lines that begin with code behind code.
    lines: Vec<u32>,
    /// Places behind commas.
    commas: Vec<u32>,
}

struct Scanner<'t> {
    kind: Kind,
    bytes: &'t [u8],
    at: usize,
    depth: usize,
    out: Scanned,
}

/// A text that is parsed at all is shorter than 4 GiB.
fn offset(at: usize) -> u32 {
    Span::new(at, at).start
}

impl<'t> Scanner<'t> {
    fn new(kind: Kind, text: &'t str) -> Self {
        Self { kind, bytes: text.as_bytes(), at: 0, depth: 0, out: Scanned::default() }
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn starts(&self, what: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(what))
    }

    /// `None` when a string does not end: the text is not what it seems.
    fn scan(mut self) -> Option<Scanned> {
        // The line that began last, while nothing but blanks was seen of it.
        let mut fresh = None;
        // A comment or an attribute may speak of the line below it.
        let mut behind_remark = true;
        while self.at < self.bytes.len() {
            let byte = self.byte(self.at);
            if byte == b'\n' {
                fresh = Some(self.at + 1);
            }
            if byte.is_ascii_whitespace() {
                self.at += 1;
                continue;
            }
            let is_comment = byte == b'/' && matches!(self.byte(self.at + 1), b'/' | b'*');
            if let Some(start) = fresh.take() {
                let is_remark = is_comment || matches!(byte, b'#' | b'@');
                // Outside of functions, Go reads directives from comments.
                let may = self.kind != Kind::Go || self.depth > 0;
                if !is_remark && !behind_remark && may {
                    self.out.lines.push(offset(start));
                }
                behind_remark = is_remark;
            }
            match byte {
                _ if is_comment => self.comment()?,
                b'"' | b'`' | b'\'' => self.quoted(byte)?,
                b',' => {
                    self.at += 1;
                    self.out.commas.push(offset(self.at));
                }
                b'{' | b'}' => {
                    self.depth =
                        if byte == b'{' { self.depth + 1 } else { self.depth.checked_sub(1)? };
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
        Some(self.out)
    }

    /// Goes behind `what`, which must come.
    fn skip_to(&mut self, what: &[u8]) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        self.at += rest.windows(what.len()).position(|window| window == what)? + what.len();
        Some(())
    }

    fn content(&mut self, start: usize) {
        self.out.content.push(Span::new(start, self.at));
    }

    fn comment(&mut self) -> Option<()> {
        let start = self.at;
        if self.starts(b"//") {
            let rest = self.bytes.get(start..)?;
            let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            self.at = length.map_or(self.bytes.len(), |length| start + length);
        } else {
            self.at += 2;
            let mut open = 1;
            while open > 0 {
                if self.starts(b"*/") {
                    open -= 1;
                    self.at += 2;
                } else if self.kind == Kind::Rust && self.starts(b"/*") {
                    open += 1;
                    self.at += 2;
                } else if self.at < self.bytes.len() {
                    self.at += 1;
                } else {
                    return None;
                }
            }
        }
        self.content(start);
        Some(())
    }

    fn quoted(&mut self, quote: u8) -> Option<()> {
        let start = self.at;
        match (self.kind, quote) {
            (Kind::Go, b'`') => {
                self.at += 1;
                self.skip_to(b"`")?;
            }
            (Kind::Rust, b'\'') if self.is_lifetime() => {
                self.at += 1;
                return Some(());
            }
            (Kind::Rust, b'"') if self.raw_marks().is_some() => {
                let marks = self.raw_marks().unwrap_or(0);
                self.at += 1;
                self.skip_to(&[b"\"".as_slice(), &vec![b'#'; marks]].concat())?;
            }
            (Kind::Java, b'"') if self.starts(b"\"\"\"") => {
                self.at += 3;
                self.skip_to(b"\"\"\"")?;
            }
            (_, b'"' | b'\'') => self.escaped(quote)?,
            _ => self.at += 1,
        }
        self.content(start);
        Some(())
    }

    /// Goes behind a string with backslashes; only Rust lets one span lines.
    fn escaped(&mut self, quote: u8) -> Option<()> {
        self.at += 1;
        loop {
            match *self.bytes.get(self.at)? {
                b'\\' => self.at += 2,
                b'\n' if self.kind != Kind::Rust => return None,
                byte => {
                    self.at += 1;
                    if byte == quote {
                        return Some(());
                    }
                }
            }
        }
    }

    /// `'a`, but not `'a'` or `'\n'`.
    fn is_lifetime(&self) -> bool {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        let width = match rest.first() {
            Some(0xC0..=0xDF) => 2,
            Some(0xE0..=0xEF) => 3,
            Some(0xF0..) => 4,
            _ => 1,
        };
        rest.first() != Some(&b'\\') && rest.get(width) != Some(&b'\'')
    }

    /// The number of `#` between `r` and this quote; `None` for a plain string.
    fn raw_marks(&self) -> Option<usize> {
        let before = self.bytes.get(..self.at)?;
        let marks = before.iter().rev().take_while(|byte| **byte == b'#').count();
        let word = before.get(..before.len() - marks)?;
        let letters = word.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
        let word = word.get(word.len() - letters.count()..)?;
        matches!(word, b"r" | b"br" | b"cr").then_some(marks)
    }
}
