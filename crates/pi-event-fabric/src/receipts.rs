//! The two chains inside the payloads of a run: receipts with coverages, and
//! boundaries (`docs/spec/log-format.md`, section 4).

use pi_core::canonical::{Value, parse};
use pi_core::{Digest, Hasher};

/// A chain of records that carry the hash before them and their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The last hash.
    pub head: Option<Digest>,
    /// Records so far.
    pub count: u64,
    /// A redacted record came before: the next link is taken as given.
    gap: bool,
}

/// Both chains of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunChains {
    /// Receipts and coverages.
    pub receipts: Chain,
    /// Boundaries.
    pub boundaries: Chain,
    since_boundary: u64,
    /// Payloads that were erased.
    pub redacted: u64,
    /// The sealing payload was seen and fits.
    pub sealed: bool,
}

/// What the payload of a schema does to the chains.
fn is_receipt(schema: &str) -> bool {
    matches!(schema, "pi.receipt" | "pi.coverage")
}

impl RunChains {
    /// Takes the next payload of the run; `None` where it was erased.
    ///
    /// # Errors
    /// What does not fit.
    pub fn take(&mut self, schema: &str, payload: Option<&[u8]>) -> Result<(), String> {
        let Some(payload) = payload else {
            self.redacted += 1;
            if is_receipt(schema) {
                self.receipts.skip();
                self.since_boundary += 1;
            } else if schema == "pi.boundary" {
                self.boundaries.skip();
                self.since_boundary = 0;
            }
            return Ok(());
        };
        if is_receipt(schema) {
            let own = find(payload, "receipt_hash").ok_or("the receipt has no hash")?;
            let previous =
                find(payload, "previous_receipt_hash").ok_or("the receipt has no link")?;
            self.receipts.take(payload, &own, previous.value)?;
            self.since_boundary += 1;
        } else if schema == "pi.boundary" {
            let own = find(payload, "boundary_hash").ok_or("the boundary has no hash")?;
            let previous =
                find(payload, "previous_boundary_hash").ok_or("the boundary has no link")?;
            self.boundaries.take(payload, &own, previous.value)?;
            self.boundary(payload)?;
        } else if schema == "pi.run.sealed" {
            self.seal(payload)?;
        }
        Ok(())
    }

    fn boundary(&mut self, payload: &[u8]) -> Result<(), String> {
        let value = parse(payload).map_err(|error| error.to_string())?;
        let receipts = value.get("receipts").and_then(Value::as_u64);
        if receipts != Some(std::mem::take(&mut self.since_boundary)) {
            return Err("the boundary counts other receipts".to_owned());
        }
        let head = value.get("receipts_head").and_then(Value::as_str);
        if !self.receipts.gap && head != Some(&hex(self.receipts.head)) {
            return Err("the boundary names another last receipt".to_owned());
        }
        Ok(())
    }

    fn seal(&mut self, payload: &[u8]) -> Result<(), String> {
        let value = parse(payload).map_err(|error| error.to_string())?;
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        if value.get("receipts").and_then(Value::as_u64) != Some(self.receipts.count) {
            return Err("the seal counts other receipts".to_owned());
        }
        let fits = |chain: &Chain, key: &str| chain.gap || text(key) == hex(chain.head);
        if !fits(&self.receipts, "receipts_head") || !fits(&self.boundaries, "boundaries_head") {
            return Err("the seal names another end of a chain".to_owned());
        }
        let field = |key: &str| value.get(key).cloned().unwrap_or(Value::Null);
        let heads = vec![field("receipts_head"), field("boundaries_head")];
        let proof = Digest::of_canonical(&vec![
            field("request_hash"),
            Value::String(Digest::of_canonical(&heads).to_hex()),
            Value::String(Digest::of_canonical(&field("decision")).to_hex()),
        ]);
        if text("determinism_proof") != proof.to_hex() {
            return Err("the seal's determinism proof does not fit".to_owned());
        }
        self.sealed = true;
        Ok(())
    }
}

fn hex(digest: Option<Digest>) -> String {
    digest.map(Digest::to_hex).unwrap_or_default()
}

impl Chain {
    fn skip(&mut self) {
        self.count += 1;
        self.gap = true;
    }

    fn take(&mut self, payload: &[u8], own: &Field<'_>, previous: &[u8]) -> Result<(), String> {
        let link = hex(self.head);
        if !self.gap && previous != link.as_bytes() {
            return Err("the link to the record before does not fit".to_owned());
        }
        let mut hasher = Hasher::new();
        hasher.update(own.before).update(own.after);
        let hash = hasher.finish();
        if own.value != hash.hex_bytes() {
            return Err("the record does not have its hash".to_owned());
        }
        debug_assert!(payload.len() > own.before.len());
        self.head = Some(hash);
        self.count += 1;
        self.gap = false;
        Ok(())
    }
}

/// A string field of a canonical object, and the object without the field.
struct Field<'a> {
    value: &'a [u8],
    before: &'a [u8],
    after: &'a [u8],
}

/// Finds a top-level string field by its key. Hash values and keys hold no
/// quotes, and a key inside a string value would have its quotes escaped, so
/// the first occurrence of `"key":"` at the start or behind a comma is either
/// the field itself or one of a nested object; the records that are chained
/// have no nested object with such a key.
fn find<'a>(payload: &'a [u8], key: &str) -> Option<Field<'a>> {
    let text = std::str::from_utf8(payload).ok()?;
    let needle = format!("\"{key}\":\"");
    let mut from = 0;
    let at = loop {
        let at = from + text.get(from..)?.find(&needle)?;
        match text.as_bytes().get(at.checked_sub(1)?) {
            Some(b',' | b'{') => break at,
            _ => from = at + 1,
        }
    };
    let value_start = at + needle.len();
    let value_end = value_start + text.get(value_start..)?.find('"')?;
    let mut end = value_end + 1;
    let mut start = at;
    // The comma behind the field goes with it, or the one before a last field.
    if payload.get(end) == Some(&b',') {
        end += 1;
    } else {
        start = start.checked_sub(1)?;
    }
    Some(Field {
        value: payload.get(value_start..value_end)?,
        before: payload.get(..start)?,
        after: payload.get(end..)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_taken_out_with_its_comma() {
        let field = find(br#"{"a":1,"receipt_hash":"xy","z":2}"#, "receipt_hash").unwrap();
        assert_eq!(
            (field.value, field.before, field.after),
            (&b"xy"[..], &br#"{"a":1,"#[..], &br#""z":2}"#[..])
        );
        let field = find(br#"{"a":1,"receipt_hash":"xy"}"#, "receipt_hash").unwrap();
        assert_eq!((field.before, field.after), (&br#"{"a":1"#[..], &b"}"[..]));
        assert!(find(br#"{"previous_receipt_hash":"xy","a":1}"#, "receipt_hash").is_none());
    }
}
