//! Governance rules: what follows when conditions hold (EF-14).
//!
//! Fields come from a closed list and operators from another; there are no
//! regular expressions. A comparison with a field that is absent does not hold,
//! whichever operator it has. Rules go by priority, the smallest number first;
//! DENY ends, and where no rule allows, the answer is DENY.

use pi_core::canonical::Value as Json;

use super::literal::{field, pattern, present};
use super::{Effect, Members, Rule, RuleListError};
use crate::facts::{Fact, Kind};

const MEMBERS: [&str; 10] = [
    "rule_id",
    "name",
    "description",
    "target_scope",
    "conditions",
    "effect",
    "priority",
    "version",
    "parent_rule_id",
    "metadata",
];
/// Most conditions of a rule.
const MAX_CONDITIONS: usize = 32;

pub(super) fn read(items: &[Json]) -> Result<Vec<Rule>, RuleListError> {
    let mut ranked = Vec::new();
    for (at, item) in items.iter().enumerate() {
        ranked.push(rule(&Members::of(&format!("rules[{at}]"), item)?)?);
    }
    ranked.sort_by_key(|(priority, _)| *priority);
    Ok(ranked.into_iter().map(|(_, rule)| rule).collect())
}

fn rule(members: &Members<'_>) -> Result<(u64, Rule), RuleListError> {
    members.only(&MEMBERS)?;
    let id = members.name("rule_id")?;
    let effect = match members.text("effect")? {
        "allow" => Effect::Permit,
        "deny" => Effect::Deny,
        "require_approval" => Effect::PermitWithReview,
        "audit" | "notify" => Effect::Note,
        _ => {
            let known = "must be allow, deny, require_approval, audit or notify";
            return Err(members.wrong("effect", known));
        }
    };
    let items = members.array("conditions")?;
    if items.len() > MAX_CONDITIONS {
        return Err(members.wrong("conditions", format!("has more than {MAX_CONDITIONS}")));
    }
    let mut conditions = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let path = format!("{}.conditions[{at}]", members.path);
        conditions.push(condition(&Members::of(&path, item)?)?);
    }
    let when = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" && ") };
    let clause = format!("when {{ {when} }}");
    let message = format!("`{id}` applies");
    Ok((members.number("priority")?, Rule { id, effect, clause, message }))
}

fn condition(members: &Members<'_>) -> Result<String, RuleListError> {
    members.only(&["field", "operator", "value"])?;
    let fact = members.field()?;
    let (there, field) = (present(fact), field(fact));
    let holds = match members.text("operator")? {
        "eq" => format!("{field} == {}", members.value_like(fact)?),
        "ne" => format!("{field} != {}", members.value_like(fact)?),
        "gt" => format!("{field} > {}", number(members, fact)?),
        "lt" => format!("{field} < {}", number(members, fact)?),
        "contains" if fact.kind() == Kind::Texts => {
            format!("{field}.contains({})", members.value_text()?)
        }
        "contains" => like(members, fact, true, true)?,
        "starts_with" => like(members, fact, false, true)?,
        "ends_with" => like(members, fact, true, false)?,
        "in" => one_of(members, fact)?.unwrap_or_else(|| "false".to_owned()),
        "not_in" => one_of(members, fact)?.map_or_else(|| "true".to_owned(), |of| format!("!{of}")),
        "exists" => {
            return match members.json.get("value") {
                None | Some(Json::Bool(true)) => Ok(there),
                Some(Json::Bool(false)) => Ok(format!("!({there})")),
                Some(_) => Err(members.wrong("value", "must be true or false")),
            };
        }
        "matches" => {
            return Err(members.wrong("operator", "`matches` is refused: no regular expressions"));
        }
        other => return Err(members.wrong("operator", format!("`{other}` is no operator"))),
    };
    Ok(format!("({there} && {holds})"))
}

fn number(members: &Members<'_>, fact: Fact) -> Result<String, RuleListError> {
    members.must_be(fact, &[Kind::Number])?;
    members.value_number()
}

fn like(
    members: &Members<'_>,
    fact: Fact,
    before: bool,
    behind: bool,
) -> Result<String, RuleListError> {
    members.must_be(fact, &[Kind::Text])?;
    Ok(format!("{} like {}", field(fact), pattern(before, members.text("value")?, behind)))
}

/// Membership in the listed values; nothing for an empty list.
fn one_of(members: &Members<'_>, fact: Fact) -> Result<Option<String>, RuleListError> {
    let values: Vec<String> = match fact.kind() {
        Kind::Text => members.value_texts()?,
        Kind::Number => {
            let number = |item: &Json| item.as_u64().and_then(|n| i64::try_from(n).ok());
            let items = members.array("value")?.iter().map(|item| Some(number(item)?.to_string()));
            let items: Option<Vec<String>> = items.collect();
            items.ok_or_else(|| members.wrong("value", "must hold whole numbers"))?
        }
        Kind::Truth | Kind::Texts => {
            members.must_be(fact, &[Kind::Text, Kind::Number])?;
            Vec::new()
        }
    };
    if values.len() > super::MAX_VALUES {
        return Err(RuleListError::TooLarge);
    }
    let list = values.join(", ");
    Ok((!values.is_empty()).then(|| format!("[{list}].contains({})", field(fact))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::literal::text;

    #[test]
    fn a_star_in_a_value_is_a_star() {
        assert_eq!(pattern(true, "a*\"\\", false), "\"*a\\*\\\"\\\\\"");
        assert_eq!(text("ä\n"), "\"\\u{e4}\\u{a}\"");
    }
}
