//! `yarn.lock`: version 1 and Berry (2 and later). Both are blocks by
//! indentation, `key value` there and `key: value` here, so that one reader of
//! lines serves both.

use super::npm::split_version;
use super::npm_lock::resolved;
use super::source::from_url;
use super::{Dependencies, Dependency, Ecosystem, Source, lines};
use crate::span::Span;

/// Parses `yarn.lock`.
pub(super) fn lock(text: &str) -> Dependencies {
    let mut out = Dependencies::lockfile(Ecosystem::Npm);
    let mut in_requires = false;
    let mut in_metadata = false;
    for (start, line) in lines(text) {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if indent == 0 {
            in_metadata = trimmed.starts_with("__metadata");
            if !in_metadata {
                let span = Span::new(start, start + trimmed.len());
                out.items.push(header(trimmed, span));
            }
            continue;
        }
        let Some(item) = out.items.last_mut().filter(|_| !in_metadata) else { continue };
        let (key, value) = pair(trimmed);
        if indent <= 2 {
            in_requires = matches!(key, "dependencies" | "optionalDependencies");
            field(item, key, value);
        } else if in_requires {
            item.requires.push(key.to_owned());
        }
    }
    out
}

/// `"@s/a@^1", a@~2:` or `"a@npm:^1, a@npm:^2":`: the first descriptor counts.
fn header(line: &str, span: Span) -> Dependency {
    let line = line.trim_end_matches(':').trim_matches('"');
    let first = line.split(',').next().unwrap_or(line).trim().trim_matches('"');
    let (name, range) = split_version(first);
    let mut item = Dependency::new(name, "packages", span);
    if let Some(target) = range.and_then(|range| range.strip_prefix("npm:")) {
        let (real, version) = split_version(target);
        if version.is_some() {
            item.alias = Some(std::mem::replace(&mut item.name, real.to_owned()));
        }
    } else if let Some(source) = range.and_then(protocol) {
        item.source = source;
    }
    item
}

fn field(item: &mut Dependency, key: &str, value: &str) {
    match key {
        "version" => item.version = Some(value.to_owned()),
        "integrity" | "checksum" => item.has_integrity = !value.is_empty(),
        "resolved" => {
            // Version 1 writes the SHA-1 of a tarball behind `#`.
            let hash = value.rsplit_once('#').map(|(_, hash)| hash).unwrap_or_default();
            item.has_integrity |= hash.len() == 40;
            item.source = resolved(value);
        }
        "resolution" => {
            let (name, range) = split_version(value);
            if item.name != name {
                item.alias = Some(std::mem::replace(&mut item.name, name.to_owned()));
            }
            if let Some(source) = range.and_then(protocol) {
                item.source = source;
            }
        }
        _ => {}
    }
}

/// The source that a Berry range names by its protocol.
fn protocol(range: &str) -> Option<Source> {
    if range.starts_with("workspace:") {
        return Some(Source::Path("workspace".to_owned()));
    }
    for prefix in ["link:", "portal:", "file:"] {
        if let Some(path) = range.strip_prefix(prefix) {
            let path = path.split("::").next().unwrap_or(path);
            return Some(Source::Path(path.to_owned()));
        }
    }
    if range.starts_with("npm:") || range.starts_with("patch:") {
        return None;
    }
    from_url(range)
}

/// Key and value of `key value`, `key: value`, either quoted.
fn pair(line: &str) -> (&str, &str) {
    let (key, value) = match line.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some((key, rest)) => (key, rest.trim_start_matches(':')),
        None => {
            let (key, value) = line.split_once(' ').unwrap_or((line, ""));
            (key.trim_end_matches(':'), value)
        }
    };
    (key, value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_one() {
        let text = "# yarn lockfile v1\n\n\n\"@s/a@^1.0\", \"@s/a@^1.1\":\n  version \"1.2.0\"\n  \
                    resolved \"https://registry.yarnpkg.com/@s/a/-/a-1.2.0.tgz#0123456789012345678901234567890123456789\"\n  \
                    dependencies:\n    b \"^1\"\n    \"@s/c\" \"~2\"\n\nb@^1:\n  version \"1.0.0\"\n  \
                    resolved \"http://evil.example/b.tgz\"\n\ng@o/r:\n  version \"0.0.1\"\n  resolved \"git+https://h/o/r.git#abc\"\n";
        let found = lock(text);
        let [a, b, g] = found.items.as_slice() else { panic!("{:?}", found.items) };
        assert_eq!((a.name.as_str(), a.version.as_deref()), ("@s/a", Some("1.2.0")));
        assert!(a.has_integrity && !b.has_integrity);
        assert_eq!(a.requires, ["b", "@s/c"]);
        assert!(matches!(&a.source, Source::Registry(Some(_))));
        assert!(matches!(&b.source, Source::Url(_)));
        assert!(matches!(&g.source, Source::Git { .. }));
        assert_eq!(b.span.of(text), "b@^1:");
    }

    #[test]
    fn berry() {
        let text = "__metadata:\n  version: 8\n  cacheKey: 10\n\n\"a@npm:^1.0, a@npm:^1.1\":\n  version: 1.2.0\n  \
                    resolution: \"a@npm:1.2.0\"\n  dependencies:\n    \"@s/c\": \"npm:^1\"\n    d: \"npm:2\"\n  \
                    checksum: 10/abcdef\n  languageName: node\n  linkType: hard\n\n\"x@npm:real@^2\":\n  version: 2.0.0\n  \
                    resolution: \"real@npm:2.0.0\"\n\n\"root@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"root@workspace:.\"\n";
        let found = lock(text);
        let [a, x, root] = found.items.as_slice() else { panic!("{:?}", found.items) };
        assert_eq!((a.name.as_str(), a.version.as_deref()), ("a", Some("1.2.0")));
        assert!(a.has_integrity && a.alias.is_none());
        assert_eq!(a.requires, ["@s/c", "d"]);
        assert_eq!((x.name.as_str(), x.alias.as_deref()), ("real", Some("x")));
        assert!(matches!(&root.source, Source::Path(path) if path == "workspace"));
    }
}
