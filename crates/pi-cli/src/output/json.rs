//! Objects in JSON, a line each.

use pi_core::canonical::{Encoder, ObjectEncoder, ToCanonical};

/// An object as one line of canonical JSON.
pub fn object(fields: impl FnOnce(&mut ObjectEncoder<'_>)) -> String {
    let mut encoder = Encoder::default();
    encoder.object(fields);
    let mut text = String::from_utf8(encoder.into_bytes()).unwrap_or_default();
    text.push('\n');
    text
}

/// An object whose members a closure writes.
pub struct Fields<F>(pub F);

impl<F: Fn(&mut ObjectEncoder<'_>)> ToCanonical for Fields<F> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| (self.0)(o));
    }
}
