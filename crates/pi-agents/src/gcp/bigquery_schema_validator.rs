//! See [`BigquerySchemaValidator`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind};

use super::rules::rule;

rule!(
    TYPE,
    "unknown-field-type",
    Medium,
    High,
    ["CWE-20"],
    "a type that BigQuery does not have",
    "use one of STRING, BYTES, INTEGER, FLOAT, NUMERIC, BIGNUMERIC, BOOLEAN, TIMESTAMP, DATE, TIME, DATETIME, GEOGRAPHY, INTERVAL, RANGE, JSON, RECORD"
);
rule!(
    MODE,
    "unknown-field-mode",
    Medium,
    High,
    ["CWE-20"],
    "a mode that BigQuery does not have",
    "use NULLABLE, REQUIRED or REPEATED"
);
rule!(
    NAME,
    "invalid-field-name",
    Medium,
    High,
    ["CWE-20"],
    "a name that a field cannot have",
    "use up to 300 letters, digits and underscores, with no digit first and no reserved beginning"
);
rule!(
    TWICE,
    "field-name-twice",
    Medium,
    High,
    ["CWE-20"],
    "two fields of one record have the same name; letter case does not count",
    "rename one of them"
);
rule!(
    NESTED,
    "wrong-nested-fields",
    Medium,
    High,
    ["CWE-20"],
    "a record without fields, or fields in something else",
    "give `fields` to a RECORD, and to nothing else"
);
rule!(
    DEEP,
    "nested-too-deep",
    Medium,
    High,
    ["CWE-20"],
    "records lie deeper in each other than BigQuery allows",
    "flatten the schema to 15 levels"
);
rule!(
    PERSONAL,
    "personal-field-without-policy",
    Low,
    Medium,
    ["CWE-359"],
    "a field that says personal data has no policy tag: every reader of the table sees it",
    "add `policyTags`, or keep the field in a table of its own"
);

declare_agent! {
    /// Finds mistakes in table schemas of BigQuery.
    ///
    /// # What it checks
    /// Schemas in JSON, as `bq show --schema` writes them: types and modes, names
    /// (letters, reserved beginnings, twice in other letter case), records and their
    /// fields, depth, and fields whose name says personal data without a policy tag.
    ///
    /// # Why it matters
    /// A schema is checked when the table is made, and a column that is there once is
    /// hard to take back.
    ///
    /// # Example denied
    /// ```json
    /// [{"name": "1st", "type": "TEXT"}]
    /// ```
    ///
    /// # Example allowed
    /// ```json
    /// [{"name": "first", "type": "STRING", "mode": "NULLABLE"}]
    /// ```
    ///
    /// # Limits
    /// A list counts as a schema when every item has a name and a type in capitals
    /// that BigQuery knows, or the file's name says schema and all have name and type.
    ///
    /// # References
    /// BigQuery: specifying a schema; column-level access control; CWE-359.
    pub struct BigquerySchemaValidator {
        slug: "bigquery_schema_validator",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Json],
        triggers: Any(&["type"]),
        invariant_to: ALL,
        rules: [TYPE, MODE, NAME, TWICE, NESTED, DEEP, PERSONAL],
        fixture: include_str!("fixtures/bigquery_schema_validator.md"),
        check: check,
    }
}

const TYPES: &[&str] = &[
    "STRING",
    "BYTES",
    "INTEGER",
    "INT64",
    "FLOAT",
    "FLOAT64",
    "NUMERIC",
    "BIGNUMERIC",
    "BOOLEAN",
    "BOOL",
    "TIMESTAMP",
    "DATE",
    "TIME",
    "DATETIME",
    "GEOGRAPHY",
    "INTERVAL",
    "RANGE",
    "JSON",
    "RECORD",
    "STRUCT",
];

const RESERVED: &[&str] =
    &["_table_", "_file_", "_partition", "_row_timestamp", "__root__", "_colidentifier"];

/// Names of personal data, without underscores.
const PERSONAL_NAMES: &[&str] = &[
    "email",
    "emailaddress",
    "phone",
    "phonenumber",
    "ssn",
    "socialsecuritynumber",
    "passport",
    "passportnumber",
    "birthdate",
    "dateofbirth",
    "dob",
    "iban",
    "creditcard",
    "cardnumber",
    "taxid",
    "nationalid",
    "streetaddress",
    "homeaddress",
];

