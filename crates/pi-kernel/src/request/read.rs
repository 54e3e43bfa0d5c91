//! Reads requests. Everything that does not fit is refused with its path in the
//! document; nothing is ignored, guessed or cut.

use pi_core::canonical::{Integer, Object, ParseError, Value, parse};
use pi_core::{Digest, Name, Reason, Timestamp};

use super::{
    Bounds, Capability, CompositionRequest, Draft, Edge, EdgeKind, EvidenceMode, Examine, Node,
    NodeBounds, Retry,
};

/// The schema of a request.
pub const SCHEMA: &str = "pi.composition/1";

/// Largest document that is read.
pub const MAX_REQUEST_BYTES: usize = 4 << 20;

/// Longest id of a node.
const MAX_ID_BYTES: usize = 128;

/// Most items of a list in a request that admission has not bounded yet.
const MAX_ITEMS: usize = 100_000;

/// Why a document is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is larger than any request.
    #[error("the request has {0} bytes, more than {MAX_REQUEST_BYTES}")]
    TooLarge(usize),
    /// It is not JSON that has a canonical form.
    #[error("the request is not readable JSON: {0}")]
    Json(#[from] ParseError),
    /// A field does not fit the schema.
    #[error("`{path}` {problem}")]
    Field {
        /// Where: `nodes[2].capability`.
        path: String,
        /// What is wrong and what is expected.
        problem: String,
        /// The reason code.
        reason: Reason,
    },
    /// The document names another hash than its content has.
    #[error("`request_hash` is {named}, the content has {actual}")]
    Hash {
        /// The hash in the document.
        named: String,
        /// The hash of the content.
        actual: Digest,
    },
}

impl RequestError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            RequestError::TooLarge(_) => Reason::BoundsExceeded,
            RequestError::Json(_) => Reason::InvalidRequest,
            RequestError::Field { reason, .. } => *reason,
            RequestError::Hash { .. } => Reason::RequestHashMismatch,
        }
    }
}

type Read<T> = Result<T, RequestError>;

impl CompositionRequest {
    /// Reads a frozen request from JSON.
    pub fn from_json(bytes: &[u8]) -> Read<Self> {
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::TooLarge(bytes.len()));
        }
        Self::from_value(&parse(bytes)?)
    }

    /// Reads a frozen request. A `request_hash` that it names must be its hash.
    pub fn from_value(value: &Value) -> Read<Self> {
        let root = At { value, path: String::new() };
        let known = [
            "approved_by_user",
            "as_of",
            "console_session_id",
            "edges",
            "evidence",
            "global_bounds",
            "goal_hash",
            "manifest",
            "nodes",
            "request_hash",
            "request_id",
            "schema",
            "simulation_only",
            "strict",
            "tenant_id",
        ];
        root.only(&known)?;
        let schema = root.field("schema")?;
        if schema.text()? != SCHEMA {
            return Err(schema.wrong(Reason::UnknownVersion, &format!("must be `{SCHEMA}`")));
        }
        let draft = Draft {
            tenant: root.field("tenant_id")?.name()?,
            session: root.optional("console_session_id", At::text)?.map(str::to_owned),
            goal: root.optional("goal_hash", At::digest)?,
            nodes: root.field("nodes")?.list(node)?,
            edges: root.optional("edges", |edges| edges.list(edge))?.unwrap_or_default(),
            manifest: root.field("manifest")?.digest()?,
            bounds: root.optional("global_bounds", bounds)?.unwrap_or(Bounds::DEFAULT),
            evidence: root.optional("evidence", evidence)?.unwrap_or(EvidenceMode::Sealed),
            as_of: root.optional("as_of", At::number)?.map(Timestamp::from_micros),
            simulation_only: root.optional("simulation_only", At::flag)?.unwrap_or(false),
            strict: root.optional("strict", At::flag)?.unwrap_or(true),
            approved: root.optional("approved_by_user", At::flag)?.unwrap_or(false),
        };
        let request = draft.freeze();
        if let Some(named) = root.optional("request_hash", At::text)?
            && named != request.hash().to_hex()
        {
            return Err(RequestError::Hash { named: named.to_owned(), actual: request.hash() });
        }
        if let Some(id) = root.optional("request_id", At::text)?
            && id != request.id()
        {
            let at = root.field("request_id")?;
            let problem = format!("must be `{}`, derived from the content", request.id());
            return Err(at.wrong(Reason::RequestHashMismatch, &problem));
        }
        Ok(request)
    }
}

