//! The index in front of Cedar, and the questions.
//!
//! Cedar looks at every policy of a set. Policies are therefore kept in buckets
//! by what their scope demands (action, principal, resource), and only the
//! buckets that a question can meet are asked. Whether a policy is satisfied
//! depends on itself and the question alone, so the buckets' answers together
//! are the answer of the whole set.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy as cedar;

use crate::facts::{Fact, Facts, Group, Value};
use crate::policy::position;

/// One of the two questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// May it be executed with nobody looking?
    ExecuteUnattended,
    /// May it be executed at all?
    Execute,
}

impl Question {
    /// The name of the action in policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Question::ExecuteUnattended => "execute_unattended",
            Question::Execute => "execute",
        }
    }
}

/// What the scope of a policy demands of principal or resource: that it is, or
/// is in, this entity; or nothing that an index could use.
type Demand = Option<cedar::EntityUid>;
type Buckets = BTreeMap<Demand, BTreeMap<Demand, Bucket>>;

/// Policies with the same demands, and what they read.
#[derive(Debug, Default)]
struct Bucket {
    set: cedar::PolicySet,
    needs: Needs,
}

impl Bucket {
    fn add(&mut self, policy: &cedar::Policy) -> Result<(), String> {
        self.needs.read(policy)?;
        self.set.add(policy.clone()).map_err(|error| error.to_string())
    }
}

/// Policies that can be asked.
#[derive(Debug)]
pub(crate) struct Engine {
    names: Names,
    unattended: Buckets,
    execute: Buckets,
    all: Bucket,
}

/// What Cedar answered to one question.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) permitted: bool,
    /// Positions of the policies that made it so, in order.
    pub(crate) determining: Vec<usize>,
    /// Positions of the policies that could not be evaluated, and why.
    pub(crate) errors: BTreeMap<usize, String>,
}

/// The names of the schema, read once.
#[derive(Debug)]
struct Names {
    actor: cedar::EntityTypeName,
    tenant: cedar::EntityTypeName,
    composition: cedar::EntityTypeName,
    unattended: cedar::EntityUid,
    execute: cedar::EntityUid,
}

impl Names {
    fn new() -> Result<Self, String> {
        let type_name =
            |name: &str| name.parse::<cedar::EntityTypeName>().map_err(|error| error.to_string());
        let action = type_name("PI::Action")?;
        let uid = |question: Question| {
            let id = cedar::EntityId::new(question.as_str());
            cedar::EntityUid::from_type_name_and_id(action.clone(), id)
        };
        Ok(Self {
            actor: type_name("PI::Actor")?,
            tenant: type_name("PI::Tenant")?,
            composition: type_name("PI::Composition")?,
            unattended: uid(Question::ExecuteUnattended),
            execute: uid(Question::Execute),
        })
    }
}

/// What policies read, so that nothing else is built for them.
#[derive(Clone, Copy, Debug, Default)]
struct Needs {
    /// A bit for each fact.
    facts: u128,
    stage: bool,
    entities: bool,
}

const _: () = assert!(Fact::ALL.len() <= 128, "a bit for each fact");

/// A question's entities.
struct Asked {
    actor: cedar::EntityUid,
    tenant: cedar::EntityUid,
    composition: cedar::EntityUid,
}

impl Engine {
    pub(crate) fn new<'a>(
        policies: impl Iterator<Item = &'a cedar::Policy>,
    ) -> Result<Self, String> {
        let names = Names::new()?;
        let (mut unattended, mut execute) = (Buckets::new(), Buckets::new());
        let mut all = Bucket::default();
        for policy in policies {
            let action = policy.action_constraint();
            for (uid, buckets) in
                [(&names.unattended, &mut unattended), (&names.execute, &mut execute)]
            {
                let meets = match &action {
                    cedar::ActionConstraint::Any => true,
                    cedar::ActionConstraint::Eq(only) => only == uid,
                    cedar::ActionConstraint::In(several) => several.contains(uid),
                };
                if meets {
                    let rows = buckets.entry(principal(policy)).or_default();
                    rows.entry(resource(policy)).or_default().add(policy)?;
                }
            }
            all.add(policy)?;
        }
        all.needs.everything();
        Ok(Self { names, unattended, execute, all })
    }

    /// Builds what both questions about these facts share: the buckets that they
    /// can meet, or `all` policies, and what those read.
    pub(crate) fn prepare(&self, facts: &Facts, all: bool) -> Result<Prepared<'_>, String> {
        let id = |kind: &cedar::EntityTypeName, id: &str| {
            cedar::EntityUid::from_type_name_and_id(kind.clone(), cedar::EntityId::new(id))
        };
        let asked = Asked {
            actor: id(&self.names.actor, &facts.actor),
            tenant: id(&self.names.tenant, &facts.tenant),
            composition: id(&self.names.composition, &facts.composition),
        };
        let (unattended, execute) = if all {
            (vec![&self.all], vec![&self.all])
        } else {
            (asked.meets(&self.unattended), asked.meets(&self.execute))
        };
        let mut needs = Needs::default();
        for bucket in unattended.iter().chain(&execute) {
            needs.join(bucket.needs);
        }
        let entities = if needs.entities { entities(&asked)? } else { cedar::Entities::empty() };
        let context = context(facts, needs)?;
        Ok(Prepared { names: &self.names, asked, unattended, execute, entities, context })
    }
}

