//! URLs of packages: git repository, archive or path.

use super::Source;

/// Hosts whose plain repository URLs are cloned, not downloaded.
const GIT_HOSTS: &[&str] = &["github.com", "gitlab.com", "bitbucket.org", "gist.github.com"];

/// The source behind a URL of npm, Yarn, pnpm or uv; a fragment names the
/// reference. `None` when `text` is no URL.
pub(super) fn from_url(text: &str) -> Option<Source> {
    let (bare, fragment) = split_fragment(text);
    if let Some(path) = bare.strip_prefix("file:") {
        return Some(Source::Path(path.to_owned()));
    }
    if is_git(bare) {
        return Some(Source::Git { url: bare.to_owned(), reference: fragment.map(str::to_owned) });
    }
    bare.contains("://").then(|| Source::Url(text.to_owned()))
}

/// Whether `url` (without fragment) is cloned with git.
pub(super) fn is_git(url: &str) -> bool {
    if url.starts_with("git+") || url.starts_with("git:") || url.starts_with("ssh:") {
        return true;
    }
    if url.starts_with("git@") && url.contains(':') {
        return true;
    }
    let Some((_, rest)) = url.split_once("://") else { return false };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let depth = path.split('/').filter(|part| !part.is_empty()).count();
    path.ends_with(".git") || (GIT_HOSTS.contains(&host) && depth == 2)
}

/// Splits `url#fragment`.
pub(super) fn split_fragment(text: &str) -> (&str, Option<&str>) {
    match text.split_once('#') {
        Some((url, fragment)) => (url, Some(fragment).filter(|fragment| !fragment.is_empty())),
        None => (text, None),
    }
}

/// Splits a trailing `@reference` off a git URL; the `@` of user information
/// stands before the last `/`, a reference after the repository's name.
pub(super) fn split_reference(url: &str) -> (&str, Option<&str>) {
    let path = url.find("://").map_or(0, |at| at + 3);
    let path = url.get(path..).and_then(|rest| rest.find('/')).map_or(path, |at| path + at);
    match url.get(path..).and_then(|rest| rest.rfind('@')) {
        Some(at) => (
            url.get(..path + at).unwrap_or(url),
            url.get(path + at + 1..).filter(|reference| !reference.is_empty()),
        ),
        None => (url, None),
    }
}

/// A repository and its reference (branch, tag or commit).
pub(super) fn git(url: &str, reference: Option<&str>) -> Source {
    Source::Git { url: url.to_owned(), reference: reference.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_repositories_and_paths_are_told_apart() {
        let git = |url: &str, reference: Option<&str>| Some(super::git(url, reference));
        let cases = [
            ("git+ssh://git@host/a/b.git#v1", git("git+ssh://git@host/a/b.git", Some("v1"))),
            ("https://github.com/a/b", git("https://github.com/a/b", None)),
            ("https://github.com/a/b.git#main", git("https://github.com/a/b.git", Some("main"))),
            ("git@github.com:a/b.git", git("git@github.com:a/b.git", None)),
            (
                "https://github.com/a/b/archive/x.tgz",
                Some(Source::Url("https://github.com/a/b/archive/x.tgz".into())),
            ),
            ("file:../x", Some(Source::Path("../x".into()))),
            ("^1.2.3", None),
        ];
        for (text, expected) in cases {
            assert_eq!(from_url(text), expected, "{text}");
        }
    }

    #[test]
    fn a_reference_is_not_user_information() {
        assert_eq!(split_reference("ssh://git@host/a/b.git"), ("ssh://git@host/a/b.git", None));
        assert_eq!(split_reference("https://host/a/b@v1"), ("https://host/a/b", Some("v1")));
    }
}
