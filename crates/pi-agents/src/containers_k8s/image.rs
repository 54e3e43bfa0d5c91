//! References to container images: `registry:port/path:tag@digest`.

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

/// An image that may be another one tomorrow.
pub(crate) const MUTABLE: Rule = Rule {
    id: "mutable-image-tag",
    summary: "the image has no tag or the tag `latest`, so it changes without notice",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-1357"],
    fix: "name a version tag, best with the digest: `image:1.2.3@sha256:...`",
};

/// The parts of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    /// Registry and path.
    pub name: &'a str,
    /// The tag.
    pub tag: Option<&'a str>,
    /// Has a digest.
    pub pinned: bool,
}

impl<'a> Reference<'a> {
    /// Splits a reference. A colon before the last `/` belongs to the port of
    /// the registry.
    pub(crate) fn parse(text: &'a str) -> Self {
        let (rest, pinned) = match text.split_once('@') {
            Some((rest, _)) => (rest, true),
            None => (text, false),
        };
        let path = rest.rfind('/').map_or(0, |slash| slash + 1);
        let tag_at = rest.get(path..).and_then(|last| last.find(':')).map(|colon| path + colon);
        let (name, tag) = match tag_at.and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?))) {
            Some((name, tag)) => (name, Some(tag).filter(|tag| !tag.is_empty())),
            None => (rest, None),
        };
        Self { name, tag, pinned }
    }

    /// Without a digest, and without a tag or with `latest`.
    pub(crate) fn is_mutable(&self) -> bool {
        !self.pinned && self.tag.is_none_or(|tag| tag == "latest")
    }
}

/// Whether the reference still holds a variable or a template expression, so
/// that nothing can be said about it.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains('$') || text.contains("{{") || text.contains("<%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_digests_are_no_tags() {
        for (text, name, tag, pinned) in [
            ("nginx", "nginx", None, false),
            ("nginx:1.27", "nginx", Some("1.27"), false),
            ("registry:5000/team/app", "registry:5000/team/app", None, false),
            ("registry:5000/app:2", "registry:5000/app", Some("2"), false),
            ("app@sha256:00", "app", None, true),
            ("app:1@sha256:00", "app", Some("1"), true),
        ] {
            assert_eq!(Reference::parse(text), Reference { name, tag, pinned }, "{text}");
        }
        assert!(Reference::parse("nginx:latest").is_mutable());
        assert!(!Reference::parse("nginx:latest@sha256:00").is_mutable());
    }
}
