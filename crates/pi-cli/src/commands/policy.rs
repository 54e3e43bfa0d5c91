//! `pi policy`

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use pi_control_plane::rules::{Judgement, Step};
use pi_control_plane::{Answer, Fact, Facts, Problem, SCHEMA, Stage};
use pi_core::canonical::{Encoder, ToCanonical, Value, parse};
use pi_core::{Decision, Reason, Severity};

use crate::args::PolicyCommand;
use crate::context::{Context, Failure, Outcome};
use crate::output::json;
use crate::output::style::{BAD, BOLD, DIM, GOOD, WARN, paint, visible};
use crate::policy::{PolicyFile, Refused, baseline, compile, read};

pub fn run(context: &Context, command: &PolicyCommand) -> Outcome {
    match command {
        PolicyCommand::Check { files } => check(context, files),
        PolicyCommand::Compile { rules } => {
            context.emit(compile(rules)?.policies().text())?;
            Ok(0)
        }
        PolicyCommand::Show { policy, schema } => show(context, policy.as_deref(), *schema),
        PolicyCommand::Explain { policy, facts } => explain(context, policy, facts),
    }
}

/// One file, checked.
struct Checked<'a> {
    path: &'a Path,
    result: Result<PolicyFile, Refused>,
}

fn check(context: &Context, files: &[PathBuf]) -> Outcome {
    let checked: Vec<Checked<'_>> =
        files.iter().map(|path| Checked { path, result: read(path) }).collect();
    let mut out = String::new();
    for Checked { path, result } in &checked {
        let path_text = path.display().to_string();
        let shown = visible(&path_text);
        // Writing to a string does not fail.
        let _ = match result {
            Ok(file) => {
                let (content, digest) = (content(file), file.set().digest());
                writeln!(out, "{} {shown}  {content}, digest {digest}", paint(GOOD, "ok  "))
            }
            Err(refused) if refused.problems.is_empty() => {
                writeln!(out, "{} {}", paint(BAD, "fail"), visible(&refused.message))
            }
            Err(refused) => {
                let frames = refused.frames(path, context.colour);
                write!(out, "{} {shown}\n{frames}", paint(BAD, "fail"))
            }
        };
    }
    context.emit(&if context.is_json() {
        json::object(|o| {
            o.field_with("files", |e| e.array(checked.iter())).field("schema", "pi.policy-check/1");
        })
    } else {
        out
    })?;
    Ok(if checked.iter().all(|checked| checked.result.is_ok()) { 0 } else { 2 })
}

/// What is in a file: `3 policies`, `2 rules as 3 policies`.
fn content(file: &PolicyFile) -> String {
    let counted = |count: usize, one: &str, more: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {more}"),
    };
    let policies = counted(file.set().ids().len(), "policy", "policies");
    match file {
        PolicyFile::Cedar(_) => policies,
        PolicyFile::Rules(list) => {
            format!("{} as {policies}", counted(list.ids().len(), "rule", "rules"))
        }
    }
}

impl ToCanonical for &Checked<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        struct Shown<'a>(&'a Problem);
        impl ToCanonical for Shown<'_> {
            fn to_canonical(&self, encoder: &mut Encoder) {
                let Problem { policy, line, column, span: _, message, help } = self.0;
                encoder.object(|o| {
                    o.field("column", column)
                        .field("help", help)
                        .field("line", line)
                        .field("message", message)
                        .field("policy", policy);
                });
            }
        }
        let Checked { path, result } = self;
        let refused = result.as_ref().err();
        let problems = refused.map(|refused| refused.problems.as_slice()).unwrap_or_default();
        encoder.object(|o| {
            o.field("digest", &result.as_ref().ok().map(|file| file.set().digest()))
                .field("message", &refused.map(|refused| refused.message.as_str()))
                .field("path", path.to_string_lossy().as_ref())
                .field_with("problems", |e| e.array(problems.iter().map(Shown)))
                .field("reason", &refused.map(|refused| refused.reason));
        });
    }
}

/// The policy in force, or its schema.
fn show(context: &Context, flag: Option<&Path>, schema: bool) -> Outcome {
    if schema {
        context.emit(SCHEMA)?;
        return Ok(0);
    }
    let file = match context.policy_path(flag) {
        Some(path) => read(&path).map_err(Failure::from)?,
        None => baseline()?,
    };
    let set = file.set();
    if context.is_json() {
        context.emit(&json::object(|o| {
            let ids: Vec<&str> = set.ids().collect();
            o.field("digest", &set.digest())
                .field("name", set.name())
                .field("policies", &ids)
                .field("schema", "pi.policy/1")
                .field("text", set.text());
        }))?;
    } else {
        context.remark(format!("policy `{}`, digest {}", set.name(), set.digest()));
        context.emit(set.text())?;
    }
    Ok(0)
}

