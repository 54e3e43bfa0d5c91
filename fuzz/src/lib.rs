//! What the fuzz targets share: one function a property, none of which may fail
//! for any input.

pub mod checks;
pub mod policy;

use std::sync::OnceLock;

use pi_agent_api::Catalogue;
use pi_artifacts::{Kind, Span};

/// The catalogue of this build.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| pi_agents::catalogue().expect("the catalogue is sound"))
}

/// The first byte chooses one of `kinds`, the rest is the content.
pub fn choose<'a>(kinds: &[Kind], bytes: &'a [u8]) -> Option<(Kind, &'a [u8])> {
    let (first, rest) = bytes.split_first()?;
    kinds.get(usize::from(*first) % kinds.len()).map(|kind| (*kind, rest))
}

#[path = "../../crates/pi-cli/src/output/frame.rs"]
mod frame;
#[path = "../../crates/pi-cli/src/output/style.rs"]
#[allow(dead_code, reason = "frames need only a part of it")]
mod style;

/// The code frame around any span of any text shows no control character.
pub fn frames(bytes: &[u8]) {
    let Some((places, content)) = bytes.split_at_checked(6) else { return };
    let Ok(text) = std::str::from_utf8(content) else { return };
    let place = |at: usize| {
        let place = usize::from(u16::from_be_bytes([places[at], places[at + 1]]));
        place % (text.len() + 1)
    };
    let span = Span::new(place(0), place(2));
    let masked = Span::new(place(4), place(2));
    let mut frames = frame::Frames::new(text.to_owned(), vec![masked]);
    let shown = frames.frame(span, "a/path", "label", false);
    let bad = shown.chars().find(|c| c.is_control() && *c != '\n');
    assert!(bad.is_none(), "{bad:?} in {shown}");
}
