//! Text of unknown origin, made safe to show.

/// `text` on one line, without characters that move, hide or reorder what
/// stands around them.
pub fn printable(text: &str) -> String {
    text.chars().map(printable_char).collect()
}

/// The character, or what stands in its place.
pub fn printable_char(character: char) -> char {
    match character {
        '\t' => ' ',
        control if control.is_control() => '\u{fffd}',
        // Characters that reorder or hide the text around them.
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        other => other,
    }
}
