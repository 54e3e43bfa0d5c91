//! Detection of kinds: by name where a name is a convention, else by content.

use crate::kind::Kind;

/// Bytes that are looked at to tell text from binary.
const HEAD_BYTES: usize = 8192;

/// Names that are a convention, in lower case.
const NAMES: &[(&str, Kind)] = &[
    ("dockerfile", Kind::Dockerfile),
    ("containerfile", Kind::Dockerfile),
    ("docker-compose.yml", Kind::Compose),
    ("docker-compose.yaml", Kind::Compose),
    ("compose.yml", Kind::Compose),
    ("compose.yaml", Kind::Compose),
    ("action.yml", Kind::GithubAction),
    ("action.yaml", Kind::GithubAction),
    ("package.json", Kind::NpmManifest),
    ("package-lock.json", Kind::NpmLock),
    ("npm-shrinkwrap.json", Kind::NpmLock),
    ("yarn.lock", Kind::YarnLock),
    ("pnpm-lock.yaml", Kind::PnpmLock),
    ("pyproject.toml", Kind::PyProject),
    ("poetry.lock", Kind::PythonLock),
    ("uv.lock", Kind::PythonLock),
    ("pipfile.lock", Kind::PipfileLock),
    ("cargo.toml", Kind::CargoManifest),
    ("cargo.lock", Kind::CargoLock),
    ("go.mod", Kind::GoMod),
    ("go.sum", Kind::GoSum),
    ("commit_editmsg", Kind::CommitMessage),
    ("merge_msg", Kind::CommitMessage),
    (".env", Kind::Env),
    (".envrc", Kind::Shell),
    (".bashrc", Kind::Shell),
    (".profile", Kind::Shell),
    (".zshrc", Kind::Shell),
    (".npmrc", Kind::Ini),
    (".pypirc", Kind::Ini),
    (".gitconfig", Kind::Ini),
    (".editorconfig", Kind::Ini),
    ("pipfile", Kind::Toml),
    ("requirements.txt", Kind::PipRequirements),
    ("constraints.txt", Kind::PipRequirements),
    ("terraform.tfstate", Kind::TerraformState),
    ("nginx.conf", Kind::Nginx),
];

/// Extensions, in lower case.
const EXTENSIONS: &[(&str, Kind)] = &[
    ("dockerfile", Kind::Dockerfile),
    ("yml", Kind::Yaml),
    ("yaml", Kind::Yaml),
    ("json", Kind::Json),
    ("jsonc", Kind::Json),
    ("json5", Kind::Json),
    ("toml", Kind::Toml),
    ("env", Kind::Env),
    ("ini", Kind::Ini),
    ("cfg", Kind::Ini),
    ("conf", Kind::Ini),
    ("cnf", Kind::Ini),
    ("properties", Kind::Ini),
    ("nginx", Kind::Nginx),
    ("nginxconf", Kind::Nginx),
    ("tf", Kind::Terraform),
    ("tfvars", Kind::TerraformVars),
    ("tfstate", Kind::TerraformState),
    ("hcl", Kind::Hcl),
    ("template", Kind::CloudFormation),
    ("sh", Kind::Shell),
    ("bash", Kind::Shell),
    ("zsh", Kind::Shell),
    ("ksh", Kind::Shell),
    ("py", Kind::Python),
    ("pyi", Kind::Python),
    ("js", Kind::JavaScript),
    ("mjs", Kind::JavaScript),
    ("cjs", Kind::JavaScript),
    ("jsx", Kind::JavaScript),
    ("ts", Kind::TypeScript),
    ("mts", Kind::TypeScript),
    ("cts", Kind::TypeScript),
    ("tsx", Kind::TypeScript),
    ("rs", Kind::Rust),
    ("go", Kind::Go),
    ("java", Kind::Java),
    ("kt", Kind::Source),
    ("scala", Kind::Source),
    ("swift", Kind::Source),
    ("lua", Kind::Source),
    ("pl", Kind::Source),
    ("ps1", Kind::Source),
    ("vy", Kind::Source),
    ("circom", Kind::Source),
    ("ex", Kind::Source),
    ("exs", Kind::Source),
    ("rb", Kind::Ruby),
    ("php", Kind::Php),
    ("c", Kind::C),
    ("h", Kind::C),
    ("cc", Kind::C),
    ("cpp", Kind::C),
    ("hpp", Kind::C),
    ("cs", Kind::CSharp),
    ("sol", Kind::Solidity),
    ("sql", Kind::Sql),
    ("md", Kind::Markdown),
    ("markdown", Kind::Markdown),
    ("diff", Kind::Diff),
    ("patch", Kind::Diff),
    ("pem", Kind::Pem),
    ("crt", Kind::Pem),
    ("key", Kind::Pem),
    ("jwt", Kind::Jwt),
    ("html", Kind::Markup),
    ("htm", Kind::Markup),
    ("xml", Kind::Markup),
    ("svg", Kind::Markup),
];

