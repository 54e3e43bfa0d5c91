//! The arguments of a git subcommand: combined short options, abbreviated long
//! ones, operands, `--`.

use super::git_command::Text;

/// The arguments of a subcommand by git's option grammar.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments {
    short: Vec<char>,
    long: Vec<(String, Option<String>)>,
    /// What is no option.
    pub operands: Vec<Text>,
    /// How many operands stand in front of `--`; all without one.
    pub before_dashes: usize,
    /// Has `--`.
    pub dashes: bool,
}

impl Arguments {
    /// Splits words. `short_values` are the letters and `long_values` the names
    /// whose value may be the next word.
    pub(crate) fn parse(words: &[Text], short_values: &str, long_values: &[&str]) -> Self {
        let mut out = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let text = word.as_str();
            if out.dashes || !text.starts_with('-') || text == "-" {
                out.operands.push(word.clone());
            } else if text == "--" {
                out.dashes = true;
                out.before_dashes = out.operands.len();
            } else if let Some(long) = text.strip_prefix("--") {
                let (name, mut value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (long, None),
                };
                if value.is_none() && long_values.contains(&name) {
                    value = words.next().map(|word| word.as_str().to_owned());
                }
                out.long.push((name.to_owned(), value));
            } else {
                let letters = text.trim_start_matches('-');
                for (at, letter) in letters.char_indices() {
                    out.short.push(letter);
                    if short_values.contains(letter) {
                        if at + letter.len_utf8() == letters.len() {
                            words.next();
                        }
                        break;
                    }
                }
            }
        }
        if !out.dashes {
            out.before_dashes = out.operands.len();
        }
        out
    }

    /// Whether a short option is given, alone or among others.
    pub(crate) fn short(&self, letter: char) -> bool {
        self.short.contains(&letter)
    }

    /// Whether a long option is given, in full or by a beginning of at least
    /// four letters, as git accepts it.
    pub(crate) fn long(&self, name: &str) -> bool {
        self.long.iter().any(|(given, _)| {
            given == name
                || (given.len() >= 4
                    && name.len() > given.len()
                    && name.starts_with(given.as_str())
                    && given != "force"
                    && given != "prune")
        })
    }

    /// The value of a long option.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.long.iter().find(|(given, _)| given == name)?;
        value.as_deref()
    }

    /// The operands with `…` in the place of what is only known at run time.
    pub(crate) fn shown(&self) -> String {
        self.operands.iter().map(Text::as_str).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_split() {
        let words: Vec<Text> = ["-fu", "origin", "--dry-run", "-o", "ci.skip", "main"]
            .map(|word| Text(Some(word.to_owned())))
            .to_vec();
        let arguments = Arguments::parse(&words, "o", &[]);
        assert!(arguments.short('f') && arguments.short('u') && arguments.long("dry-run"));
        assert_eq!(arguments.shown(), "origin main");
    }
}
