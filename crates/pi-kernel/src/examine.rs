//! Examination of one artifact under perturbation consensus.
//!
//! Every triggered agent votes three times: on the original and on two
//! meaning-preserving copies. The findings on the original always stand. A copy
//! that is judged more strictly raises the result; votes of which no two agree,
//! and votes that are missing, fail closed.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use pi_agent_api::{Agent, AgentSet, Catalogue, Finding, Report, Rule, Stop, Watch};
use pi_artifacts::{Artifact, ParseFailure, Perturbations, Perturbed, Position, Span, perturb};
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Confidence, Decision, Digest, Reason, Severity, Timestamp, id};

use crate::admit::Baseline;
use crate::allow::Allowances;

/// What an examination depends on besides the artifact.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The time that rules may look at.
    pub as_of: Option<Timestamp>,
    /// Inline `pi:allow` comments count.
    pub honour_allow: bool,
    /// Known findings.
    pub baseline: &'a Baseline,
    /// Ends the examination early.
    pub watch: Option<&'a Watch>,
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It ran to its end.
    Success,
    /// The agent panicked.
    Panic,
    /// It did not end within the wall-clock limit. Not replayable.
    Timeout,
    /// Its step budget was spent.
    ResourceExceeded,
    /// The input was not what the request froze.
    SchemaMismatch,
    /// It could not be started, or it did not succeed.
    Fail,
    /// It does not run: what it depends on failed, or it is withheld.
    Blocked,
    /// It does not run: a condition does not hold.
    Skipped,
}

impl Status {
    /// The word of the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Success => "SUCCESS",
            Status::Panic => "PANIC",
            Status::Timeout => "TIMEOUT",
            Status::ResourceExceeded => "RESOURCE_EXCEEDED",
            Status::SchemaMismatch => "SCHEMA_MISMATCH",
            Status::Fail => "FAIL",
            Status::Blocked => "BLOCKED",
            Status::Skipped => "SKIPPED",
        }
    }

    /// Whether an agent's execution fails its phase (PHASE-2). A spent step
    /// budget is a finding.
    pub const fn fails_phase(self) -> bool {
        !matches!(self, Status::Success | Status::ResourceExceeded)
    }

    /// Whether a node that ends so fails its phase. What is blocked or skipped
    /// did not run; why it did not has failed the phase already, if it should.
    pub const fn fails_node(self) -> bool {
        !matches!(self, Status::Success | Status::Blocked | Status::Skipped)
    }
}

/// What the three votes amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consensus {
    /// All three are equal.
    Agreed,
    /// The original and one copy are equal, or both copies found less: the
    /// original's findings stand.
    Majority,
    /// A copy shows what the original hides.
    StricterCopy,
    /// No two votes are equal.
    Diverged,
    /// A vote is missing.
    VoteMissing,
}

impl Consensus {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Consensus::Agreed => "agreed",
            Consensus::Majority => "majority",
            Consensus::StricterCopy => "stricter_copy",
            Consensus::Diverged => "diverged",
            Consensus::VoteMissing => "vote_missing",
        }
    }

    /// The reason that keeps the run from ALLOW, if there is one.
    pub const fn incident(self) -> Option<Reason> {
        match self {
            Consensus::Agreed | Consensus::Majority => None,
            Consensus::StricterCopy => Some(Reason::ConsensusStricterCopy),
            Consensus::Diverged => Some(Reason::ConsensusDiverged),
            Consensus::VoteMissing => Some(Reason::ConsensusVoteMissing),
        }
    }

    fn of(votes: &[Vote; 3]) -> Self {
        let [Vote::Cast(original), Vote::Cast(first), Vote::Cast(second)] = votes else {
            return Consensus::VoteMissing;
        };
        if original == first && original == second {
            return Consensus::Agreed;
        }
        if original != first && original != second && first != second {
            return Consensus::Diverged;
        }
        if first.is_subset(original) && second.is_subset(original) {
            Consensus::Majority
        } else {
            Consensus::StricterCopy
        }
    }
}

/// What an agent says of one copy: the rules and subjects it found, or nothing
/// because it panicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vote {
    /// Rule and subject of every finding, and the reason of an early stop.
    Cast(BTreeSet<(&'static str, String)>),
    /// No vote.
    Missing,
}

impl Vote {
    /// The digest of the vote; `None` for a missing one.
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Vote::Cast(identities) => {
                let list: Vec<Vec<&str>> = identities
                    .iter()
                    .map(|(rule, subject)| vec![*rule, subject.as_str()])
                    .collect();
                Some(Digest::of_canonical(&list))
            }
            Vote::Missing => None,
        }
    }
}

