//! Which contexts and functions may be used where, by GitHub: Context availability.

/// What an expression may use.
#[derive(Clone, Copy)]
pub struct Allowed {
    /// Contexts.
    pub contexts: &'static [&'static str],
    /// `success()`, `failure()`, `always()` and `cancelled()`.
    pub status: bool,
    /// `hashFiles()`.
    pub hash_files: bool,
}

const INPUTS: &[&str] = &["github", "inputs", "vars"];
const WORKFLOW_ENV: &[&str] = &["github", "secrets", "inputs", "vars"];
const STRATEGY: &[&str] = &["github", "needs", "vars", "inputs"];
const JOB: &[&str] = &["github", "needs", "strategy", "matrix", "vars", "inputs"];
const JOB_SECRETS: &[&str] =
    &["github", "needs", "strategy", "matrix", "vars", "secrets", "inputs"];
const JOB_ENV: &[&str] = &["github", "needs", "strategy", "matrix", "env", "vars", "inputs"];
const CREDENTIALS: &[&str] =
    &["github", "needs", "strategy", "matrix", "env", "vars", "secrets", "inputs"];
const CONTAINER_ENV: &[&str] =
    &["github", "needs", "strategy", "matrix", "job", "runner", "env", "vars", "secrets", "inputs"];
const STEP: &[&str] = &[
    "github", "needs", "strategy", "matrix", "job", "runner", "env", "vars", "secrets", "steps",
    "inputs",
];
const STEP_IF: &[&str] =
    &["github", "needs", "strategy", "matrix", "job", "runner", "env", "vars", "steps", "inputs"];

const fn only(contexts: &'static [&'static str]) -> Option<Allowed> {
    Some(Allowed { contexts, status: false, hash_files: false })
}

const fn step(contexts: &'static [&'static str], status: bool) -> Option<Allowed> {
    Some(Allowed { contexts, status, hash_files: true })
}

/// What may be used at a place of a workflow; `None` where no expression is
/// evaluated.
pub fn at(path: &[&str]) -> Option<Allowed> {
    match path {
        ["run-name" | "concurrency", ..] => only(INPUTS),
        ["env", ..] => only(WORKFLOW_ENV),
        ["on", "workflow_call", "inputs", _, "default"] => only(INPUTS),
        ["on", "workflow_call", "outputs", _, "value"] => {
            only(&["github", "jobs", "vars", "inputs"])
        }
        ["jobs", _, rest @ ..] => job(rest),
        ["defaults", ..] => only(&[]),
        _ => None,
    }
}

fn job(path: &[&str]) -> Option<Allowed> {
    match path {
        ["steps", _, "if"] => step(STEP_IF, true),
        ["steps", _, "shell" | "id" | "uses"] => only(&[]),
        ["steps", ..] => step(STEP, false),
        ["if"] => Some(Allowed { contexts: STRATEGY, status: true, hash_files: false }),
        ["strategy", ..] => only(STRATEGY),
        ["continue-on-error" | "timeout-minutes" | "name" | "runs-on" | "concurrency", ..]
        | ["with", ..] => only(JOB),
        ["environment", "url"] => only(STEP_IF),
        ["environment", ..] => only(JOB),
        ["container", "credentials", ..] | ["services", _, "credentials", ..] => only(CREDENTIALS),
        ["container", "env", ..] | ["services", _, "env", ..] => only(CONTAINER_ENV),
        ["container" | "services", ..] => only(JOB),
        ["defaults", "run", ..] => only(JOB_ENV),
        ["env" | "secrets", ..] => only(JOB_SECRETS),
        ["outputs", ..] => only(STEP),
        ["snapshot", "if"] => Some(Allowed { contexts: JOB, status: true, hash_files: false }),
        ["snapshot", ..] => only(JOB),
        ["uses", ..] => only(&[]),
        _ => None,
    }
}