impl Asked {
    fn meets<'a>(&self, buckets: &'a Buckets) -> Vec<&'a Bucket> {
        let [actor, tenant, composition] =
            [&self.actor, &self.tenant, &self.composition].map(|uid| Some(uid.clone()));
        let mut met = Vec::new();
        for principal in [&None, &actor, &tenant] {
            let Some(rows) = buckets.get(principal) else { continue };
            met.extend([&None, &composition, &tenant].into_iter().filter_map(|key| rows.get(key)));
        }
        met
    }
}

/// What both questions about the same facts share.
pub(crate) struct Prepared<'a> {
    names: &'a Names,
    asked: Asked,
    unattended: Vec<&'a Bucket>,
    execute: Vec<&'a Bucket>,
    entities: cedar::Entities,
    context: cedar::Context,
}

impl Prepared<'_> {
    /// Asks one question.
    pub(crate) fn ask(&self, question: Question) -> Result<Response, String> {
        let (buckets, action) = match question {
            Question::ExecuteUnattended => (&self.unattended, &self.names.unattended),
            Question::Execute => (&self.execute, &self.names.execute),
        };
        let request = self.request(action, None)?;
        let mut gathered = Gathered::default();
        for bucket in buckets {
            gathered.ask(&request, &bucket.set, &self.entities);
        }
        Ok(gathered.response())
    }

    /// The facts have the types of the schema by construction, so that no question
    /// is checked against it.
    fn request(
        &self,
        action: &cedar::EntityUid,
        schema: Option<&cedar::Schema>,
    ) -> Result<cedar::Request, String> {
        let Asked { actor, composition, .. } = &self.asked;
        let (principal, resource) = (actor.clone(), composition.clone());
        let context = self.context.clone();
        cedar::Request::new(principal, action.clone(), resource, context, schema)
            .map_err(|error| error.to_string())
    }

    /// Whether the schema accepts what is asked.
    #[cfg(test)]
    pub(crate) fn check(&self, schema: &cedar::Schema) {
        for action in [&self.names.unattended, &self.names.execute] {
            self.request(action, Some(schema)).unwrap();
        }
    }
}

/// Answers of several sets, together.
#[derive(Default)]
struct Gathered {
    permits: BTreeSet<usize>,
    forbids: BTreeSet<usize>,
    errors: BTreeMap<usize, String>,
}

impl Gathered {
    fn ask(
        &mut self,
        request: &cedar::Request,
        set: &cedar::PolicySet,
        entities: &cedar::Entities,
    ) {
        let response = cedar::Authorizer::new().is_authorized(request, set, entities);
        let determining = response.diagnostics().reason().filter_map(position);
        match response.decision() {
            cedar::Decision::Allow => self.permits.extend(determining),
            cedar::Decision::Deny => self.forbids.extend(determining),
        }
        for error in response.diagnostics().errors() {
            let cedar::AuthorizationError::PolicyEvaluationError(error) = error;
            let number = position(error.policy_id()).unwrap_or(usize::MAX);
            self.errors.insert(number, error.inner().to_string());
        }
    }

    fn response(self) -> Response {
        let permitted = self.forbids.is_empty() && !self.permits.is_empty();
        let determining = if self.forbids.is_empty() { self.permits } else { self.forbids };
        Response { permitted, determining: determining.into_iter().collect(), errors: self.errors }
    }
}

fn principal(policy: &cedar::Policy) -> Demand {
    match policy.principal_constraint() {
        cedar::PrincipalConstraint::Any | cedar::PrincipalConstraint::Is(_) => None,
        cedar::PrincipalConstraint::In(uid)
        | cedar::PrincipalConstraint::Eq(uid)
        | cedar::PrincipalConstraint::IsIn(_, uid) => Some(uid),
    }
}

fn resource(policy: &cedar::Policy) -> Demand {
    match policy.resource_constraint() {
        cedar::ResourceConstraint::Any | cedar::ResourceConstraint::Is(_) => None,
        cedar::ResourceConstraint::In(uid)
        | cedar::ResourceConstraint::Eq(uid)
        | cedar::ResourceConstraint::IsIn(_, uid) => Some(uid),
    }
}

fn entities(asked: &Asked) -> Result<cedar::Entities, String> {
    let tenant = cedar::RestrictedExpression::new_entity_uid(asked.tenant.clone());
    let owned = |uid: &cedar::EntityUid| {
        let attributes = [("tenant".to_owned(), tenant.clone())].into_iter().collect();
        cedar::Entity::new(uid.clone(), attributes, [asked.tenant.clone()].into_iter().collect())
            .map_err(|error| error.to_string())
    };
    let all = [
        owned(&asked.actor)?,
        owned(&asked.composition)?,
        cedar::Entity::new_no_attrs(asked.tenant.clone(), Default::default()),
    ];
    cedar::Entities::from_entities(all, None).map_err(|error| error.to_string())
}

