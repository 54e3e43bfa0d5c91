//! How a job publishes packages, and whether it could do so without a token.

use pi_artifacts::data::Node;

use super::workflow::model::{Job, Step, Workflow};

/// Whether the job may ask for an identity token, and so uses trusted publishing.
pub fn is_trusted(workflow: &Workflow, job: &Job) -> bool {
    let grants = |node: &Node| {
        node.as_str() == Some("write-all")
            || node.get("id-token").and_then(Node::as_str) == Some("write")
    };
    match job.node().get("permissions") {
        Some(permissions) => grants(permissions),
        None => workflow.root.get("permissions").is_some_and(grants),
    }
}

/// Whether a step publishes through an action with a token of its own.
pub fn by_action(step: &Step) -> bool {
    let has = |input: &str| step.with(input).and_then(Node::scalar).is_some_and(|v| !v.is_empty());
    match step.action().as_deref() {
        Some("pypa/gh-action-pypi-publish") => has("password"),
        Some("rubygems/release-gem") => {
            step.with("setup-trusted-publisher").and_then(Node::scalar) == Some("false")
        }
        Some("rubygems/configure-rubygems-credentials") => has("api-token"),
        Some("js-devtools/npm-publish") => has("token"),
        Some("actions/setup-node") => {
            step.with("always-auth").and_then(Node::as_bool) == Some(true)
                && step.with("registry-url").is_some_and(is_public_registry)
        }
        _ => false,
    }
}

/// The registry of npm; one that a mirror stands for is not told apart.
fn is_public_registry(node: &Node) -> bool {
    let address = node.as_str().unwrap_or_default().trim_end_matches('/');
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    host.starts_with("registry.")
}

/// Whether a command publishes a package, and is no rehearsal.
pub fn by_command(words: &[&str]) -> bool {
    let words: Vec<&str> = match words {
        // `python -m twine`, `pipx run twine`, `bunx npm`, `uv run twine`
        [python, "-m", rest @ ..] if python.starts_with("python") => rest.to_vec(),
        ["pipx" | "uv" | "poetry" | "pdm" | "hatch", "run", rest @ ..] => rest.to_vec(),
        ["uvx" | "bunx" | "npx" | "pnpx", rest @ ..] => rest.to_vec(),
        ["bundle", "exec", rest @ ..] => rest.to_vec(),
        all => all.to_vec(),
    };
    let Some((program, rest)) = words.split_first() else { return false };
    if rest.iter().any(|word| matches!(*word, "--dry-run" | "-n" | "--help" | "-h")) {
        return false;
    }
    let program = program.split(['=', '@']).next().unwrap_or(program);
    let verbs: Vec<&str> =
        rest.iter().copied().filter(|word| !word.starts_with(['-', '+'])).collect();
    let begins = |wanted: &[&str]| verbs.starts_with(wanted);
    match program {
        "twine" => begins(&["upload"]),
        "uv" | "poetry" | "pdm" | "hatch" | "flit" | "npm" | "pnpm" | "bun" | "cargo" => {
            begins(&["publish"])
        }
        "yarn" => begins(&["npm", "publish"]),
        "gem" => begins(&["push"]),
        "dotnet" => begins(&["nuget", "push"]),
        "nuget" => begins(&["push"]),
        "dart" | "flutter" => begins(&["pub", "publish"]),
        _ => false,
    }
}