fn node(at: &At<'_>) -> Read<Node> {
    at.only(&["bounds", "capability", "dependencies", "id", "parameters", "retry"])?;
    let id = at.field("id")?;
    let text = id.text()?;
    if text.is_empty() || text.len() > MAX_ID_BYTES || text.chars().any(char::is_control) {
        return Err(id.wrong(Reason::InvalidRequest, "must be 1 to 128 bytes of visible text"));
    }
    let capability = capability(at)?;
    let retry = at.optional("retry", retry)?;
    if let (Some(_), false) = (retry.filter(|retry| retry.attempts > 1), capability.is_effect()) {
        let problem = "is for effects: a pure capability gives the same outcome every time";
        return Err(at.field("retry")?.wrong(Reason::InvalidRequest, problem));
    }
    Ok(Node {
        id: text.to_owned(),
        capability,
        dependencies: at.optional("dependencies", At::words)?.unwrap_or_default(),
        bounds: at.optional("bounds", node_bounds)?.unwrap_or(NodeBounds::HARD),
        retry: retry.unwrap_or(Retry::NEVER),
    })
}

fn capability(at: &At<'_>) -> Read<Capability> {
    let name = at.field("capability")?;
    let empty = Value::Object(Object::new());
    let parameters = match at.value.get("parameters") {
        Some(_) => at.field("parameters")?,
        None => At { value: &empty, path: at.at("parameters") },
    };
    let plain = |capability: Capability| parameters.only(&[]).map(|()| capability);
    match name.text()? {
        "manifest/admit" => plain(Capability::AdmitManifest),
        "artifacts/inventory" => plain(Capability::TakeInventory),
        "baseline/load" => {
            parameters.only(&["baseline"])?;
            Ok(Capability::LoadBaseline(parameters.field("baseline")?.digest()?))
        }
        "agents/examine" => {
            parameters.only(&["honour_allow", "only", "paths", "skip"])?;
            let words = |key| parameters.optional(key, At::words).map(Option::unwrap_or_default);
            Ok(Capability::Examine(Examine {
                only: words("only")?,
                skip: words("skip")?,
                paths: words("paths")?,
                honour_allow: parameters.optional("honour_allow", At::flag)?.unwrap_or(false),
            }))
        }
        "risk/weigh" => plain(Capability::Weigh),
        "policy/decide" => plain(Capability::Decide),
        "report/release" => plain(Capability::Release),
        "report/write" => {
            parameters.only(&["path"])?;
            let path = parameters.field("path")?;
            match path.text()? {
                "" => Err(path.wrong(Reason::InvalidRequest, "must name a file")),
                text => Ok(Capability::WriteReport { path: text.to_owned() }),
            }
        }
        other => {
            let known = Capability::NAMES.join("`, `");
            let problem = format!("is `{other}`, which is none of `{known}`");
            Err(name.wrong(Reason::UnknownCapability, &problem))
        }
    }
}

fn edge(at: &At<'_>) -> Read<Edge> {
    at.only(&["condition", "from", "to", "type"])?;
    let kind = match at.value.get("type") {
        None => EdgeKind::Sequential,
        Some(_) => {
            let word = at.field("type")?;
            EdgeKind::from_word(word.text()?).ok_or_else(|| {
                let words: Vec<&str> = EdgeKind::ALL.iter().map(|kind| kind.as_str()).collect();
                let problem = format!("must be one of {}", words.join(", "));
                word.wrong(Reason::InvalidRequest, &problem)
            })?
        }
    };
    Ok(Edge {
        from: at.field("from")?.text()?.to_owned(),
        to: at.field("to")?.text()?.to_owned(),
        kind,
        condition: at.optional("condition", At::text)?.map(str::to_owned),
    })
}

fn bounds(at: &At<'_>) -> Read<Bounds> {
    at.only(&[
        "max_artifacts",
        "max_depth",
        "max_execution_time_ms",
        "max_fanout",
        "max_total_nodes",
        "shard_count",
    ])?;
    let or = |key, hard| at.optional(key, At::number).map(|found| found.unwrap_or(hard));
    let hard = Bounds::DEFAULT;
    let shards = or("shard_count", u64::from(hard.shard_count))?;
    let shard_count = u32::try_from(shards).ok().filter(|count| *count > 0).ok_or_else(|| {
        let problem = format!("`{}` must be 1 to {}", at.at("shard_count"), hard.shard_count);
        at.wrong(Reason::InvalidRequest, &problem)
    })?;
    Ok(Bounds {
        max_total_nodes: or("max_total_nodes", hard.max_total_nodes)?,
        max_depth: or("max_depth", hard.max_depth)?,
        max_fanout: or("max_fanout", hard.max_fanout)?,
        max_execution_time_ms: or("max_execution_time_ms", hard.max_execution_time_ms)?,
        max_artifacts: or("max_artifacts", hard.max_artifacts)?,
        shard_count,
    })
}

