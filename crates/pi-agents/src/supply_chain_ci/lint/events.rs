//! Events, their types and filters, by GitHub: Events that trigger workflows.

use pi_agent_api::{Report, Stop};
use pi_artifacts::Span;
use pi_artifacts::data::{Data, Entry, Node};

use super::super::workflow::model::Workflow;
use super::schema::{self, is_computed};
use super::{EVENT, MISSING_KEY, PATTERN, WRONG_VALUE, shapes};

/// Events and the types of activity that they know.
const EVENTS: &[(&str, &[&str])] = &[
    ("branch_protection_rule", &["created", "edited", "deleted"]),
    ("check_run", &["created", "rerequested", "completed", "requested_action"]),
    ("check_suite", &["completed"]),
    ("create", &[]),
    ("delete", &[]),
    ("deployment", &[]),
    ("deployment_status", &[]),
    (
        "discussion",
        &[
            "created",
            "edited",
            "deleted",
            "transferred",
            "pinned",
            "unpinned",
            "labeled",
            "unlabeled",
            "locked",
            "unlocked",
            "category_changed",
            "answered",
            "unanswered",
        ],
    ),
    ("discussion_comment", &["created", "edited", "deleted"]),
    ("fork", &[]),
    ("gollum", &[]),
    ("image_version", &["created", "ready", "deleted"]),
    ("issue_comment", &["created", "edited", "deleted"]),
    (
        "issues",
        &[
            "opened",
            "edited",
            "deleted",
            "transferred",
            "pinned",
            "unpinned",
            "closed",
            "reopened",
            "assigned",
            "unassigned",
            "labeled",
            "unlabeled",
            "locked",
            "unlocked",
            "milestoned",
            "demilestoned",
            "typed",
            "untyped",
        ],
    ),
    ("label", &["created", "edited", "deleted"]),
    ("member", &["added", "edited", "deleted"]),
    ("merge_group", &["checks_requested"]),
    ("milestone", &["created", "closed", "opened", "edited", "deleted"]),
    ("page_build", &[]),
    ("project", &["created", "closed", "reopened", "edited", "deleted"]),
    ("project_card", &["created", "moved", "converted", "edited", "deleted"]),
    ("project_column", &["created", "updated", "moved", "deleted"]),
    ("public", &[]),
    ("pull_request", PULL_REQUEST),
    ("pull_request_comment", &["created", "edited", "deleted"]),
    ("pull_request_review", &["submitted", "edited", "dismissed"]),
    ("pull_request_review_comment", &["created", "edited", "deleted"]),
    ("pull_request_target", PULL_REQUEST),
    ("push", &[]),
    ("registry_package", &["published", "updated"]),
    (
        "release",
        &["published", "unpublished", "created", "edited", "deleted", "prereleased", "released"],
    ),
    ("repository_dispatch", &[]),
    ("schedule", &[]),
    ("status", &[]),
    ("watch", &["started"]),
    ("workflow_call", &[]),
    ("workflow_dispatch", &[]),
    ("workflow_run", &["completed", "requested", "in_progress"]),
];

const PULL_REQUEST: &[&str] = &[
    "assigned",
    "unassigned",
    "labeled",
    "unlabeled",
    "opened",
    "edited",
    "closed",
    "reopened",
    "synchronize",
    "converted_to_draft",
    "locked",
    "unlocked",
    "enqueued",
    "dequeued",
    "milestoned",
    "demilestoned",
    "ready_for_review",
    "review_requested",
    "review_request_removed",
    "auto_merge_enabled",
    "auto_merge_disabled",
];

/// Filters, and the events that know them.
const FILTERS: &[(&str, &[&str])] = &[
    ("branches", BRANCHES),
    ("branches-ignore", BRANCHES),
    ("tags", &["push"]),
    ("tags-ignore", &["push"]),
    ("paths", PATHS),
    ("paths-ignore", PATHS),
    ("workflows", &["workflow_run"]),
    ("names", &["image_version"]),
    ("versions", &["image_version"]),
];

const BRANCHES: &[&str] =
    &["merge_group", "push", "pull_request", "pull_request_target", "workflow_run"];
const PATHS: &[&str] = &["push", "pull_request", "pull_request_target"];

/// Inputs that a workflow may ask for.
const MAX_INPUTS: usize = 25;

/// Minutes between two runs of a schedule, at least.
const MIN_MINUTES: u32 = 5;

