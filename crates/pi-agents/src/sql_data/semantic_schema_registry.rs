//! See [`SemanticSchemaRegistry`].

use std::collections::BTreeMap;

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::diff::{Change, FileDiff};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

macro_rules! rule {
    ($name:ident, $id:literal, $severity:ident, $summary:literal, $fix:literal) => {
        const $name: Rule = Rule {
            id: $id,
            summary: $summary,
            severity: Severity::$severity,
            confidence: Confidence::High,
            references: &["CWE-1093"],
            fix: $fix,
        };
    };
}

rule!(
    REUSED,
    "field-number-reused",
    High,
    "a number gets another meaning: old data is read as something else",
    "give the new field a new number, and reserve the old one"
);
rule!(
    TYPE,
    "field-type-changed",
    High,
    "the type of a field changes to one that is written differently",
    "add a new field with the new type, and keep the old one until nobody writes it"
);
rule!(
    REMOVED,
    "removed-without-reserve",
    Medium,
    "a field is gone and its number is free to be taken again",
    "add `reserved` with its number and its name"
);
rule!(
    MOVED,
    "field-number-changed",
    High,
    "a field gets another number: old data loses it",
    "keep the number"
);
rule!(
    REQUIRED,
    "required-field-added",
    High,
    "a field becomes required: everything that was written before cannot be read any more",
    "make it optional"
);

declare_agent! {
    /// Finds changes of schemas that old data or old programs do not survive.
    ///
    /// # What it checks
    /// Diffs of Protocol Buffers files: numbers that get another field, types that are
    /// written differently, fields that go without their number being reserved, fields
    /// that get another number, and new required fields.
    ///
    /// # Why it matters
    /// Both versions are in use at once, and the old data stays for years. What breaks
    /// there, breaks without an error message.
    ///
    /// # Example denied
    /// ```diff
    /// -  string name = 1;
    /// +  int64 age = 1;
    /// ```
    ///
    /// # Example allowed
    /// ```diff
    /// -  string name = 1;
    /// +  reserved 1;
    /// +  int64 age = 2;
    /// ```
    ///
    /// # Limits
    /// A diff shows some lines around a change: a `reserved` further away is not seen,
    /// and a message that begins outside of a hunk has no name in it. Renaming a field
    /// keeps old data and is not reported.
    ///
    /// # References
    /// Protocol Buffers: updating a message type; buf: breaking change rules, WIRE.
    pub struct SemanticSchemaRegistry {
        slug: "semantic_schema_registry",
        domain: SqlData,
        phase: Diff,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Diff],
        triggers: Any(&[".proto"]),
        invariant_to: ALL,
        rules: [REUSED, TYPE, REMOVED, MOVED, REQUIRED],
        fixture: include_str!("fixtures/semantic_schema_registry.md"),
        check: check,
    }
}

/// A field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    kind: String,
    name: String,
    number: u32,
    required: bool,
    span: Span,
}

/// What a hunk says of one message.
#[derive(Default)]
struct Message {
    removed: Vec<Field>,
    added: Vec<Field>,
    kept: Vec<Field>,
    /// Words behind `reserved`, in lines that are there afterwards.
    reserved: Vec<String>,
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for file in &artifact.diff()?.files {
        let is_proto =
            |path: &Option<String>| path.as_deref().is_some_and(|path| path.ends_with(".proto"));
        // A file that is new or gone has no other version.
        if is_proto(&file.old_path) && is_proto(&file.new_path) {
            compare(file, report)?;
        }
    }
    Ok(())
}

fn compare(file: &FileDiff, report: &mut Report) -> Result<(), Stop> {
    for hunk in &file.hunks {
        let mut messages: BTreeMap<String, Message> = BTreeMap::new();
        let mut scope: Vec<String> = Vec::new();
        for line in &hunk.lines {
            report.tick(1)?;
            let text = line.text.split("//").next().unwrap_or_default().trim();
            let opens = text.ends_with('{');
            let message = messages.entry(scope.join(".")).or_default();
            if let Some(rest) =
                text.strip_prefix("reserved ").filter(|_| line.change != Change::Removed)
            {
                let words =
                    rest.split([',', ';', ' ']).map(|word| word.trim_matches('"').to_owned());
                message.reserved.extend(words.filter(|word| !word.is_empty()));
            } else if let Some(field) = field(text, line.span) {
                match line.change {
                    Change::Added => message.added.push(field),
                    Change::Removed => message.removed.push(field),
                    Change::Context => message.kept.push(field),
                }
            }
            if opens && line.change != Change::Removed {
                let name = text.split_whitespace().nth(1).unwrap_or("block").trim_end_matches('{');
                scope.push(name.to_owned());
            } else if text.starts_with('}') && line.change != Change::Removed {
                scope.pop();
            }
        }
        for (name, message) in &messages {
            report.tick((message.removed.len() * (message.added.len() + 1)) as u64)?;
            judge(name, message, report);
        }
    }
    Ok(())
}

