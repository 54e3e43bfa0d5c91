//! Prose: line endings and blank lines at the end.

use super::{Edit, line_endings};
use crate::perturb::Perturbation;
use crate::span::Span;

pub(super) fn edits(text: &str, family: Perturbation) -> Vec<Edit> {
    match family {
        Perturbation::LineEndings => line_endings(text, &[]),
        Perturbation::Comments if text.ends_with('\n') => {
            let end = Span::new(text.len(), text.len()).end;
            vec![Edit::insert(end, "\n")]
        }
        _ => Vec::new(),
    }
}
