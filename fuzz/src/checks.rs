//! What must hold for every input, whoever made it. The fuzz targets and the
//! test of mutated cases share this file.
#![allow(dead_code, reason = "each user takes another part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a property that does not hold ends the test"
)]

use pi_agent_api::Catalogue;
use pi_artifacts::{Artifact, Kind, ParseFailure, Perturbations, Span, perturb};
use pi_core::canonical::{Encoder, Value, parse};
use pi_core::{Reason, Timestamp};
use pi_event_fabric::{Bundle, Checkpoint, HeaderView, PublicKey, SigningKey};
use pi_kernel::admit::Baseline;
use pi_kernel::examine::{Examination, Located, Options, Status, examine};
use pi_kernel::manifest::Manifest;
use pi_kernel::request::CompositionRequest;

/// A path that a kind goes by.
pub const fn path_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Dockerfile => "Dockerfile",
        Kind::Compose => "docker-compose.yml",
        Kind::Kubernetes => "k8s/pod.yaml",
        Kind::GithubWorkflow => ".github/workflows/ci.yml",
        Kind::GithubAction => "action.yml",
        Kind::Yaml => "a.yaml",
        Kind::Json => "a.json",
        Kind::Toml => "a.toml",
        Kind::Env => ".env",
        Kind::Ini => "a.ini",
        Kind::Nginx => "nginx.conf",
        Kind::Terraform => "main.tf",
        Kind::TerraformVars => "a.tfvars",
        Kind::TerraformState => "terraform.tfstate",
        Kind::Hcl => "a.hcl",
        Kind::CloudFormation => "stack.template",
        Kind::Shell => "a.sh",
        Kind::Python => "a.py",
        Kind::JavaScript => "a.js",
        Kind::TypeScript => "a.ts",
        Kind::Rust => "a.rs",
        Kind::Go => "a.go",
        Kind::Java => "A.java",
        Kind::Ruby => "a.rb",
        Kind::Php => "a.php",
        Kind::C => "a.c",
        Kind::CSharp => "a.cs",
        Kind::Source => "a.kt",
        Kind::Solidity => "a.sol",
        Kind::Sql => "a.sql",
        Kind::NpmManifest => "package.json",
        Kind::NpmLock => "package-lock.json",
        Kind::YarnLock => "yarn.lock",
        Kind::PnpmLock => "pnpm-lock.yaml",
        Kind::PipRequirements => "requirements.txt",
        Kind::PyProject => "pyproject.toml",
        Kind::PythonLock => "poetry.lock",
        Kind::PipfileLock => "Pipfile.lock",
        Kind::CargoManifest => "Cargo.toml",
        Kind::CargoLock => "Cargo.lock",
        Kind::GoMod => "go.mod",
        Kind::GoSum => "go.sum",
        Kind::Sbom => "bom.json",
        Kind::Changelog => "CHANGELOG.md",
        Kind::Markdown => "a.md",
        Kind::CommitMessage => "COMMIT_EDITMSG",
        Kind::Diff => "a.diff",
        Kind::Pem => "a.pem",
        Kind::Jwt => "a.jwt",
        Kind::Markup => "a.html",
        Kind::Text => "a.txt",
        Kind::Binary => "a.bin",
    }
}

