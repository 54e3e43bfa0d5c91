//! What the contexts of a job hold.

use std::collections::{BTreeMap, BTreeSet};

use pi_artifacts::data::{Data, Node};

use super::super::workflow::model::{Job, Workflow};
use super::schema::is_computed;

/// The kind of a value, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Not known.
    Any,
    /// `null`.
    Null,
    /// A string, number or boolean.
    Scalar,
    /// An object.
    Object,
    /// A list.
    Array,
}

/// Names of a context; `None` when any name may be there.
pub type Names = Option<BTreeSet<String>>;

/// What a job sees.
#[derive(Default)]
pub struct Scope {
    /// Ids of the steps so far.
    pub steps: BTreeSet<String>,
    /// The jobs that it needs, with the names of their outputs.
    pub needs: BTreeMap<String, Names>,
    /// The matrix: its keys with their types.
    pub matrix: Option<BTreeMap<String, Type>>,
    /// The inputs of the workflow.
    pub inputs: Names,
    /// All jobs with the names of their outputs, for the outputs of a workflow.
    pub jobs: BTreeMap<String, Names>,
}

/// Properties of `github`, in lower case.
const GITHUB: &[&str] = &[
    "action",
    "action_path",
    "action_ref",
    "action_repository",
    "action_status",
    "actor",
    "actor_id",
    "api_url",
    "artifact_cache_size_limit",
    "base_ref",
    "env",
    "event",
    "event_name",
    "event_path",
    "graphql_url",
    "head_ref",
    "job",
    "output",
    "path",
    "ref",
    "ref_name",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "repositoryurl",
    "retention_days",
    "run_attempt",
    "run_id",
    "run_number",
    "secret_source",
    "server_url",
    "sha",
    "state",
    "step_summary",
    "token",
    "triggering_actor",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "workspace",
    "event_type",
    "action_name",
];

const RUNNER: &[&str] =
    &["arch", "debug", "environment", "name", "os", "temp", "tool_cache", "workspace"];
const JOB: &[&str] = &[
    "check_run_id",
    "container",
    "services",
    "status",
    "workflow_file_path",
    "workflow_ref",
    "workflow_repository",
    "workflow_sha",
];
const STRATEGY: &[&str] = &["fail-fast", "job-index", "job-total", "max-parallel"];

/// All contexts.
pub const CONTEXTS: &[&str] = &[
    "env", "github", "inputs", "job", "jobs", "matrix", "needs", "runner", "secrets", "steps",
    "strategy", "vars",
];

impl Scope {
    /// What a job of a workflow sees before its first step.
    pub fn of(workflow: &Workflow, job: Option<&Job>) -> Self {
        let jobs: BTreeMap<String, Names> = workflow
            .jobs
            .iter()
            .map(|job| (job.entry.key.to_lowercase(), outputs(job.node())))
            .collect();
        let needs = job.and_then(|job| job.node().get("needs"));
        let listed = needs.map(|node| match node.items() {
            [] => vec![node],
            items => items.iter().collect(),
        });
        let needs = listed
            .unwrap_or_default()
            .into_iter()
            .filter_map(|node| {
                let name = node.as_str()?.to_lowercase();
                let outputs = jobs.get(&name)?.clone();
                Some((name, outputs))
            })
            .collect();
        Self {
            steps: BTreeSet::new(),
            needs,
            matrix: job.and_then(matrix),
            inputs: inputs(workflow),
            jobs,
        }
    }

    /// The type of a context, or what is wrong with it.
    pub fn resolve(&self, way: &[String]) -> Result<Type, String> {
        let words: Vec<&str> = way.iter().map(String::as_str).collect();
        let known = |names: &[&str], rest: &[&str]| match rest.first() {
            Some(name) if *name != "*" && !names.contains(name) => {
                Err(format!("`{}` does not exist", words.join(".")))
            }
            Some(_) => Ok(Type::Any),
            None => Ok(Type::Object),
        };
        match words.as_slice() {
            ["github", "event"] => Ok(Type::Object),
            ["github", "event", "inputs", name, ..] => self.input(name),
            ["github", "event", ..] => Ok(Type::Any),
            ["github", name, _, ..] if *name != "*" => {
                Err(format!("`github.{name}` is a text and has no parts"))
            }
            ["github", rest @ ..] => known(GITHUB, rest).map(scalar_below(rest)),
            ["runner", rest @ ..] => known(RUNNER, rest).map(scalar_below(rest)),
            ["job", rest @ ..] => known(JOB, rest),
            ["strategy", rest @ ..] => known(STRATEGY, rest).map(scalar_below(rest)),
            ["env" | "vars" | "secrets", name, _, ..] => {
                Err(format!("`{}.{name}` is a text and has no parts", words.first().unwrap_or(&"")))
            }
            ["env" | "vars" | "secrets" | "inputs" | "matrix" | "steps" | "needs" | "jobs"] => {
                Ok(Type::Object)
            }
            ["env" | "vars" | "secrets", _] => Ok(Type::Scalar),
            ["inputs", name, ..] => self.input(name),
            ["matrix", name, rest @ ..] => self.matrix(name, rest),
            ["steps", id, rest @ ..] => self.step(id, rest),
            ["needs", job, rest @ ..] => of_job(&self.needs, "needs", job, rest),
            ["jobs", job, rest @ ..] => of_job(&self.jobs, "jobs", job, rest),
            _ => Ok(Type::Any),
        }
    }

