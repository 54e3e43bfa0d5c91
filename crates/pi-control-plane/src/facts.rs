//! The facts that a policy is asked about: a closed list, each with its type.

use pi_core::canonical::{Encoder, ToCanonical, Value as Json};

/// The type of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Truth,
    /// A whole number from 0.
    Number,
    /// A text.
    Text,
    /// Several texts; their order matters to nobody but readers.
    Texts,
}

impl Kind {
    /// How people call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Truth => "true or false",
            Kind::Number => "a whole number",
            Kind::Text => "a text",
            Kind::Texts => "a list of texts",
        }
    }
}

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// True or false.
    Truth(bool),
    /// A whole number from 0.
    Number(u64),
    /// A text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
}

impl Value {
    /// Its type.
    pub const fn kind(&self) -> Kind {
        match self {
            Value::Truth(_) => Kind::Truth,
            Value::Number(_) => Kind::Number,
            Value::Text(_) => Kind::Text,
            Value::Texts(_) => Kind::Texts,
        }
    }

    fn read(kind: Kind, json: &Json) -> Option<Self> {
        Some(match kind {
            Kind::Truth => Value::Truth(json.as_bool()?),
            Kind::Number => Value::Number(json.as_u64()?),
            Kind::Text => Value::Text(json.as_str()?.to_owned()),
            Kind::Texts => {
                let texts = json.as_array()?.iter().map(|item| item.as_str().map(str::to_owned));
                Value::Texts(texts.collect::<Option<_>>()?)
            }
        })
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Truth(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Value::Number(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<Vec<String>> for Value {
    fn from(value: Vec<String>) -> Self {
        Value::Texts(value)
    }
}

impl ToCanonical for Value {
    fn to_canonical(&self, encoder: &mut Encoder) {
        match self {
            Value::Truth(value) => value.to_canonical(encoder),
            Value::Number(value) => value.to_canonical(encoder),
            Value::Text(value) => value.to_canonical(encoder),
            Value::Texts(values) => values.to_canonical(encoder),
        }
    }
}

/// The record that a fact belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The frozen request: always there.
    Request,
    /// What was found: there in GOVERN, all or nothing.
    Findings,
    /// Incidents by reason: a part of the findings.
    Incidents,
    /// The fields of rule lists: each there or not.
    Subject,
}

macro_rules! facts {
    ($($group:ident $prefix:literal { $($variant:ident $name:literal $kind:ident),+ $(,)? })+) => {
        /// A fact.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the schema says what each is")]
        pub enum Fact { $($($variant),+),+ }

        impl Fact {
            /// Every fact, in the order of the schema.
            pub const ALL: &'static [Fact] = &[$($(Fact::$variant),+),+];

            /// Its name within its record.
            pub const fn name(self) -> &'static str {
                match self { $($(Fact::$variant => $name),+),+ }
            }

            /// Its full name, as policies write it behind `context`.
            pub const fn path(self) -> &'static str {
                match self { $($(Fact::$variant => concat!($prefix, ".", $name)),+),+ }
            }

            /// Its type.
            pub const fn kind(self) -> Kind {
                match self { $($(Fact::$variant => Kind::$kind),+),+ }
            }

            /// Its record.
            pub const fn group(self) -> Group {
                match self { $($(Fact::$variant => Group::$group),+),+ }
            }
        }
    };
}

facts! {
    Request "request" {
        Approved "approved" Truth,
        SimulationOnly "simulation_only" Truth,
        Strict "strict" Truth,
        Nodes "nodes" Number,
        Edges "edges" Number,
        Artifacts "artifacts" Number,
        Depth "depth" Number,
        Fanout "fanout" Number,
        MaxExecutionTimeMs "max_execution_time_ms" Number,
        HonourAllow "honour_allow" Truth,
        Evidence "evidence" Text,
        Capabilities "capabilities" Texts,
        Effects "effects" Texts,
    }
    Findings "findings" {
        Critical "critical" Number,
        High "high" Number,
        Medium "medium" Number,
        Low "low" Number,
        Info "info" Number,
        HighOrAbove "high_or_above" Number,
        MediumOrAbove "medium_or_above" Number,
        LowOrAbove "low_or_above" Number,
        All "all" Number,
        Allowed "allowed" Number,
        Known "known" Number,
        NodesFailed "nodes_failed" Number,
        Unjudged "unjudged" Number,
    }
    Incidents "findings.incidents" {
        ConsensusDiverged "consensus_diverged" Number,
        ConsensusStricterCopy "consensus_stricter_copy" Number,
        ConsensusVoteMissing "consensus_vote_missing" Number,
        AgentPanicked "agent_panicked" Number,
        AgentTimedOut "agent_timed_out" Number,
        ArtifactTooLarge "artifact_too_large" Number,
        ArtifactTooDeep "artifact_too_deep" Number,
        ArtifactUnparsable "artifact_unparsable" Number,
        ArtifactUnreadable "artifact_unreadable" Number,
        ArtifactChanged "artifact_changed" Number,
        ArtifactNotRegular "artifact_not_regular" Number,
        BudgetExceeded "budget_exceeded" Number,
        OtherIncident "other" Number,
    }
    Subject "subject" {
        TenantId "tenant_id" Text,
        ActorId "actor_id" Text,
        Role "role" Text,
        Action "action" Text,
        ResourceType "resource_type" Text,
        ResourceId "resource_id" Text,
        CompositionId "composition_id" Text,
        SnapshotId "snapshot_id" Text,
        WorkerId "worker_id" Text,
        SubjectStage "stage" Text,
        EventType "event_type" Text,
        PartitionKey "partition_key" Text,
        EpochNumber "epoch_number" Number,
        SchemaName "schema_name" Text,
        SchemaVersion "schema_version" Number,
        ConnectorId "connector_id" Text,
        ConnectorTrustTier "connector_trust_tier" Text,
        SandboxPolicy "sandbox_policy" Text,
        TrustZone "trust_zone" Text,
        Imports "imports" Texts,
        SubjectCapabilities "capabilities" Texts,
        CpuTimeMs "cpu_time_ms" Number,
        MemoryMb "memory_mb" Number,
        OutputMb "output_mb" Number,
        ExecutionTimeMs "execution_time_ms" Number,
        SubjectNodes "nodes" Number,
        SubjectArtifacts "artifacts" Number,
        NetworkAccess "network_access" Truth,
        FilesystemAccess "filesystem_access" Truth,
        SubprocessAccess "subprocess_access" Truth,
        DynamicEvalAccess "dynamic_eval_access" Truth,
    }
}

impl Fact {
    /// The fact with this full name.
    pub fn from_path(path: &str) -> Option<Fact> {
        Fact::ALL.iter().copied().find(|fact| fact.path() == path)
    }

