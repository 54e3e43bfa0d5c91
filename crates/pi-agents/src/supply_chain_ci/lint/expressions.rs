//! Every expression of a workflow: whether it parses, and whether what it names is
//! there.

use pi_agent_api::{Report, Stop};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Span};

use super::super::workflow::expression::{Expression, parse, templates};
use super::super::workflow::model::Workflow;
use super::EXPRESSION;
use super::availability::{Allowed, at};
use super::types::{CONTEXTS, Scope, Type};

/// Functions and how many arguments they take.
const FUNCTIONS: &[(&str, usize, usize)] = &[
    ("always", 0, 0),
    ("cancelled", 0, 0),
    ("case", 3, usize::MAX),
    ("contains", 2, 2),
    ("endswith", 2, 2),
    ("failure", 0, usize::MAX),
    ("format", 2, usize::MAX),
    ("fromjson", 1, 1),
    ("hashfiles", 1, usize::MAX),
    ("join", 1, 2),
    ("startswith", 2, 2),
    ("success", 0, usize::MAX),
    ("tojson", 1, 1),
];

const STATUS: &[&str] = &["always", "cancelled", "failure", "success"];

/// Reports what is wrong with the expressions.
///
/// # Errors
/// The steps are spent.
pub fn check(artifact: &Artifact, workflow: &Workflow, report: &mut Report) -> Result<(), Stop> {
    let scope = Scope::of(workflow, None);
    let walk = Walk { artifact, scope: &scope };
    for entry in workflow.root.entries() {
        let name = if entry.key == "true" { "on" } else { entry.key.as_str() };
        if name != "jobs" {
            walk.node(&entry.value, &mut vec![name], report)?;
        }
    }
    for job in &workflow.jobs {
        let mut scope = Scope::of(workflow, Some(job));
        // Outputs and the address of the environment are read behind all steps.
        let ids = job.steps.iter().filter_map(|step| step.node.get("id")?.as_str());
        let all =
            Scope { steps: ids.map(str::to_lowercase).collect(), ..Scope::of(workflow, Some(job)) };
        for entry in job.node().entries() {
            let late = matches!(entry.key.as_str(), "outputs" | "environment");
            let scope = if late { &all } else { &scope };
            if entry.key != "steps" {
                let mut path = vec!["jobs", job.entry.key.as_str(), entry.key.as_str()];
                Walk { artifact, scope }.node(&entry.value, &mut path, report)?;
            }
        }
        for step in &job.steps {
            let mut path = vec!["jobs", job.entry.key.as_str(), "steps", step.path.as_str()];
            Walk { artifact, scope: &scope }.node(step.node, &mut path, report)?;
            let id = step.node.get("id").and_then(Node::as_str);
            scope.steps.extend(id.map(str::to_lowercase));
        }
    }
    Ok(())
}

struct Walk<'a> {
    artifact: &'a Artifact,
    scope: &'a Scope,
}

/// Where an expression stands.
struct Place<'p> {
    path: &'p [&'p str],
    allowed: Allowed,
    span: Span,
}

