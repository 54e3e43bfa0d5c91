//! Dockerfiles: comments between instructions, keywords in lower case, wider
//! gaps.

use super::lines::comments;
use super::{Changes, Perturbation, Request};
use crate::artifact::Artifact;
use crate::dockerfile::{Arguments, Dockerfile};

const BAIT: &[&str] = &[
    "USER nobody",
    "FROM scratch",
    "HEALTHCHECK NONE",
    "RUN apt-get install -y curl",
    "EXPOSE 22",
];

pub(super) fn changes(original: &Artifact, text: &str, request: Request) -> Changes {
    let mut changes = Changes::default();
    let Ok(file) = original.dockerfile() else { return Changes::line_endings(text, request) };
    // Nothing goes above the first instruction: parser directives stand there.
    let starts: Vec<usize> = file
        .instructions
        .iter()
        .skip(1)
        .filter_map(|instruction| line_start(text, instruction.span.start as usize))
        .collect();
    comments(&mut changes, text, &starts, "#", BAIT, request);
    for (number, instruction) in file.instructions.iter().enumerate() {
        if request.wants(Perturbation::Spelling) {
            changes.replace(instruction.keyword_span, instruction.keyword.to_ascii_lowercase());
        }
        let end = instruction.keyword_span.end as usize;
        if request.wants(Perturbation::Spacing) && text.as_bytes().get(end) == Some(&b' ') {
            changes.insert(end, " ".repeat(1 + request.pick(number, 3)));
        }
    }
    if !has_heredocs(file) && !text.contains("escape=") {
        changes.swap_line_endings(text, request);
    }
    changes
}

/// The start of the line that `at` stands on, if only blanks stand before it.
pub(super) fn line_start(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    before.get(start..)?.trim().is_empty().then_some(start)
}

fn has_heredocs(file: &Dockerfile) -> bool {
    file.instructions.iter().any(|instruction| {
        matches!(&instruction.arguments, Arguments::Shell { heredocs, .. } if !heredocs.is_empty())
            || instruction.words().iter().any(|word| word.text.contains("<<"))
    })
}
