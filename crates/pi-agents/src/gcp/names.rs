//! Names and addresses of Google Cloud that stand in values of any language.

use pi_artifacts::literal::Literal;
use pi_artifacts::shell::{CommandKind, Script, Word};

/// Whether a value is known only when the program runs, or is there to be replaced.
pub(super) fn is_open(value: &str) -> bool {
    value.contains(['$', '{', '}', '<', '>', '%', '*', ' '])
        || value.to_ascii_lowercase().contains("your")
}

/// Whether a literal is a value that counts.
pub(super) fn counts(literal: &Literal) -> bool {
    !literal.in_comment && !literal.value.is_empty() && !is_open(&literal.value)
}

/// What a command of `gcloud` names behind some words: `gcloud pubsub topics create
/// NAME`. Options in between are skipped.
pub(super) fn gcloud<'a>(script: &'a Script, words: &[&str]) -> Vec<(&'a Word, Vec<&'a Word>)> {
    let mut out = Vec::new();
    for command in script.commands() {
        let CommandKind::Simple(simple) = &command.kind else { continue };
        let mut given = simple.words.iter().filter(|word| !word.text.starts_with('-'));
        if given.next().is_some_and(|word| word.text == "gcloud")
            && words.iter().all(|wanted| given.next().is_some_and(|word| word.text == *wanted))
            && let Some(name) = given.next().filter(|word| !word.is_dynamic)
        {
            out.push((name, simple.words.iter().collect()));
        }
    }
    out
}

/// The value of an option, `--name=value` or `--name value`.
pub(super) fn option<'a>(words: &[&'a Word], name: &str) -> Option<(&'a Word, String)> {
    words.iter().enumerate().find_map(|(at, word)| {
        let rest = word.text.strip_prefix(name)?;
        match rest.strip_prefix('=') {
            Some(value) => Some((*word, value.to_owned())),
            None if rest.is_empty() => words.get(at + 1).map(|next| (*next, next.text.clone())),
            None => None,
        }
    })
}

/// A block of IPv4 addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) address: u32,
    pub(super) length: u32,
}

impl Block {
    /// Reads `10.8.0.0/28`.
    pub(super) fn parse(text: &str) -> Option<Block> {
        let (address, length) = text.split_once('/')?;
        let length: u32 = length.parse().ok().filter(|length| *length <= 32)?;
        let parts: Vec<u32> = address
            .split('.')
            .map(|part| part.parse().ok().filter(|n| *n < 256))
            .collect::<Option<_>>()?;
        let [a, b, c, d] = parts.as_slice() else { return None };
        Some(Block { address: a << 24 | b << 16 | c << 8 | d, length })
    }

    fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - self.length).unwrap_or(0)
    }

    /// Whether bits are set beyond its length.
    pub(super) fn has_host_bits(self) -> bool {
        self.address & !self.mask() != 0
    }

    /// Whether an address is in both.
    pub(super) fn overlaps(self, other: Block) -> bool {
        let mask = self.mask() & other.mask();
        self.address & mask == other.address & mask
    }

    /// Whether it lies within another.
    pub(super) fn is_within(self, other: Block) -> bool {
        self.length >= other.length && self.overlaps(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misc_blocks_of_addresses() {
        let block = |text| Block::parse(text).unwrap();
        assert!(block("10.8.0.0/28").is_within(block("10.0.0.0/8")));
        assert!(!block("11.8.0.0/28").is_within(block("10.0.0.0/8")));
        assert!(block("10.8.0.0/28").overlaps(block("10.8.0.8/29")));
        assert!(block("10.8.0.1/28").has_host_bits());
        assert!(block("0.0.0.0/0").overlaps(block("1.2.3.4/32")));
        assert_eq!(Block::parse("10.8.0/28"), None);
        assert_eq!(Block::parse("10.8.0.0/33"), None);
    }
}