fn text<'a>(node: &'a Node, key: &str) -> &'a str {
    node.get(key).and_then(Node::as_str).unwrap_or_default()
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let says_schema = artifact.file_name().to_ascii_lowercase().contains("schema");
    for document in artifact.data()? {
        let root = &document.root;
        let fields =
            root.at(&["schema", "fields"]).or_else(|| root.get("fields")).unwrap_or(root).items();
        let named = |node: &Node| !text(node, "name").is_empty() && !text(node, "type").is_empty();
        let known = |node: &Node| TYPES.contains(&text(node, "type"));
        let is_schema = !fields.is_empty()
            && fields
                .iter()
                .all(|field| field.get("name").is_some() && field.get("type").is_some())
            && fields.iter().any(known)
            && (fields.iter().all(known)
                || says_schema
                || root.at(&["schema", "fields"]).is_some())
            && fields.iter().all(named);
        if is_schema {
            record(fields, "", 1, report)?;
        }
    }
    Ok(())
}

fn record(fields: &[Node], path: &str, depth: usize, report: &mut Report) -> Result<(), Stop> {
    let mut seen: Vec<String> = Vec::new();
    for field in fields {
        report.tick(1 + seen.len() as u64)?;
        let name = text(field, "name");
        // Names beyond the limit are reported, and their paths are not followed.
        let path = match path.len() {
            0 => name.to_owned(),
            1..1000 => format!("{path}.{name}"),
            _ => path.to_owned(),
        };
        let lower = name.to_ascii_lowercase();
        let place = field.get("name").map_or(field.span, |node| node.span);
        if seen.contains(&lower) {
            report
                .finding(&TWICE, place)
                .message(format!("`{name}` stands twice"))
                .subject(path.clone());
        }
        seen.push(lower);
        judge(field, &path, report);
        let nested = field.get("fields").map(Node::items).unwrap_or_default();
        // Deeper ones say the same.
        if depth == 15 && !nested.is_empty() {
            report.finding(&DEEP, place).subject(path.clone());
        } else if depth < 15 {
            record(nested, &path, depth + 1, report)?;
        }
    }
    Ok(())
}

fn judge(field: &Node, path: &str, report: &mut Report) {
    let name = text(field, "name");
    let place = |key: &str| field.get(key).map_or(field.span, |node| node.span);
    let kind = text(field, "type").to_ascii_uppercase();
    if !TYPES.contains(&kind.as_str()) {
        report
            .finding(&TYPE, place("type"))
            .message(format!("`{kind}` is no type of BigQuery"))
            .subject(path);
    }
    let mode = text(field, "mode").to_ascii_uppercase();
    if !matches!(mode.as_str(), "" | "NULLABLE" | "REQUIRED" | "REPEATED") {
        report
            .finding(&MODE, place("mode"))
            .message(format!("`{mode}` is no mode of BigQuery"))
            .subject(path);
    }
    let lower = name.to_ascii_lowercase();
    let valid = (1..=300).contains(&name.chars().count())
        && !name.starts_with(|first: char| first.is_ascii_digit())
        // Letters of every script are accepted, and a few marks.
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | '&' | '%' | '=' | '+' | ':' | '\'' | '<' | '>' | '#' | '|'));
    if !valid || RESERVED.iter().any(|start| lower.starts_with(start)) {
        report
            .finding(&NAME, place("name"))
            .message(format!("`{name}` cannot be the name of a field"))
            .subject(path);
    }
    let is_record = matches!(kind.as_str(), "RECORD" | "STRUCT");
    let fields = field.get("fields").map(Node::items).unwrap_or_default();
    if is_record == fields.is_empty() {
        report.finding(&NESTED, place("type")).subject(path);
    }
    let plain: String = lower.chars().filter(|c| *c != '_').collect();
    let tagged = field.get("policyTags").is_some() || field.get("dataPolicies").is_some();
    if PERSONAL_NAMES.contains(&plain.as_str()) && !tagged && !is_record {
        report
            .finding(&PERSONAL, place("name"))
            .message(format!("`{name}` has no policy tag"))
            .subject(path);
    }
}
