//! `cargo xtask fuzz-seeds DIR`: first inputs of the fuzz targets, from the
//! agents' cases and the examples.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use pi_agent_api::fixture;
use pi_artifacts::{Artifact, Kind};
use pi_core::{Digest, Name};
use pi_event_fabric::{Checkpoint, SigningKey};

/// Writes the seeds, a folder for each target.
pub fn run(folder: &str) -> Result<()> {
    let seeds = Seeds(Path::new(folder));
    for agent in pi_agents::agents() {
        let meta = agent.meta();
        let cases = fixture::parse(meta.fixture).map_err(|problem| anyhow!("{problem}"))?;
        for case in cases {
            seeds.artifact(&case.path, case.bytes)?;
        }
        for case in fixture::parse(meta.fixture).unwrap_or_default() {
            seeds.write("detect", &[case.path.as_bytes(), b"\n", &case.bytes].concat())?;
        }
    }
    seeds.folder(Path::new("examples"))?;
    let key = SigningKey::from_seed(&[7; 32]);
    let tenant = Name::new("local")?;
    let note = Checkpoint { tenant, size: 3, root: Digest::of(b"root") }.sign(&key);
    seeds.write("note", note.as_bytes())?;
    seeds.write("note", key.public().to_string().as_bytes())?;
    seeds.policies()
}

struct Seeds<'a>(&'a Path);

impl Seeds<'_> {
    fn write(&self, target: &str, bytes: &[u8]) -> Result<()> {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder)?;
        let name: String = Digest::of(bytes).to_hex().chars().take(16).collect();
        fs::write(folder.join(name), bytes).with_context(|| folder.display().to_string())
    }

    fn artifact(&self, path: &str, bytes: Vec<u8>) -> Result<()> {
        let artifact = Artifact::new(path, bytes);
        let (kind, bytes) = (artifact.kind(), artifact.bytes());
        for target in views(kind) {
            self.write(target, bytes)?;
        }
        self.write("literals", bytes)?;
        // Six bytes choose the places of the span.
        self.write("frame", &[b"\0\0\0\x10\0\x04", bytes].concat())?;
        for target in ["perturb", "examine"] {
            self.write(target, &chosen(Kind::ALL, kind, bytes)?)?;
        }
        if let Ok(bytes) = chosen(MANIFESTS, kind, bytes) {
            self.write("dependencies", &bytes)?;
        }
        Ok(())
    }

    /// The examples of policies, and the baseline by statements.
    fn policies(&self) -> Result<()> {
        for entry in fs::read_dir("examples/policies")? {
            let path = entry?.path();
            let cedar = path.extension().is_some_and(|extension| extension == "cedar");
            self.write(if cedar { "policy" } else { "rules" }, &fs::read(&path)?)?;
        }
        for statement in pi_control_plane::BASELINE.split_inclusive(";\n") {
            self.write("policy", statement.as_bytes())?;
        }
        Ok(())
    }

    fn folder(&self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                self.folder(&path)?;
            } else {
                self.artifact(&path.to_string_lossy(), fs::read(&path)?)?;
            }
        }
        Ok(())
    }
}

/// The kinds of the target `dependencies`, in the order of `fuzz/src/checks.rs`.
const MANIFESTS: &[Kind] = &[
    Kind::NpmManifest,
    Kind::NpmLock,
    Kind::YarnLock,
    Kind::PnpmLock,
    Kind::PipRequirements,
    Kind::PyProject,
    Kind::PythonLock,
    Kind::PipfileLock,
    Kind::CargoManifest,
    Kind::CargoLock,
    Kind::GoMod,
    Kind::GoSum,
];

/// An input whose first byte chooses its kind.
fn chosen(kinds: &[Kind], kind: Kind, bytes: &[u8]) -> Result<Vec<u8>> {
    let index = kinds.iter().position(|other| *other == kind).context("not of these kinds")?;
    Ok([&[u8::try_from(index)?], bytes].concat())
}

/// The targets that parse a kind.
fn views(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Dockerfile => &["dockerfile"],
        Kind::Compose
        | Kind::Kubernetes
        | Kind::GithubWorkflow
        | Kind::GithubAction
        | Kind::CloudFormation
        | Kind::PnpmLock
        | Kind::Yaml => &["yaml"],
        Kind::Json | Kind::NpmManifest | Kind::NpmLock | Kind::PipfileLock | Kind::Sbom => {
            &["json", "canonical", "records"]
        }
        Kind::TerraformState => &["json", "canonical"],
        Kind::Toml | Kind::PyProject | Kind::PythonLock | Kind::CargoManifest | Kind::CargoLock => {
            &["toml"]
        }
        Kind::Env | Kind::Ini => &["settings", "keys"],
        Kind::Pem | Kind::Text => &["keys"],
        Kind::Nginx => &["nginx"],
        Kind::Terraform | Kind::TerraformVars | Kind::Hcl => &["hcl"],
        Kind::Shell => &["shell"],
        Kind::Python => &["python"],
        Kind::JavaScript | Kind::TypeScript => &["script"],
        Kind::Rust => &["rust"],
        Kind::Go => &["go"],
        Kind::Java => &["java"],
        Kind::Solidity => &["solidity"],
        Kind::Sql => &["sql"],
        Kind::Markdown | Kind::Changelog => &["markdown"],
        Kind::Diff => &["diff"],
        _ => &[],
    }
}
