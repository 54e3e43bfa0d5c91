//! What flows out of an expression into the text it is expanded in.

use pi_artifacts::data::{Data, Node};

use super::expression::{Expression, templates};
use super::model::{Job, Step, Workflow};

/// Who decides the text of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody outside: literals, numbers, commits, names of the repository.
    Fixed,
    /// Another step, a caller, or a person with write access.
    Indirect,
    /// Anyone who may open an issue, a pull request or a discussion.
    Untrusted,
}

/// Untrusted text below `github.event`, as patterns: `*` is any one step.
const UNTRUSTED_EVENT: &[&str] = &[
    "issue.title",
    "issue.body",
    "pull_request.title",
    "pull_request.body",
    "pull_request.head.ref",
    "pull_request.head.label",
    "pull_request.head.repo.default_branch",
    "pull_request.head.repo.description",
    "pull_request.head.repo.homepage",
    "discussion.title",
    "discussion.body",
    "comment.body",
    "review.body",
    "review_comment.body",
    "pages.*.page_name",
    "commits.*.message",
    "commits.*.author.email",
    "commits.*.author.name",
    "commits.*.committer.email",
    "commits.*.committer.name",
    "head_commit.message",
    "head_commit.author.email",
    "head_commit.author.name",
    "head_commit.committer.email",
    "head_commit.committer.name",
    "workflow_run.head_branch",
    "workflow_run.display_title",
    "workflow_run.head_commit.message",
    "workflow_run.head_commit.author.email",
    "workflow_run.head_commit.author.name",
    "workflow_run.head_repository.description",
    "workflow_run.pull_requests.*.head.ref",
    "changes.body.from",
    "changes.title.from",
];

/// Text below `github` that people with write access choose.
const INDIRECT_GITHUB: &[&str] = &["ref", "ref_name", "base_ref"];

/// The contexts of an expression whose text reaches the result, with their
/// origin. `&&`, `||` and calls are followed; comparisons and tests give a
/// boolean, which carries nothing.
pub fn reaching<'e>(expression: &'e Expression, into: &mut Vec<&'e [String]>) {
    match expression {
        Expression::Literal(_) | Expression::Not(_) | Expression::Comparison(..) => {}
        Expression::Context(way) => into.push(way),
        Expression::Into(inner, _) => reaching(inner, into),
        // `a && b` is `a` only when `a` is false or empty.
        Expression::And(_, right) => reaching(right, into),
        Expression::Or(left, right) => {
            reaching(left, into);
            reaching(right, into);
        }
        Expression::Call(name, arguments) => match name.as_str() {
            "format" | "join" | "tojson" | "fromjson" | "case" => {
                arguments.iter().for_each(|argument| reaching(argument, into));
            }
            _ => {}
        },
    }
}

/// Where a value is expanded: the scopes that resolve `env`, `matrix`, `inputs`.
pub struct Scope<'a, 'w> {
    /// The workflow.
    pub workflow: &'w Workflow<'a>,
    /// The job.
    pub job: &'w Job<'a>,
    /// The step.
    pub step: &'w Step<'a>,
}

impl Scope<'_, '_> {
    /// The origin of a context.
    pub fn origin(&self, way: &[String]) -> Origin {
        self.origin_at(way, 0)
    }

    fn origin_at(&self, way: &[String], depth: usize) -> Origin {
        /// Variables that are defined by variables, at most this often.
        const MAX_DEPTH: usize = 4;
        let (Some(context), Some(rest)) = (way.first(), way.get(1..)) else { return Origin::Fixed };
        let first = rest.first().map(String::as_str);
        match (context.as_str(), first) {
            _ if depth > MAX_DEPTH => Origin::Indirect,
            ("github", _) => github(rest),
            ("inputs", Some(name)) => self.input(name),
            ("env", Some(name)) => self.variable(name, depth),
            ("matrix", Some(key)) => self.matrix(key, depth),
            ("steps" | "needs" | "jobs", _) => {
                let result = ["outcome", "conclusion", "result"];
                let fixed = rest.last().is_some_and(|last| result.contains(&last.as_str()));
                if fixed { Origin::Fixed } else { Origin::Indirect }
            }
            _ => Origin::Fixed,
        }
    }

    fn input(&self, name: &str) -> Origin {
        // The declaration keeps its case; contexts were lowered.
        let declared = self.workflow.input(name).and_then(|input| input.get("type")?.as_str());
        match declared {
            Some("boolean" | "number" | "choice" | "environment") => Origin::Fixed,
            _ => Origin::Indirect,
        }
    }

    fn variable(&self, name: &str, depth: usize) -> Origin {
        let scopes = [self.step.node, self.job.node(), self.workflow.root];
        let value = scopes.iter().find_map(|scope| {
            let entries = scope.get("env")?.entries();
            entries.iter().rev().find(|entry| entry.key.eq_ignore_ascii_case(name))
        });
        match value {
            Some(entry) => self.value(&entry.value, depth + 1),
            None => Origin::Indirect,
        }
    }

    fn matrix(&self, key: &str, depth: usize) -> Origin {
        match self.job.matrix(key) {
            Some(values) => {
                values.iter().map(|v| self.value(v, depth + 1)).max().unwrap_or(Origin::Fixed)
            }
            None => Origin::Indirect,
        }
    }

    /// The origin of a value, by the expressions in it.
    fn value(&self, node: &Node, depth: usize) -> Origin {
        match &node.value {
            Data::Map(entries) => entries
                .iter()
                .map(|entry| self.value(&entry.value, depth))
                .max()
                .unwrap_or(Origin::Fixed),
            Data::Sequence(items) => {
                items.iter().map(|item| self.value(item, depth)).max().unwrap_or(Origin::Fixed)
            }
            _ => {
                let mut origin = Origin::Fixed;
                for template in templates(node.scalar().unwrap_or_default()) {
                    let mut ways = Vec::new();
                    if let Some(expression) = &template.expression {
                        reaching(expression, &mut ways);
                    }
                    for way in ways {
                        origin = origin.max(self.origin_at(way, depth));
                    }
                }
                origin
            }
        }
    }
}

fn github(way: &[String]) -> Origin {
    let words: Vec<&str> = way.iter().map(String::as_str).collect();
    match words.split_first() {
        Some((&"head_ref", [])) => Origin::Untrusted,
        Some((&"event", [])) | None => Origin::Untrusted,
        Some((&"event", rest)) => event(rest),
        Some((name, [])) if INDIRECT_GITHUB.contains(name) => Origin::Indirect,
        _ => Origin::Fixed,
    }
}

fn event(way: &[&str]) -> Origin {
    let matches = |pattern: &&str| {
        let mut steps = pattern.split('.');
        // A way that stops early holds the untrusted text as JSON.
        way.iter().all(|word| {
            steps.next().is_some_and(|step| {
                step == *word || *word == "*" || (step == "*" && !word.is_empty())
            })
        })
    };
    match way.first() {
        Some(&"inputs" | &"client_payload") => Origin::Indirect,
        _ if UNTRUSTED_EVENT.iter().any(matches) => Origin::Untrusted,
        _ => Origin::Fixed,
    }
}
