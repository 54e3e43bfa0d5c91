//! `pipeline_condition_auditor`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::workflow::expression::{Expression, parse, templates};
use super::workflow::model::Workflow;
use super::workflow::uses::Uses;

const ACTOR: Rule = Rule {
    id: "spoofable-bot-condition",
    summary: "a condition that trusts whoever acted last on a pull request",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-290", "OWASP-CICD-SEC-01"],
    fix: "compare `github.event.pull_request.user.login`, which names the author",
};

const ALWAYS: Rule = Rule {
    id: "condition-always-true",
    summary: "a condition that is text and therefore always true",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-670", "CWE-571"],
    fix: "write the whole condition without `${{ }}`, or use `|-` so that no line break follows",
};

const CONTAINS: Rule = Rule {
    id: "substring-condition",
    summary: "a condition that takes any part of a text for a member of a list",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-697", "OWASP-CICD-SEC-01"],
    fix: "use a list: `contains(fromJSON('[\"a\", \"b\"]'), value)`, or compare by `==`",
};

const TERNARY: Rule = Rule {
    id: "false-middle-value",
    summary: "`a && b || c` gives `c` always, because `b` counts as false",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-783"],
    fix: "swap the arms: `!a && c || b`",
};

const OBFUSCATED: Rule = Rule {
    id: "obfuscated-expression",
    summary: "an expression or reference that is written in a roundabout way",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-506"],
    fix: "write what it comes to",
};

const UNREDACTED: Rule = Rule {
    id: "part-of-secret",
    summary: "a part of a secret, which the runner does not mask in logs",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-532", "OWASP-CICD-SEC-06"],
    fix: "keep each part in a secret of its own",
};

declare_agent! {
    /// Finds conditions of pipelines that hold for others than they are meant for.
    ///
    /// # What it checks
    /// Every `if` and every `${{ }}` of GitHub Actions workflows and composite actions,
    /// parsed: conditions on `github.actor`, conditions that are always true because
    /// text stands beside an expression, `contains` over a text in the place of a list,
    /// pseudo-ternaries whose middle value counts as false, parts of secrets, and
    /// expressions and references that hide what they mean.
    ///
    /// # Why it matters
    /// A condition is often the only thing between a pull request and a deployment. One
    /// that is always true looks exactly like one that works.
    ///
    /// # Example denied
    /// ```yaml
    /// on: pull_request_target
    /// jobs:
    ///   merge:
    ///     if: github.actor == 'dependabot[bot]'
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: gh pr merge --auto "$URL"
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// on: pull_request_target
    /// jobs:
    ///   merge:
    ///     if: github.event.pull_request.user.login == 'dependabot[bot]'
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: gh pr merge --auto "$URL"
    /// ```
    ///
    /// # Limits
    /// Conditions inside scripts are not read. `contains` over a context is taken for
    /// a list there.
    ///
    /// # References
    /// CWE-290, CWE-571, CWE-697, CWE-532; GitHub: Evaluate expressions in workflows
    /// and actions; OWASP CICD-SEC-1.
    pub struct PipelineConditionAuditor {
        slug: "pipeline_condition_auditor",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::GithubWorkflow, Kind::GithubAction],
        triggers: Always,
        invariant_to: ALL,
        rules: [ACTOR, ALWAYS, CONTAINS, TERNARY, OBFUSCATED, UNREDACTED],
        fixture: include_str!("fixtures/pipeline_condition_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let Some(workflow) = Workflow::read(artifact)? else { return Ok(()) };
    let strangers = workflow.starts_on(&[
        "pull_request_target",
        "workflow_run",
        "issue_comment",
        "pull_request",
        "pull_request_review",
    ]);
    for job in &workflow.jobs {
        let steps = job.steps.iter().map(|step| (step.path.as_str(), step.node));
        for (path, node) in std::iter::once((job.path.as_str(), job.node())).chain(steps) {
            if let Some(condition) = node.get("if") {
                report.tick(1)?;
                let found = Found { path, span: condition.span };
                found.condition(condition, strangers, report);
            }
            if let Some(uses) = node.get("uses") {
                roundabout_uses(uses, path, report);
            }
        }
    }
    everywhere(artifact, workflow.root, report)
}

/// Where something is found.
#[derive(Clone, Copy)]
struct Found<'a> {
    path: &'a str,
    span: Span,
}

impl Found<'_> {
    fn see(self, rule: &'static Rule, what: &str, report: &mut Report) {
        report
            .finding(rule, self.span)
            .message(format!("{}: `{what}`", rule.summary))
            .subject(format!("{}/{what}", self.path));
    }

    fn condition(self, node: &Node, strangers: bool, report: &mut Report) {
        let Some(text) = node.as_str() else { return };
        let found = templates(text);
        let outside = match found.as_slice() {
            [] => None,
            [only] => Some((only.start, text.len() - only.end)),
            _ => Some((1, 1)),
        };
        // Blanks of a plain scalar are not part of its value.
        if outside.is_some_and(|(before, behind)| before + behind > 0) {
            report.finding(&ALWAYS, self.span).subject(self.path);
        }
        let expressions: Vec<Expression> = match found.is_empty() {
            true => parse(text).into_iter().collect(),
            false => found.into_iter().filter_map(|template| template.expression).collect(),
        };
        for expression in &expressions {
            expression.walk(&mut |inner| {
                if strangers && let Some(bot) = trusts_actor(inner) {
                    self.see(&ACTOR, &bot, report);
                }
                if let Some(list) = substring(inner) {
                    self.see(&CONTAINS, &list, report);
                }
            });
        }
    }

    fn expression(self, expression: &Expression, report: &mut Report) {
        expression.walk(&mut |inner| {
            if let Some(value) = false_middle(inner) {
                self.see(&TERNARY, &value, report);
            }
            if roundabout(inner) {
                report.finding(&OBFUSCATED, self.span).subject(self.path);
            }
            if let Expression::Into(call, way) = inner
                && reads_secret(call)
            {
                self.see(&UNREDACTED, &way.join("."), report);
            }
        });
    }
}

