//! See [`CloudTraceSpanEmitter`].

use std::collections::{BTreeMap, BTreeSet};

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind};

use super::rules::rule;

rule!(
    ID,
    "invalid-trace-id",
    Medium,
    High,
    ["CWE-20"],
    "an id of a trace or span that receivers drop",
    "use 32 hexadecimal digits for a trace and 16 for a span, not all zero"
);
rule!(
    TIME,
    "span-ends-before-start",
    Medium,
    High,
    ["CWE-20"],
    "a span ends before it begins",
    "take both times from one clock"
);
rule!(
    TWICE,
    "span-id-twice",
    Medium,
    High,
    ["CWE-694"],
    "two spans of a trace have one id",
    "make a random id for each span"
);
rule!(
    PARENT,
    "span-is-its-own-ancestor",
    Medium,
    High,
    ["CWE-1047"],
    "following the parents of a span leads back to it",
    "set the parent to the span that was open when this one began"
);
rule!(
    OUTSIDE,
    "span-outside-parent",
    Info,
    Medium,
    ["CWE-20"],
    "a span begins before its parent does",
    "compare the clocks of the two machines"
);

declare_agent! {
    /// Finds spans that a trace receiver drops or shows wrongly.
    ///
    /// # What it checks
    /// Traces in OTLP JSON (`resourceSpans`): ids by the rules of W3C Trace Context,
    /// times, ids that stand twice, parents that lead in a circle, spans that begin
    /// before their parent.
    ///
    /// # Why it matters
    /// A receiver drops what it cannot place, without a word: the trace has a hole
    /// just where one looks for the cause.
    ///
    /// # Example denied
    /// ```json
    /// {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "0", "spanId": "1"}]}]}]}
    /// ```
    ///
    /// # Example allowed
    /// ```json
    /// {"resourceSpans": [{"scopeSpans": [{"spans": [
    ///   {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"}]}]}]}
    /// ```
    ///
    /// # Limits
    /// A parent that is not in the file may be in another one. Ids in base64, as some
    /// exporters write them, are accepted. Nothing is sent anywhere.
    ///
    /// # References
    /// W3C Trace Context; OpenTelemetry protocol, JSON encoding.
    pub struct CloudTraceSpanEmitter {
        slug: "cloud_trace_span_emitter",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Json],
        triggers: Any(&["resourceSpans"]),
        invariant_to: ALL,
        rules: [ID, TIME, TWICE, PARENT, OUTSIDE],
        fixture: include_str!("fixtures/cloud_trace_span_emitter.md"),
        check: check,
    }
}

fn text<'a>(node: &'a Node, key: &str) -> &'a str {
    node.get(key).and_then(Node::scalar).unwrap_or_default()
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for document in artifact.data()? {
        let resources = document.root.get("resourceSpans").map(Node::items).unwrap_or_default();
        let scopes = resources.iter().flat_map(|resource| {
            let found =
                resource.get("scopeSpans").or_else(|| resource.get("instrumentationLibrarySpans"));
            found.map(Node::items).unwrap_or_default()
        });
        let spans: Vec<&Node> = scopes
            .flat_map(|scope| scope.get("spans").map(Node::items).unwrap_or_default())
            .collect();
        let mut traces: BTreeMap<(&str, &str), &Node> = BTreeMap::new();
        for span in &spans {
            report.tick(1)?;
            own(span, report);
            let id = (text(span, "traceId"), text(span, "spanId"));
            if traces.insert(id, span).is_some() && !id.1.is_empty() {
                report.finding(&TWICE, place(span, "spanId")).subject(id.1);
            }
        }
        for span in &spans {
            ancestry(span, &traces, report)?;
        }
    }
    Ok(())
}

fn place(span: &Node, key: &str) -> pi_artifacts::Span {
    span.get(key).map_or(span.span, |node| node.span)
}

/// Whether an id has so many hexadecimal digits, or is as many bytes in base64.
fn is_id(text: &str, digits: usize) -> bool {
    let zero = text.bytes().all(|byte| byte == b'0');
    let hexadecimal = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let encoded = text.len() == (digits / 2).div_ceil(3) * 4 && text.ends_with('=');
    (hexadecimal || encoded) && !zero
}

fn time(span: &Node, key: &str) -> Option<u128> {
    text(span, key).parse().ok().filter(|time| *time > 0)
}

fn own(span: &Node, report: &mut Report) {
    let name = text(span, "name");
    for (key, digits, needed) in
        [("traceId", 32, true), ("spanId", 16, true), ("parentSpanId", 16, false)]
    {
        let id = text(span, key);
        if (needed || !id.is_empty()) && !is_id(id, digits) {
            report
                .finding(&ID, place(span, key))
                .message(format!("`{key}` of the span `{name}` is not {digits} hexadecimal digits"))
                .subject(format!("{name}/{key}"));
        }
    }
    if let (Some(start), Some(end)) =
        (time(span, "startTimeUnixNano"), time(span, "endTimeUnixNano"))
        && end < start
    {
        report.finding(&TIME, place(span, "endTimeUnixNano")).subject(name);
    }
}

fn ancestry(
    span: &Node,
    traces: &BTreeMap<(&str, &str), &Node>,
    report: &mut Report,
) -> Result<(), Stop> {
    let trace = text(span, "traceId");
    let id = text(span, "spanId");
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut at = text(span, "parentSpanId");
    while let Some(parent) = traces.get(&(trace, at)).filter(|_| !at.is_empty()) {
        report.tick(1)?;
        if seen.is_empty()
            && let (Some(outer), Some(inner)) =
                (time(parent, "startTimeUnixNano"), time(span, "startTimeUnixNano"))
            && inner < outer
        {
            report.finding(&OUTSIDE, place(span, "startTimeUnixNano")).subject(id);
        }
        if at == id {
            report.finding(&PARENT, place(span, "parentSpanId")).subject(id);
            break;
        }
        if !seen.insert(at) {
            break;
        }
        at = text(parent, "parentSpanId");
    }
    Ok(())
}