fn context(facts: &Facts, needs: Needs) -> Result<cedar::Context, String> {
    type Record = Vec<(String, cedar::RestrictedExpression)>;
    let (mut request, mut findings) = (Record::new(), Record::new());
    let (mut incidents, mut subject) = (Record::new(), Record::new());
    let govern = facts.stage == crate::facts::Stage::Govern;
    for fact in Fact::ALL.iter().copied().filter(|fact| needs.facts & bit(*fact) != 0) {
        let group = fact.group();
        let value = match facts.get(fact) {
            Some(value) => expression(value)?,
            None if group == Group::Subject => continue,
            None if group != Group::Request && !govern => continue,
            None => return Err(format!("the fact `{}` is missing", fact.path())),
        };
        let record = match group {
            Group::Request => &mut request,
            Group::Findings => &mut findings,
            Group::Incidents => &mut incidents,
            Group::Subject => &mut subject,
        };
        record.push((fact.name().to_owned(), value));
    }
    let record = |fields: Record| {
        cedar::RestrictedExpression::new_record(fields).map_err(|error| error.to_string())
    };
    let mut fields = Record::new();
    if needs.stage {
        let stage = cedar::RestrictedExpression::new_string(facts.stage.as_str().to_owned());
        fields.push(("stage".to_owned(), stage));
    }
    fields.push(("request".to_owned(), record(request)?));
    if govern {
        findings.push(("incidents".to_owned(), record(incidents)?));
        fields.push(("findings".to_owned(), record(findings)?));
    }
    fields.push(("subject".to_owned(), record(subject)?));
    cedar::Context::from_pairs(fields).map_err(|error| error.to_string())
}

fn expression(value: &Value) -> Result<cedar::RestrictedExpression, String> {
    Ok(match value {
        Value::Truth(value) => cedar::RestrictedExpression::new_bool(*value),
        Value::Number(value) => {
            let value = i64::try_from(*value)
                .map_err(|_| format!("{value} is more than policies count"))?;
            cedar::RestrictedExpression::new_long(value)
        }
        Value::Text(value) => cedar::RestrictedExpression::new_string(value.clone()),
        Value::Texts(values) => cedar::RestrictedExpression::new_set(
            values.iter().map(|value| cedar::RestrictedExpression::new_string(value.clone())),
        ),
    })
}

fn bit(fact: Fact) -> u128 {
    1 << fact as u32
}

impl Needs {
    fn join(&mut self, other: Needs) {
        let Needs { facts, stage, entities } = other;
        self.facts |= facts;
        self.stage |= stage;
        self.entities |= entities;
    }

    fn read(&mut self, policy: &cedar::Policy) -> Result<(), String> {
        let json = policy.to_json().map_err(|error| error.to_string())?;
        let scoped = ["principal", "resource"].iter().any(|part| {
            json.get(part).and_then(|part| part.get("op")).is_some_and(|op| op != "All")
                && json.get(part).is_some_and(|part| {
                    part.get("in").is_some() || { part.get("op").is_some_and(|op| op == "in") }
                })
        });
        self.entities |= scoped;
        if let Some(conditions) = json.get("conditions") {
            self.walk(conditions, false);
        }
        Ok(())
    }

    /// Marks every member that an expression reads. `read` says that a member of
    /// this very expression is read, so that it does not count as a whole.
    fn walk(&mut self, json: &serde_json::Value, read: bool) {
        match json {
            serde_json::Value::Array(items) => items.iter().for_each(|item| self.walk(item, false)),
            serde_json::Value::Object(members) => {
                for (key, value) in members {
                    self.member(key, value, read);
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, key: &str, value: &serde_json::Value, read: bool) {
        let text = |key: &str| value.get(key).and_then(serde_json::Value::as_str);
        match key {
            "Var" if value == "context" && !read => self.everything(),
            "Var" if value == "principal" || value == "resource" => self.entities |= read,
            "." | "has" => {
                let attribute = text("attr").unwrap_or_default();
                let named = Fact::ALL.iter().filter(|fact| fact.name() == attribute);
                self.facts |= named.fold(0, |all, fact| all | bit(*fact));
                self.stage |= attribute == "stage";
                let whole = matches!(attribute, "request" | "findings" | "incidents" | "subject");
                if whole && key == "." && !read {
                    self.everything();
                }
                if let Some(left) = value.get("left") {
                    self.walk(left, true);
                }
            }
            "in" => {
                self.entities = true;
                self.walk(value, false);
            }
            // Of anything else that has members of its own, nothing is known.
            _ if read && key != "Var" => {
                self.everything();
                self.walk(value, false);
            }
            _ => self.walk(value, false),
        }
    }

    fn everything(&mut self) {
        self.facts = u128::MAX;
        self.stage = true;
        self.entities = true;
    }
}