/// Reads `optional string name = 1 [deprecated = true];`.
fn field(text: &str, span: Span) -> Option<Field> {
    let body = text.split(['[', ';']).next()?;
    let (left, number) = body.split_once('=')?;
    let number: u32 = number.trim().parse().ok()?;
    let mut words: Vec<&str> = left.split_whitespace().collect();
    let label =
        words.first().copied().filter(|word| matches!(*word, "optional" | "required" | "repeated"));
    if label.is_some() {
        words.remove(0);
    }
    // A map's type has a blank in it; a value of an enum has no type.
    let name = words.pop().filter(|_| !words.is_empty())?;
    let first = *words.first()?;
    if matches!(first, "option" | "import" | "package" | "syntax" | "edition") {
        return None;
    }
    let repeated = if label == Some("repeated") { "repeated " } else { "" };
    Some(Field {
        kind: format!("{repeated}{}", words.join("")),
        name: name.to_owned(),
        number,
        required: label == Some("required"),
        span,
    })
}

/// Types that are written alike.
fn family(kind: &str) -> &str {
    match kind {
        "int32" | "uint32" | "int64" | "uint64" | "bool" => "varint",
        "sint32" | "sint64" => "zigzag",
        "fixed32" | "sfixed32" => "fixed32",
        "fixed64" | "sfixed64" => "fixed64",
        "string" | "bytes" => "bytes",
        other => other,
    }
}

/// Whether `reserved` has a number, alone or in a range `4 to 9`.
fn is_reserved(words: &[String], number: u32) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        let Ok(from) = word.parse::<u32>() else { return false };
        let to = match (words.get(at + 1).map(String::as_str), words.get(at + 2)) {
            (Some("to"), Some(end)) => end.parse().unwrap_or(u32::MAX),
            _ => from,
        };
        (from..=to).contains(&number)
    })
}

fn judge(name: &str, message: &Message, report: &mut Report) {
    let subject = |field: &Field| {
        if name.is_empty() { field.name.clone() } else { format!("{name}.{}", field.name) }
    };
    for old in &message.removed {
        let same_number = message.added.iter().find(|new| new.number == old.number);
        let same_name = message.added.iter().find(|new| new.name == old.name);
        match (same_number, same_name) {
            (Some(new), _) if new.name == old.name || family(&new.kind) == family(&old.kind) => {
                if family(&new.kind) != family(&old.kind) {
                    report
                        .finding(&TYPE, new.span)
                        .message(format!(
                            "`{}` was `{}` and becomes `{}`",
                            new.name, old.kind, new.kind
                        ))
                        .subject(subject(new));
                }
            }
            (Some(new), _) => {
                report
                    .finding(&REUSED, new.span)
                    .message(format!(
                        "number {} was `{}` and becomes `{}`",
                        old.number, old.name, new.name
                    ))
                    .subject(subject(new));
            }
            (None, Some(new)) => {
                report
                    .finding(&MOVED, new.span)
                    .message(format!(
                        "`{}` had the number {} and gets {}",
                        old.name, old.number, new.number
                    ))
                    .subject(subject(new));
            }
            (None, None) if !is_reserved(&message.reserved, old.number) => {
                report
                    .finding(&REMOVED, old.span)
                    .message(format!(
                        "`{}` is gone, and its number {} is not reserved",
                        old.name, old.number
                    ))
                    .subject(subject(old));
            }
            (None, None) => {}
        }
    }
    for new in message.added.iter().filter(|new| new.required) {
        let was = message.removed.iter().any(|old| old.number == new.number && old.required);
        if !was {
            report
                .finding(&REQUIRED, new.span)
                .message(format!("`{}` becomes required", new.name))
                .subject(subject(new));
        }
    }
}
