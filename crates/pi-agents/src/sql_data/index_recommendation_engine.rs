//! See [`IndexRecommendationEngine`].

use std::collections::BTreeMap;

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::sql::{Statement, Token, TokenKind};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::ddl::{ConstraintKind, Operation, migration};

const MISSING: Rule = Rule {
    id: "predicate-without-index",
    summary: "a query looks for rows by columns that no index begins with",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-1067"],
    fix: "create the index that is named",
};

const ORDER: Rule = Rule {
    id: "order-without-index",
    summary: "a query takes the first rows of an order that no index has: it sorts the whole table",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-1067"],
    fix: "create the index that is named",
};

declare_agent! {
    /// Finds queries that read a whole table for want of an index, and names the index.
    ///
    /// # What it checks
    /// SELECT, UPDATE and DELETE on one table that the same SQL file creates, against
    /// its indexes, unique constraints and primary key. One of the columns that are
    /// compared must begin an index. The index that is named has the columns of
    /// equalities first, then one of a range or those of the order.
    ///
    /// # Why it matters
    /// Without an index each query costs as much as the table is long.
    ///
    /// # Example denied
    /// ```sql
    /// CREATE TABLE orders (id bigint PRIMARY KEY, buyer bigint, day date);
    /// SELECT * FROM orders WHERE buyer = $1 AND day > $2;
    /// ```
    ///
    /// # Example allowed
    /// ```sql
    /// CREATE TABLE orders (id bigint PRIMARY KEY, buyer bigint, day date);
    /// CREATE INDEX orders_buyer ON orders (buyer, day);
    /// SELECT * FROM orders WHERE buyer = $1 AND day > $2;
    /// ```
    ///
    /// # Limits
    /// Joins, subqueries and conditions with OR are left out. How many rows a table has
    /// and how many a value picks is not known: for a small table no index is right.
    ///
    /// # References
    /// PostgreSQL: 11.3 Multicolumn Indexes, 11.4 Indexes and ORDER BY; CWE-1067.
    pub struct IndexRecommendationEngine {
        slug: "index_recommendation_engine",
        domain: SqlData,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Sql],
        triggers: Any(&["where", "order"]),
        invariant_to: ALL,
        rules: [MISSING, ORDER],
        fixture: include_str!("fixtures/index_recommendation_engine.md"),
        check: check,
    }
}

/// The columns of a table, and those of each of its indexes.
#[derive(Default)]
struct Table {
    columns: Vec<String>,
    indexes: Vec<Vec<String>>,
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let tables = tables(artifact)?;
    for (number, statement) in artifact.sql()?.statements.iter().enumerate() {
        report.tick(statement.tokens.len() as u64)?;
        let Some(query) = query(statement) else { continue };
        let Some(table) = tables.get(&query.table) else { continue };
        judge(&query, table, number + 1, report);
    }
    Ok(())
}

fn tables(artifact: &Artifact) -> Result<BTreeMap<String, Table>, Stop> {
    let mut out: BTreeMap<String, Table> = BTreeMap::new();
    let texts =
        |list: &[super::ddl::Ident]| list.iter().map(|name| name.text.clone()).collect::<Vec<_>>();
    for step in &migration(artifact)?.steps {
        match &step.operation {
            Operation::CreateTable(create) => {
                let table = out.entry(create.table.last().to_owned()).or_default();
                for column in &create.columns {
                    table.columns.push(column.name.text.clone());
                    if column.is_primary || column.is_unique {
                        table.indexes.push(vec![column.name.text.clone()]);
                    }
                }
                for constraint in &create.constraints {
                    if let ConstraintKind::Primary(columns) | ConstraintKind::Unique(columns) =
                        &constraint.kind
                    {
                        table.indexes.push(texts(columns));
                    }
                }
            }
            Operation::CreateIndex(index) => {
                if let Some(table) = out.get_mut(index.table.last()) {
                    table.indexes.push(texts(&index.columns));
                }
            }
            _ => {}
        }
    }
    Ok(out)
}

/// What a query on one table asks for.
struct Query {
    table: String,
    equal: Vec<String>,
    range: Vec<String>,
    order: Vec<String>,
    limited: bool,
    span: Span,
}

fn name(token: &Token) -> Option<String> {
    match token.kind {
        TokenKind::Word => Some(token.text.to_lowercase()),
        TokenKind::Quoted => Some(token.text.clone()),
        _ => None,
    }
}