/// Reports what is wrong with the events.
///
/// # Errors
/// The steps are spent.
pub fn check(workflow: &Workflow, report: &mut Report) -> Result<(), Stop> {
    let Some(on) = workflow.on() else { return Ok(()) };
    match &on.value.value {
        Data::Map(entries) => {
            for entry in entries {
                report.tick(1)?;
                event(entry, report)?;
            }
        }
        Data::Sequence(items) => {
            for item in items {
                bare(item, on, report);
            }
        }
        _ => bare(&on.value, on, report),
    }
    Ok(())
}

fn see(what: impl Into<String>, span: Span, subject: impl Into<String>, report: &mut Report) {
    report.finding(&EVENT, span).message(what).subject(subject);
}

/// An event without settings.
fn bare(node: &Node, on: &Entry, report: &mut Report) {
    let Some(name) = node.as_str() else { return };
    if !EVENTS.iter().any(|(known, _)| *known == name) {
        see(format!("there is no event `{name}`"), node.span, format!("on.{name}"), report);
    } else if name == "schedule" {
        report
            .finding(&MISSING_KEY, on.key_span)
            .message("`schedule` says when only as a map")
            .subject("on.schedule");
    }
}

fn event(entry: &Entry, report: &mut Report) -> Result<(), Stop> {
    let name = entry.key.as_str();
    let path = format!("on.{name}");
    let Some((_, types)) = EVENTS.iter().find(|(known, _)| *known == name) else {
        see(format!("there is no event `{name}`"), entry.key_span, path, report);
        return Ok(());
    };
    match name {
        "workflow_dispatch" => {
            schema::check(&entry.value, &shapes::DISPATCH, &path, report)?;
            return inputs(entry, &path, report);
        }
        "workflow_call" => {
            schema::check(&entry.value, &shapes::CALL, &path, report)?;
            called_inputs(entry, &path, report);
            return Ok(());
        }
        "schedule" => {
            schedule(entry, report);
            return Ok(());
        }
        _ => {}
    }
    for filter in entry.value.entries() {
        let below = format!("{path}.{}", filter.key);
        if filter.key == "types" {
            self::types(name, types, filter, &below, report);
            continue;
        }
        match FILTERS.iter().find(|(known, _)| *known == filter.key) {
            None => {
                report
                    .finding(&super::UNKNOWN_KEY, filter.key_span)
                    .message(format!("`{name}` has no setting `{}`", filter.key))
                    .subject(below);
            }
            Some((known, events)) if !events.contains(&name) => {
                see(format!("`{name}` has no filter `{known}`"), filter.key_span, below, report);
            }
            Some((known, _)) => patterns(known, filter, &below, report),
        }
    }
    exclusive(entry, &path, report);
    if name == "workflow_run" && entry.value.get("workflows").is_none() {
        see("`workflow_run` names no workflows", entry.key_span, path, report);
    }
    Ok(())
}

fn types(name: &str, known: &[&str], filter: &Entry, path: &str, report: &mut Report) {
    let own = name == "repository_dispatch";
    if known.is_empty() && !own {
        see(format!("`{name}` has no types"), filter.key_span, path, report);
        return;
    }
    let items = filter.value.items();
    let listed: Vec<&Node> =
        if items.is_empty() { vec![&filter.value] } else { items.iter().collect() };
    if matches!(&filter.value.value, Data::Sequence(items) if items.is_empty()) {
        report.finding(&WRONG_VALUE, filter.value.span).message("no types").subject(path);
    }
    for node in listed {
        if let Some(word) = node.as_str().filter(|word| !own && !known.contains(word)) {
            see(
                format!("`{name}` has no type `{word}`"),
                node.span,
                format!("{path}.{word}"),
                report,
            );
        }
    }
}

/// A filter and its opposite cannot be combined.
fn exclusive(entry: &Entry, path: &str, report: &mut Report) {
    for name in ["branches", "tags", "paths"] {
        let ignore = format!("{name}-ignore");
        if let (Some(_), Some(second)) = (entry.value.get(name), entry.value.entry(&ignore)) {
            see(
                format!("`{name}` and `{ignore}` cannot be combined; use `!` patterns"),
                second.key_span,
                format!("{path}.{ignore}"),
                report,
            );
        }
    }
}

fn patterns(filter: &str, entry: &Entry, path: &str, report: &mut Report) {
    let items = entry.value.items();
    if matches!(&entry.value.value, Data::Null)
        || matches!(&entry.value.value, Data::Sequence(items) if items.is_empty())
    {
        report
            .finding(&WRONG_VALUE, entry.value.span)
            .message(format!("`{path}` is empty"))
            .subject(path);
    }
    let listed: Vec<&Node> =
        if items.is_empty() { vec![&entry.value] } else { items.iter().collect() };
    let is_path = filter.starts_with("paths");
    if matches!(filter, "workflows" | "names" | "versions") {
        return;
    }
    for node in listed {
        let Some(pattern) = node.as_str() else { continue };
        if let Some(what) = wrong_pattern(pattern, is_path) {
            report
                .finding(&PATTERN, node.span)
                .message(format!("the pattern `{pattern}` {what}"))
                .subject(format!("{path}/{pattern}"));
        }
    }
}

