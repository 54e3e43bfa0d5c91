//! Words, text direction and invisible characters.

use pi_artifacts::Span;
use unicode_script::{Script, UnicodeScript};
use unicode_security::confusable_detection::skeleton;

/// A run of letters, digits and underscores.
pub struct Word<'a> {
    /// The word.
    pub text: &'a str,
    /// Its place.
    pub span: Span,
}

/// The words of a text.
pub fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.split(move |c| !is_part(c)).filter(|word| !word.is_empty()).map(move |word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        Word { text: word, span: Span::new(start, start + word.len()) }
    })
}

impl Word<'_> {
    /// Whether all is ASCII.
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    /// The ASCII word it looks like.
    pub fn ascii_skeleton(&self) -> Option<String> {
        let looks: String = skeleton(self.text).collect();
        // The skeleton of `m` is `rn`, of `0` is `O` and of `1` is `l`: only a
        // letter of another script makes a look-alike.
        let foreign = self.text.chars().any(|c| !c.is_ascii() && differs(c));
        if !foreign || !looks.is_ascii() {
            return None;
        }
        Some(self.text.chars().map(to_ascii).collect())
    }

    /// Whether Latin letters stand beside letters of another script.
    pub fn mixes_latin(&self) -> bool {
        let latin = self.text.chars().any(|c| c.is_ascii_alphabetic());
        let other = self
            .text
            .chars()
            .any(|c| !matches!(c.script(), Script::Latin | Script::Common | Script::Inherited));
        // `H\u{3b1}` is notation; two letters imitate no word.
        latin && other && self.text.chars().count() > 2
    }
}

/// Whether a character looks like an ASCII letter or digit without being one
/// in the ordinary spelling of a language that uses Latin letters.
fn differs(c: char) -> bool {
    let latin_letter = c.script() == Script::Latin && !is_fullwidth(c);
    !latin_letter && to_ascii(c) != c
}

fn is_fullwidth(c: char) -> bool {
    ('\u{ff01}'..='\u{ff5e}').contains(&c)
}

fn to_ascii(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    let mut buffer = [0; 4];
    let looks: Vec<char> = skeleton(c.encode_utf8(&mut buffer)).collect();
    match looks.as_slice() {
        [one] if one.is_ascii() => *one,
        // `m` has a skeleton of two letters.
        ['r', 'n'] => 'm',
        _ => c,
    }
}

/// Names that run code or reach the system.
pub fn is_dangerous(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["eval", "exec", "system", "import", "compile", "require", "spawn", "getattr", "open"]
        .contains(&name.as_str())
}

/// Every character outside ASCII as `\u{...}`.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}

/// The letters and digits of a line, at most 40: names it however it is spaced.
pub fn gist(line: &str) -> String {
    line.chars().filter(char::is_ascii_alphanumeric).take(40).collect()
}

/// Lines with their offsets.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(['\n', '\r']).map(|line| (line.as_ptr() as usize - text.as_ptr() as usize, line))
}

/// Controls of text direction on a line.
pub struct Controls {
    /// One is open at the end of the line, or closes nothing.
    pub unbalanced: bool,
    /// One is an override.
    pub overrides: bool,
    /// Offset of the first.
    pub first: usize,
    /// Their names.
    pub names: String,
}

/// Reads the direction controls of a line; `None` when there are none.
pub fn direction_controls(line: &str) -> Option<Controls> {
    let mut open: Vec<char> = Vec::new();
    let mut first = None;
    let mut names = Vec::new();
    let (mut stray, mut overrides) = (false, false);
    for (at, c) in line.char_indices() {
        let name = match c {
            '\u{202a}' => "LRE",
            '\u{202b}' => "RLE",
            '\u{202c}' => "PDF",
            '\u{202d}' => "LRO",
            '\u{202e}' => "RLO",
            '\u{2066}' => "LRI",
            '\u{2067}' => "RLI",
            '\u{2068}' => "FSI",
            '\u{2069}' => "PDI",
            _ => continue,
        };
        first.get_or_insert(at);
        names.push(name);
        overrides |= matches!(c, '\u{202d}' | '\u{202e}');
        match c {
            '\u{202c}' => stray |= !matches!(open.pop(), Some('\u{202a}'..='\u{202e}')),
            '\u{2069}' => stray |= !matches!(open.pop(), Some('\u{2066}'..='\u{2068}')),
            opening => open.push(opening),
        }
    }
    first.map(|first| Controls {
        unbalanced: stray || !open.is_empty(),
        overrides,
        first,
        names: names.join(" "),
    })
}