/// The outcome of one agent on one artifact.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The agent's index in the catalogue.
    pub agent: usize,
    /// Its slug.
    pub slug: &'static str,
    /// Its revision.
    pub revision: u32,
    /// How it ended.
    pub status: Status,
    /// The three votes.
    pub votes: [Vote; 3],
    /// What they amount to.
    pub consensus: Consensus,
    /// Digests of the two copies it voted on.
    pub copies: [Digest; 2],
    /// Digest of its findings on the original.
    pub output: Digest,
    /// ALLOW when all agree on no finding, DENY when consensus failed, else
    /// REVIEW. The policy weighs severities later.
    pub decision: Decision,
}

/// A finding with its place in lines, its identity and its votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The agent's slug, or `kernel`.
    pub agent: &'static str,
    /// The finding.
    pub finding: Finding,
    /// First character.
    pub start: Position,
    /// Behind the last character.
    pub end: Position,
    /// Identity that survives moved lines.
    pub fingerprint: String,
    /// Whether original, first and second copy show it.
    pub votes: [bool; 3],
    /// The reason of an inline comment that accepts it.
    pub allowed: Option<String>,
    /// The baseline knows it.
    pub known: bool,
}

/// The outcome of one artifact.
#[derive(Clone, Debug)]
pub struct Examination {
    /// Digest of the bytes that were examined.
    pub input: Digest,
    /// The agents that read this kind.
    pub applicable: AgentSet,
    /// The agents that ran.
    pub executed: AgentSet,
    /// Digests of the two copies that the prefilter saw.
    pub copies: [Digest; 2],
    /// One verdict for each executed agent, in the order of the catalogue.
    pub verdicts: Vec<Verdict>,
    /// All findings in the order of the text.
    pub findings: Vec<Located>,
    /// Why the artifact as a whole was not judged, if it was not.
    pub failure: Option<(Status, Reason)>,
}

impl Examination {
    /// The reasons that keep the run from ALLOW.
    pub fn incidents(&self) -> impl Iterator<Item = Reason> + '_ {
        let failure = self.failure.map(|(_, reason)| reason);
        self.verdicts.iter().filter_map(|verdict| verdict.consensus.incident()).chain(failure)
    }

    /// An artifact whose examination did not end. Nothing of it is known, so it says
    /// the same wherever that happened.
    pub fn timed_out(catalogue: &Catalogue, path: &str) -> Self {
        let (status, reason) = (Status::Timeout, Reason::AgentTimedOut);
        Self::failed(catalogue, path, Digest::ZERO, status, reason, "it did not end in time")
    }

    /// An artifact that was not judged: refused in the manifest, changed, or
    /// timed out.
    pub fn failed(
        catalogue: &Catalogue,
        path: &str,
        input: Digest,
        status: Status,
        reason: Reason,
        detail: &str,
    ) -> Self {
        let mut kernel = Kernel::default();
        kernel.report(reason, Span::default(), detail);
        let artifact = Artifact::new(path, Vec::new());
        Self {
            input,
            applicable: catalogue.none(),
            executed: catalogue.none(),
            copies: [Digest::ZERO; 2],
            verdicts: Vec::new(),
            findings: locate(&artifact, vec![("kernel", kernel.0, [true; 3])]),
            failure: status.fails_phase().then_some((status, reason)),
        }
    }
}

