//! Checks: rules that say what must hold. A check that does not hold *fails*,
//! and then its action follows.
//!
//! | action | when the check fails | when it holds |
//! |---|---|---|
//! | `DENY` | denied, and the list ends | nothing |
//! | `REQUIRE_REVIEW` | a person must look | nothing |
//! | `ALLOW` | nothing | permitted |
//!
//! Without a rule that allows, what passes is permitted; with one, one must hold.

use pi_core::canonical::Value as Json;

use super::literal::{field, present};
use super::{Effect, Members, Rule, RuleListError};
use crate::facts::{Fact, Kind};

/// The order of evaluation; within a severity, the order of the list (POLICY-1).
const SEVERITIES: [&str; 3] = ["CRITICAL", "HIGH", "MEDIUM"];

pub(super) fn read(items: &[Json]) -> Result<Vec<Rule>, RuleListError> {
    let mut ranked = Vec::new();
    for (at, item) in items.iter().enumerate() {
        ranked.push(rule(&Members::of(&format!("rules[{at}]"), item)?)?);
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    Ok(ranked.into_iter().map(|(_, rule)| rule).collect())
}

fn rule(members: &Members<'_>) -> Result<(usize, Rule), RuleListError> {
    members.only(&["rule_id", "rule_type", "condition", "action", "severity"])?;
    let id = members.name("rule_id")?;
    let severity = members.text("severity")?;
    let rank = SEVERITIES
        .iter()
        .position(|known| *known == severity)
        .ok_or_else(|| members.wrong("severity", "must be CRITICAL, HIGH or MEDIUM"))?;
    let effect = match members.text("action")? {
        "ALLOW" => Effect::Permit,
        "DENY" => Effect::Deny,
        "REQUIRE_REVIEW" => Effect::Review,
        _ => return Err(members.wrong("action", "must be ALLOW, DENY or REQUIRE_REVIEW")),
    };
    let path = format!("{}.condition", members.path);
    let condition = Members::of(&path, members.get("condition")?)?;
    condition.only(&["field", "value"])?;
    let fact = condition.field()?;
    let kind = members.text("rule_type")?;
    let holds = match kind {
        "banned_import" => lacks(&condition, fact, false)?,
        "banned_capability" => lacks(&condition, fact, true)?,
        "required_capability" => has(&condition, fact)?,
        "max_resource" => at_most(&condition, fact)?,
        "trust_zone_restriction" => in_zone(&condition, fact)?,
        // POLICY-3: the list is not loaded, and what is not loaded denies.
        _ => return Err(members.wrong("rule_type", format!("`{kind}` is no type of rule"))),
    };
    let clause = if effect == Effect::Permit { "when" } else { "unless" };
    let clause = format!("{clause} {{ {holds} }}");
    let message = format!("`{id}`: {} of `{}` does not hold", kind.replace('_', " "), fact.name());
    Ok((rank, Rule { id, effect, clause, message }))
}

/// None of the values is in the list. A right that is true or false may be false,
/// or absent where `absent` is as good.
fn lacks(condition: &Members<'_>, fact: Fact, absent: bool) -> Result<String, RuleListError> {
    condition.must_be(fact, &[Kind::Texts, Kind::Truth])?;
    let (present, field) = (present(fact), field(fact));
    if fact.kind() == Kind::Truth {
        return Ok(if absent {
            format!("!({present} && {field})")
        } else {
            format!("{present} && !{field}")
        });
    }
    let values = condition.value_texts()?;
    Ok(if values.is_empty() {
        present
    } else {
        format!("{present} && !{field}.containsAny([{}])", values.join(", "))
    })
}

/// All of the values are in the list, or the right is given.
fn has(condition: &Members<'_>, fact: Fact) -> Result<String, RuleListError> {
    condition.must_be(fact, &[Kind::Texts, Kind::Truth])?;
    let (present, field) = (present(fact), field(fact));
    if fact.kind() == Kind::Truth {
        return Ok(format!("{present} && {field}"));
    }
    let values = condition.value_texts()?;
    Ok(if values.is_empty() {
        present
    } else {
        format!("{present} && {field}.containsAll([{}])", values.join(", "))
    })
}

/// The resource may equal its limit (POLICY-6).
fn at_most(condition: &Members<'_>, fact: Fact) -> Result<String, RuleListError> {
    condition.must_be(fact, &[Kind::Number])?;
    let limit = condition.value_number()?;
    Ok(format!("{} && {} <= {limit}", present(fact), field(fact)))
}

/// The zone is one of these; of none, no zone is (POLICY-5).
fn in_zone(condition: &Members<'_>, fact: Fact) -> Result<String, RuleListError> {
    condition.must_be(fact, &[Kind::Text])?;
    let zones = condition.value_texts()?;
    Ok(if zones.is_empty() {
        "false".to_owned()
    } else {
        format!("{} && [{}].contains({})", present(fact), zones.join(", "), field(fact))
    })
}