/// Invisible characters in a row.
pub struct Run {
    /// Their place.
    pub span: Span,
    /// How many.
    pub count: usize,
    /// Their code points; of many, the first.
    pub names: String,
    /// Long enough to hold a message.
    pub hides_text: bool,
    /// The line they stand in.
    pub gist: String,
}

/// Tags (U+E0000 to U+E007F) and variation selectors carry a byte each.
fn carries_data(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}' | '\u{fe00}'..='\u{fe0f}')
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
    ) || carries_data(c)
}

/// Invisible characters that scripts and emoji do not explain.
pub fn invisible_runs(text: &str) -> Vec<Run> {
    /// As many invisible characters in a row as no script needs.
    const MESSAGE: usize = 4;
    let mut runs = Vec::new();
    let mut characters = text.char_indices().peekable();
    let mut before = None;
    while let Some((start, c)) = characters.next() {
        if !is_invisible(c) {
            before = Some(c);
            continue;
        }
        let mut run = vec![c];
        let mut end = start + c.len_utf8();
        while let Some((at, next)) = characters.next_if(|(_, next)| is_invisible(*next)) {
            run.push(next);
            end = at + next.len_utf8();
        }
        let after = characters.peek().map(|(_, next)| *next);
        // The flags of England, Scotland and Wales are spelled with tags.
        let flag =
            before == Some('\u{1f3f4}') && run.last() == Some(&'\u{e007f}') && run.len() <= 7;
        let hides_text = run.len() >= MESSAGE && !flag;
        if hides_text || (!flag && is_stray(&run, before, after, start)) {
            let line = text.get(..start).and_then(|t| t.rfind('\n')).map_or(0, |at| at + 1);
            let rest = text.get(line..).unwrap_or_default();
            runs.push(Run {
                span: Span::new(start, end),
                count: run.len(),
                names: run
                    .iter()
                    .take(3)
                    .map(|c| format!("U+{:04X}", u32::from(*c)))
                    .collect::<Vec<_>>()
                    .join(" "),
                hides_text,
                gist: gist(rest.lines().next().unwrap_or_default()),
            });
        }
        before = run.last().copied();
    }
    runs
}

/// Whether neither a script nor an emoji explains a short run.
fn is_stray(run: &[char], before: Option<char>, after: Option<char>, start: usize) -> bool {
    let ascii = |c: Option<char>| c.is_none_or(|c| c.is_ascii());
    run.iter().any(|c| match c {
        // A byte order mark at the start of the text.
        '\u{feff}' => start != 0,
        // Joiners belong to scripts and emoji; between ASCII they join nothing.
        '\u{200c}' | '\u{200d}' | '\u{180e}' => ascii(before) && ascii(after),
        // Selectors follow emoji, digits of keycaps and symbols.
        '\u{fe00}'..='\u{fe0f}' => {
            before.is_none_or(|c| c.is_ascii_alphabetic() || c.is_whitespace())
        }
        // Selectors of ideographs follow ideographs.
        '\u{e0100}'..='\u{e01ef}' => ascii(before),
        // A hyphen that breaks long words of prose.
        '\u{ad}' => ascii(before) && ascii(after),
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_are_words_of_mixed_script() {
        let word = |text: &'static str| words(text).next().unwrap();
        assert_eq!(word("p\u{430}ypal").ascii_skeleton().as_deref(), Some("paypal"));
        assert!(word("p\u{430}ypal").mixes_latin());
        for ordinary in ["λx", "Größe", "naïve", "привет", "日本語text", "μs", "ışık", "x²"]
        {
            let word = word(ordinary);
            assert!(word.ascii_skeleton().is_none() || !word.mixes_latin(), "{ordinary}");
        }
    }

    #[test]
    fn direction_controls_balance_by_line() {
        assert!(direction_controls("a\u{202e}b").unwrap().unbalanced);
        assert!(!direction_controls("a\u{2067}b\u{2069}").unwrap().unbalanced);
        assert!(direction_controls("a\u{2067}b\u{202c}").unwrap().unbalanced);
        assert!(direction_controls("ab").is_none());
    }

    #[test]
    fn invisible_characters_that_scripts_need_are_silent() {
        for fine in
            ["\u{feff}x", "می\u{200c}خواهم", "👩\u{200d}💻", "❤\u{fe0f}", "1\u{fe0f}\u{20e3}"]
        {
            assert!(invisible_runs(fine).is_empty(), "{}", escaped(fine));
        }
        assert_eq!(invisible_runs("a\u{200b}b").len(), 1);
        assert!(invisible_runs("x\u{e0041}\u{e0042}\u{e0043}\u{e0044}")[0].hides_text);
    }
}
