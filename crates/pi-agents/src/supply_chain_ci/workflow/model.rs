//! Triggers, jobs and steps of a workflow.

use pi_agent_api::Stop;
use pi_artifacts::data::{Data, Entry, Node};
use pi_artifacts::{Artifact, Kind};

/// A workflow, or a composite action as one job.
pub struct Workflow<'a> {
    /// The root of the document.
    pub root: &'a Node,
    /// Names of the events that start it; empty for an action.
    pub triggers: Vec<&'a str>,
    /// The jobs in order.
    pub jobs: Vec<Job<'a>>,
    /// A composite action, not a workflow.
    pub is_action: bool,
}

/// A job.
pub struct Job<'a> {
    /// Its path: `jobs.build`, or `runs` for an action.
    pub path: String,
    /// Its key and node; the `runs` entry of an action.
    pub entry: &'a Entry,
    /// Its steps.
    pub steps: Vec<Step<'a>>,
}

/// A step.
pub struct Step<'a> {
    /// Its path: `jobs.build.steps[test]`, with its id, name or index.
    pub path: String,
    /// The step.
    pub node: &'a Node,
}

impl<'a> Workflow<'a> {
    /// Reads a workflow or an action.
    ///
    /// # Errors
    /// The YAML does not parse.
    pub fn read(artifact: &'a Artifact) -> Result<Option<Self>, Stop> {
        let Some(document) = artifact.data()?.first() else { return Ok(None) };
        let root = &document.root;
        let is_action = artifact.kind() == Kind::GithubAction;
        let jobs = if is_action {
            let runs = root.entry("runs");
            runs.map(|entry| Job::new("runs".to_owned(), entry)).into_iter().collect()
        } else {
            let jobs = root.get("jobs").map(Node::entries).unwrap_or_default();
            jobs.iter().map(|entry| Job::new(format!("jobs.{}", entry.key), entry)).collect()
        };
        Ok(Some(Workflow { root, triggers: triggers(root), jobs, is_action }))
    }

    /// Whether one of `names` starts the workflow.
    pub fn starts_on(&self, names: &[&str]) -> bool {
        self.triggers.iter().any(|trigger| names.contains(trigger))
    }

    /// The node of `on`.
    pub fn on(&self) -> Option<&'a Entry> {
        on(self.root)
    }

    /// The settings of one trigger.
    pub fn trigger(&self, name: &str) -> Option<&'a Node> {
        self.on()?.value.get(name)
    }

    /// The declaration of an input, of `workflow_dispatch`, `workflow_call` or
    /// the action.
    pub fn input(&self, name: &str) -> Option<&'a Node> {
        let of = |inputs: &'a Node| inputs.get(name);
        if self.is_action {
            return self.root.get("inputs").and_then(of);
        }
        ["workflow_dispatch", "workflow_call"]
            .iter()
            .find_map(|trigger| self.trigger(trigger)?.get("inputs").and_then(of))
    }
}

/// YAML 1.1 reads a bare `on` as the boolean true.
fn on(root: &Node) -> Option<&Entry> {
    root.entry("on").or_else(|| root.entry("true"))
}

fn triggers(root: &Node) -> Vec<&str> {
    match on(root).map(|entry| &entry.value) {
        Some(node) => match &node.value {
            Data::Sequence(items) => items.iter().filter_map(Node::as_str).collect(),
            Data::Map(entries) => entries.iter().map(|entry| entry.key.as_str()).collect(),
            _ => node.as_str().into_iter().collect(),
        },
        None => Vec::new(),
    }
}

impl<'a> Job<'a> {
    fn new(path: String, entry: &'a Entry) -> Self {
        let items = entry.value.get("steps").map(Node::items).unwrap_or_default();
        let steps = items
            .iter()
            .enumerate()
            .map(|(at, node)| {
                let label = ["id", "name", "uses"]
                    .iter()
                    .find_map(|key| node.get(key)?.as_str())
                    .map_or_else(
                        || at.to_string(),
                        |text| text.split('@').next().unwrap_or(text).to_owned(),
                    );
                Step { path: format!("{path}.steps[{label}]"), node }
            })
            .collect();
        Job { path, entry, steps }
    }

    /// The job's node.
    pub fn node(&self) -> &'a Node {
        &self.entry.value
    }

    /// The values that `matrix.<key>` takes; `None` when one is computed.
    pub fn matrix(&self, key: &str) -> Option<Vec<&'a Node>> {
        let matrix = self.node().at(&["strategy", "matrix"])?;
        let mut values = Vec::new();
        for entry in matrix.entries() {
            match (entry.key.as_str(), &entry.value.value) {
                ("exclude", _) => {}
                ("include", Data::Sequence(items)) => {
                    values.extend(items.iter().filter_map(|item| item.get(key)));
                }
                ("include", _) => return None,
                (name, Data::Sequence(items)) if name == key => values.extend(items),
                (name, _) if name == key => return None,
                _ => {}
            }
        }
        // An exclusion of one key takes the value out altogether.
        for item in matrix.get("exclude").map(Node::items).unwrap_or_default() {
            if let (1, Some(out)) = (item.entries().len(), item.get(key)) {
                values.retain(|value| value.scalar().is_none() || value.scalar() != out.scalar());
            }
        }
        (!values.is_empty()).then_some(values)
    }
}

impl<'a> Step<'a> {
    /// The action that the step uses, without its reference, in lower case.
    pub fn action(&self) -> Option<String> {
        let uses = self.node.get("uses")?.as_str()?;
        Some(uses.split('@').next().unwrap_or(uses).to_ascii_lowercase())
    }

    /// An input of the action.
    pub fn with(&self, name: &str) -> Option<&'a Node> {
        let entries = self.node.get("with")?.entries();
        entries.iter().rev().find(|e| e.key.eq_ignore_ascii_case(name)).map(|entry| &entry.value)
    }
}
