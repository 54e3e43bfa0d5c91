//! Reading stored headers without copying.
//!
//! A header is canonical JSON with a fixed set of fields, so its bytes have one
//! fixed layout. [`HeaderView::parse`] accepts that layout and nothing else.

use pi_core::Digest;

/// The version of the header's layout.
pub const FORMAT: &str = "pi.event/1";

/// The fields of a header. Strings are as stored, with their JSON escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderView<'a> {
    /// Who caused the event.
    pub actor: &'a str,
    /// Correlation id.
    pub correlation_id: Option<&'a str>,
    /// Type of the event.
    pub event_type: &'a str,
    /// Position in the tenant's tree, from 0.
    pub leaf_index: u64,
    /// Position in the partition, from 1.
    pub offset: u64,
    /// The partition.
    pub partition: &'a str,
    /// `H(salt || payload)`.
    pub payload_hash: Digest,
    /// Event hash before it in the partition.
    pub previous: Option<Digest>,
    /// Microseconds since 1970.
    pub recorded_at: u64,
    /// The run.
    pub run: Option<&'a str>,
    /// The payload's schema.
    pub schema: &'a str,
    /// The schema's version.
    pub schema_version: u64,
    /// The tenant.
    pub tenant: &'a str,
}

impl<'a> HeaderView<'a> {
    /// Reads a stored header; `None` when it has any other layout.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(std::str::from_utf8(bytes).ok()?);
        reader.literal("{\"actor\":")?;
        let actor = reader.string()?;
        reader.literal(",\"correlation_id\":")?;
        let correlation_id = reader.optional_string()?;
        reader.literal(",\"event_type\":")?;
        let event_type = reader.string()?;
        reader.literal(",\"format\":\"pi.event/1\",\"leaf_index\":")?;
        let leaf_index = reader.integer()?;
        reader.literal(",\"offset\":")?;
        let offset = reader.integer()?;
        reader.literal(",\"partition\":")?;
        let partition = reader.string()?;
        reader.literal(",\"payload_hash\":")?;
        let payload_hash = Digest::from_hex(reader.string()?)?;
        reader.literal(",\"previous_event_hash\":")?;
        let previous = match reader.string()? {
            "" => None,
            hex => Some(Digest::from_hex(hex)?),
        };
        reader.literal(",\"recorded_at\":")?;
        let recorded_at = reader.integer()?;
        reader.literal(",\"run\":")?;
        let run = reader.optional_string()?;
        reader.literal(",\"schema\":")?;
        let schema = reader.string()?;
        reader.literal(",\"schema_version\":")?;
        let schema_version = reader.integer()?;
        reader.literal(",\"tenant\":")?;
        let tenant = reader.string()?;
        reader.literal("}")?;
        reader.0.is_empty().then_some(Self {
            actor,
            correlation_id,
            event_type,
            leaf_index,
            offset,
            partition,
            payload_hash,
            previous,
            recorded_at,
            run,
            schema,
            schema_version,
            tenant,
        })
    }
}

struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn literal(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// A string up to its closing quote, escapes left as they are.
    fn string(&mut self) -> Option<&'a str> {
        let rest = self.0.strip_prefix('"')?;
        let mut escaped = false;
        let end = rest.bytes().position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        })?;
        let (text, rest) = rest.split_at_checked(end)?;
        self.0 = rest.strip_prefix('"')?;
        Some(text)
    }

    fn optional_string(&mut self) -> Option<Option<&'a str>> {
        match self.0.strip_prefix("null") {
            Some(rest) => {
                self.0 = rest;
                Some(None)
            }
            None => self.string().map(Some),
        }
    }

    fn integer(&mut self) -> Option<u64> {
        let end = self.0.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at_checked(end)?;
        if digits.len() > 1 && digits.starts_with('0') {
            return None;
        }
        self.0 = rest;
        digits.parse().ok()
    }
}
