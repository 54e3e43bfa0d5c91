//! The value of `uses:`.

/// What a step or job uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uses<'a> {
    /// `./path` or `$/path`: comes with the repository.
    Local,
    /// `docker://image`.
    Image(&'a str),
    /// `owner/repository[/path]@reference`.
    Remote {
        /// The owner.
        owner: &'a str,
        /// The repository.
        repository: &'a str,
        /// The path inside, without its slash; empty for the root.
        path: &'a str,
        /// The branch, tag or commit; `None` when nothing is written.
        reference: Option<&'a str>,
    },
    /// None of these.
    Malformed,
}

impl<'a> Uses<'a> {
    /// Reads the value of `uses:`.
    pub fn parse(text: &'a str) -> Uses<'a> {
        let text = text.trim();
        if ["./", "../", "$/"].iter().any(|start| text.starts_with(start)) {
            return Uses::Local;
        }
        if let Some(image) = text.strip_prefix("docker://") {
            return Uses::Image(image);
        }
        let (name, reference) = match text.split_once('@') {
            Some((name, reference)) => (name, Some(reference).filter(|r| !r.is_empty())),
            None => (text, None),
        };
        let mut parts = name.splitn(3, '/');
        match (parts.next(), parts.next()) {
            (Some(owner), Some(repository)) if !owner.is_empty() && !repository.is_empty() => {
                let path = parts.next().unwrap_or_default();
                Uses::Remote { owner, repository, path, reference }
            }
            _ => Uses::Malformed,
        }
    }
}

/// Whether a reference is a full commit: 40 (SHA-1) or 64 (SHA-256) hexadecimal
/// digits.
pub fn is_commit(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether an image name ends in a digest.
pub fn has_digest(image: &str) -> bool {
    image.split_once("@sha256:").is_some_and(|(_, digest)| {
        digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_told_apart() {
        assert_eq!(Uses::parse("./.github/actions/x"), Uses::Local);
        assert_eq!(Uses::parse("docker://alpine:3"), Uses::Image("alpine:3"));
        assert_eq!(
            Uses::parse("a/b/.github/workflows/x.yml@v1"),
            Uses::Remote {
                owner: "a",
                repository: "b",
                path: ".github/workflows/x.yml",
                reference: Some("v1")
            }
        );
        assert_eq!(Uses::parse("checkout@v4"), Uses::Malformed);
        assert!(!is_commit("v4") && is_commit(&"a".repeat(40)) && !is_commit(&"g".repeat(40)));
    }
}