/// What is wrong with a pattern.
fn wrong_pattern(pattern: &str, is_path: bool) -> Option<&'static str> {
    let body = pattern.strip_prefix('!').unwrap_or(pattern);
    if body.is_empty() {
        return Some("is empty");
    }
    if is_path && (body.starts_with("./") || body.starts_with("../") || body.starts_with(' ')) {
        return Some("matches no path: paths begin at the root of the repository");
    }
    if !is_path && (body.starts_with('/') || body.ends_with('/') || body.contains("//")) {
        return Some("matches no name: names neither begin nor end with `/`");
    }
    let mut before: Option<char> = None;
    let mut characters = body.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => {
                let next = characters.next();
                if !next.is_some_and(|next| "[]?+*\\!#".contains(next)) {
                    return Some("escapes a character that means itself");
                }
            }
            '?' | '+' if before.is_none_or(|b| matches!(b, '*' | '?' | '+')) => {
                return Some("repeats nothing");
            }
            '[' => {
                let class: String = characters.by_ref().take_while(|c| *c != ']').collect();
                let ranges: Vec<char> = class.chars().collect();
                if class.is_empty() {
                    return Some("has an empty class");
                }
                let backwards = |range: &[char]| matches!(range, [a, '-', b] if a > b);
                if ranges.windows(3).any(backwards) {
                    return Some("has a range that runs backwards");
                }
            }
            '^' | '~' | ':' | ' ' if !is_path => {
                return Some("has a character that names cannot have");
            }
            _ => {}
        }
        before = Some(c);
    }
    None
}

fn inputs(entry: &Entry, path: &str, report: &mut Report) -> Result<(), Stop> {
    let inputs = entry.value.get("inputs").map(Node::entries).unwrap_or_default();
    if inputs.len() > MAX_INPUTS {
        see(
            format!("{} inputs are more than the {MAX_INPUTS} that GitHub allows", inputs.len()),
            entry.value.entry("inputs").map_or(entry.key_span, |inputs| inputs.key_span),
            path,
            report,
        );
    }
    for input in inputs {
        report.tick(1)?;
        dispatch_input(input, &format!("{path}.inputs.{}", input.key), report);
    }
    Ok(())
}

fn dispatch_input(input: &Entry, path: &str, report: &mut Report) {
    let kind = input.value.get("type").and_then(Node::as_str).unwrap_or("string");
    let default = input.value.get("default");
    let options = input.value.entry("options");
    match kind {
        "string" | "number" | "boolean" | "environment" => {
            if let Some(options) = options {
                see(format!("`{kind}` has no options"), options.key_span, path, report);
            }
        }
        "choice" => {
            let listed = options.map(|options| options.value.items()).unwrap_or_default();
            if options.is_none() || listed.is_empty() {
                see("a choice needs options", input.key_span, path, report);
            }
            let mut seen = std::collections::BTreeSet::new();
            for node in listed {
                if let Some(text) = node.scalar().filter(|text| !seen.insert((*text).to_owned())) {
                    see(format!("the option `{text}` stands twice"), node.span, path, report);
                }
            }
            if let Some(node) = default
                && !listed.is_empty()
                && !listed.iter().any(|option| option.scalar() == node.scalar())
            {
                see("the default is none of the options", node.span, path, report);
            }
        }
        other => {
            let span = input.value.get("type").map_or(input.key_span, |node| node.span);
            report
                .finding(&WRONG_VALUE, span)
                .message(format!("there is no type `{other}`"))
                .subject(path);
        }
    }
    default_type(kind, default, path, report);
}

fn default_type(kind: &str, default: Option<&Node>, path: &str, report: &mut Report) {
    let Some(node) = default.filter(|node| !is_computed(node)) else { return };
    let fits = match kind {
        "boolean" => node.scalar().is_some_and(|text| matches!(text, "true" | "false")),
        "number" => node.scalar().is_some_and(is_number),
        _ => true,
    };
    if !fits {
        see(format!("the default is no {kind}"), node.span, path, report);
    }
}

/// A decimal number.
fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    all(whole) && all(part)
}

