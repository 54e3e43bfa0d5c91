//! A policy set: Cedar text, checked, indexed and ready to be asked.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use cedar_policy as cedar;
use miette::Diagnostic;
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Digest, Reason};

use crate::engine::{Engine, Question};
use crate::message::Message;
use crate::scan;

/// The schema that every policy is checked against.
pub const SCHEMA: &str = include_str!("schema.cedarschema");

/// The name of the recorded form of a policy set.
pub const POLICY_SCHEMA: &str = "pi.policy.cedar/1";

/// A set of policies that may be asked.
#[derive(Debug)]
pub struct PolicySet {
    name: String,
    text: String,
    digest: Digest,
    policies: Vec<Policy>,
    pub(crate) engine: Engine,
}

/// What is known of one policy besides what Cedar does with it.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) id: String,
    pub(crate) forbids: bool,
    pub(crate) reason: Option<Reason>,
    pub(crate) message: Option<Message>,
}

/// What is wrong in a policy text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The policy, by its `@id` or its position, where it is known.
    pub policy: Option<String>,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The bytes.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What may help.
    pub help: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { policy, line, column, message, .. } = self;
        write!(f, "line {line}, column {column}: ")?;
        if let Some(policy) = policy {
            write!(f, "policy `{policy}`: ")?;
        }
        f.write_str(message)
    }
}

/// Why a policy text is no policy set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct PolicyError(pub Vec<Problem>);

impl PolicyError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        Reason::PolicyNotLoaded
    }
}

impl PolicySet {
    /// Reads and checks policies; `name` is what records and people call them.
    pub fn load(name: &str, text: &str) -> Result<Self, PolicyError> {
        let loading = Loading::new(text)?;
        let parsed: cedar::PolicySet = text.parse().map_err(|errors| loading.syntax(&errors))?;
        let mut sorted: BTreeMap<usize, &cedar::Policy> = BTreeMap::new();
        for policy in parsed.policies() {
            // The parser numbers policies in the order of the text.
            let number = position(policy.id()).unwrap_or(usize::MAX);
            sorted.insert(number, policy);
        }
        let ids: BTreeMap<usize, String> =
            sorted.iter().map(|(n, policy)| (*n, identity(*n, policy))).collect();
        let mut problems = loading.templates(&parsed);
        problems.extend(loading.validity(&parsed, &ids)?);
        let mut policies = Vec::new();
        for ((number, policy), id) in sorted.iter().zip(ids.values()) {
            match loading.annotations(*number, policy, id, &ids) {
                Ok(policy) => policies.push(policy),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            problems.sort_by_key(|problem| problem.span.start);
            problems.dedup();
            return Err(PolicyError(problems));
        }
        let engine = Engine::new(sorted.into_values())
            .map_err(|message| PolicyError(vec![loading.problem(0..0, None, message)]))?;
        let (name, text) = (name.to_owned(), text.to_owned());
        let digest = Digest::of_canonical(&Recorded { name: &name, text: &text });
        Ok(Self { name, text, digest, policies, engine })
    }

    /// The baseline policy, read once.
    pub fn baseline() -> Result<Arc<Self>, PolicyError> {
        static BASELINE: OnceLock<Result<Arc<PolicySet>, PolicyError>> = OnceLock::new();
        let load = || Self::load(crate::BASELINE_NAME, crate::BASELINE).map(Arc::new);
        BASELINE.get_or_init(load).clone()
    }

    /// Policies that a log kept. Most logs keep the baseline, which is not read again.
    pub fn kept(name: &str, text: &str) -> Result<Arc<Self>, PolicyError> {
        match (name, text) {
            (crate::BASELINE_NAME, crate::BASELINE) => Self::baseline(),
            _ => Self::load(name, text).map(Arc::new),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text that it was made of.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The digest over name and text.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The ids of the policies, in the order of the text.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = &str> {
        self.policies.iter().map(|policy| policy.id.as_str())
    }

    pub(crate) fn policy(&self, position: usize) -> Option<&Policy> {
        self.policies.get(position)
    }
}

impl ToCanonical for PolicySet {
    fn to_canonical(&self, encoder: &mut Encoder) {
        Recorded { name: &self.name, text: &self.text }.to_canonical(encoder);
    }
}

/// The recorded form: what [`PolicySet::load`] needs to make it again.
struct Recorded<'a> {
    name: &'a str,
    text: &'a str,
}

impl ToCanonical for Recorded<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| {
            o.field("name", self.name).field("schema", POLICY_SCHEMA).field("text", self.text);
        });
    }
}

/// The position that the parser put into an id.
pub(crate) fn position(id: &cedar::PolicyId) -> Option<usize> {
    let id: &str = id.as_ref();
    id.strip_prefix("policy")?.parse().ok()
}

fn identity(number: usize, policy: &cedar::Policy) -> String {
    let named = policy.annotation("id").filter(|id| !id.is_empty());
    named.map_or_else(|| format!("policy {}", number + 1), str::to_owned)
}

/// The schema, as Cedar reads it.
pub(crate) fn schema() -> Result<cedar::Schema, String> {
    // A test reads it; text that is part of the program cannot change.
    cedar::Schema::from_cedarschema_str(SCHEMA)
        .map(|(schema, _)| schema)
        .map_err(|error| error.to_string())
}

/// The text that is being loaded.
struct Loading<'a> {
    text: &'a str,
    statements: Vec<Range<usize>>,
}

