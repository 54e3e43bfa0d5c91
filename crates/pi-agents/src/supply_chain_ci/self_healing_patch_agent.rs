//! `self_healing_patch_agent`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::patch::Patch;
use super::patch_proposals::{self, Proposal};

const YAML: Rule = Rule {
    id: "replaceable-yaml-load",
    summary: "a `yaml.load` that `yaml.safe_load` can replace",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-502"],
    fix: "use `yaml.safe_load`",
};

const EVAL: Rule = Rule {
    id: "replaceable-eval",
    summary: "an `eval` of a literal that `ast.literal_eval` can replace",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-95"],
    fix: "use `ast.literal_eval`",
};

const ACTION: Rule = Rule {
    id: "pinnable-action",
    summary: "an action by tag whose commit the same file names elsewhere",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-829", "Scorecard-Pinned-Dependencies"],
    fix: "pin the action to that commit",
};

const PACKAGE: Rule = Rule {
    id: "pinnable-requirement",
    summary: "a requirement whose version the same file names elsewhere",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-1357", "Scorecard-Pinned-Dependencies"],
    fix: "pin the requirement to that version",
};

declare_agent! {
    /// # What it checks
    /// Weaknesses whose repair follows from the file itself, and proposes it as a
    /// unified diff in the fix:
    /// - `yaml.load` without a safe loader becomes `yaml.safe_load`;
    /// - `eval` of a string that holds a literal becomes `ast.literal_eval`, where the
    ///   file imports `ast`;
    /// - an action by tag is pinned to the commit that the same workflow names for
    ///   the same action and, in its comment, the same tag;
    /// - a requirement without a version is pinned to the one that another line of
    ///   the same file names.
    ///
    /// Every patch is applied to a copy, which is parsed and examined again: it is
    /// proposed only when the weakness is gone and nothing new appeared.
    ///
    /// # Why it matters
    /// A version from memory is a wrong version. What the file itself says is not.
    ///
    /// # Example denied
    /// ```python
    /// yaml.load(stream)
    /// ```
    ///
    /// # Example allowed
    /// ```python
    /// yaml.safe_load(stream)
    /// ```
    ///
    /// # Limits
    /// Nothing is written. Versions that only another file knows (a lockfile beside
    /// the manifest) are not used, because an agent sees one artifact. Documents that
    /// rely on Python objects in YAML stop to load with `safe_load`; that is the
    /// point. Comments may change verdicts about actions, because the tag of a pinned
    /// action stands in one.
    ///
    /// # References
    /// CWE-502 (deserialization of untrusted data), CWE-95 (eval injection), CWE-829,
    /// CWE-1357.
    pub struct SelfHealingPatchAgent {
        slug: "self_healing_patch_agent",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Python, Kind::GithubWorkflow, Kind::GithubAction, Kind::PipRequirements],
        triggers: Always,
        invariant_to: ALL.without(Comments).without(BaitComments),
        rules: [YAML, EVAL, ACTION, PACKAGE],
        fixture: include_str!("fixtures/self_healing_patch_agent.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let (rule, proposals) = all(artifact)?;
    for proposal in &proposals {
        // Each check parses a copy of the whole text.
        report.tick(1 + artifact.bytes().len() as u64)?;
        let patch = Patch { span: proposal.span, replacement: &proposal.replacement };
        let Some(text) = artifact.text() else { continue };
        let Some(patched) = patch.apply(text) else { continue };
        if !heals(artifact, &patched, proposals.len()) {
            continue;
        }
        let rule = rule(proposal);
        report.finding(rule, proposal.span).subject(&proposal.subject).fix(format!(
            "{}:\n{}",
            rule.fix,
            patch.diff(artifact.path(), text)
        ));
    }
    Ok(())
}

type RuleOf = fn(&Proposal) -> &'static Rule;

fn all(artifact: &Artifact) -> Result<(RuleOf, Vec<Proposal>), Stop> {
    Ok(match artifact.kind() {
        Kind::Python => (
            |proposal| if proposal.subject.starts_with("eval") { &EVAL } else { &YAML },
            patch_proposals::calls(artifact)?,
        ),
        Kind::PipRequirements => (|_| &PACKAGE, patch_proposals::requirements(artifact)?),
        _ => (|_| &ACTION, patch_proposals::actions(artifact)?),
    })
}

/// Whether the patched text parses and holds one weakness less.
fn heals(artifact: &Artifact, patched: &str, before: usize) -> bool {
    let copy = Artifact::with_kind(artifact.path(), patched.as_bytes().to_vec(), artifact.kind());
    all(&copy).is_ok_and(|(_, proposals)| proposals.len() + 1 == before)
}