/// Every expression of the file.
fn everywhere(artifact: &Artifact, root: &Node, report: &mut Report) -> Result<(), Stop> {
    let mut open = vec![(root, String::new())];
    while let Some((node, path)) = open.pop() {
        report.tick(1)?;
        for entry in node.entries() {
            open.push((&entry.value, format!("{path}.{}", entry.key)));
        }
        for (at, item) in node.items().iter().enumerate() {
            open.push((item, format!("{path}[{at}]")));
        }
        let text = node.as_str().unwrap_or_default();
        let written = templates(artifact.slice(node.span));
        for (at, template) in templates(text).iter().enumerate() {
            report.tick(1)?;
            let Some(expression) = &template.expression else { continue };
            let start = node.span.start as usize;
            let span = written
                .get(at)
                .map_or(node.span, |written| Span::new(start + written.start, start + written.end));
            Found { path: path.trim_start_matches('.'), span }.expression(expression, report);
        }
    }
    Ok(())
}

/// The bot that a comparison of the last actor trusts.
fn trusts_actor(expression: &Expression) -> Option<String> {
    let Expression::Comparison(left, right) = expression else { return None };
    let actor = |side: &Expression| {
        matches!(side, Expression::Context(way)
            if ["github.actor", "github.triggering_actor", "github.event.sender.login",
                "github.actor_id", "github.event.sender.id"].contains(&way.join(".").as_str()))
    };
    // Ids of Dependabot and Renovate.
    let bot = |side: &Expression| match side {
        Expression::Literal(text) => {
            let known = text.ends_with("[bot]") || matches!(text.as_str(), "49699333" | "29139614");
            known.then(|| text.clone())
        }
        _ => None,
    };
    let pair = |a: &Expression, b: &Expression| bot(b).filter(|_| actor(a));
    pair(left, right).or_else(|| pair(right, left))
}

/// The text that `contains` searches for what a stranger may choose.
fn substring(expression: &Expression) -> Option<String> {
    let Expression::Call(name, arguments) = expression else { return None };
    match (name.as_str(), arguments.as_slice()) {
        ("contains", [Expression::Literal(list), Expression::Context(way)])
            if matches!(way.first().map(String::as_str), Some("github" | "env" | "inputs")) =>
        {
            Some(list.clone())
        }
        _ => None,
    }
}

/// The middle of `a && b || c` when it counts as false.
fn false_middle(expression: &Expression) -> Option<String> {
    let Expression::Or(left, _) = expression else { return None };
    let Expression::And(_, middle) = left.as_ref() else { return None };
    match middle.as_ref() {
        Expression::Literal(text) if matches!(text.as_str(), "" | "0" | "false" | "null") => {
            Some(format!("'{text}'"))
        }
        _ => None,
    }
}

/// `fromJSON(toJSON(x))`, and `format` of nothing but literals.
fn roundabout(expression: &Expression) -> bool {
    let Expression::Call(name, arguments) = expression else { return false };
    let literal = |argument: &Expression| matches!(argument, Expression::Literal(_));
    match (name.as_str(), arguments.as_slice()) {
        ("fromjson", [Expression::Call(inner, _)]) => inner == "tojson",
        ("tojson", [Expression::Call(inner, _)]) => inner == "fromjson",
        ("format", all) => all.len() > 1 && all.iter().all(literal),
        ("join", [Expression::Call(..) | Expression::Context(_), ..]) => false,
        ("contains" | "startswith" | "endswith", all) => all.len() == 2 && all.iter().all(literal),
        _ => false,
    }
}

/// `fromJSON(secrets.x)`
fn reads_secret(expression: &Expression) -> bool {
    matches!(expression, Expression::Call(name, arguments)
        if name == "fromjson" && matches!(arguments.as_slice(), [Expression::Context(way)]
            if way.first().is_some_and(|first| first == "secrets")))
}

/// `owner/repository/./x//y@ref`
fn roundabout_uses(node: &Node, path: &str, report: &mut Report) {
    let Some(text) = node.as_str() else { return };
    let Uses::Remote { path: inner, .. } = Uses::parse(text) else { return };
    let has_path = text.split('@').next().is_some_and(|name| name.matches('/').count() > 1);
    if has_path && inner.split('/').any(|part| matches!(part, "" | "." | "..")) {
        report.finding(&OBFUSCATED, node.span).subject(path).evidence(text);
    }
}