    /// The field of rule lists with this name.
    pub fn field(name: &str) -> Option<Fact> {
        let fields = Fact::ALL.iter().copied().filter(|fact| fact.group() == Group::Subject);
        fields.into_iter().find(|fact| fact.name() == name)
    }

    /// The incidents and the rest.
    pub fn incidents() -> impl Iterator<Item = Fact> {
        Fact::ALL.iter().copied().filter(|fact| fact.group() == Group::Incidents)
    }
}

/// The facts that are sums of others.
fn sums() -> [(Fact, Vec<Fact>); 5] {
    use Fact::{Critical, High, Info, Low, Medium};
    [
        (Fact::HighOrAbove, vec![Critical, High]),
        (Fact::MediumOrAbove, vec![Critical, High, Medium]),
        (Fact::LowOrAbove, vec![Critical, High, Medium, Low]),
        (Fact::All, vec![Critical, High, Medium, Low, Info]),
        (Fact::Unjudged, Fact::incidents().collect()),
    ]
}

/// The moment at which a policy is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before anything runs.
    Admission,
    /// When everything was examined.
    Govern,
}

impl Stage {
    /// The word in policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stage::Admission => "admission",
            Stage::Govern => "govern",
        }
    }
}

/// What a policy is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Who asks.
    pub actor: String,
    /// Whose composition it is, and whose actor.
    pub tenant: String,
    /// The composition's id.
    pub composition: String,
    /// The moment.
    pub stage: Stage,
    values: Vec<Option<Value>>,
}

/// Why a document gives no facts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// There is no such fact.
    #[error("`{0}` is no fact; the schema lists them (`pi policy show --schema`)")]
    Unknown(String),
    /// It has another type.
    #[error("`{path}` must be {}", kind.as_str())]
    Kind {
        /// The fact.
        path: String,
        /// The type that it must have.
        kind: Kind,
    },
}

impl Facts {
    /// No facts yet.
    pub fn new(actor: &str, tenant: &str, composition: &str, stage: Stage) -> Self {
        let (actor, tenant) = (actor.to_owned(), tenant.to_owned());
        let values = vec![None; Fact::ALL.len()];
        Self { actor, tenant, composition: composition.to_owned(), stage, values }
    }

    /// Facts under which nothing is asked for and nothing was found: every
    /// number is 0, every list empty, and no field of a subject is there.
    pub fn blank(actor: &str, tenant: &str, composition: &str, stage: Stage) -> Self {
        let mut facts = Self::new(actor, tenant, composition, stage);
        for fact in Fact::ALL.iter().copied() {
            if fact.group() == Group::Subject {
                continue;
            }
            facts.set(
                fact,
                match fact.kind() {
                    Kind::Truth => Value::Truth(false),
                    Kind::Number => Value::Number(0),
                    Kind::Text => Value::Text(String::new()),
                    Kind::Texts => Value::Texts(Vec::new()),
                },
            );
        }
        facts
    }

    /// Sets a fact. One of another type counts as missing.
    pub fn set(&mut self, fact: Fact, value: impl Into<Value>) -> &mut Self {
        let value = value.into();
        let value = (value.kind() == fact.kind()).then_some(value);
        if let Some(slot) = self.values.get_mut(fact as usize) {
            *slot = value;
        }
        self
    }