    fn input(&self, name: &str) -> Result<Type, String> {
        match &self.inputs {
            Some(names) if name != "*" && !names.contains(name) => {
                Err(format!("there is no input `{name}`"))
            }
            _ => Ok(Type::Scalar),
        }
    }

    fn matrix(&self, name: &str, rest: &[&str]) -> Result<Type, String> {
        let Some(matrix) = &self.matrix else { return Ok(Type::Any) };
        match matrix.get(name) {
            None if name != "*" => Err(format!("the matrix has no `{name}`")),
            Some(Type::Scalar) if !rest.is_empty() => Err(format!("`matrix.{name}` is no object")),
            Some(kind) if rest.is_empty() => Ok(*kind),
            _ => Ok(Type::Any),
        }
    }

    fn step(&self, id: &str, rest: &[&str]) -> Result<Type, String> {
        if id != "*" && !self.steps.contains(id) {
            return Err(format!("no step before has the id `{id}`"));
        }
        match rest {
            [] | ["outputs"] => Ok(Type::Object),
            ["outputs", ..] | ["outcome" | "conclusion" | "*"] => Ok(Type::Any),
            [other, ..] => Err(format!("a step has no `{other}`")),
        }
    }
}

/// Properties of a context are scalars.
fn scalar_below<'r>(rest: &'r [&'r str]) -> impl Fn(Type) -> Type + 'r {
    move |kind| if rest.is_empty() { kind } else { Type::Scalar }
}

fn of_job(
    jobs: &BTreeMap<String, Names>,
    context: &str,
    job: &str,
    rest: &[&str],
) -> Result<Type, String> {
    let Some(outputs) = jobs.get(job) else {
        if job == "*" {
            return Ok(Type::Any);
        }
        return Err(match context {
            "needs" => format!("this job does not name `{job}` under `needs`"),
            _ => format!("there is no job `{job}`"),
        });
    };
    match rest {
        [] | ["outputs"] => Ok(Type::Object),
        ["result"] => Ok(Type::Scalar),
        ["outputs", name, ..] => match outputs {
            Some(names) if *name != "*" && !names.contains(*name) => {
                Err(format!("the job `{job}` has no output `{name}`"))
            }
            _ => Ok(Type::Scalar),
        },
        [other, ..] if *other != "*" => Err(format!("a job has no `{other}`")),
        _ => Ok(Type::Any),
    }
}

/// The outputs of a job; those of a called workflow are not known.
fn outputs(job: &Node) -> Names {
    if job.get("uses").is_some() {
        return None;
    }
    let entries = job.get("outputs").map(Node::entries).unwrap_or_default();
    Some(entries.iter().map(|entry| entry.key.to_lowercase()).collect())
}

fn inputs(workflow: &Workflow) -> Names {
    let triggers = ["workflow_dispatch", "workflow_call"];
    if !workflow.starts_on(&triggers) {
        // GitHub leaves the context empty.
        return Some(BTreeSet::new());
    }
    let of = |trigger: &&str| workflow.trigger(trigger).and_then(|node| node.get("inputs"));
    let entries = triggers.iter().filter_map(of).flat_map(Node::entries);
    Some(entries.map(|entry| entry.key.to_lowercase()).collect())
}

/// The keys of a matrix with their types; `None` when it is computed.
fn matrix(job: &Job) -> Option<BTreeMap<String, Type>> {
    let Some(matrix) = job.node().at(&["strategy", "matrix"]) else {
        return Some(BTreeMap::new());
    };
    if is_computed(matrix) || matrix.get("include").is_some_and(is_computed) {
        return None;
    }
    let mut keys: BTreeMap<String, Type> = BTreeMap::new();
    let mut add = |name: &str, kind: Type| {
        let before = keys.entry(name.to_lowercase()).or_insert(kind);
        if *before != kind {
            *before = Type::Any;
        }
    };
    for entry in matrix.entries().iter().filter(|e| e.key != "include" && e.key != "exclude") {
        match &entry.value.value {
            Data::Sequence(items) => items.iter().for_each(|item| add(&entry.key, kind(item))),
            _ => add(&entry.key, Type::Any),
        }
    }
    for item in matrix.get("include").map(Node::items).unwrap_or_default() {
        if is_computed(item) {
            return None;
        }
        for entry in item.entries() {
            add(&entry.key, kind(&entry.value));
        }
    }
    Some(keys)
}

fn kind(node: &Node) -> Type {
    match &node.value {
        Data::Map(_) => Type::Object,
        Data::Sequence(_) => Type::Array,
        Data::Null => Type::Any,
        _ if is_computed(node) => Type::Any,
        _ => Type::Scalar,
    }
}
