//! `cargo xtask new-agent DOMAIN SLUG`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use pi_agent_api::Domain;

/// Writes an agent's file and cases and registers it.
pub fn run(domain: &str, slug: &str) -> Result<()> {
    let Some(known) = Domain::ALL.iter().find(|known| known.as_str() == domain) else {
        let all: Vec<&str> = Domain::ALL.iter().map(|domain| domain.as_str()).collect();
        bail!("`{domain}` is no domain; the domains are {}", all.join(", "));
    };
    ensure!(
        !slug.is_empty()
            && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
        "a slug is lower-case words joined by `_`"
    );
    let folder = Path::new("crates/pi-agents/src").join(domain.replace('-', "_"));
    let file = folder.join(format!("{slug}.rs"));
    ensure!(!file.exists(), "{} exists", file.display());
    fs::create_dir_all(folder.join("fixtures"))?;
    fs::write(&file, source(&format!("{known:?}"), slug))?;
    fs::write(folder.join(format!("fixtures/{slug}.md")), cases(slug))?;
    register(&folder.join("mod.rs"), slug)?;
    println!("wrote {} and its cases; registered in {}/mod.rs", file.display(), folder.display());
    Ok(())
}

fn type_name(slug: &str) -> String {
    slug.split('_')
        .map(|word| {
            let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
            first.to_ascii_uppercase() + rest
        })
        .collect()
}

fn register(module: &Path, slug: &str) -> Result<()> {
    let text = fs::read_to_string(module)
        .with_context(|| format!("{} is missing: create the domain first", module.display()))?;
    let name = type_name(slug);
    let list_start = "pub const AGENTS: &[&dyn Agent] = &[";
    ensure!(text.contains(list_start), "{} has no AGENTS list", module.display());
    let text = text.replacen(list_start, &format!("{list_start}&{slug}::{name}, "), 1).replacen(
        "use pi_agent_api",
        &format!("mod {slug};\n\nuse pi_agent_api"),
        1,
    );
    fs::write(module, text)?;
    Ok(())
}

fn source(domain: &str, slug: &str) -> String {
    let name = type_name(slug);
    format!(
        r#"//! {name}: say in one line what it is about.

use pi_agent_api::{{Report, Rule, Stop, declare_agent}};
use pi_artifacts::Artifact;
use pi_core::{{Confidence, Severity}};

const RULE: Rule = Rule {{
    id: "rule-id",
    summary: "what is wrong",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &[],
    fix: "what to do about it",
}};

declare_agent! {{
    /// One sentence.
    ///
    /// # What it checks
    /// # Why it matters
    /// # Example denied
    /// # Example allowed
    /// # Limits
    /// # References
    pub struct {name} {{
        slug: "{slug}",
        domain: {domain},
        phase: Validate,
        revision: 1,
        since: "{version}",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [RULE],
        fixture: include_str!("fixtures/{slug}.md"),
        check: check,
    }}
}}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {{
    let _ = (artifact, report);
    Ok(())
}}
"#,
        version = env!("CARGO_PKG_VERSION"),
    )
}

fn cases(slug: &str) -> String {
    format!("# {slug}\n\nWrite one case that each rule denies and one that is allowed.\n")
}