    /// A fact, if it is known at this stage.
    pub fn get(&self, fact: Fact) -> Option<&Value> {
        if self.stage == Stage::Admission
            && matches!(fact.group(), Group::Findings | Group::Incidents)
        {
            return None;
        }
        self.written(fact)
    }

    /// Reads the facts of a question that a person wrote: `actor`, `tenant`,
    /// `composition`, and the records `request`, `findings` and `subject`. What is
    /// not named is blank, and sums are added up; with `findings` the stage is GOVERN.
    pub fn from_json(json: &Json) -> Result<Self, FactsError> {
        let text = |key: &str, otherwise: &str| match json.get(key) {
            None => Ok(otherwise.to_owned()),
            Some(value) => value
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| FactsError::Kind { path: key.to_owned(), kind: Kind::Text }),
        };
        let stage = if json.get("findings").is_some() { Stage::Govern } else { Stage::Admission };
        let (actor, tenant) = (text("actor", "cli")?, text("tenant", "local")?);
        let mut facts = Self::blank(&actor, &tenant, &text("composition", "")?, stage);
        let members = json.as_object().ok_or_else(|| FactsError::Unknown("it".to_owned()))?;
        for (sum, _) in sums() {
            facts.forget(sum);
        }
        for (key, value) in members {
            match key.as_str() {
                "actor" | "tenant" | "composition" => {}
                "request" | "findings" | "subject" => facts.read(key, value)?,
                _ => return Err(FactsError::Unknown(key.clone())),
            }
        }
        for (sum, parts) in sums() {
            if facts.written(sum).is_none() {
                let parts = parts.into_iter().filter_map(|part| match facts.written(part)? {
                    Value::Number(number) => Some(*number),
                    _ => None,
                });
                let total = parts.fold(0, u64::saturating_add);
                facts.set(sum, total);
            }
        }
        Ok(facts)
    }

    /// A fact, whatever the stage.
    fn written(&self, fact: Fact) -> Option<&Value> {
        self.values.get(fact as usize)?.as_ref()
    }

    fn forget(&mut self, fact: Fact) {
        if let Some(slot) = self.values.get_mut(fact as usize) {
            *slot = None;
        }
    }

    fn read(&mut self, prefix: &str, json: &Json) -> Result<(), FactsError> {
        let members = json.as_object().ok_or_else(|| FactsError::Unknown(prefix.to_owned()))?;
        for (key, value) in members {
            let path = format!("{prefix}.{key}");
            if path == "findings.incidents" {
                self.read(&path, value)?;
                continue;
            }
            let Some(fact) = Fact::from_path(&path) else {
                return Err(FactsError::Unknown(path));
            };
            if *value == Json::Null && fact.group() == Group::Subject {
                continue;
            }
            let kind = fact.kind();
            let value = Value::read(kind, value).ok_or(FactsError::Kind { path, kind })?;
            self.set(fact, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pi_core::canonical::parse;

    fn read(text: &str) -> Result<Facts, FactsError> {
        Facts::from_json(&parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn a_document_adds_up_its_sums_unless_it_says_them() {
        let facts = read(
            r#"{"findings":{"critical":1,"medium":2,"low_or_above":9,"incidents":{"agent_panicked":3,"other":1}}}"#,
        )
        .unwrap();
        let number = |fact| facts.get(fact).cloned();
        for (fact, expected) in [
            (Fact::HighOrAbove, 1_u64),
            (Fact::MediumOrAbove, 3),
            (Fact::LowOrAbove, 9),
            (Fact::All, 3),
            (Fact::Unjudged, 4),
        ] {
            assert_eq!(number(fact), Some(expected.into()), "{}", fact.path());
        }
        assert_eq!(read("{}").unwrap(), Facts::blank("cli", "local", "", Stage::Admission));
    }

    #[test]
    fn what_is_no_fact_is_refused_by_its_path() {
        for (text, path) in [
            ("[]", "it"),
            (r#"{"colour":1}"#, "colour"),
            (r#"{"request":7}"#, "request"),
            (r#"{"request":{"nodez":1}}"#, "request.nodez"),
            (r#"{"request":{"nodes":-1}}"#, "request.nodes"),
            (r#"{"request":{"nodes":null}}"#, "request.nodes"),
            (r#"{"request":{"effects":["a",1]}}"#, "request.effects"),
            (r#"{"findings":{"incidents":{"high":1}}}"#, "findings.incidents.high"),
            (r#"{"subject":{"role":true}}"#, "subject.role"),
            (r#"{"actor":1}"#, "actor"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.to_string().contains(&format!("`{path}`")), "{text}: {error}");
        }
        // Null is no value for a field that need not be there.
        assert_eq!(read(r#"{"subject":{"role":null}}"#).unwrap().get(Fact::Role), None);
    }
}
