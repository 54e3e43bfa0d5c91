//! See [`SemanticSchemaDynamicFieldCheck`].

use std::collections::BTreeSet;

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::Node as Data;
use pi_artifacts::python::{Assignment, Call, Module, Value};
use pi_artifacts::syntax::{Node, Syntax};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

const COLUMN: Rule = Rule {
    id: "unvalidated-json-column",
    summary: "a column takes any JSON: nothing says what is in it",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-20"],
    fix: "validate it by a schema where it is written: a validator of the field, a Pydantic type, a CHECK",
};

const OPEN: Rule = Rule {
    id: "unknown-fields-accepted",
    summary: "a model takes over fields that it does not know",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-915"],
    fix: "refuse unknown fields: `extra=\"forbid\"`, `strict: true`, `unknown = RAISE`",
};

const SCHEMA: Rule = Rule {
    id: "open-object-schema",
    summary: "a schema lists its properties and accepts all others",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-915", "CWE-20"],
    fix: "set `additionalProperties: false`, or give the schema that others must have",
};

declare_agent! {
    /// Finds fields of models and schemas that take whatever comes.
    ///
    /// # What it checks
    /// Python: JSON columns of SQLAlchemy and Django without a validator; Pydantic
    /// models with `extra="allow"`, marshmallow with `unknown = INCLUDE`. JavaScript
    /// and TypeScript: `Mixed` fields and `strict: false` of Mongoose, JSON columns of
    /// Sequelize and TypeORM without a validation. JSON Schemas whose objects set
    /// `additionalProperties: true` beside `properties`.
    ///
    /// # Why it matters
    /// What nothing describes, nothing checks: the wrong value is found by the program
    /// that reads it, a year later.
    ///
    /// # Example denied
    /// ```python
    /// from django.db import models
    /// class Order(models.Model):
    ///     details = models.JSONField()
    /// ```
    ///
    /// # Example allowed
    /// ```python
    /// from django.db import models
    /// class Order(models.Model):
    ///     details = models.JSONField(validators=[validate_details])
    /// ```
    ///
    /// # Limits
    /// A check in another layer, or a CHECK in the database, is not seen. An object
    /// schema that leaves `additionalProperties` out is open too, and not reported:
    /// nearly all are.
    ///
    /// # References
    /// CWE-20; CWE-915; JSON Schema 2020-12.
    pub struct SemanticSchemaDynamicFieldCheck {
        slug: "semantic_schema_dynamic_field_check",
        domain: SqlData,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Python, Kind::JavaScript, Kind::TypeScript, Kind::Json, Kind::Yaml],
        triggers: Any(&["json", "extra", "unknown", "mixed", "strict", "additionalProperties"]),
        invariant_to: ALL,
        rules: [COLUMN, OPEN, SCHEMA],
        fixture: include_str!("fixtures/semantic_schema_dynamic_field_check.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    match artifact.kind() {
        Kind::Python => python(artifact.python()?, report),
        Kind::JavaScript | Kind::TypeScript => {
            script(artifact.syntax()?, artifact.parsable_text()?, report)
        }
        _ => {
            for document in artifact.data()? {
                let root = &document.root;
                // Manifests of clusters carry schemas of their own tools.
                if root.get("$schema").is_some()
                    || root.get("type").and_then(Data::as_str) == Some("object")
                {
                    schema(root, "", report)?;
                }
            }
            Ok(())
        }
    }
}

fn imports(module: &Module, names: &[&str]) -> bool {
    module
        .imports
        .iter()
        .any(|import| import.target.split('.').next().is_some_and(|first| names.contains(&first)))
}