/// Asks a policy, and shows questions, policies and grounds.
fn explain(context: &Context, policy: &Path, facts: &Path) -> Outcome {
    let file = read(policy).map_err(Failure::from)?;
    let facts = read_facts(facts)?;
    let (answer, steps) = match &file {
        PolicyFile::Cedar(set) => (set.decide(&facts), Vec::new()),
        PolicyFile::Rules(rules) => {
            let Judgement { answer, steps, .. } = rules.judge(&facts);
            (answer, steps)
        }
    };
    if context.is_json() {
        context.emit(&json::object(|o| {
            o.field("answer", &answer)
                .field("digest", &file.set().digest())
                .field("name", file.set().name())
                .field("schema", "pi.policy-answer/1")
                .field("stage", facts.stage.as_str())
                .field("steps", &steps);
        }))?;
    } else {
        let mut out = text(&answer, file.set().name(), facts.stage);
        for Step { rule, outcome } in steps {
            let _ = writeln!(out, "  {} {rule:<28} {}", paint(DIM, "rule"), outcome.as_str());
        }
        context.emit(&out)?;
    }
    Ok(match answer.decision {
        Decision::Allow => 0,
        Decision::Deny => 1,
        Decision::Review => 4,
    })
}

fn text(answer: &Answer, name: &str, stage: Stage) -> String {
    let style = match answer.decision {
        Decision::Allow => GOOD,
        Decision::Review => WARN,
        Decision::Deny => BAD,
    };
    let mut out = String::new();
    let decision = paint(style, answer.decision);
    let _ = writeln!(out, "{decision}  policy `{}`, {}", visible(name), stage.as_str());
    for asked in &answer.asked {
        let says = if asked.permitted { "permitted" } else { "not permitted" };
        let by = match asked.determining.as_slice() {
            [] => "no policy matched".to_owned(),
            ids => format!("by `{}`", ids.join("`, `")),
        };
        let question = paint(BOLD, format!("{:<18}", asked.question.as_str()));
        let _ = writeln!(out, "  {question} {says} {}", visible(&by));
    }
    for ground in &answer.grounds {
        let _ = writeln!(out, "  because {}: {}", ground.reason, visible(&ground.message));
    }
    out
}

/// Facts that a person wrote, or those of a finished run's report.
fn read_facts(path: &Path) -> Result<Facts, Failure> {
    let bad = |problem: String| {
        Failure::new(Reason::InvalidRequest, format!("`{}` {problem}", path.display()))
    };
    let bytes = fs::read(path).map_err(|error| bad(format!("cannot be read: {error}")))?;
    let json = parse(&bytes).map_err(|error| bad(format!("is not JSON: {error}")))?;
    if json.get("schema").and_then(Value::as_str) == Some("pi.report/1") {
        return reported(&json).ok_or_else(|| bad("is a report without its counts".to_owned()));
    }
    Facts::from_json(&json).map_err(|error| bad(format!("is refused: {error}")))
}

/// The findings and incidents of a report, as GOVERN knew them. What the report
/// does not tell of the request is blank.
fn reported(report: &Value) -> Option<Facts> {
    let tenant = report.get("tenant")?.as_str()?;
    let mut facts = Facts::blank("cli", tenant, "", Stage::Govern);
    let count = |word: &str| report.get("summary")?.get(word)?.as_u64();
    let severities = [
        (Severity::Critical, Fact::Critical),
        (Severity::High, Fact::High),
        (Severity::Medium, Fact::Medium),
        (Severity::Low, Fact::Low),
        (Severity::Info, Fact::Info),
    ];
    let mut above = 0;
    for (severity, fact) in severities {
        let found = count(severity.as_str())?;
        above += found;
        facts.set(fact, found);
        match severity {
            Severity::High => facts.set(Fact::HighOrAbove, above),
            Severity::Medium => facts.set(Fact::MediumOrAbove, above),
            Severity::Low => facts.set(Fact::LowOrAbove, above),
            Severity::Info => facts.set(Fact::All, above),
            Severity::Critical => &mut facts,
        };
    }
    facts.set(Fact::Allowed, count("allowed")?).set(Fact::Known, count("known")?);
    // A report names incidents among its reasons, without their number.
    let reasons = report.get("reasons")?.as_array()?;
    for fact in Fact::incidents() {
        let named =
            |reason: &&Value| reason.get("code").and_then(Value::as_str) == Some(fact.name());
        facts.set(fact, reasons.iter().filter(named).count() as u64);
    }
    facts.set(Fact::Artifacts, report.get("artifacts")?.as_u64()?);
    Some(facts)
}
