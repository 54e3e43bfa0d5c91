//! Masking. Nothing that a person or the log sees may hold a secret in clear.

/// What stands in the place of a masked character sequence.
pub const MASK: &str = "****";

/// Masks a secret for display: a short well-known prefix may stay, never more
/// than 4 characters and never more than a quarter of it, and no suffix.
pub fn mask(secret: &str) -> String {
    let shown = (secret.chars().count() / 4).min(4);
    let mut out: String = secret.chars().take(shown).collect();
    out.push_str(MASK);
    out
}