/// Beginnings of files that are no text.
const MAGIC: &[&[u8]] = &[
    b"\x7fELF",
    b"MZ\x90",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh9",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"%PDF",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"\0asm",
    b"SQLite format 3\0",
    b"wOF2",
    b"wOFF",
];

pub(crate) fn detect(path: &str, bytes: &[u8]) -> Kind {
    if is_binary(bytes) {
        return Kind::Binary;
    }
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let Ok(text) = std::str::from_utf8(bytes) else { return Kind::Binary };
    let named = by_name(path, &name);
    match named {
        Some(Kind::Yaml) => yaml(path, text),
        Some(Kind::Json) => json(text, Kind::Json),
        Some(Kind::Ini) if name.ends_with(".conf") && crate::nginx::is_config(text) => Kind::Nginx,
        Some(Kind::CloudFormation) => cloudformation(text).unwrap_or(Kind::Text),
        Some(kind) => kind,
        None if is_site(path) && crate::nginx::is_config(text) => Kind::Nginx,
        None => by_content(text),
    }
}

/// Whether a path lies where Debian keeps the sites of its web servers.
fn is_site(path: &str) -> bool {
    ["sites-available/", "sites-enabled/", "conf.d/", "nginx/"]
        .iter()
        .any(|folder| path.contains(folder))
}

fn is_binary(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    head.contains(&0) || MAGIC.iter().any(|magic| bytes.starts_with(magic))
}

fn by_name(path: &str, name: &str) -> Option<Kind> {
    if let Some((_, kind)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(*kind);
    }
    if name.starts_with("dockerfile.") || name.starts_with("containerfile.") {
        return Some(Kind::Dockerfile);
    }
    if name.starts_with(".env.") || name.ends_with(".env.example") || name == "env.example" {
        return Some(Kind::Env);
    }
    let (stem, extension) = name.rsplit_once('.')?;
    if matches!(extension, "yml" | "yaml") {
        if path.contains(".github/workflows/") {
            return Some(Kind::GithubWorkflow);
        }
        if stem.starts_with("docker-compose") || stem.starts_with("compose.") {
            return Some(Kind::Compose);
        }
    }
    if extension == "txt" && (stem.starts_with("requirements") || path.contains("requirements/")) {
        return Some(Kind::PipRequirements);
    }
    if matches!(extension, "md" | "markdown")
        && (stem.starts_with("changelog") || stem == "history" || stem == "changes")
    {
        return Some(Kind::Changelog);
    }
    if name.ends_with(".cdx.json") || name.ends_with(".spdx.json") {
        return Some(Kind::Sbom);
    }
    if name.ends_with(".tf.json") {
        return Some(Kind::Json);
    }
    if name.ends_with(".tfstate.backup") {
        return Some(Kind::TerraformState);
    }
    EXTENSIONS.iter().find(|(known, _)| *known == extension).map(|(_, kind)| *kind)
}

/// Whether a line starts with `key` and a colon, at the top level.
fn has_key(text: &str, key: &str) -> bool {
    text.lines().any(|line| {
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        let rest = line.strip_prefix(key).or_else(|| {
            let quoted = line.strip_prefix(['"', '\''])?.strip_prefix(key)?;
            quoted.strip_prefix(['"', '\''])
        });
        rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
    })
}

fn yaml(path: &str, text: &str) -> Kind {
    if text.trim_start().starts_with('{') {
        return json(text, Kind::Yaml);
    }
    if has_key(text, "apiVersion") && has_key(text, "kind") {
        return Kind::Kubernetes;
    }
    if let Some(kind) = cloudformation(text) {
        return kind;
    }
    if has_key(text, "jobs") && has_key(text, "on") {
        return Kind::GithubWorkflow;
    }
    if has_key(text, "runs") && has_key(text, "name") && text.contains("using:") {
        return Kind::GithubAction;
    }
    let is_service = || ["image:", "build:", "\"image\":"].iter().any(|key| text.contains(key));
    if has_key(text, "services") && is_service() && !path.contains(".gitlab-ci") {
        return Kind::Compose;
    }
    Kind::Yaml
}