/// Examines an artifact with every agent of the catalogue that it triggers.
pub fn examine(catalogue: &Catalogue, artifact: &Artifact, options: Options<'_>) -> Examination {
    let applicable = catalogue.applicable(artifact.kind());
    let mut copies = Copies::of(artifact);
    let mut triggered = catalogue.triggered(artifact, &applicable);
    let seen = if applicable.is_empty() {
        [Digest::ZERO; 2]
    } else {
        let [first, second] = copies.allowing(Perturbations::ALL);
        triggered.union(&catalogue.triggered(&first.artifact, &applicable));
        triggered.union(&catalogue.triggered(&second.artifact, &applicable));
        [first.artifact.digest(), second.artifact.digest()]
    };
    let mut kernel = Kernel::default();
    let mut verdicts = Vec::new();
    let mut groups = Vec::new();
    for index in triggered.iter() {
        let Some(agent) = catalogue.agent(index) else { continue };
        let pair = copies.allowing(agent.meta().invariant_to);
        let (verdict, findings) = judge(agent, index, artifact, pair, options, &mut kernel);
        groups.extend(findings);
        verdicts.push(verdict);
    }
    kernel.once();
    groups.push(("kernel", kernel.0, [true; 3]));
    hide(artifact, &mut groups);
    let mut findings = locate(artifact, groups);
    accept(artifact, options, &mut findings);
    Examination {
        input: artifact.digest(),
        applicable,
        executed: triggered,
        copies: seen,
        verdicts,
        findings,
        failure: None,
    }
}

/// A shorter masked text is also an ordinary word, which hiding would only garble.
const MIN_HIDDEN_BYTES: usize = 8;

/// The copies of an artifact, made once for each set of perturbations.
struct Copies<'a> {
    original: &'a Artifact,
    made: BTreeMap<u16, [Perturbed; 2]>,
}

impl<'a> Copies<'a> {
    fn of(original: &'a Artifact) -> Self {
        Self { original, made: BTreeMap::new() }
    }

    fn allowing(&mut self, allowed: Perturbations) -> &[Perturbed; 2] {
        let original = self.original;
        let allowed = allowed.offered_by(original.kind());
        self.made
            .entry(allowed.bits())
            .or_insert_with(|| [perturb(original, 1, allowed), perturb(original, 2, allowed)])
    }
}

type Group = (&'static str, Vec<Finding>, [bool; 3]);

/// Runs one agent on the three copies.
fn judge(
    agent: &'static dyn Agent,
    index: usize,
    original: &Artifact,
    copies: &[Perturbed; 2],
    options: Options<'_>,
    kernel: &mut Kernel,
) -> (Verdict, Vec<Group>) {
    let meta = agent.meta();
    let [first, second] = copies;
    let runs = [
        run(agent, original, options),
        run(agent, &first.artifact, options),
        run(agent, &second.artifact, options),
    ];
    let votes = [runs[0].vote(), runs[1].vote(), runs[2].vote()];
    let consensus = Consensus::of(&votes);
    let [on_original, on_first, on_second] = runs;
    let panicked = [&on_original, &on_first, &on_second].iter().any(|run| run.panicked);
    let cancelled = |run: &Execution| matches!(run.stop, Some(Stop::Cancelled));
    // A time-out comes first: a receipt with one is known to depend on time.
    let status = if [&on_original, &on_first, &on_second].into_iter().any(cancelled) {
        Status::Timeout
    } else if panicked {
        Status::Panic
    } else if matches!(on_original.stop, Some(Stop::Budget)) {
        Status::ResourceExceeded
    } else {
        Status::Success
    };
    kernel.note(meta.slug, &on_original, status, consensus);
    let decision = match consensus {
        Consensus::Diverged | Consensus::VoteMissing => Decision::Deny,
        Consensus::Agreed if on_original.findings.is_empty() => Decision::Allow,
        _ => Decision::Review,
    };
    let output = Digest::of_canonical(&on_original.findings);
    let mut groups: Vec<Group> = Vec::new();
    for finding in on_original.findings {
        let identity = (finding.rule.id, finding.subject.clone());
        let shown = |vote: &Vote| matches!(vote, Vote::Cast(set) if set.contains(&identity));
        let in_votes = [true, shown(&votes[1]), shown(&votes[2])];
        groups.push((meta.slug, vec![finding], in_votes));
    }
    groups.extend(stricter(meta.slug, &votes, [(on_first, first), (on_second, second)]));
    let verdict = Verdict {
        agent: index,
        slug: meta.slug,
        revision: meta.revision,
        status,
        votes,
        consensus,
        copies: [first.artifact.digest(), second.artifact.digest()],
        output,
        decision,
    };
    (verdict, groups)
}

/// Findings that only a copy shows, at their place in the original.
fn stricter(
    slug: &'static str,
    votes: &[Vote; 3],
    runs: [(Execution, &Perturbed); 2],
) -> Vec<Group> {
    let mut shown = match &votes[0] {
        Vote::Cast(identities) => identities.clone(),
        Vote::Missing => BTreeSet::new(),
    };
    let mut groups: Vec<Group> = Vec::new();
    for (at, (execution, copy)) in runs.into_iter().enumerate() {
        for mut finding in execution.findings {
            let identity = (finding.rule.id, finding.subject.clone());
            if !shown.insert(identity) {
                continue;
            }
            finding.span = copy.to_original(finding.span);
            finding.masked = finding.masked.iter().map(|span| copy.to_original(*span)).collect();
            finding.related.clear();
            finding.message.to_mut().push_str(" (seen only in a respelled copy)");
            groups.push((slug, vec![finding], [false, at == 0, at == 1]));
        }
    }
    groups
}

/// One agent on one copy.
struct Execution {
    findings: Vec<Finding>,
    dropped: u64,
    stop: Option<Stop>,
    panicked: bool,
}

impl Execution {
    fn vote(&self) -> Vote {
        if self.panicked || matches!(self.stop, Some(Stop::Cancelled)) {
            return Vote::Missing;
        }
        let mut identities: BTreeSet<(&'static str, String)> = self
            .findings
            .iter()
            .map(|finding| (finding.rule.id, finding.subject.clone()))
            .collect();
        match &self.stop {
            Some(Stop::View(failure)) => {
                identities.insert((failure.reason.code(), String::new()));
            }
            Some(Stop::Budget) => {
                identities.insert((Reason::BudgetExceeded.code(), String::new()));
            }
            Some(Stop::Cancelled) | None => {}
        }
        Vote::Cast(identities)
    }
}

fn run(agent: &'static dyn Agent, artifact: &Artifact, options: Options<'_>) -> Execution {
    if let Some(watch) = options.watch {
        watch.beat();
    }
    // An artifact is immutable but for its caches, which a panic leaves valid;
    // the report is lost with the panic.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut report = Report::new(options.as_of).watched(options.watch);
        // What does not tick is not started any more, either.
        let stop = match report.tick(0) {
            Ok(()) => agent.check(artifact, &mut report).err(),
            Err(stop) => Some(stop),
        };
        let (findings, dropped) = match stop {
            // How far a cancelled vote came depends on time.
            Some(Stop::Cancelled) => (Vec::new(), 0),
            _ => report.into_findings(),
        };
        Execution { findings, dropped, stop, panicked: false }
    }));
    outcome.unwrap_or(Execution { findings: Vec::new(), dropped: 0, stop: None, panicked: true })
}

