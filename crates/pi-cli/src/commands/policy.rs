//! `pi policy`

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use pi_control_plane::rules::{Judgement, Step};
use pi_control_plane::what_if::{Decided, Recorded};
use pi_control_plane::{Answer, Facts, Problem, SCHEMA, Stage};
use pi_core::canonical::{Encoder, ToCanonical, parse};
use pi_core::{Decision, Reason, RunId};
use pi_runtime::decided::decided;

use super::what_if;
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
        PolicyCommand::WhatIf { policy, last } => what_if::run(context, policy, *last),
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
    let facts = read_facts(context, &file, facts)?;
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

/// Facts that a person wrote, or those of a recorded run.
fn read_facts(context: &Context, policy: &PolicyFile, named: &Path) -> Result<Facts, Failure> {
    if let Some(run) = named.to_str().and_then(RunId::parse) {
        return recorded_facts(context, policy, &run);
    }
    let bad = |problem: String| {
        Failure::new(Reason::InvalidRequest, format!("`{}` {problem}", named.display()))
    };
    let bytes = fs::read(named).map_err(|error| bad(format!("cannot be read: {error}")))?;
    let json = parse(&bytes).map_err(|error| bad(format!("is not JSON: {error}")))?;
    Facts::from_json(&json).map_err(|error| bad(format!("is refused: {error}")))
}

/// The facts of a run at the moment that settles what the policy says of it.
fn recorded_facts(context: &Context, policy: &PolicyFile, run: &RunId) -> Result<Facts, Failure> {
    let journal = context.journal()?;
    let entry = journal.store().run(run)?;
    let entry = entry.ok_or_else(|| {
        Failure::new(Reason::UnknownRun, format!("there is no {run} in this log"))
    })?;
    let decided = match decided(&journal, &entry)? {
        Recorded::Decided(decided) => *decided,
        Recorded::Unfinished(_) => {
            let problem = format!("{run} did not finish, and so has no decision");
            return Err(Failure::new(Reason::RunIncomplete, problem));
        }
        Recorded::NotRetained { why, .. } => {
            let problem = format!("the facts of {run} are not there: {why}");
            return Err(Failure::new(Reason::InputsNotRetained, problem));
        }
    };
    let stage = decided.under(policy.set()).stage;
    let Decided { admission, govern, .. } = decided;
    Ok(govern.filter(|_| stage == Stage::Govern).unwrap_or(admission))
}
