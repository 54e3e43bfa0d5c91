//! The chain syntax.
//!
//! ```text
//! chains = chain *( ";" chain )
//! chain  = group *( arrow group )      each step hands over to all of the next
//! group  = step *( "," step )          in no order among themselves
//! arrow  = "->" / [ "," ] "then"       `then` as a word of its own
//! step   = a slug, or plain words
//! ```
//!
//! Every text is either read completely or refused with the column of the
//! mistake.

use pi_core::Reason;

/// The longest chain in bytes.
pub const MAX_CHAIN_BYTES: usize = 4096;

/// The most steps that are written in one.
pub const MAX_STEPS: usize = 32;

/// A step as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Its words, separated by single blanks.
    pub text: String,
    /// Where it begins: counted from 1, in characters.
    pub column: usize,
}

/// Groups of steps, each handing over to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The groups; none is empty.
    pub groups: Vec<Vec<Mention>>,
}

/// Why a chain cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// It is too long.
    #[error("the chain has {bytes} bytes, at most {MAX_CHAIN_BYTES} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It has too many steps.
    #[error("there are more than {MAX_STEPS} steps (column {column})")]
    TooManySteps {
        /// Where the first one too many begins.
        column: usize,
    },
    /// A step is missing.
    #[error("a step is missing at column {column}")]
    MissingStep {
        /// Where it should be.
        column: usize,
    },
}

impl SyntaxError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            SyntaxError::TooLong { .. } | SyntaxError::TooManySteps { .. } => {
                Reason::BoundsExceeded
            }
            SyntaxError::MissingStep { .. } => Reason::InvalidRequest,
        }
    }

    /// The column that it is about, if it is about one.
    pub fn column(&self) -> Option<usize> {
        match self {
            SyntaxError::TooLong { .. } => None,
            SyntaxError::TooManySteps { column } | SyntaxError::MissingStep { column } => {
                Some(*column)
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Comma,
    Arrow,
    Then,
    Semicolon,
}

/// Reads a chain.
///
/// # Errors
/// [`SyntaxError`] with the column of the mistake.
pub fn parse(text: &str) -> Result<Vec<Chain>, SyntaxError> {
    if text.len() > MAX_CHAIN_BYTES {
        return Err(SyntaxError::TooLong { bytes: text.len() });
    }
    let mut tokens = tokens(text).into_iter().peekable();
    let mut reader = Reader::default();
    while let Some((token, column)) = tokens.next() {
        match token {
            Token::Word(word) => reader.word(&word, column),
            // A comma before `then` belongs to it.
            Token::Comma if matches!(tokens.peek(), Some((Token::Then, _))) => {}
            Token::Comma => reader.end_step(column)?,
            Token::Arrow | Token::Then => reader.end_group(column)?,
            Token::Semicolon => reader.end_chain(column)?,
        }
    }
    reader.end_chain(text.chars().count() + 1)?;
    Ok(reader.chains)
}

/// A chain of steps that are given one by one; nothing in them is syntax. The
/// column of a step is its number.
///
/// # Errors
/// [`SyntaxError`] when there are none or too many, or one is blank.
pub fn sequence(steps: &[&str]) -> Result<Vec<Chain>, SyntaxError> {
    let bytes = steps.iter().map(|step| step.len()).sum();
    if bytes > MAX_CHAIN_BYTES {
        return Err(SyntaxError::TooLong { bytes });
    }
    let mut reader = Reader::default();
    for (at, step) in steps.iter().enumerate() {
        for word in step.split_whitespace() {
            reader.word(word, at + 1);
        }
        if at + 1 < steps.len() {
            reader.end_group(at + 1)?;
        }
    }
    reader.end_chain(steps.len().max(1))?;
    Ok(reader.chains)
}

#[derive(Default)]
struct Reader {
    chains: Vec<Chain>,
    groups: Vec<Vec<Mention>>,
    group: Vec<Mention>,
    step: Option<Mention>,
    steps: usize,
}

impl Reader {
    fn word(&mut self, word: &str, column: usize) {
        match &mut self.step {
            Some(step) => {
                step.text.push(' ');
                step.text.push_str(word);
            }
            None => self.step = Some(Mention { text: word.to_owned(), column }),
        }
    }

    fn end_step(&mut self, column: usize) -> Result<(), SyntaxError> {
        let step = self.step.take().ok_or(SyntaxError::MissingStep { column })?;
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(SyntaxError::TooManySteps { column: step.column });
        }
        self.group.push(step);
        Ok(())
    }

    fn end_group(&mut self, column: usize) -> Result<(), SyntaxError> {
        self.end_step(column)?;
        self.groups.push(std::mem::take(&mut self.group));
        Ok(())
    }

    fn end_chain(&mut self, column: usize) -> Result<(), SyntaxError> {
        self.end_group(column)?;
        self.chains.push(Chain { groups: std::mem::take(&mut self.groups) });
        Ok(())
    }
}

/// The tokens with their columns.
fn tokens(text: &str) -> Vec<(Token, usize)> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut begin = 0;
    let mut characters = text.chars().zip(1..).peekable();
    while let Some((character, column)) = characters.next() {
        let sign = match character {
            ',' => Some(Token::Comma),
            ';' => Some(Token::Semicolon),
            '-' if characters.next_if(|(next, _)| *next == '>').is_some() => Some(Token::Arrow),
            _ => None,
        };
        if sign.is_some() || character.is_whitespace() {
            end_word(&mut tokens, &mut word, begin);
        } else {
            if word.is_empty() {
                begin = column;
            }
            word.push(character);
        }
        tokens.extend(sign.map(|sign| (sign, column)));
    }
    end_word(&mut tokens, &mut word, begin);
    tokens
}

