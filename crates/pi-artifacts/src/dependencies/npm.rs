//! `package.json`, and the version specifiers that npm, Yarn and pnpm share.

use super::source::{from_url, git, split_fragment};
use super::{Dependencies, Dependency, Ecosystem, Include, Source, entry_span, string};
use crate::data::Node;

const SECTIONS: &[&str] =
    &["dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "resolutions"];

/// Parses `package.json`.
pub(super) fn manifest(root: &Node) -> Dependencies {
    let mut out = Dependencies::manifest(Ecosystem::Npm);
    out.package = string(root, "name");
    for section in SECTIONS {
        for entry in root.get(section).map(Node::entries).unwrap_or_default() {
            let Some(spec) = entry.value.as_str() else { continue };
            // Yarn's resolutions may name a path: `parent/**/child`.
            let name = if *section == "resolutions" { last_name(&entry.key) } else { &entry.key };
            let mut dependency = Dependency::new(name, *section, entry_span(entry));
            dependency.development = *section == "devDependencies";
            apply_specifier(&mut dependency, spec);
            out.items.push(dependency);
        }
    }
    for (section, overrides) in
        [("overrides", root.get("overrides")), ("pnpm.overrides", root.at(&["pnpm", "overrides"]))]
    {
        if let Some(overrides) = overrides {
            add_overrides(overrides, section, &mut out);
        }
    }
    let workspaces = root.get("workspaces");
    let listed = workspaces.and_then(|node| node.get("packages")).or(workspaces);
    for item in listed.map(Node::items).unwrap_or_default() {
        if let Some(path) = item.as_str() {
            out.includes.push(Include { path: path.to_owned(), span: item.span });
        }
    }
    out
}

/// Overrides nest: `{"a": {".": "1", "b": "2"}}`. A value `$name` refers to a
/// direct dependency and declares nothing.
fn add_overrides(node: &Node, section: &str, out: &mut Dependencies) {
    for entry in node.entries() {
        match entry.value.as_str() {
            Some(spec) if spec.starts_with('$') || entry.key == "." => {}
            Some(spec) => {
                let (name, _) = split_version(last_name(&entry.key));
                let mut dependency = Dependency::new(name, section, entry_span(entry));
                apply_specifier(&mut dependency, spec);
                out.items.push(dependency);
            }
            None => add_overrides(&entry.value, section, out),
        }
    }
}

/// Reads what stands behind a package's name: a range, tag, alias, URL or path.
pub(super) fn apply_specifier(dependency: &mut Dependency, spec: &str) {
    let spec = spec.trim();
    if let Some(target) = spec.strip_prefix("npm:") {
        let (name, version) = split_version(target);
        // Yarn Berry writes `npm:` before every plain range, too.
        if version.is_some() || !is_range(target) {
            dependency.alias = Some(std::mem::replace(&mut dependency.name, name.to_owned()));
            dependency.version = version.map(str::to_owned);
        } else {
            dependency.version = Some(target.to_owned());
        }
        return;
    }
    if let Some(range) = spec.strip_prefix("workspace:") {
        dependency.source = Source::Path("workspace".to_owned());
        dependency.version = Some(range.to_owned()).filter(|range| !range.is_empty());
        return;
    }
    if let Some(range) = spec.strip_prefix("jsr:") {
        dependency.source = Source::Registry(Some("https://npm.jsr.io".to_owned()));
        dependency.version = Some(range.to_owned());
        return;
    }
    if let Some(source) = located(spec) {
        dependency.source = source;
        return;
    }
    dependency.version = Some(spec.to_owned()).filter(|spec| !spec.is_empty());
}

fn located(spec: &str) -> Option<Source> {
    for prefix in ["file:", "link:", "portal:"] {
        if let Some(path) = spec.strip_prefix(prefix) {
            return Some(Source::Path(path.to_owned()));
        }
    }
    for prefix in ["./", "../", "~/", "/"] {
        if spec.starts_with(prefix) {
            return Some(Source::Path(spec.to_owned()));
        }
    }
    let (bare, fragment) = split_fragment(spec);
    for host in ["github:", "gitlab:", "bitbucket:", "gist:"] {
        if bare.starts_with(host) {
            return Some(git(bare, fragment));
        }
    }
    from_url(spec).or_else(|| is_shorthand(bare).then(|| git(bare, fragment)))
}

/// `owner/repository`, which npm takes from GitHub.
fn is_shorthand(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
    };
    text.split_once('/').is_some_and(|(owner, name)| plain(owner) && plain(name))
}

fn is_range(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || "^~<>=*v".contains(c))
        || matches!(text, "latest" | "next" | "x")
        || text.is_empty()
}

/// Splits `name@version`; the `@` of a scope belongs to the name.
pub(super) fn split_version(text: &str) -> (&str, Option<&str>) {
    let scope = usize::from(text.starts_with('@'));
    match text.get(scope..).and_then(|rest| rest.find('@')) {
        Some(at) => (text.get(..scope + at).unwrap_or(text), text.get(scope + at + 1..)),
        None => (text, None),
    }
}

/// The last package of a path such as `a/**/@scope/b` or `a>b`.
fn last_name(path: &str) -> &str {
    let path = path.rsplit('>').next().unwrap_or(path).trim();
    let Some(slash) = path.rfind('/') else { return path };
    let before = path.get(..slash).unwrap_or_default();
    let scope = before.rfind('/').map_or(0, |at| at + 1);
    let is_scoped = before.get(scope..).is_some_and(|part| part.starts_with('@'));
    path.get(if is_scoped { scope } else { slash + 1 }..).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    fn check(spec: &str, name: &str, version: Option<&str>, source: Source) {
        let mut found = Dependency::new("p", "", Span::default());
        apply_specifier(&mut found, spec);
        assert_eq!((found.name.as_str(), found.version.as_deref()), (name, version), "{spec}");
        assert_eq!(found.source, source, "{spec}");
    }

    #[test]
    fn every_form_of_a_specifier() {
        let registry = || Source::Registry(None);
        check("^1.2.3", "p", Some("^1.2.3"), registry());
        check("latest", "p", Some("latest"), registry());
        check("", "p", None, registry());
        check("npm:@s/q@^2", "@s/q", Some("^2"), registry());
        check("npm:^2", "p", Some("^2"), registry());
        check("npm:q", "q", None, registry());
        check("workspace:*", "p", Some("*"), Source::Path("workspace".into()));
        check("file:../x", "p", None, Source::Path("../x".into()));
        check("owner/repo#v1", "p", None, git("owner/repo", Some("v1")));
        check("github:o/r", "p", None, git("github:o/r", None));
        check("git+https://h/o/r.git#abc", "p", None, git("git+https://h/o/r.git", Some("abc")));
        check("http://h/p.tgz", "p", None, Source::Url("http://h/p.tgz".into()));
        check(">=1 <2 || 3.x", "p", Some(">=1 <2 || 3.x"), registry());
    }

    #[test]
    fn names_in_paths() {
        assert_eq!(last_name("a/**/@s/b"), "@s/b");
        assert_eq!(last_name("a>b"), "b");
        assert_eq!(last_name("@s/b"), "@s/b");
        assert_eq!(split_version("@s/b@1"), ("@s/b", Some("1")));
    }
}
