//! Package URLs (ECMA-427).

/// What is wrong with a package URL; `None` when it is valid.
pub fn problem(text: &str) -> Option<&'static str> {
    let Some(rest) = text.strip_prefix("pkg:") else {
        return Some("it does not start with `pkg:`");
    };
    let rest = rest.trim_start_matches('/');
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    let (rest, qualifiers) = match rest.split_once('?') {
        Some((before, qualifiers)) => (before, Some(qualifiers)),
        None => (rest, None),
    };
    let Some((kind, path)) = rest.split_once('/') else { return Some("it has no name") };
    let kind_is_valid = kind.starts_with(|c: char| c.is_ascii_alphabetic())
        && kind.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    if !kind_is_valid {
        return Some("its type is malformed");
    }
    // The version follows the last `@`, unless that starts an npm scope.
    let (path, version) = match path
        .rfind('@')
        .filter(|at| *at > 0 && !path.get(*at..).is_some_and(|v| v.contains('/')))
    {
        Some(at) => (path.get(..at).unwrap_or_default(), path.get(at + 1..)),
        None => (path, None),
    };
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let Some(name) = segments.last() else { return Some("it has no name") };
    if name.starts_with('@') && segments.len() == 1 {
        return Some("it has a scope and no name");
    }
    if version == Some("") {
        return Some("its version is empty");
    }
    if !percent_encoding_is_valid(text) {
        return Some("its percent encoding is malformed");
    }
    if text.bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control()) {
        return Some("it holds white space");
    }
    let has_namespace = segments.len() > 1;
    match kind.to_ascii_lowercase().as_str() {
        "maven" | "composer" | "github" | "bitbucket" | "swift" if !has_namespace => {
            return Some("packages of its type need a namespace");
        }
        "pypi" | "cargo" | "gem" | "nuget" if has_namespace => {
            return Some("packages of its type have no namespace");
        }
        _ => {}
    }
    let key_is_valid = |pair: &str| {
        pair.split_once('=').is_some_and(|(key, _)| {
            !key.is_empty()
                && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        })
    };
    if qualifiers.is_some_and(|q| !q.split('&').all(key_is_valid)) {
        return Some("its qualifiers are malformed");
    }
    None
}

fn percent_encoding_is_valid(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        rest.get(..2).is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_are_judged() {
        for good in [
            "pkg:npm/%40scope/name@1.0.0",
            "pkg:npm/@scope/name@1.0.0",
            "pkg:maven/org.example/lib@1.0?type=jar",
            "pkg:golang/golang.org/x/text@v0.3.8#subpath",
            "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie",
            "pkg:pypi/requests",
            "pkg:oci/app@sha256%3Aabc?repository_url=x",
        ] {
            assert_eq!(problem(good), None, "{good}");
        }
        for bad in [
            "npm/x",
            "pkg:npm",
            "pkg:npm/",
            "pkg:/x",
            "pkg:maven/lib@1",
            "pkg:npm/x@",
            "pkg:npm/a b",
            "pkg:npm/x@%zz",
            "pkg:npm/x?=1",
        ] {
            assert!(problem(bad).is_some(), "{bad}");
        }
    }
}
