//! Alarms on what is done in an account: a filter over the log that counts, and an
//! alarm on its count.

use pi_artifacts::Span;
use pi_artifacts::terraform::{Node, Resource};

use super::model::{Graph, reach, refers_to};

/// The types with which an account is watched.
pub(crate) const WATCHING: &[&str] = &[FILTER, ALARM];
const FILTER: &str = "aws_cloudwatch_log_metric_filter";
const ALARM: &str = "aws_cloudwatch_metric_alarm";

/// The place of the file, where it watches an account and no alarm is raised by a
/// filter whose pattern has all `words`. Patterns are compared without blanks,
/// quotes and case; one that is not known may be the one that is missing. The first
/// watching resource answers for the file.
pub(crate) fn missing(resource: &Resource, words: &[&str], graph: &Graph) -> Vec<Span> {
    let watching = |other: &&Resource| WATCHING.contains(&other.kind.as_str());
    let first = graph.resources.iter().find(watching);
    if first.is_none_or(|first| first.address != resource.address) {
        return Vec::new();
    }
    let of = |kind: &'static str| graph.resources.iter().filter(move |other| other.kind == kind);
    let known = |filter: &Resource| {
        filter.body.get("pattern").is_none_or(|pattern| pattern.text().is_some())
    };
    if !of(FILTER).all(known) {
        return Vec::new();
    }
    let mut filters = of(FILTER).filter(|filter| {
        let pattern = filter.body.get("pattern").and_then(Node::text).unwrap_or_default();
        let pattern: String =
            pattern.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\\')).collect();
        let pattern = pattern.to_lowercase();
        words.iter().all(|word| pattern.contains(word))
    });
    let raised = filters.any(|filter| {
        let counts = reach(filter, "metric_transformation.name");
        let counts: Vec<&str> = counts.found.iter().filter_map(|(node, _)| node.text()).collect();
        of(ALARM).any(|alarm| {
            alarm.body.get("metric_name").is_some_and(|name| {
                refers_to(name, &filter.address)
                    || name.text().is_some_and(|name| counts.contains(&name))
            })
        })
    });
    let place = graph.resources.first().map(|first| first.span);
    if raised { Vec::new() } else { place.into_iter().collect() }
}