fn node_bounds(at: &At<'_>) -> Read<NodeBounds> {
    at.only(&["max_artifacts", "max_input_bytes", "max_inputs", "max_output_bytes"])?;
    let or = |key, hard| at.optional(key, At::number).map(|found| found.unwrap_or(hard));
    let hard = NodeBounds::HARD;
    Ok(NodeBounds {
        max_inputs: or("max_inputs", hard.max_inputs)?,
        max_artifacts: or("max_artifacts", hard.max_artifacts)?,
        max_input_bytes: or("max_input_bytes", hard.max_input_bytes)?,
        max_output_bytes: or("max_output_bytes", hard.max_output_bytes)?,
    })
}

fn retry(at: &At<'_>) -> Read<Retry> {
    at.only(&["attempts", "base_ms"])?;
    let attempts = at.optional("attempts", At::number)?.unwrap_or(1);
    let fits = u32::try_from(attempts).ok().filter(|n| (1..=Retry::MAX_ATTEMPTS).contains(n));
    let attempts = fits.ok_or_else(|| {
        let problem = format!("must have 1 to {} attempts", Retry::MAX_ATTEMPTS);
        at.wrong(Reason::BoundsExceeded, &problem)
    })?;
    let base_ms = at.optional("base_ms", At::number)?.unwrap_or(Retry::NEVER.base_ms);
    Ok(Retry { attempts, base_ms })
}

fn evidence(at: &At<'_>) -> Read<EvidenceMode> {
    EvidenceMode::from_word(at.text()?)
        .ok_or_else(|| at.wrong(Reason::InvalidRequest, "must be `none`, `hashes` or `sealed`"))
}

/// A value and where it stands.
struct At<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> At<'a> {
    fn wrong(&self, reason: Reason, problem: &str) -> RequestError {
        let path = if self.path.is_empty() { "the request" } else { &self.path };
        RequestError::Field { path: path.to_owned(), problem: problem.to_owned(), reason }
    }

    fn expected(&self, what: &str) -> RequestError {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a float",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.wrong(Reason::InvalidRequest, &format!("must be {what}, not {found}"))
    }

    fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Refuses fields that the schema does not have.
    fn only(&self, known: &[&str]) -> Read<()> {
        let Value::Object(object) = self.value else { return Err(self.expected("an object")) };
        match object.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let fields = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let path = self.at(key);
                let problem = format!("is no field; there are: {fields}");
                Err(RequestError::Field { path, problem, reason: Reason::InvalidRequest })
            }
        }
    }

    fn field(&self, key: &str) -> Read<At<'a>> {
        let value = self.value.get(key).ok_or_else(|| RequestError::Field {
            path: self.at(key),
            problem: "is missing".to_owned(),
            reason: Reason::InvalidRequest,
        })?;
        Ok(At { value, path: self.at(key) })
    }

    /// A field that may be absent or null.
    fn optional<T>(&self, key: &str, read: impl Fn(&At<'a>) -> Read<T>) -> Read<Option<T>> {
        match self.value.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(&At { value, path: self.at(key) }).map(Some),
        }
    }

    fn list<T>(&self, read: impl Fn(&At<'a>) -> Read<T>) -> Read<Vec<T>> {
        let Value::Array(items) = self.value else { return Err(self.expected("a list")) };
        if items.len() > MAX_ITEMS {
            let problem = format!("has {} items, more than {MAX_ITEMS}", items.len());
            return Err(self.wrong(Reason::BoundsExceeded, &problem));
        }
        let item = |(index, value)| read(&At { value, path: format!("{}[{index}]", self.path) });
        items.iter().enumerate().map(item).collect()
    }

    fn words(&self) -> Read<Vec<String>> {
        self.list(|item| item.text().map(str::to_owned))
    }

    fn text(&self) -> Read<&'a str> {
        match self.value {
            Value::String(text) => Ok(text),
            _ => Err(self.expected("a string")),
        }
    }

    fn number(&self) -> Read<u64> {
        let number = match self.value {
            Value::Integer(integer) => Integer::as_u64(integer),
            _ => None,
        };
        number.ok_or_else(|| self.expected("an integer from 0 to 2^64 - 1"))
    }

    fn flag(&self) -> Read<bool> {
        self.value.as_bool().ok_or_else(|| self.expected("true or false"))
    }

    fn digest(&self) -> Read<Digest> {
        Digest::from_hex(self.text()?).ok_or_else(|| self.expected("64 hexadecimal digits"))
    }

    fn name(&self) -> Read<Name> {
        Name::new(self.text()?)
            .map_err(|error| self.wrong(Reason::InvalidRequest, &error.to_string()))
    }
}