fn end_word(tokens: &mut Vec<(Token, usize)>, word: &mut String, begin: usize) {
    if word.eq_ignore_ascii_case("then") {
        tokens.push((Token::Then, begin));
    } else if !word.is_empty() {
        tokens.push((Token::Word(word.clone()), begin));
    }
    word.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chain as it is understood: `a@1,b@4 > c@7; d@12`.
    fn read(text: &str) -> String {
        let mention = |m: &Mention| format!("{}@{}", m.text, m.column);
        let group = |g: &Vec<Mention>| g.iter().map(mention).collect::<Vec<_>>().join(",");
        let chain = |c: &Chain| c.groups.iter().map(group).collect::<Vec<_>>().join(" > ");
        match parse(text) {
            Ok(chains) => chains.iter().map(chain).collect::<Vec<_>>().join("; "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn chains_groups_and_steps() {
        for (text, expected) in [
            ("a", "a@1"),
            ("a -> b", "a@1 > b@6"),
            ("a->b", "a@1 > b@4"),
            ("a THEN b", "a@1 > b@8"),
            ("a, then b", "a@1 > b@9"),
            ("a,b -> c; d", "a@1,b@3 > c@8; d@11"),
            ("  docker\timages \n then é-x, thence", "docker images@3 > é-x@24,thence@29"),
            ("a - b > c", "a - b > c@1"),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_missing_step_is_named_by_its_column() {
        for (text, column) in [
            ("", 1),
            ("   ", 4),
            ("->", 1),
            ("a ->", 5),
            ("a -> -> b", 6),
            ("a,,b", 3),
            ("a, -> b", 4),
            ("é;", 3),
            ("then", 1),
            ("a then then b", 8),
        ] {
            assert_eq!(read(text), format!("a step is missing at column {column}"), "{text:?}");
        }
    }

    #[test]
    fn length_and_number_are_bounded() {
        assert!(parse(&vec!["a"; MAX_STEPS].join(",")).is_ok());
        assert_eq!(
            parse(&vec!["a"; MAX_STEPS + 1].join(",")),
            Err(SyntaxError::TooManySteps { column: 2 * MAX_STEPS + 1 })
        );
        let long = "a".repeat(MAX_CHAIN_BYTES + 1);
        assert_eq!(parse(&long).unwrap_err().reason(), Reason::BoundsExceeded);
        assert_eq!(sequence(&[&long]).unwrap_err().reason(), Reason::BoundsExceeded);
    }

    #[test]
    fn given_steps_hold_no_syntax() {
        let chains = sequence(&["a -> b, c", " d  e "]).unwrap();
        assert_eq!(chains[0].groups[0][0].text, "a -> b, c");
        assert_eq!(chains[0].groups[1][0], Mention { text: "d e".to_owned(), column: 2 });
        assert_eq!(sequence(&[]), Err(SyntaxError::MissingStep { column: 1 }));
        assert_eq!(sequence(&["a", " ", "b"]), Err(SyntaxError::MissingStep { column: 2 }));
    }
}
