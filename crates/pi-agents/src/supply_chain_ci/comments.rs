//! The comments at the head of a source file, in any of the usual syntaxes.

/// A line of a comment without its marks.
pub struct CommentLine<'a> {
    /// The text.
    pub text: &'a str,
    /// Where the text starts.
    pub start: usize,
}

const LINE_MARKS: &[&str] = &["///", "//!", "//", "#!", "#", "--", ";;", ";", "%", "'", "rem "];
const BLOCKS: &[(&str, &str)] =
    &[("/*", "*/"), ("<!--", "-->"), ("\"\"\"", "\"\"\""), ("'''", "'''"), ("{-", "-}")];

/// The comment lines before the first line of code.
pub fn leading(text: &str) -> Vec<CommentLine<'_>> {
    let mut found = Vec::new();
    let mut block_end: Option<&str> = None;
    for line in text.split(['\n', '\r']) {
        let trimmed = line.trim().trim_start_matches('\u{feff}');
        let mut body = trimmed;
        if let Some(end) = block_end {
            if let Some((inside, _)) = body.split_once(end) {
                body = inside;
                block_end = None;
            }
            body = body.trim_start_matches(['*', ' ', '\t']);
        } else if let Some((open, close)) = BLOCKS.iter().find(|(open, _)| body.starts_with(open)) {
            body = body.get(open.len()..).unwrap_or_default();
            match body.split_once(close) {
                Some((inside, _)) => body = inside,
                None => block_end = Some(close),
            }
            body = body.trim_start_matches(['*', '!', ' ']);
        } else if let Some(mark) = LINE_MARKS.iter().find(|mark| body.starts_with(**mark)) {
            body = body.get(mark.len()..).unwrap_or_default();
        } else if trimmed.is_empty() || is_opening(trimmed) {
            continue;
        } else {
            break;
        }
        let body = body.trim();
        let start = body.as_ptr() as usize - text.as_ptr() as usize;
        found.push(CommentLine { text: body, start });
    }
    found
}

/// Lines that stand before the head of a file.
fn is_opening(line: &str) -> bool {
    line.starts_with("<?php")
        || line.starts_with("<?xml")
        || line == "'use strict';"
        || line == "\"use strict\";"
}