impl Walk<'_> {
    fn node<'n>(
        &self,
        node: &'n Node,
        path: &mut Vec<&'n str>,
        report: &mut Report,
    ) -> Result<(), Stop> {
        report.tick(1)?;
        for entry in node.entries() {
            path.push(&entry.key);
            // A name may be computed, too.
            for template in templates(&entry.key) {
                self.template(template.expression.as_ref(), path, entry.key_span, report);
            }
            self.node(&entry.value, path, report)?;
            path.pop();
        }
        for item in node.items() {
            self.node(item, path, report)?;
        }
        let Some(text) = node.as_str() else { return Ok(()) };
        let found = templates(text);
        if found.is_empty() {
            if path.last() == Some(&"if") && !text.trim().is_empty() {
                self.template(parse(text).as_ref(), path, node.span, report);
            } else if text.contains("${{") && at(path).is_some() {
                let place = path.join(".");
                see("an expression does not end", node.span, &place, report);
            }
            return Ok(());
        }
        let written = templates(self.artifact.slice(node.span));
        for (number, template) in found.iter().enumerate() {
            report.tick(1)?;
            let start = node.span.start as usize;
            let span = written
                .get(number)
                .map_or(node.span, |written| Span::new(start + written.start, start + written.end));
            let whole = found.len() == 1 && template.start == 0 && template.end == text.len();
            self.template(template.expression.as_ref(), path, span, report);
            if let Some(expression) = &template.expression {
                self.value(expression, path, whole, span, report);
            }
        }
        Ok(())
    }

    fn template(
        &self,
        expression: Option<&Expression>,
        path: &[&str],
        span: Span,
        report: &mut Report,
    ) {
        let Some(allowed) = at(path) else { return };
        let Some(expression) = expression else {
            see("the expression does not parse", span, &path.join("."), report);
            return;
        };
        let place = Place { path, allowed, span };
        expression.walk(&mut |inner| match inner {
            Expression::Context(way) => self.context(way, &place, report),
            Expression::Call(name, arguments) => call(name, arguments, &place, report),
            _ => {}
        });
    }

    fn context(&self, way: &[String], place: &Place<'_>, report: &mut Report) {
        let first = way.first().map_or("", String::as_str);
        let problem = if !CONTEXTS.contains(&first) {
            Some(format!("there is no context `{first}`"))
        } else if !place.allowed.contexts.contains(&first) {
            Some(format!("the context `{first}` is not available here"))
        } else {
            self.scope.resolve(way).err()
        };
        if let Some(problem) = problem {
            let subject = format!("{}/{}", place.path.join("."), way.join("."));
            see(problem, place.span, &subject, report);
        }
    }

    /// Whether the result fits where it goes: text shows no objects, and a map is
    /// made of an object only.
    fn value(
        &self,
        expression: &Expression,
        path: &[&str],
        whole: bool,
        span: Span,
        report: &mut Report,
    ) {
        let kind = match expression {
            Expression::Context(way) => self.scope.resolve(way).unwrap_or(Type::Any),
            Expression::Literal(text) if text == "null" => Type::Null,
            _ => Type::Any,
        };
        let is_text = matches!(path.last(), Some(&("run" | "name")))
            || matches!(path, [.., "runs-on"] if kind == Type::Object);
        let is_map = whole && path.last() == Some(&"env");
        let problem = match kind {
            Type::Object | Type::Array | Type::Null if is_text => {
                "an object, list or null is shown as text"
            }
            Type::Scalar if is_map => "a text stands in the place of a map",
            _ => return,
        };
        see(problem, span, &path.join("."), report);
    }
}

fn see(what: impl Into<String>, span: Span, subject: &str, report: &mut Report) {
    report.finding(&EXPRESSION, span).message(what).subject(subject);
}

fn call(name: &str, arguments: &[Expression], place: &Place<'_>, report: &mut Report) {
    let known = FUNCTIONS.iter().find(|(known, _, _)| *known == name);
    let count = arguments.len();
    let problem = match known {
        None => format!("there is no function `{name}`"),
        Some((_, least, most)) if count < *least || count > *most => {
            format!("`{name}` does not take {count} arguments")
        }
        Some(_) if STATUS.contains(&name) && !place.allowed.status => {
            format!("`{name}` is only known to conditions")
        }
        Some(_) if name == "hashfiles" && !place.allowed.hash_files => {
            "`hashFiles` is only known to steps".to_owned()
        }
        Some(_) => match json_problem(name, arguments) {
            Some(problem) => problem,
            None => return,
        },
    };
    let subject = format!("{}/{name}", place.path.join("."));
    see(problem, place.span, &subject, report);
}

/// Literals that `fromJSON` refuses, and places in `format` that nothing fills.
fn json_problem(name: &str, arguments: &[Expression]) -> Option<String> {
    match (name, arguments) {
        ("fromjson", [Expression::Literal(text)]) => {
            pi_core::canonical::parse(text.as_bytes()).err().map(|_| "this is no JSON".to_owned())
        }
        ("format", [Expression::Literal(text), rest @ ..]) => {
            let highest = places(text)?;
            (highest >= rest.len()).then(|| format!("`format` has no argument for {{{highest}}}"))
        }
        _ => None,
    }
}

/// The highest number in braces.
fn places(text: &str) -> Option<usize> {
    let plain = text.replace("{{", "").replace("}}", "");
    let mut rest = plain.as_str();
    let mut highest = None;
    while let Some((_, behind)) = rest.split_once('{') {
        let (number, after) = behind.split_once('}')?;
        highest = highest.max(Some(number.parse().ok()?));
        rest = after;
    }
    highest
}
