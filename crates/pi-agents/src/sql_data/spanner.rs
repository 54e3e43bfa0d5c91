//! What keeps tables of PostgreSQL and MySQL from moving to Spanner. Behind
//! `spanner_migration_planner`.

use pi_agent_api::{Report, Rule, Stop};
use pi_artifacts::{Artifact, Span};
use pi_core::{Confidence, Severity};

use super::ddl::{Column, ConstraintKind, CreateTable, Operation, migration};

pub(crate) const KEYLESS: Rule = Rule {
    id: "table-without-primary-key",
    summary: "a table has no primary key, which Spanner asks for",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-1067"],
    fix: "choose the columns that rows are found by, or add a UUID",
};

pub(crate) const HOT: Rule = Rule {
    id: "hot-spot-key",
    summary: "the key of a table grows with time: all new rows go to one server",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-1072"],
    fix: "begin the key with a UUID of version 4, a bit-reversed sequence or a column with many values",
};

pub(crate) const TYPE: Rule = Rule {
    id: "unsupported-column-type",
    summary: "a column has a type that Spanner does not have",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-1103"],
    fix: "map it: text for enumerations and addresses, numeric for money, jsonb for the rest",
};

pub(crate) const STATEMENT: Rule = Rule {
    id: "unsupported-statement",
    summary: "a statement makes something that Spanner does not have",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-1103"],
    fix: "move the logic into the program",
};

/// Types without a counterpart that keeps their meaning.
const TYPES: &[&str] = &[
    "ENUM",
    "INET",
    "CIDR",
    "MACADDR",
    "MACADDR8",
    "MONEY",
    "HSTORE",
    "TSVECTOR",
    "TSQUERY",
    "XML",
    "POINT",
    "LINE",
    "LSEG",
    "BOX",
    "PATH",
    "POLYGON",
    "CIRCLE",
    "BIT",
    "VARBIT",
    "TIMETZ",
    "SET",
    "GEOMETRY",
    "YEAR",
    "MEDIUMBLOB",
    "LTREE",
    "CITEXT",
];

/// First words of statements that make what there is not.
const STATEMENTS: &[&[&str]] = &[
    &["CREATE", "TRIGGER"],
    &["CREATE", "OR", "REPLACE", "TRIGGER"],
    &["CREATE", "FUNCTION"],
    &["CREATE", "OR", "REPLACE", "FUNCTION"],
    &["CREATE", "PROCEDURE"],
    &["CREATE", "OR", "REPLACE", "PROCEDURE"],
    &["CREATE", "EXTENSION"],
    &["CREATE", "RULE"],
    &["CREATE", "DOMAIN"],
    &["CREATE", "MATERIALIZED", "VIEW"],
];

/// Looks at every table and statement of a file.
pub(crate) fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for step in &migration(artifact)?.steps {
        report.tick(1)?;
        if let Operation::CreateTable(create) = &step.operation
            && !create.is_temporary
        {
            table(create, step.head, report);
        }
    }
    for (number, statement) in artifact.sql()?.statements.iter().enumerate() {
        report.tick(1)?;
        if let Some(words) = STATEMENTS.iter().find(|words| statement.starts_with(words)) {
            let what = words.last().copied().unwrap_or_default().to_ascii_lowercase();
            let end = statement.words.get(words.len() - 1).map_or(statement.span, |word| word.span);
            report
                .finding(
                    &STATEMENT,
                    statement.words.first().map_or(statement.span, |word| word.span.to(end)),
                )
                .message(format!("Spanner has no {what} of this kind"))
                .subject(format!("{what}[{}]", number + 1));
        }
    }
    Ok(())
}

fn table(create: &CreateTable, head: Span, report: &mut Report) {
    let name = create.table.last();
    let listed = create.constraints.iter().find_map(|constraint| match &constraint.kind {
        ConstraintKind::Primary(columns) => columns.first().map(|first| first.text.as_str()),
        _ => None,
    });
    let inline = create.columns.iter().find(|column| column.is_primary);
    let first = match listed {
        Some(first) => create.columns.iter().find(|column| column.name.text == first),
        None => inline,
    };
    if listed.is_none() && inline.is_none() && !create.columns.is_empty() {
        report
            .finding(&KEYLESS, head)
            .message(format!("`{name}` has no primary key"))
            .subject(name);
    }
    if let Some(column) = first.filter(|column| grows(column)) {
        report
            .finding(&HOT, column.span)
            .message(format!(
                "the key of `{name}` begins with `{}`, which grows with time",
                column.name.text
            ))
            .subject(format!("{name}.{}", column.name.text));
    }
    for column in &create.columns {
        let kind = column.kind.name.to_ascii_uppercase();
        if TYPES.contains(&kind.as_str()) {
            report
                .finding(&TYPE, column.kind.span)
                .message(format!("Spanner has no type `{}`", kind.to_ascii_lowercase()))
                .subject(format!("{name}.{}", column.name.text));
        }
    }
}

fn grows(column: &Column) -> bool {
    let kind = column.kind.name.to_ascii_uppercase();
    let counter = kind.ends_with("SERIAL") || kind.contains("AUTO_INCREMENT") || column.is_identity;
    let clock = kind.starts_with("TIMESTAMP") || kind == "DATETIME";
    let default =
        column.default.as_ref().and_then(|default| default.volatile.as_deref()).unwrap_or_default();
    let sequence = default.eq_ignore_ascii_case("nextval")
        || default.to_ascii_lowercase().starts_with("uuid_generate_v1");
    counter || clock || sequence
}
