//! The weighed findings of a run: what the policy is asked about.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use pi_core::canonical::{Encoder, ToCanonical, Value};
use pi_core::{Reason, Severity};

use crate::examine::Examination;

/// Counts of findings by severity and of incidents by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Risk {
    severities: BTreeMap<Severity, u64>,
    incidents: BTreeMap<Reason, u64>,
    allowed: u64,
    known: u64,
}

impl Risk {
    /// Adds the outcome of one examination. Agents that share a rule report the
    /// same thing; it counts once.
    pub fn add(&mut self, examination: &Examination) {
        let mut counted = BTreeSet::new();
        for finding in &examination.findings {
            if !counted.insert((
                finding.finding.rule.id,
                finding.finding.span,
                finding.finding.severity,
            )) {
                continue;
            }
            if finding.allowed.is_some() {
                self.allowed += 1;
            } else if finding.known {
                self.known += 1;
            } else {
                *self.severities.entry(finding.finding.severity).or_default() += 1;
            }
        }
        for incident in examination.incidents() {
            *self.incidents.entry(incident).or_default() += 1;
        }
    }

    /// Reads the recorded form.
    pub fn from_value(value: &Value) -> Option<Self> {
        let number = |key: &str| value.get(key)?.as_u64();
        let counts = |key: &str| -> Option<Vec<(&str, u64)>> {
            let items = value.get(key)?.as_array()?.iter();
            items
                .map(|item| Some((item.get("name")?.as_str()?, item.get("count")?.as_u64()?)))
                .collect()
        };
        let severities = counts("severities")?.into_iter();
        let incidents = counts("incidents")?.into_iter();
        Some(Self {
            severities: severities
                .map(|(name, count)| Some((Severity::from_str(name).ok()?, count)))
                .collect::<Option<_>>()?,
            incidents: incidents
                .map(|(code, count)| Some((Reason::from_code(code)?, count)))
                .collect::<Option<_>>()?,
            allowed: number("allowed")?,
            known: number("known")?,
        })
    }

    /// Findings of exactly this severity that count.
    pub fn count(&self, severity: Severity) -> u64 {
        self.severities.get(&severity).copied().unwrap_or(0)
    }

    /// Findings of at least this severity that count.
    pub fn count_from(&self, severity: Severity) -> u64 {
        self.severities.range(severity..).map(|(_, count)| count).sum()
    }

    /// Incidents of the examination itself, with their counts.
    pub fn incidents(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        self.incidents.iter().map(|(reason, count)| (*reason, *count))
    }

    /// Findings that an inline comment accepts.
    pub fn allowed(&self) -> u64 {
        self.allowed
    }

    /// Findings that the baseline knows.
    pub fn known(&self) -> u64 {
        self.known
    }
}

impl ToCanonical for Risk {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Risk { severities, incidents, allowed, known } = self;
        encoder.object(|o| {
            o.field("allowed", allowed)
                .field_with("incidents", |e| {
                    e.array(incidents.iter().map(|(r, n)| Count(r.code(), *n)))
                })
                .field("known", known)
                .field_with("severities", |e| {
                    e.array(severities.iter().map(|(s, n)| Count(s.as_str(), *n)));
                });
        });
    }
}

struct Count(&'static str, u64);

impl ToCanonical for Count {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| {
            o.field("count", &self.1).field("name", self.0);
        });
    }
}