/// What one agent masks, no agent shows, neither as evidence nor in words.
fn hide(artifact: &Artifact, groups: &mut [Group]) {
    let masked = groups.iter().flat_map(|(_, findings, _)| findings).flat_map(|f| &f.masked);
    let secrets: BTreeSet<String> = masked
        .map(|span| artifact.slice(*span).to_owned())
        .filter(|secret| secret.len() >= MIN_HIDDEN_BYTES)
        .collect();
    for finding in groups.iter_mut().flat_map(|(_, findings, _)| findings) {
        // From the end: of two that begin alike, the longer one first.
        for secret in secrets.iter().rev() {
            finding.hide(secret);
        }
    }
}

/// What the kernel itself reports about an artifact.
#[derive(Default)]
struct Kernel(Vec<Finding>);

impl Kernel {
    fn report(&mut self, reason: Reason, span: Span, detail: &str) {
        let mut report = Report::new(None);
        report
            .finding(rule(reason), span)
            .message(format!("{}: {detail}", reason.title_text()))
            .subject(detail);
        self.0.extend(report.into_findings().0);
    }

    /// Notes what an agent could not do.
    fn note(&mut self, slug: &str, original: &Execution, status: Status, consensus: Consensus) {
        match &original.stop {
            Some(Stop::View(ParseFailure { reason, message, span })) => {
                self.report(*reason, *span, message);
            }
            Some(Stop::Budget) => self.report(Reason::BudgetExceeded, Span::default(), slug),
            Some(Stop::Cancelled) | None => {}
        }
        if original.dropped > 0 {
            let detail = format!("{slug} has {} more findings", original.dropped);
            self.report(Reason::BudgetExceeded, Span::default(), &detail);
        }
        if status == Status::Timeout {
            self.report(Reason::AgentTimedOut, Span::default(), slug);
        } else if status == Status::Panic {
            self.report(Reason::AgentPanicked, Span::default(), slug);
        } else if consensus == Consensus::Diverged {
            self.report(Reason::ConsensusDiverged, Span::default(), slug);
        }
    }

