//! `pi agents`

use std::fmt::Write as _;
use std::path::Path;

use pi_agent_api::{Agent, Catalogue, Meta, Rule, fixture};
use pi_artifacts::Artifact;
use pi_core::Reason;
use pi_core::canonical::{Encoder, ObjectEncoder, ToCanonical};
use pi_kernel::request::EvidenceMode;
use pi_runtime::run::Silent;
use pi_runtime::{ScanOptions, scan};

use super::{catalogue, finished, near};
use crate::args::AgentsCommand;
use crate::context::{Context, Failure, Outcome};
use crate::output::json;
use crate::output::style::{self, BAD, BOLD, DIM, GOOD, paint};

pub fn run(context: &Context, command: &AgentsCommand) -> Outcome {
    let catalogue = catalogue()?;
    match command {
        AgentsCommand::List { domain } => list(context, &catalogue, domain.as_deref()),
        AgentsCommand::Show { slug } => show(context, find(&catalogue, slug)?),
        AgentsCommand::Run { slug, input } => run_one(context, &catalogue, slug, input),
        AgentsCommand::Test { slug } => test(context, &catalogue, slug.as_deref()),
    }
}

/// An agent in the list.
struct Described(&'static Meta);

impl ToCanonical for Described {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| fields(o, self.0, None));
    }
}

/// The fields of an agent; one that is shown alone has its documentation and
/// names its schema.
fn fields(o: &mut ObjectEncoder<'_>, meta: &Meta, documentation: Option<&str>) {
    if let Some(documentation) = documentation {
        o.field("documentation", documentation);
    }
    o.field("domain", &meta.domain)
        .field_with("kinds", |e| e.array(meta.kinds))
        .field("phase", &meta.phase)
        .field("revision", &meta.revision)
        .field_with("rules", |e| e.array(meta.rules.iter().map(|rule| RuleRow(rule))));
    if documentation.is_some() {
        o.field("schema", "pi.agent/1");
    }
    o.field("since", meta.since)
        .field("slug", meta.slug)
        .field("status", meta.status.as_str())
        .field("summary", meta.summary());
}

struct RuleRow(&'static Rule);

impl ToCanonical for RuleRow {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Rule { id, summary, severity, confidence, references, fix } = self.0;
        encoder.object(|o| {
            o.field("confidence", confidence)
                .field("fix", *fix)
                .field("id", *id)
                .field_with("references", |e| e.array(*references))
                .field("severity", severity)
                .field("summary", *summary);
        });
    }
}

fn find(catalogue: &Catalogue, slug: &str) -> Result<&'static dyn Agent, Failure> {
    catalogue.find(slug).ok_or_else(|| {
        let slugs = catalogue.agents().iter().map(|agent| agent.meta().slug);
        let hint = near::hint(slug, slugs, "`pi agents list` shows all");
        Failure::new(Reason::UnknownAgent, format!("there is no agent `{slug}`; {hint}"))
    })
}

fn list(context: &Context, catalogue: &Catalogue, domain: Option<&str>) -> Outcome {
    let mut metas: Vec<_> = catalogue.agents().iter().map(|agent| agent.meta()).collect();
    metas.retain(|meta| domain.is_none_or(|domain| meta.domain.as_str() == domain));
    metas.sort_by_key(|meta| (meta.domain.as_str(), meta.slug));
    if context.is_json() {
        context.emit(&json::object(|o| {
            o.field_with("agents", |e| e.array(metas.iter().map(|meta| Described(meta))))
                .field("schema", "pi.agents/1");
        }))?;
        return Ok(0);
    }
    let mut out = String::new();
    let mut current = "";
    for meta in metas {
        if meta.domain.as_str() != current {
            current = meta.domain.as_str();
            let _ = writeln!(out, "{}", paint(BOLD, current));
        }
        let _ = writeln!(out, "  {:<42} {}", meta.slug, paint(DIM, meta.summary()));
    }
    context.emit(&out)?;
    Ok(0)
}