/// Reads a query on one table whose conditions are joined by AND.
fn query(statement: &Statement) -> Option<Query> {
    let tokens = statement.tokens.as_slice();
    let first = tokens.first()?;
    let word = |at: usize| {
        tokens
            .get(at)
            .filter(|token| token.kind == TokenKind::Word)
            .map_or("", |token| token.text.as_str())
    };
    let place = |wanted: &str| (0..tokens.len()).find(|at| word(*at) == wanted);
    let table_at = match first.text.as_str() {
        "SELECT" => place("FROM")? + 1,
        "UPDATE" => 1,
        "DELETE" => place("FROM")? + 1,
        _ => return None,
    };
    let unclear =
        ["JOIN", "OR", "UNION", "INTERSECT", "EXCEPT", "EXISTS", "USING", "GROUP", "DISTINCT"];
    if tokens.iter().filter(|token| token.text == "SELECT").count() > 1
        || unclear.iter().any(|word| place(word).is_some())
    {
        return None;
    }
    let mut at = table_at;
    let mut table = name(tokens.get(at)?)?;
    while tokens.get(at + 1).is_some_and(|token| token.text == ".") {
        at += 2;
        table = name(tokens.get(at)?)?;
    }
    // A second table behind a comma.
    let where_at = place("WHERE").unwrap_or(tokens.len());
    let order_at = place("ORDER").filter(|at| word(at + 1) == "BY").unwrap_or(tokens.len());
    let list_end = if first.text == "UPDATE" { at + 1 } else { where_at.min(order_at) };
    if tokens.get(at + 1..list_end).unwrap_or_default().iter().any(|token| token.text == ",") {
        return None;
    }
    let limit_at = place("LIMIT").or_else(|| place("FETCH"));
    let end = order_at.min(limit_at.unwrap_or(tokens.len()));
    let mut query = Query {
        table,
        equal: Vec::new(),
        range: Vec::new(),
        order: Vec::new(),
        limited: limit_at.is_some(),
        span: statement.span,
    };
    let conditions = tokens.get((where_at + 1).min(end)..end).unwrap_or_default();
    let mut between = false;
    for part in conditions.split(|token| token.kind == TokenKind::Word && token.text == "AND") {
        // The second half of BETWEEN.
        if between {
            between = false;
            continue;
        }
        between = part.iter().any(|token| token.text == "BETWEEN");
        condition(part, &mut query);
    }
    let order = tokens
        .get((order_at + 2).min(tokens.len())..limit_at.unwrap_or(tokens.len()))
        .unwrap_or_default();
    for part in order.split(|token| token.text == ",") {
        query.order.extend(column(part).map(|(name, _)| name));
    }
    if let Some(first) = tokens.get(where_at).or_else(|| tokens.get(order_at)) {
        query.span = first.span;
    }
    Some(query)
}

/// The column at the beginning of some tokens, and what follows.
fn column(part: &[Token]) -> Option<(String, &[Token])> {
    match part {
        [_, dot, own, rest @ ..] if dot.text == "." => Some((name(own)?, rest)),
        [own, rest @ ..] => Some((name(own)?, rest)),
        [] => None,
    }
}

fn condition(part: &[Token], query: &mut Query) {
    let Some((name, rest)) = column(part) else { return };
    match rest.first().map(|token| token.text.as_str()) {
        Some("=" | "IN") => query.equal.push(name),
        Some("<" | ">" | "<=" | ">=" | "BETWEEN") => query.range.push(name),
        _ => {}
    }
}

fn judge(query: &Query, table: &Table, number: usize, report: &mut Report) {
    let known = |names: &[String]| {
        names.iter().filter(|name| table.columns.contains(name)).cloned().collect::<Vec<_>>()
    };
    let (equal, range, order) = (known(&query.equal), known(&query.range), known(&query.order));
    let leads = |names: &[String]| {
        table.indexes.iter().any(|index| index.first().is_some_and(|first| names.contains(first)))
    };
    let mut wanted = equal.clone();
    wanted.extend(range.first().cloned());
    if range.is_empty() {
        wanted.extend(order.iter().filter(|name| !equal.contains(name)).cloned());
    }
    wanted.dedup();
    let all: Vec<String> = [equal.as_slice(), range.as_slice()].concat();
    let rule = if !all.is_empty() {
        if leads(&all) {
            return;
        }
        &MISSING
    } else if query.equal.is_empty()
        && query.range.is_empty()
        && query.limited
        && !order.is_empty()
        && !leads(order.get(..1).unwrap_or_default())
    {
        &ORDER
    } else {
        return;
    };
    let columns = wanted.join(", ");
    report
        .finding(rule, query.span)
        .message(format!("{}: `CREATE INDEX ON {} ({columns})`", rule.summary, query.table))
        .subject(format!("{}/{columns}[{number}]", query.table));
}