    /// Several agents fail on the same view: it is reported once.
    fn once(&mut self) {
        self.0.sort_by(|a, b| (a.rule.id, &a.subject).cmp(&(b.rule.id, &b.subject)));
        self.0.dedup_by(|a, b| a.rule == b.rule && a.subject == b.subject);
    }
}

macro_rules! kernel_rules {
    ($($reason:ident $code:literal $severity:ident),+ $(,)?) => {
        /// The rule under which the kernel reports `reason`.
        fn rule(reason: Reason) -> &'static Rule {
            match reason {
                $(Reason::$reason => {
                    const RULE: Rule = Rule {
                        id: $code,
                        summary: $code,
                        severity: Severity::$severity,
                        confidence: Confidence::High,
                        references: &[],
                        fix: concat!("see `pi explain ", $code, "`"),
                    };
                    &RULE
                })+
                _ => {
                    const RULE: Rule = Rule {
                        id: "phase_failed",
                        summary: "phase_failed",
                        severity: Severity::High,
                        confidence: Confidence::High,
                        references: &[],
                        fix: "see `pi explain phase_failed`",
                    };
                    &RULE
                }
            }
        }
    };
}

kernel_rules! {
    ArtifactTooLarge "artifact_too_large" Medium,
    ArtifactTooDeep "artifact_too_deep" Medium,
    ArtifactUnparsable "artifact_unparsable" Low,
    ArtifactUnreadable "artifact_unreadable" Medium,
    ArtifactChanged "artifact_changed" High,
    ArtifactNotRegular "artifact_not_regular" Info,
    BudgetExceeded "budget_exceeded" Medium,
    AgentPanicked "agent_panicked" High,
    AgentTimedOut "agent_timed_out" High,
    ConsensusDiverged "consensus_diverged" High,
}

/// Orders findings by place and gives them lines, columns and fingerprints.
fn locate(artifact: &Artifact, groups: Vec<Group>) -> Vec<Located> {
    let mut flat: Vec<(&'static str, Finding, [bool; 3])> = groups
        .into_iter()
        .flat_map(|(agent, findings, votes)| findings.into_iter().map(move |f| (agent, f, votes)))
        .collect();
    flat.sort_by(|(agent, a, _), (other, b, _)| {
        (a.span, *agent, a.rule.id, &a.subject).cmp(&(b.span, *other, b.rule.id, &b.subject))
    });
    let mut ordinals: BTreeMap<(&'static str, &'static str, String), u64> = BTreeMap::new();
    let mut located = Vec::with_capacity(flat.len());
    for (agent, finding, votes) in flat {
        let key = (agent, finding.rule.id, finding.subject.clone());
        let ordinal = ordinals.entry(key).and_modify(|n| *n += 1).or_insert(0);
        let fingerprint = id::derive(
            "fp",
            &[
                agent.as_bytes(),
                finding.rule.id.as_bytes(),
                artifact.path().as_bytes(),
                finding.subject.as_bytes(),
                &ordinal.to_be_bytes(),
            ],
        );
        located.push(Located {
            agent,
            start: artifact.position(finding.span.start),
            end: artifact.position(finding.span.end),
            finding,
            fingerprint,
            votes,
            allowed: None,
            known: false,
        });
    }
    located
}

/// Marks what inline comments and the baseline accept.
fn accept(artifact: &Artifact, options: Options<'_>, findings: &mut [Located]) {
    let allowances =
        if options.honour_allow { Allowances::read(artifact) } else { Allowances::default() };
    for located in findings.iter_mut().filter(|located| located.agent != "kernel") {
        let (first, last) = (located.start.line, located.end.line);
        located.allowed = allowances
            .reason(located.agent, located.finding.rule.id, first, last)
            .map(str::to_owned);
        located.known = options.baseline.knows(&located.fingerprint);
    }
}

impl ToCanonical for Located {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Located { agent, finding, start, end, fingerprint, votes, allowed, known } = self;
        encoder.object(|o| {
            o.field("agent", *agent)
                .field("allowed", allowed)
                .field("end", &vec![end.line, end.column])
                .field("finding", finding)
                .field("fingerprint", fingerprint)
                .field("known", known)
                .field("start", &vec![start.line, start.column])
                .field_with("votes", |e| e.array(votes));
        });
    }
}
