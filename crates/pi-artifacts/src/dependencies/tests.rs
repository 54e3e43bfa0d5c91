//! The formats that stand on the data tree.

use super::*;

/// Each item as `section name@version source[ +integrity][ dev][ alias=..]`.
fn rows(kind: Kind, path: &str, text: &str) -> Vec<String> {
    let artifact = Artifact::with_kind(path, text.as_bytes().to_vec(), kind);
    let found = artifact.dependencies().unwrap();
    let rows = found.items.iter().map(|item| {
        let source = match &item.source {
            Source::Registry(None) => "registry".to_owned(),
            Source::Registry(Some(url)) => format!("registry {url}"),
            Source::Git { url, reference } => {
                format!("git {url} {}", reference.as_deref().unwrap_or("-"))
            }
            Source::Url(url) => format!("url {url}"),
            Source::Path(path) => format!("path {path}"),
        };
        let version = item.version.as_deref().unwrap_or("-");
        let mut row = format!("{} {}@{version} {source}", item.section, item.name);
        for (set, word) in [(item.has_integrity, " +integrity"), (item.development, " dev")] {
            row.push_str(if set { word } else { "" });
        }
        if let Some(alias) = &item.alias {
            row.push_str(&format!(" alias={alias}"));
        }
        if !item.requires.is_empty() {
            row.push_str(&format!(" requires={}", item.requires.join(",")));
        }
        assert!(!item.span.of(text).is_empty(), "{row}");
        row
    });
    rows.collect()
}

#[test]
fn npm_manifest() {
    let text = r#"{"name": "me", "workspaces": ["packages/*"],
      "dependencies": {"a": "^1", "b": "npm:real@2", "c": "github:o/r#v1"},
      "devDependencies": {"d": "https://h/d.tgz"}, "overrides": {"e": {"f": "1.0.0"}}}"#;
    assert_eq!(
        rows(Kind::NpmManifest, "package.json", text),
        [
            "dependencies a@^1 registry",
            "dependencies real@2 registry alias=b",
            "dependencies c@- git github:o/r v1",
            "devDependencies d@- url https://h/d.tgz dev",
            "overrides f@1.0.0 registry",
        ]
    );
    let artifact = Artifact::with_kind("package.json", text.as_bytes().to_vec(), Kind::NpmManifest);
    let found = artifact.dependencies().unwrap();
    assert_eq!(found.items[0].span.of(text), r#""a": "^1""#);
    assert_eq!(found.includes[0].path, "packages/*");
}

#[test]
fn npm_locks() {
    let third = r#"{"name": "me", "lockfileVersion": 3, "packages": {"": {"name": "me"},
      "node_modules/a": {"version": "1.0.0", "resolved": "https://r/a/-/a-1.0.0.tgz", "integrity": "sha512-x", "dependencies": {"b": "^1"}},
      "node_modules/a/node_modules/@s/b": {"version": "1.1.0", "resolved": "https://evil/b.tgz", "dev": true},
      "node_modules/m": {"resolved": "packages/m", "link": true}, "packages/m": {"version": "0.1.0"}}}"#;
    assert_eq!(
        rows(Kind::NpmLock, "package-lock.json", third),
        [
            "packages a@1.0.0 registry https://r/a/-/a-1.0.0.tgz +integrity requires=b",
            "packages @s/b@1.1.0 url https://evil/b.tgz dev",
            "packages m@- path packages/m",
            "packages m@0.1.0 path packages/m",
        ]
    );
    let first = r#"{"lockfileVersion": 1, "dependencies": {"a": {"version": "1.0.0", "resolved": "https://r/a/-/a.tgz",
      "integrity": "sha1-x", "requires": {"b": "1"}, "dependencies": {"b": {"version": "git+ssh://git@h/b.git#abc"}}}}}"#;
    assert_eq!(
        rows(Kind::NpmLock, "package-lock.json", first),
        [
            "dependencies a@1.0.0 registry https://r/a/-/a.tgz +integrity requires=b",
            "dependencies b@- git git+ssh://git@h/b.git abc",
        ]
    );
}

#[test]
fn pnpm_locks() {
    let ninth = "lockfileVersion: '9.0'\npackages:\n  '@s/a@1.0.0':\n    resolution: {integrity: sha512-x}\n  \
                 b@2.0.0:\n    resolution: {tarball: https://evil/b.tgz}\nsnapshots:\n  '@s/a@1.0.0(p@1.0.0)':\n    \
                 dependencies:\n      b: 2.0.0\n  b@2.0.0: {}\n";
    assert_eq!(
        rows(Kind::PnpmLock, "pnpm-lock.yaml", ninth),
        [
            "packages @s/a@1.0.0 registry +integrity requires=b",
            "packages b@2.0.0 url https://evil/b.tgz"
        ]
    );
    let fifth = "lockfileVersion: 5.4\npackages:\n  /a/1.0.0_p@1.0.0:\n    resolution: {integrity: sha512-x}\n    dev: true\n  \
                 github.com/o/r/abc:\n    resolution: {repo: 'https://github.com/o/r', commit: abc, type: git}\n    name: r\n    version: 0.1.0\n";
    let found = rows(Kind::PnpmLock, "pnpm-lock.yaml", fifth);
    assert_eq!(found[1], "packages r@0.1.0 git https://github.com/o/r abc");
    assert!(found[0].starts_with("packages a@1.0.0 registry +integrity dev"), "{found:?}");
}