/// The kinds that declare dependencies.
pub const MANIFESTS: &[Kind] = &[
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

/// The artifact of a kind with this content.
pub fn artifact(kind: Kind, bytes: &[u8]) -> Artifact {
    Artifact::with_kind(path_of(kind), bytes.to_vec(), kind)
}

/// Parses every view that the kind has. A failure has its place in the text.
pub fn views(artifact: &Artifact) -> Vec<ParseFailure> {
    let mut failures = Vec::new();
    let mut note = |failure: Option<&ParseFailure>| failures.extend(failure.cloned());
    match artifact.kind() {
        Kind::Dockerfile => note(artifact.dockerfile().err()),
        Kind::Terraform | Kind::TerraformVars | Kind::Hcl => note(artifact.hcl().err()),
        Kind::Nginx => note(artifact.nginx().err()),
        Kind::Env | Kind::Ini => note(artifact.settings().err()),
        Kind::Shell => note(artifact.shell().err()),
        Kind::Python => note(artifact.python().err()),
        Kind::JavaScript
        | Kind::TypeScript
        | Kind::Rust
        | Kind::Go
        | Kind::Java
        | Kind::Solidity => note(artifact.syntax().err()),
        Kind::Sql => note(artifact.sql().err()),
        Kind::Markdown | Kind::Changelog => note(artifact.markdown().err()),
        Kind::Diff => note(artifact.diff().err()),
        Kind::NpmManifest
        | Kind::NpmLock
        | Kind::YarnLock
        | Kind::PnpmLock
        | Kind::PipRequirements
        | Kind::PyProject
        | Kind::PythonLock
        | Kind::PipfileLock
        | Kind::CargoManifest
        | Kind::CargoLock
        | Kind::GoMod
        | Kind::GoSum => note(artifact.dependencies().err()),
        Kind::Compose
        | Kind::Kubernetes
        | Kind::GithubWorkflow
        | Kind::GithubAction
        | Kind::CloudFormation
        | Kind::Yaml
        | Kind::Json
        | Kind::Toml
        | Kind::TerraformState
        | Kind::Sbom => note(artifact.data().err()),
        _ => {}
    }
    for failure in &failures {
        within(artifact, failure.span, &failure.message);
    }
    failures
}

/// A view and the literals of any bytes.
pub fn view(kind: Kind, bytes: &[u8]) {
    let artifact = artifact(kind, bytes);
    views(&artifact);
    for literal in &artifact.literals().items {
        within(&artifact, literal.span, "a literal");
    }
}

/// Both copies of what parses parse too, and places lead back into the text.
pub fn copies(kind: Kind, bytes: &[u8]) {
    let original = artifact(kind, bytes);
    let parses = views(&original).is_empty();
    for number in [1, 2] {
        let copy = perturb(&original, number, Perturbations::ALL);
        let again = perturb(&original, number, Perturbations::ALL);
        assert!(copy.artifact.bytes() == again.artifact.bytes(), "a copy is always the same");
        let failures = views(&copy.artifact);
        let shown = || copy.artifact.text().unwrap_or("(not text)").to_owned();
        // Comments may push a text over a cap, which is named.
        let harmless = |failure: &ParseFailure| {
            matches!(failure.reason, Reason::ArtifactTooLarge | Reason::ArtifactTooDeep)
        };
        if parses && !failures.iter().all(harmless) {
            panic!("copy {number} does not parse: {failures:?}\n{}", shown());
        }
        let end = copy.artifact.bytes().len();
        for at in [0, end / 3, end / 2, end] {
            within(&original, copy.to_original(Span::new(at, end)), "a place of a copy");
        }
    }
}

/// The examination with every agent: it ends, its places lie in the text, no
/// secret is shown, and it is always the same.
pub fn examined(catalogue: &Catalogue, kind: Kind, bytes: &[u8]) -> Examination {
    let artifact = artifact(kind, bytes);
    let examination = once(catalogue, &artifact);
    for verdict in &examination.verdicts {
        assert!(verdict.status != Status::Panic, "{} panics", verdict.slug);
    }
    for located in &examination.findings {
        placed(&artifact, located);
    }
    redacted(&artifact, &examination.findings);
    examination
}

/// What an examination says, as the log would hold it.
pub fn said(examination: &Examination) -> Vec<u8> {
    let mut said = Encoder::encode(&examination.findings);
    for verdict in &examination.verdicts {
        said.extend_from_slice(verdict.output.as_bytes());
        for vote in &verdict.votes {
            said.extend(vote.digest().map(|digest| *digest.as_bytes()).unwrap_or_default());
        }
    }
    said
}

/// One examination.
pub fn once(catalogue: &Catalogue, artifact: &Artifact) -> Examination {
    let baseline = Baseline::default();
    let as_of = Some(Timestamp::from_micros(1_790_000_000_000_000));
    let options = Options { as_of, honour_allow: true, baseline: &baseline, watch: None };
    examine(catalogue, artifact, options)
}

fn within(artifact: &Artifact, span: Span, what: &str) {
    let length = artifact.bytes().len();
    let fits = span.start <= span.end && span.end as usize <= length;
    assert!(fits, "{what}: {span:?} lies outside of {length} bytes");
}

fn placed(artifact: &Artifact, located: &Located) {
    let Located { agent, finding, start, end, .. } = located;
    let name = format!("{agent}/{}", finding.rule.id);
    within(artifact, finding.span, &name);
    for span in &finding.masked {
        within(artifact, *span, &name);
    }
    for (span, _) in &finding.related {
        within(artifact, *span, &name);
    }
    let lines = artifact.lines().count();
    assert!(start <= end, "{name}: {start:?} is behind {end:?}");
    assert!(start.line >= 1 && start.column >= 1, "{name}: {start:?}");
    assert!(end.line as usize <= lines, "{name}: {end:?} of {lines} lines");
    let text = artifact.text();
    let inside = |at: u32| text.is_none_or(|text| text.is_char_boundary(at as usize));
    assert!(inside(finding.span.start) && inside(finding.span.end), "{name}: inside a character");
}

/// What one agent masks, no agent shows.
fn redacted(artifact: &Artifact, findings: &[Located]) {
    let masked: Vec<(&str, &str)> = findings
        .iter()
        .flat_map(|located| located.finding.masked.iter().map(|span| (located.agent, *span)))
        .map(|(agent, span)| (agent, artifact.slice(span)))
        .filter(|(_, secret)| is_unmistakable(secret))
        .collect();
    for located in findings {
        let finding = &located.finding;
        let evidence = finding.evidence.as_ref().map(pi_agent_api::Evidence::as_str);
        for (agent, secret) in &masked {
            for shown in [&*finding.message, &finding.subject, &finding.fix, evidence.unwrap_or("")]
            {
                assert!(
                    !shown.contains(secret),
                    "{}/{} shows `{secret}`, which {agent} masks: {shown}",
                    located.agent,
                    finding.rule.id
                );
            }
        }
    }
}

/// Long and mixed enough that it is not also an ordinary word of the text.
fn is_unmistakable(secret: &str) -> bool {
    let has = |test: fn(char) -> bool| secret.chars().any(test);
    secret.len() >= 12 && has(char::is_alphabetic) && has(char::is_numeric)
}

/// What parses is written back in one form, which parses to itself.
pub fn canonical(bytes: &[u8]) {
    let Ok(value) = parse(bytes) else { return };
    let once = Encoder::encode(&value);
    let again = parse(&once).expect("the canonical form parses");
    assert!(Encoder::encode(&again) == once, "the canonical form has one spelling");
    assert!(value == again, "the canonical form means the same");
}

/// Certificates and keys, bare and in PEM, and lines of configuration: nothing
/// ends the process, and every place lies in the text.
pub fn keys(bytes: &[u8]) {
    use pi_artifacts::{certificate, directive, openssh, pem};
    let _ = certificate::parse(bytes);
    for skip in 0..3 {
        let _ = certificate::bits_of_number(bytes, skip);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let inside = |span: Span| text.get(span.range()).is_some();
    for block in pem::blocks(text) {
        assert!(inside(block.span) && inside(block.head), "{block:?}");
        if let Some(der) = &block.bytes {
            let _ = certificate::parse(der);
        }
    }
    assert!(openssh::keys(text).iter().all(|key| inside(key.span)));
    let lines = directive::lines(text);
    assert!(lines.iter().all(|line| inside(line.name_span) && inside(line.value_span)));
}

/// Detection of kinds: the first line is the path.
pub fn detect(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (path, content) = bytes.split_at(at);
    let path = String::from_utf8_lossy(path);
    let kind = pi_artifacts::kind::detect(&path, content);
    assert!(kind == pi_artifacts::kind::detect(&path, content), "the same kind again");
}

/// A bundle that is read is written in one form; one that verifies does so again.
pub fn bundle(bytes: &[u8]) {
    let Ok(bundle) = Bundle::parse(bytes) else { return };
    let written = Encoder::encode(&bundle);
    assert!(Bundle::parse(&written).as_ref() == Ok(&bundle), "a bundle reads back");
    let verified = bundle.verify(None);
    assert!(verified == bundle.verify(None), "the same verdict again");
}

/// A note verifies only as the text that its own checkpoint signs.
pub fn note(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let key = SigningKey::from_seed(&[7; 32]);
    if let Ok(checkpoint) = Checkpoint::verify(text, &key.public()) {
        assert!(checkpoint.sign(&key) == text, "another spelling of a note is accepted");
    }
    if let Some(key) = PublicKey::parse(text) {
        assert!(key.to_string() == text, "another spelling of a key is accepted");
    }
}

/// A header that is read and canonical holds what the general parser reads.
pub fn header(bytes: &[u8]) {
    let Some(view) = HeaderView::parse(bytes) else { return };
    let Ok(value) = parse(bytes) else { return };
    if Encoder::encode(&value) != bytes {
        return;
    }
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    assert!(number("leaf_index") == Some(view.leaf_index), "leaf index");
    assert!(number("offset") == Some(view.offset), "offset");
    assert!(number("recorded_at") == Some(view.recorded_at), "time");
    assert!(number("schema_version") == Some(view.schema_version), "version");
    assert!(value.as_object().is_some_and(|object| object.keys().count() == 14), "fields");
}

/// Stored requests and manifests read back as they are written.
pub fn records(bytes: &[u8]) {
    if let Ok(manifest) = Manifest::from_canonical(bytes) {
        let written = Encoder::encode(&manifest);
        assert!(Manifest::from_canonical(&written).as_ref() == Ok(&manifest), "a manifest");
    }
    let Ok(value) = parse(bytes) else { return };
    if let Ok(request) = CompositionRequest::from_value(&value) {
        let written = Encoder::encode(request.content());
        let again = parse(&written).ok();
        let again = again.and_then(|value| CompositionRequest::from_value(&value).ok());
        assert!(again.map(|again| again.hash()) == Some(request.hash()), "a request");
    }
}
