//! HCL: comments between attributes and blocks, order of attributes, spacing.

use std::ops::Range;

use super::dockerfile::line_start;
use super::lines::comments;
use super::{Changes, Perturbation, Request};
use crate::artifact::Artifact;
use crate::hcl::{Attribute, Body, Data};

const BAIT: &[&str] = &["encrypted = true", "acl = \"private\"", "publicly_accessible = false"];

pub(super) fn changes(original: &Artifact, text: &str, request: Request) -> Changes {
    let Ok(body) = original.hcl() else { return Changes::line_endings(text, request) };
    let mut changes = Changes::default();
    let mut starts = Vec::new();
    visit(body, text, request, &mut changes, &mut starts);
    starts.sort_unstable();
    starts.dedup();
    comments(&mut changes, text, starts.get(1..).unwrap_or_default(), "#", BAIT, request);
    if !text.contains("<<") {
        changes.swap_line_endings(text, request);
    }
    changes
}

fn visit(
    body: &Body,
    text: &str,
    request: Request,
    changes: &mut Changes,
    starts: &mut Vec<usize>,
) {
    let mut run: Vec<Range<usize>> = Vec::new();
    for (number, attribute) in body.attributes.iter().enumerate() {
        let start = attribute.name_span.start as usize;
        starts.extend(line_start(text, start));
        if request.wants(Perturbation::Spacing) {
            let between =
                text.get(attribute.name_span.end as usize..attribute.value.span.start as usize);
            if let Some(equals) = between.and_then(|between| between.find('=')) {
                let at = attribute.name_span.end as usize + equals;
                changes.insert(at, " ".repeat(1 + request.pick(number, 2)));
            }
        }
        if request.wants(Perturbation::KeyOrder) {
            match movable(attribute, text) {
                Some(range) if run.last().is_none_or(|last| adjacent(text, last, &range)) => {
                    run.push(range)
                }
                other => {
                    flush(changes, std::mem::take(&mut run));
                    run.extend(other);
                }
            }
        }
    }
    flush(changes, run);
    for block in &body.blocks {
        starts.extend(line_start(text, block.span.start as usize));
        visit(&block.body, text, request, changes, starts);
    }
}

fn flush(changes: &mut Changes, run: Vec<Range<usize>>) {
    if run.len() > 1 {
        changes.reverse(run);
    }
}

/// An attribute alone on its line with a simple value.
fn movable(attribute: &Attribute, text: &str) -> Option<Range<usize>> {
    let start = attribute.name_span.start as usize;
    line_start(text, start)?;
    let line = text.get(start..)?.split('\n').next()?.trim_end_matches('\r');
    let simple = matches!(attribute.value.data, Data::Bool(_) | Data::Number(_) | Data::String(_));
    let end = start + line.trim_end().len();
    (simple && attribute.value.span.end as usize <= end).then_some(start..end)
}

fn adjacent(text: &str, last: &Range<usize>, next: &Range<usize>) -> bool {
    next.start >= last.end
        && text
            .get(last.end..next.start)
            .is_some_and(|between| between.trim().is_empty() && between.matches('\n').count() == 1)
}
