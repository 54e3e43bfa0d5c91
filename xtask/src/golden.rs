//! What every agent says about its cases, by revision: a verdict that changes
//! without a higher revision does not pass.
//!
//! A line of the table is an agent's slug, its revision, and for each case
//! `INPUT:OUTPUT`, the first digits of two digests: of path, bytes and time, and
//! of the findings on the original and on both copies. Cases come and go freely;
//! the same input has the same output as long as the revision is the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result, anyhow, bail};
use pi_agent_api::{Agent, Report, fixture};
use pi_artifacts::{Artifact, perturb};
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Digest, Hasher};

/// Where the table lies.
pub const PATH: &str = "crates/pi-agents/golden.tsv";

/// Digits of a digest in the table.
const DIGITS: usize = 16;

/// Outputs by input.
type Cases = BTreeMap<String, String>;

/// The table of this build; an error names the agents whose verdicts differ from
/// `recorded` without a higher revision.
pub fn table(recorded: &str) -> Result<String> {
    let before = read(recorded)?;
    let mut out = String::new();
    let mut changed = Vec::new();
    let mut agents = pi_agents::agents();
    agents.sort_by_key(|agent| agent.meta().slug);
    for agent in agents {
        let meta = agent.meta();
        let cases = cases(agent).with_context(|| meta.slug.to_owned())?;
        if let Some((revision, recorded)) = before.get(meta.slug) {
            let differs = |(input, output): (&String, &String)| {
                recorded.get(input).is_some_and(|before| before != output)
            };
            if meta.revision < *revision {
                changed.push(format!("{} went back from revision {revision}", meta.slug));
            } else if meta.revision == *revision && cases.iter().any(differs) {
                changed.push(format!("{} (revision {revision})", meta.slug));
            }
        }
        let _ = write!(out, "{}\t{}\t", meta.slug, meta.revision);
        let cases: Vec<String> = cases.iter().map(|(a, b)| format!("{a}:{b}")).collect();
        let _ = writeln!(out, "{}", cases.join(" "));
    }
    if !changed.is_empty() {
        bail!(
            "verdicts changed without a higher revision: {}\n\
             raise `revision` in the agent's file and say in CHANGELOG.md which rules changed",
            changed.join(", ")
        );
    }
    Ok(out)
}

fn read(table: &str) -> Result<BTreeMap<&str, (u32, Cases)>> {
    let mut agents = BTreeMap::new();
    for line in table.lines() {
        let mut fields = line.split('\t');
        let (Some(slug), Some(revision), Some(cases)) =
            (fields.next(), fields.next(), fields.next())
        else {
            bail!("{PATH}: `{line}` has no three fields");
        };
        let cases = cases.split_whitespace().filter_map(|case| case.split_once(':'));
        let cases = cases.map(|(input, output)| (input.to_owned(), output.to_owned())).collect();
        agents.insert(slug, (revision.parse()?, cases));
    }
    Ok(agents)
}

fn cases(agent: &dyn Agent) -> Result<Cases> {
    let meta = agent.meta();
    let cases = fixture::parse(meta.fixture).map_err(|problem| anyhow!(problem))?;
    let mut outputs = Cases::new();
    for case in cases {
        let original = Artifact::new(&case.path, case.bytes.clone());
        let said = [
            Said::of(agent, &original, case.as_of),
            Said::of(agent, &perturb(&original, 1, meta.invariant_to).artifact, case.as_of),
            Said::of(agent, &perturb(&original, 2, meta.invariant_to).artifact, case.as_of),
        ];
        let mut input = Hasher::new();
        input.update(case.path.as_bytes()).update(&[0]).update(original.digest().as_bytes());
        input.update(&case.as_of.map_or(0, |time| time.as_micros()).to_be_bytes());
        outputs.insert(short(input.finish()), short(Digest::of_canonical(&said[..])));
    }
    Ok(outputs)
}

fn short(digest: Digest) -> String {
    digest.to_hex().chars().take(DIGITS).collect()
}

/// All that an agent says about one artifact.
struct Said {
    findings: Vec<pi_agent_api::Finding>,
    dropped: u64,
    stop: Option<String>,
}

impl Said {
    fn of(agent: &dyn Agent, artifact: &Artifact, as_of: Option<pi_core::Timestamp>) -> Self {
        let mut report = Report::new(as_of);
        let stop = agent.check(artifact, &mut report).err().map(|stop| stop.to_string());
        let (findings, dropped) = report.into_findings();
        Self { findings, dropped, stop }
    }
}

impl ToCanonical for Said {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Self { findings, dropped, stop } = self;
        encoder.object(|o| {
            o.field("dropped", dropped).field("findings", findings).field("stop", stop);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_first_line(table: &str, change: impl Fn(&str) -> String) -> String {
        let (first, rest) = table.split_once('\n').unwrap();
        format!("{}\n{rest}", change(first))
    }

    #[test]
    fn a_changed_verdict_needs_a_higher_revision() {
        let now = table("").unwrap();
        assert_eq!(table(&now).unwrap(), now);
        let (slug, _) = now.split_once('\t').unwrap();
        // The record has another output for the last case.
        let other = with_first_line(&now, |line| {
            let last = line.chars().last().unwrap();
            format!("{}{}", &line[..line.len() - 1], if last == '0' { '1' } else { '0' })
        });
        let error = table(&other).unwrap_err().to_string();
        assert!(error.contains(slug) && error.contains("revision"), "{error}");
        // Another case is no change, an older revision may say what it likes.
        let fewer = with_first_line(&now, |line| line.rsplit_once(' ').unwrap().0.to_owned());
        assert_eq!(table(&fewer).unwrap(), now);
        let revised = |table: &str, by: fn(u32) -> u32| {
            with_first_line(table, |line| {
                let fields: Vec<&str> = line.split('\t').collect();
                format!("{}\t{}\t{}", fields[0], by(fields[1].parse().unwrap()), fields[2])
            })
        };
        let older = revised(&other, |revision| revision - 1);
        assert_eq!(table(&older).unwrap(), now);
        let newer = revised(&now, |revision| revision + 1);
        assert!(table(&newer).unwrap_err().to_string().contains("went back"));
    }
}