fn called_inputs(entry: &Entry, path: &str, report: &mut Report) {
    for input in entry.value.get("inputs").map(Node::entries).unwrap_or_default() {
        let below = format!("{path}.inputs.{}", input.key);
        let Some(node) = input.value.get("type") else { continue };
        let kind = node.as_str().unwrap_or_default();
        if !matches!(kind, "boolean" | "number" | "string") {
            see(format!("an input of a called workflow is no `{kind}`"), node.span, &below, report);
        }
        let default = input.value.get("default");
        default_type(kind, default, &below, report);
        let required = input.value.get("required").and_then(Node::as_bool) == Some(true);
        if let Some(node) = default.filter(|_| required) {
            see("a required input never takes its default", node.span, below, report);
        }
    }
}

fn schedule(entry: &Entry, report: &mut Report) {
    if entry.value.items().is_empty() {
        report
            .finding(&WRONG_VALUE, entry.key_span)
            .message("`on.schedule` names no time")
            .subject("on.schedule");
    }
    for item in entry.value.items() {
        for key in item.entries() {
            let text = key.value.scalar().unwrap_or_default();
            let wrong = match key.key.as_str() {
                _ if text.is_empty() => {
                    report
                        .finding(&WRONG_VALUE, key.value.span)
                        .message(format!("`{}` is empty", key.key))
                        .subject(format!("on.schedule.{}", key.key));
                    continue;
                }
                "cron" => wrong_cron(text),
                // `Area/City`, as the tz database names them.
                "timezone" => (!is_zone(text)).then_some("is no time zone"),
                _ => {
                    report.finding(&super::UNKNOWN_KEY, key.key_span).subject("on.schedule");
                    continue;
                }
            };
            if let Some(what) = wrong {
                let subject = format!("on.schedule/{text}");
                see(format!("`{text}` {what}"), key.value.span, subject, report);
            }
        }
    }
}

/// Areas of the tz database.
const AREAS: &[&str] = &[
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
    "Etc",
];

fn is_zone(text: &str) -> bool {
    match text.split_once('/') {
        Some((area, place)) => AREAS.contains(&area) && !place.is_empty(),
        None => matches!(text, "UTC" | "GMT"),
    }
}

/// The fields of a cron expression: their least and greatest value, and the
/// names that stand for numbers.
const FIELDS: [(u32, u32, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]),
    (0, 7, &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
];

fn wrong_cron(text: &str) -> Option<&'static str> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Some("must have five fields");
    }
    let mut minutes = Vec::new();
    for (number, (field, (low, high, names))) in fields.iter().zip(FIELDS).enumerate() {
        let Some(values) = cron_field(field, low, high, names) else {
            return Some("has a field that is no time");
        };
        if number == 0 {
            minutes = values;
        }
    }
    // Around the hour, too, unless only one hour is meant.
    let gaps = minutes.windows(2).filter_map(|pair| match pair {
        [a, b] => Some(b - a),
        _ => None,
    });
    let hourly = fields.get(1) == Some(&"*");
    let around = minutes.first().zip(minutes.last()).filter(|_| hourly && minutes.len() > 1);
    let around = around.map(|(first, last)| 60 + first - last);
    (gaps.chain(around).min().is_some_and(|gap| gap < MIN_MINUTES))
        .then_some("runs more often than every five minutes")
}

/// The values of a field in order.
fn cron_field(field: &str, low: u32, high: u32, names: &[&str]) -> Option<Vec<u32>> {
    let value = |text: &str| -> Option<u32> {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = match named {
            Some(at) => low + u32::try_from(at).ok()?,
            None => text.parse().ok()?,
        };
        (low..=high).contains(&value).then_some(value)
    };
    let mut out = std::collections::BTreeSet::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (value(first)?, value(last)?),
            None if range == "*" => (low, high),
            None if part.contains('/') => (value(range)?, high),
            None => (value(range)?, value(range)?),
        };
        if first > last {
            return None;
        }
        out.extend((first..=last).step_by(usize::try_from(step).ok()?));
    }
    Some(out.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_patterns() {
        for good in ["*/5 * * * *", "0 0 * * MON", "0,30 8-18 1 JAN *", "3 4 * * *"] {
            assert_eq!(wrong_cron(good), None, "{good}");
        }
        for bad in
            ["*/4 * * * *", "0 0 * *", "60 * * * *", "0 0 * * FOO", "1-0 * * * *", "0,58 * * * *"]
        {
            assert!(wrong_cron(bad).is_some(), "{bad}");
        }
        for good in ["v*.*.*", "release/**", "!docs/**", "v[0-9]+", "**.js"] {
            assert_eq!(wrong_pattern(good, false), None, "{good}");
        }
        for bad in ["^foo-", "v*+", "v[9-1]", "", "v\\d"] {
            assert!(wrong_pattern(bad, false).is_some(), "{bad}");
        }
        assert!(wrong_pattern("./x", true).is_some());
    }
}
