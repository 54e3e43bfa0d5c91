//! Kinds of artifacts.

use pi_core::canonical::{Encoder, ToCanonical};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// What an artifact is, by its name and content.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $variant),+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant),+];

            /// The stable word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Kind::$variant => $word),+ }
            }

            /// The kind with this word.
            pub fn from_word(word: &str) -> Option<Kind> {
                match word { $($word => Some(Kind::$variant),)+ _ => None }
            }
        }
    };
}

kinds! {
    /// Dockerfile or Containerfile.
    Dockerfile = "dockerfile",
    /// Docker Compose file.
    Compose = "compose",
    /// Kubernetes manifest, one or more YAML or JSON documents.
    Kubernetes = "kubernetes",
    /// GitHub Actions workflow.
    GithubWorkflow = "github-workflow",
    /// GitHub composite, JavaScript or Docker action (`action.yml`).
    GithubAction = "github-action",
    /// Other YAML.
    Yaml = "yaml",
    /// Other JSON (comments and trailing commas are accepted).
    Json = "json",
    /// Other TOML.
    Toml = "toml",
    /// dotenv file.
    Env = "env",
    /// INI, properties and similar `key = value` configuration.
    Ini = "ini",
    /// nginx configuration.
    Nginx = "nginx",
    /// Terraform configuration (HCL).
    Terraform = "terraform",
    /// Terraform variables file (HCL).
    TerraformVars = "terraform-vars",
    /// Terraform state (JSON).
    TerraformState = "terraform-state",
    /// Other HCL, such as Vault or Packer configuration.
    Hcl = "hcl",
    /// CloudFormation template (YAML or JSON).
    CloudFormation = "cloudformation",
    /// POSIX shell or Bash.
    Shell = "shell",
    /// Python.
    Python = "python",
    /// JavaScript, JSX included.
    JavaScript = "javascript",
    /// TypeScript, TSX included.
    TypeScript = "typescript",
    /// Rust.
    Rust = "rust",
    /// Go.
    Go = "go",
    /// Java.
    Java = "java",
    /// Ruby.
    Ruby = "ruby",
    /// PHP.
    Php = "php",
    /// C, C++ and headers.
    C = "c",
    /// C#.
    CSharp = "csharp",
    /// Other program source, recognised by its extension.
    Source = "source",
    /// Solidity.
    Solidity = "solidity",
    /// SQL.
    Sql = "sql",
    /// `package.json`.
    NpmManifest = "npm-manifest",
    /// `package-lock.json` or `npm-shrinkwrap.json`.
    NpmLock = "npm-lock",
    /// `yarn.lock`, version 1 or Berry.
    YarnLock = "yarn-lock",
    /// `pnpm-lock.yaml`.
    PnpmLock = "pnpm-lock",
    /// pip requirements or constraints file.
    PipRequirements = "pip-requirements",
    /// `pyproject.toml`.
    PyProject = "pyproject",
    /// `poetry.lock` or `uv.lock`.
    PythonLock = "python-lock",
    /// `Pipfile.lock`.
    PipfileLock = "pipfile-lock",
    /// `Cargo.toml`.
    CargoManifest = "cargo-manifest",
    /// `Cargo.lock`.
    CargoLock = "cargo-lock",
    /// `go.mod`.
    GoMod = "go-mod",
    /// `go.sum`.
    GoSum = "go-sum",
    /// CycloneDX or SPDX bill of materials (JSON).
    Sbom = "sbom",
    /// Changelog in Markdown.
    Changelog = "changelog",
    /// Other Markdown.
    Markdown = "markdown",
    /// Commit message (`COMMIT_EDITMSG`).
    CommitMessage = "commit-message",
    /// Unified diff.
    Diff = "diff",
    /// PEM: certificates and keys.
    Pem = "pem",
    /// A single JSON Web Token.
    Jwt = "jwt",
    /// HTML or XML.
    Markup = "markup",
    /// Other text.
    Text = "text",
    /// Not text.
    Binary = "binary",
}

impl ToCanonical for Kind {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.str(self.as_str());
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl Kind {
    /// Whether the content is text.
    pub const fn is_text(self) -> bool {
        !matches!(self, Kind::Binary)
    }
}

/// The kind of an artifact, by its path (relative, `/`-separated) and bytes.
pub fn detect(path: &str, bytes: &[u8]) -> Kind {
    crate::detect::detect(path, bytes)
}