fn json(text: &str, otherwise: Kind) -> Kind {
    let has = |key: &str| text.contains(&format!("\"{key}\""));
    if (has("bomFormat") && text.contains("CycloneDX")) || has("spdxVersion") {
        return Kind::Sbom;
    }
    // Configuration files of the cluster itself have no metadata.
    let is_object = has("metadata") || has("items") || text.contains(".k8s.io/");
    if has("apiVersion") && has("kind") && is_object {
        return Kind::Kubernetes;
    }
    if has("terraform_version") && has("serial") && has("lineage") {
        return Kind::TerraformState;
    }
    cloudformation(text).unwrap_or(otherwise)
}

fn cloudformation(text: &str) -> Option<Kind> {
    let template = text.contains("AWSTemplateFormatVersion")
        || (text.contains("AWS::")
            && (has_key(text, "Resources") || text.contains("\"Resources\"")));
    template.then_some(Kind::CloudFormation)
}

fn by_content(text: &str) -> Kind {
    let first = text.lines().next().unwrap_or_default();
    if let Some(interpreter) = first.strip_prefix("#!") {
        let program = interpreter
            .split_whitespace()
            .find(|word| !word.ends_with("/env") && !word.starts_with('-'));
        let program = program.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        return match program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
            "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh" => Kind::Shell,
            "python" => Kind::Python,
            "node" => Kind::JavaScript,
            "ruby" => Kind::Ruby,
            "php" => Kind::Php,
            _ => Kind::Source,
        };
    }
    if text.trim_start().starts_with("-----BEGIN ") {
        return Kind::Pem;
    }
    if first.starts_with("diff --git ") || (first.starts_with("--- ") && text.contains("\n+++ ")) {
        return Kind::Diff;
    }
    if is_jwt(text.trim()) { Kind::Jwt } else { Kind::Text }
}

/// Three Base64url parts, the first of which begins like `{"`.
fn is_jwt(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let encoded =
        |part: &&str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    parts.len() == 3 && text.starts_with("ey") && parts.iter().all(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_content_decide() {
        for (path, text, kind) in [
            ("Dockerfile", "FROM a", Kind::Dockerfile),
            ("build/Dockerfile.prod", "FROM a", Kind::Dockerfile),
            ("app.dockerfile", "FROM a", Kind::Dockerfile),
            ("docker-compose.prod.yml", "services: {}", Kind::Compose),
            ("stack.yaml", "services:\n  a:\n    image: b\n", Kind::Compose),
            ("x.yaml", "apiVersion: v1\nkind: Pod\n", Kind::Kubernetes),
            ("x.json", r#"{"apiVersion":"v1","kind":"Pod","metadata":{}}"#, Kind::Kubernetes),
            (
                "x.json",
                r#"{"apiVersion":"kubelet.config.k8s.io/v1beta1","kind":"KubeletConfiguration"}"#,
                Kind::Kubernetes,
            ),
            (".github/workflows/ci.yml", "on: push", Kind::GithubWorkflow),
            ("w.yml", "on: push\njobs:\n  a:\n", Kind::GithubWorkflow),
            ("x.yaml", "a: 1", Kind::Yaml),
            ("t.yaml", "Resources:\n  B:\n    Type: AWS::S3::Bucket\n", Kind::CloudFormation),
            ("nginx.conf", "{{ template }}", Kind::Nginx),
            ("app.conf", "server { listen 80; }", Kind::Nginx),
            ("app.conf", "user = root", Kind::Ini),
            ("etc/nginx/sites-enabled/example.org", "server { listen 80; }", Kind::Nginx),
            ("sites-enabled/example.org", "<VirtualHost *:80>", Kind::Text),
            ("main.tf", "", Kind::Terraform),
            ("prod.tfvars", "", Kind::TerraformVars),
            ("x.json", r#"{"bomFormat": "CycloneDX"}"#, Kind::Sbom),
            (".env.production", "A=1", Kind::Env),
            ("requirements-dev.txt", "a", Kind::PipRequirements),
            ("run", "#!/usr/bin/env bash\n", Kind::Shell),
            ("run", "#!/usr/bin/python3.11\n", Kind::Python),
            ("CHANGELOG.md", "# Changelog", Kind::Changelog),
            ("id_rsa", "-----BEGIN OPENSSH PRIVATE KEY-----", Kind::Pem),
            ("token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", Kind::Jwt),
            ("change", "diff --git a/x b/x\n", Kind::Diff),
            ("notes.txt", "hello", Kind::Text),
            ("x.txt", "a\0b", Kind::Binary),
            ("x.txt", "%PDF-1.4", Kind::Binary),
        ] {
            assert_eq!(detect(path, text.as_bytes()), kind, "{path}: {text}");
        }
        assert_eq!(detect("x.py", b"\xff\xfe"), Kind::Binary);
    }
}