fn show(context: &Context, agent: &dyn Agent) -> Outcome {
    let meta = agent.meta();
    if context.is_json() {
        context.emit(&json::object(|o| fields(o, meta, Some(meta.doc))))?;
        return Ok(0);
    }
    let kinds: Vec<&str> = meta.kinds.iter().map(|kind| kind.as_str()).collect();
    let kinds = if kinds.is_empty() { "every text".to_owned() } else { kinds.join(", ") };
    let mut out = format!(
        "{}  {}\n\n",
        paint(BOLD, meta.slug),
        paint(
            DIM,
            format!(
                "{} · {} · revision {} · reads {kinds}",
                meta.domain, meta.phase, meta.revision
            )
        )
    );
    for line in meta.doc.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        match line.strip_prefix("# ") {
            Some(heading) => {
                let _ = writeln!(out, "{}", paint(BOLD, heading));
            }
            None => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    let _ = writeln!(out, "\n{}", paint(BOLD, "Rules"));
    for rule in meta.rules {
        let severity = paint(style::severity(rule.severity), format!("{:<8}", rule.severity));
        let _ = writeln!(out, "  {severity} {} — {}", rule.id, rule.summary);
        let _ = writeln!(out, "           {} {}", paint(GOOD, "fix:"), rule.fix);
        if !rule.references.is_empty() {
            let _ = writeln!(out, "           {}", paint(DIM, rule.references.join(", ")));
        }
    }
    context.emit(&out)?;
    Ok(0)
}

fn run_one(context: &Context, catalogue: &Catalogue, slug: &str, input: &Path) -> Outcome {
    let agent = find(catalogue, slug)?;
    let bytes = pi_runtime::files::read(input).map_err(|refusal| {
        Failure::new(refusal.reason, format!("`{}`: {}", input.display(), refusal.detail))
    })?;
    let artifact = Artifact::new(input.to_string_lossy(), bytes);
    if !agent.meta().reads(artifact.kind()) {
        let message = format!(
            "`{}` is of kind {}, which {slug} does not read",
            input.display(),
            artifact.kind()
        );
        return Err(Failure::new(Reason::InvalidRequest, message));
    }
    let options = ScanOptions {
        tenant: context.global.tenant.clone(),
        paths: vec![input.to_owned()],
        only: vec![slug.to_owned()],
        skip: Vec::new(),
        baseline: None,
        policy: context.policy(None),
        evidence: EvidenceMode::Hashes,
        as_of: None,
        honour_allow: false,
        threads: 1,
        guard: Some(context.guard()?),
        patience: context.patience()?,
    };
    let scanned = scan(&context.journal()?, catalogue, &options, &mut Silent)
        .map_err(|error| Failure::new(error.reason(), &error))?;
    finished(context, &scanned.ran, &scanned.base, catalogue)
}

fn test(context: &Context, catalogue: &Catalogue, slug: Option<&str>) -> Outcome {
    let agents = match slug {
        Some(slug) => vec![find(catalogue, slug)?],
        None => catalogue.agents().to_vec(),
    };
    let (mut passed, mut failed) = (0, 0);
    let mut out = String::new();
    for agent in agents {
        let meta = agent.meta();
        let cases = fixture::parse(meta.fixture).map_err(|problem| {
            Failure::new(Reason::InvalidRequest, format!("{}: {problem}", meta.slug))
        })?;
        for case in &cases {
            match fixture::run(agent, case) {
                Ok(_) => passed += 1,
                Err(problem) => {
                    failed += 1;
                    let _ = writeln!(
                        out,
                        "{} {}, {}: {problem}",
                        paint(BAD, "failed"),
                        meta.slug,
                        case.title
                    );
                }
            }
        }
    }
    let _ = writeln!(out, "{passed} passed, {failed} failed");
    context.emit(&out)?;
    Ok(u8::from(failed > 0))
}