fn python(module: &Module, report: &mut Report) -> Result<(), Stop> {
    let names = |call: &&Call| call.name.as_deref().is_some_and(|name| name.ends_with("validates"));
    let checked: BTreeSet<&str> = module
        .calls
        .iter()
        .filter(names)
        .flat_map(|call| &call.arguments)
        .filter_map(|argument| match &argument.value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let (django, alchemy) =
        (imports(module, &["django"]), imports(module, &["sqlalchemy", "flask_sqlalchemy"]));
    for call in &module.calls {
        report.tick(1)?;
        let Some(last) = call.name.as_deref().and_then(|name| name.rsplit('.').next()) else {
            continue;
        };
        let json = |value: &Value| {
            let (Value::Name(name) | Value::Call(Some(name))) = value else { return false };
            matches!(name.rsplit('.').next(), Some("JSON" | "JSONB"))
        };
        let open = match last {
            "JSONField" => django && call.keyword("validators").is_none(),
            "Column" | "mapped_column" => {
                alchemy
                    && call
                        .arguments
                        .iter()
                        .any(|argument| argument.name.is_none() && json(&argument.value))
            }
            _ => false,
        };
        let holds = |own: &&Assignment| own.value_span.contains(call.span);
        let column = if open { module.assignments.iter().find(holds) } else { None };
        report.tick(if open { module.assignments.len() as u64 } else { 0 })?;
        if let Some(column) = column.filter(|column| !checked.contains(column.name.as_str())) {
            report
                .finding(&COLUMN, call.span)
                .message(format!("`{}` takes any JSON", column.name))
                .subject(column.name.clone());
        }
        if last == "ConfigDict"
            && let Some(extra) = call
                .keyword("extra")
                .filter(|extra| extra.value == Value::String("allow".to_owned()))
        {
            report.finding(&OPEN, extra.span).subject("ConfigDict");
        }
    }
    for assignment in &module.assignments {
        let allow = assignment.name == "extra"
            && (assignment.value == Value::String("allow".to_owned())
                || matches!(&assignment.value, Value::Name(name) if name.ends_with("Extra.allow")));
        let include = assignment.name == "unknown"
            && matches!(&assignment.value, Value::Name(name) if name == "INCLUDE" || name == "marshmallow.INCLUDE");
        if !assignment.is_default
            && (allow && imports(module, &["pydantic"])
                || include && imports(module, &["marshmallow"]))
        {
            report.finding(&OPEN, assignment.value_span).subject(assignment.name.clone());
        }
    }
    Ok(())
}

fn script(syntax: &Syntax, text: &str, report: &mut Report) -> Result<(), Stop> {
    let mentions = |module: &str| {
        syntax.nodes_of("string").any(|node| node.text(text).trim_matches(['"', '\'']) == module)
    };
    let (mongoose, sequelize, typeorm) =
        (mentions("mongoose"), mentions("sequelize"), mentions("typeorm"));
    if !mongoose && !sequelize && !typeorm {
        return Ok(());
    }
    let key = |pair: Node<'_>| {
        pair.field("key")
            .map(|key| key.text(text).trim_matches(['"', '\'']).to_owned())
            .unwrap_or_default()
    };
    for pair in syntax.nodes_of("pair") {
        report.tick(1)?;
        let Some(value) = pair.field("value") else { continue };
        let (name, written) = (key(pair), value.text(text));
        if mongoose && name == "strict" && written == "false" && inside_schema(pair, text) {
            report.finding(&OPEN, pair.span()).subject("strict");
            continue;
        }
        let any = (mongoose
            && matches!(
                written,
                "Schema.Types.Mixed" | "mongoose.Schema.Types.Mixed" | "mongoose.Mixed" | "Mixed"
            ))
            || (sequelize
                && matches!(
                    written,
                    "DataTypes.JSON" | "DataTypes.JSONB" | "Sequelize.JSON" | "Sequelize.JSONB"
                ));
        if !any {
            continue;
        }
        // `details: { type: Mixed, validate: ... }`, or `details: Mixed`.
        let object = pair.parent().filter(|_| name == "type");
        let checked = object
            .is_some_and(|object| object.named_children().any(|other| key(other) == "validate"));
        let field = object
            .and_then(|object| object.parent())
            .map(key)
            .filter(|_| name == "type")
            .unwrap_or(name);
        if !checked {
            report
                .finding(&COLUMN, pair.span())
                .message(format!("`{field}` takes any JSON"))
                .subject(field);
        }
    }
    Ok(())
}

/// Whether a node stands in the arguments of `new Schema(...)`.
fn inside_schema(node: Node<'_>, text: &str) -> bool {
    node.ancestor("new_expression")
        .and_then(|made| made.field("constructor"))
        .is_some_and(|class| class.text(text).ends_with("Schema"))
}

fn schema(node: &Data, path: &str, report: &mut Report) -> Result<(), Stop> {
    report.tick(1)?;
    let open =
        node.entry("additionalProperties").filter(|entry| entry.value.as_bool() == Some(true));
    let listed = node.get("properties").is_some_and(Data::is_map);
    if let Some(open) = open.filter(|_| listed) {
        report.finding(&SCHEMA, open.key_span).subject(if path.is_empty() {
            "schema"
        } else {
            path
        });
    }
    // A path beyond this length names nothing to a reader.
    let below = |name: &str| match path.len() {
        0..300 => format!("{path}/{name}"),
        _ => path.to_owned(),
    };
    for entry in node.entries() {
        schema(&entry.value, &below(&entry.key), report)?;
    }
    for (index, item) in node.items().iter().enumerate() {
        schema(item, &below(&index.to_string()), report)?;
    }
    Ok(())
}