#[test]
fn python_manifest() {
    let text = "[build-system]\nrequires = ['hatchling>=1']\n[project]\nname = 'me'\ndependencies = ['a>=1', 'b @ https://h/b.zip', 'c']\n\
                [project.optional-dependencies]\nx = ['d']\n[dependency-groups]\ntest = ['e==1', {include-group = 'x'}]\n\
                [tool.uv.sources]\nc = { git = 'https://h/c', tag = 'v1' }\n[[tool.uv.index]]\nurl = 'https://i'\n\
                [tool.poetry.dependencies]\npython = '^3'\nf = '^1'\ng = { path = '../g' }\n[tool.poetry.group.dev.dependencies]\nh = { version = '1', source = 's' }\n";
    assert_eq!(
        rows(Kind::PyProject, "pyproject.toml", text),
        [
            "build-system.requires hatchling@>=1 registry",
            "project.dependencies a@>=1 registry",
            "project.dependencies b@- url https://h/b.zip",
            "project.dependencies c@- git https://h/c v1",
            "project.optional-dependencies.x d@- registry",
            "dependency-groups.test e@==1 registry dev",
            "tool.poetry.dependencies f@^1 registry",
            "tool.poetry.dependencies g@- path ../g",
            "tool.poetry.group.dev h@1 registry s dev",
        ]
    );
}

#[test]
fn python_locks() {
    let poetry = "[[package]]\nname = 'a'\nversion = '1'\nfiles = [{file = 'a.whl', hash = 'sha256:x'}]\n[package.dependencies]\nb = '*'\n\
                  [[package]]\nname = 'b'\nversion = '2'\ncategory = 'dev'\nfiles = []\n[package.source]\ntype = 'git'\nurl = 'https://h/b'\nresolved_reference = 'abc'\n";
    assert_eq!(
        rows(Kind::PythonLock, "poetry.lock", poetry),
        ["package a@1 registry +integrity requires=b", "package b@2 git https://h/b abc dev"]
    );
    let uv = "[[package]]\nname = 'a'\nversion = '1'\nsource = { registry = 'https://pypi.org/simple' }\ndependencies = [{ name = 'b' }]\n\
              sdist = { url = 'u', hash = 'sha256:x' }\n[[package]]\nname = 'b'\nversion = '2'\nsource = { git = 'https://h/b?rev=v1#abc' }\n\
              [[package]]\nname = 'me'\nsource = { editable = '.' }\n";
    assert_eq!(
        rows(Kind::PythonLock, "uv.lock", uv),
        [
            "package a@1 registry https://pypi.org/simple +integrity requires=b",
            "package b@2 git https://h/b abc",
            "package me@- path .",
        ]
    );
    let pipfile = r#"{"_meta": {"sources": [{"url": "https://pypi.org/simple"}, {"url": "https://x"}]},
      "default": {"a": {"version": "==1", "hashes": ["sha256:x"]}}, "develop": {"b": {"git": "https://h/b", "ref": "abc"}}}"#;
    assert_eq!(
        rows(Kind::PipfileLock, "Pipfile.lock", pipfile),
        ["default a@==1 registry +integrity", "develop b@- git https://h/b abc dev"]
    );
}

#[test]
fn cargo_files() {
    let manifest = "[package]\nname = 'me'\n[dependencies]\na = '1'\nb = { git = 'https://h/b', branch = 'main' }\nc.workspace = true\n\
                    [dev-dependencies.d]\npackage = 'real'\nversion = '2'\n[target.'cfg(unix)'.dependencies]\ne = { path = '../e' }\n\
                    [workspace]\nmembers = ['x/*']\n[workspace.dependencies]\nf = '3'\n[patch.crates-io]\ng = { git = 'https://h/g', rev = 'abc' }\n";
    assert_eq!(
        rows(Kind::CargoManifest, "Cargo.toml", manifest),
        [
            "dependencies a@1 registry",
            "dependencies b@- git https://h/b main",
            "dependencies c@- path workspace",
            "dev-dependencies real@2 registry dev alias=d",
            "target.cfg(unix).dependencies e@- path ../e",
            "workspace.dependencies f@3 registry",
            "patch.crates-io g@- git https://h/g abc",
        ]
    );
    let lock = "version = 4\n[[package]]\nname = 'a'\nversion = '1'\nsource = 'registry+https://r'\nchecksum = 'x'\ndependencies = ['b 2.0.0']\n\
                [[package]]\nname = 'b'\nversion = '2'\nsource = 'git+https://h/b?branch=main#abc'\n[[package]]\nname = 'me'\nversion = '0'\n";
    assert_eq!(
        rows(Kind::CargoLock, "Cargo.lock", lock),
        [
            "package a@1 registry https://r +integrity requires=b",
            "package b@2 git https://h/b abc",
            "package me@0 path workspace",
        ]
    );
}

#[test]
fn every_entry_point_survives_any_shape() {
    for kind in Kind::ALL {
        for text in [
            "",
            "[]",
            "{}",
            "a: [",
            "null",
            "[[package]]\nname = 1\n",
            "\"",
            "@",
            "--",
            "(",
            "=>",
            "require (",
        ] {
            let _ = Artifact::with_kind("x", text.as_bytes().to_vec(), *kind).dependencies();
        }
    }
}
