//! SARIF 2.1.0 (OASIS), the part that code hosts read.

use std::collections::BTreeMap;

use pi_agent_api::{Catalogue, Meta, Rule};
use pi_core::Severity;
use pi_core::canonical::{Encoder, ToCanonical};
use pi_kernel::examine::Located;
use pi_runtime::report::{Row, RunReport};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// A report as SARIF.
pub fn log<'a>(report: &'a RunReport<'a>, catalogue: &Catalogue) -> Log<'a> {
    let mut rules: BTreeMap<String, (&'static Rule, Option<&'static Meta>)> = BTreeMap::new();
    for artifact in &report.outcome.findings {
        for located in &artifact.findings {
            let meta = catalogue.find(located.agent).map(|agent| agent.meta());
            rules.insert(rule_id(located), (located.finding.rule, meta));
        }
    }
    Log { report, rules }
}

fn rule_id(located: &Located) -> String {
    format!("{}/{}", located.agent, located.finding.rule.id)
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The score that code hosts sort by.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}

/// A SARIF log with one run.
pub struct Log<'a> {
    report: &'a RunReport<'a>,
    rules: BTreeMap<String, (&'static Rule, Option<&'static Meta>)>,
}

impl ToCanonical for Log<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| {
            o.field("$schema", SCHEMA)
                .field_with("runs", |e| e.array([Run(self)]))
                .field("version", "2.1.0");
        });
    }
}

struct Run<'a>(&'a Log<'a>);

impl ToCanonical for Run<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Log { report, rules } = self.0;
        let rows = report.outcome.findings.iter().flat_map(|artifact| {
            artifact.findings.iter().map(|located| Row { path: &artifact.path, located })
        });
        encoder.object(|o| {
            o.field("columnKind", "unicodeCodePoints")
                .field_with("properties", |e| {
                    e.object(|o| {
                        o.field("decision", &report.outcome.decision)
                            .field("determinismProof", &report.outcome.determinism_proof)
                            .field("runId", report.run);
                    });
                })
                .field_with("results", |e| e.array(rows.map(|row| Finding { row, rules })))
                .field_with("tool", |e| {
                    e.object(|o| {
                        o.field_with("driver", |e| driver(e, rules));
                    });
                });
        });
    }
}

fn driver(encoder: &mut Encoder, rules: &BTreeMap<String, (&'static Rule, Option<&'static Meta>)>) {
    encoder.object(|o| {
        o.field("name", "pi")
            .field_with("rules", |e| {
                e.array(rules.iter().map(|(id, (rule, meta))| Descriptor {
                    id,
                    rule,
                    meta: *meta,
                }));
            })
            .field("semanticVersion", env!("CARGO_PKG_VERSION"));
    });
}

struct Text<'a>(&'a str);

impl ToCanonical for Text<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| {
            o.field("text", self.0);
        });
    }
}

struct Descriptor<'a> {
    id: &'a str,
    rule: &'static Rule,
    meta: Option<&'static Meta>,
}

impl ToCanonical for Descriptor<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Descriptor { id, rule, meta } = self;
        let full = meta.map_or(rule.summary, |meta| meta.summary());
        encoder.object(|o| {
            o.field_with("defaultConfiguration", |e| {
                e.object(|o| {
                    o.field("level", level(rule.severity));
                });
            })
            .field("fullDescription", &Text(full))
            .field("help", &Text(rule.fix))
            .field("id", *id)
            .field_with("properties", |e| {
                e.object(|o| {
                    o.field("precision", &rule.confidence)
                        .field("security-severity", security_severity(rule.severity))
                        .field_with("tags", |e| e.array(rule.references));
                });
            })
            .field("shortDescription", &Text(rule.summary));
        });
    }
}

struct Finding<'a> {
    row: Row<'a>,
    rules: &'a BTreeMap<String, (&'static Rule, Option<&'static Meta>)>,
}

impl ToCanonical for Finding<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let located = self.row.located;
        let id = rule_id(located);
        let index = self.rules.keys().position(|key| *key == id).unwrap_or(0);
        encoder.object(|o| {
            o.field("level", level(located.finding.severity))
                .field_with("locations", |e| e.array([Location(&self.row)]))
                .field("message", &Text(&located.finding.message))
                .field_with("partialFingerprints", |e| {
                    e.object(|o| {
                        o.field("pi/v1", &located.fingerprint);
                    });
                })
                .field("ruleId", &id)
                .field("ruleIndex", &index);
            if located.allowed.is_some() || located.known {
                o.field_with("suppressions", |e| e.array([Suppression(located)]));
            }
        });
    }
}

struct Suppression<'a>(&'a Located);

impl ToCanonical for Suppression<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| {
            match &self.0.allowed {
                Some(reason) => o.field("justification", reason).field("kind", "inSource"),
                None => o.field("kind", "external"),
            };
        });
    }
}

struct Location<'a>(&'a Row<'a>);

impl ToCanonical for Location<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Row { path, located } = self.0;
        encoder.object(|o| {
            o.field_with("physicalLocation", |e| {
                e.object(|o| {
                    o.field_with("artifactLocation", |e| {
                        e.object(|o| {
                            o.field("uri", &uri(path));
                        });
                    })
                    .field_with("region", |e| {
                        e.object(|o| {
                            o.field("endColumn", &located.end.column)
                                .field("endLine", &located.end.line)
                                .field("startColumn", &located.start.column)
                                .field("startLine", &located.start.line);
                        });
                    });
                });
            });
        });
    }
}

/// A relative path as a URI reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