impl<'a> Loading<'a> {
    fn new(text: &'a str) -> Result<Self, PolicyError> {
        match scan::statements(text) {
            Ok(statements) => Ok(Self { text, statements }),
            Err((at, message)) => {
                let loading = Self { text, statements: Vec::new() };
                Err(PolicyError(vec![loading.problem(at..at + 1, None, message)]))
            }
        }
    }

    fn problem(&self, span: Range<usize>, policy: Option<String>, message: String) -> Problem {
        let (line, column) = scan::place(self.text, span.start);
        Problem { policy, line, column, span, message, help: None }
    }

    /// The statement around a byte, by number.
    fn around(&self, at: usize) -> Option<usize> {
        self.statements.iter().position(|range| range.start <= at && at <= range.end)
    }

    fn diagnosed(&self, diagnostic: &dyn Diagnostic, policy: Option<String>) -> Problem {
        let label = diagnostic.labels().and_then(|mut labels| labels.next());
        let span = label.as_ref().map_or(0..0, |label| {
            let start = label.offset().min(self.text.len());
            start..(start + label.len()).min(self.text.len())
        });
        let mut message = diagnostic.to_string();
        if let Some(label) = label.as_ref().and_then(|label| label.label()) {
            message = format!("{message}: {label}");
        }
        let help = diagnostic.help().map(|help| help.to_string());
        Problem { help, ..self.problem(span, policy, message) }
    }

    fn syntax(&self, errors: &cedar::ParseErrors) -> PolicyError {
        let problem = |error: &cedar::ParseError| {
            let mut problem = self.diagnosed(error, None);
            let number = self.around(problem.span.start);
            problem.policy = number.map(|number| self.written_id(number));
            problem
        };
        let mut problems: Vec<Problem> = errors.iter().map(problem).collect();
        problems.sort_by_key(|problem| problem.span.start);
        PolicyError(problems)
    }

    /// The id of a statement that does not parse.
    fn written_id(&self, number: usize) -> String {
        let statement = self.statements.get(number).and_then(|range| self.text.get(range.clone()));
        let named = statement
            .and_then(|statement| statement.split_once("@id(\""))
            .and_then(|(_, rest)| rest.split_once('"'));
        named.map_or_else(|| format!("policy {}", number + 1), |(id, _)| id.to_owned())
    }

    fn templates(&self, parsed: &cedar::PolicySet) -> Vec<Problem> {
        let mut found: Vec<usize> =
            parsed.templates().filter_map(|template| position(template.id())).collect();
        found.sort_unstable();
        let problem = |number: usize| {
            let span = self.statements.get(number).cloned().unwrap_or(0..0);
            let message = "a policy with slots (`?principal`) has nobody to fill them".to_owned();
            self.problem(span, Some(self.written_id(number)), message)
        };
        found.into_iter().map(problem).collect()
    }

    fn validity(
        &self,
        parsed: &cedar::PolicySet,
        ids: &BTreeMap<usize, String>,
    ) -> Result<Vec<Problem>, PolicyError> {
        let schema =
            schema().map_err(|message| PolicyError(vec![self.problem(0..0, None, message)]))?;
        let validator = cedar::Validator::new(schema);
        let result = validator.validate(parsed, cedar::ValidationMode::Strict);
        let problem = |error: &cedar::ValidationError| {
            let id = position(error.policy_id()).and_then(|number| ids.get(&number)).cloned();
            let mut problem = self.diagnosed(error, id);
            // Cedar names the policy by its number; it is named already.
            let numbered = format!("for policy `{}`, ", error.policy_id());
            problem.message = problem.message.replacen(&numbered, "", 1);
            // Both questions have the same facts, so that both have the same problems.
            for question in [Question::ExecuteUnattended, Question::Execute] {
                let of = format!(" in context for PI::Action::\"{}\"", question.as_str());
                problem.message = problem.message.replacen(&of, "", 1);
            }
            problem
        };
        Ok(result.validation_errors().map(problem).collect())
    }

    fn annotations(
        &self,
        number: usize,
        policy: &cedar::Policy,
        id: &str,
        ids: &BTreeMap<usize, String>,
    ) -> Result<Policy, Problem> {
        let refuse = |value: &str, message: String| {
            self.problem(self.literal(number, value), Some(id.to_owned()), message)
        };
        if ids.values().filter(|other| *other == id).count() > 1 {
            return Err(refuse(id, format!("`{id}` is the id of two policies")));
        }
        let known = |key: &str| matches!(key, "id" | "reason" | "message");
        if let Some((key, value)) = policy.annotations().find(|(key, _)| !known(key)) {
            let message = format!("`@{key}` is none of `@id`, `@reason` and `@message`");
            return Err(refuse(value, message));
        }
        let reason = match policy.annotation("reason") {
            None => None,
            Some(code) => Some(
                Reason::from_code(code)
                    .ok_or_else(|| refuse(code, format!("`{code}` is no reason code")))?,
            ),
        };
        let message = match policy.annotation("message") {
            None => None,
            Some(text) => Some(
                Message::parse(text)
                    .map_err(|problem| refuse(text, format!("in its message: {problem}")))?,
            ),
        };
        let forbids = policy.effect() == cedar::Effect::Forbid;
        Ok(Policy { id: id.to_owned(), forbids, reason, message })
    }

    /// Where a literal stands in a statement; else the statement.
    fn literal(&self, number: usize, value: &str) -> Range<usize> {
        let Some(statement) = self.statements.get(number).cloned() else { return 0..0 };
        let text = self.text.get(statement.clone()).unwrap_or_default();
        let quoted = format!("\"{value}\"");
        match text.find(&quoted) {
            Some(at) => statement.start + at..statement.start + at + quoted.len(),
            None => statement,
        }
    }
}
