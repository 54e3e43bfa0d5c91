//! See [`SqlKeywordInjectionScanner`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use crate::observability::log_text::is_log;

macro_rules! rule {
    ($name:ident, $id:literal, $severity:ident, $summary:literal) => {
        const $name: Rule = Rule {
            id: $id,
            summary: $summary,
            severity: Severity::$severity,
            confidence: Confidence::High,
            references: &["CWE-89"],
            fix: "find out what the program answered, use parameters in its queries, and block the source",
        };
    };
}

rule!(TAUTOLOGY, "injected-condition", Medium, "a request tries to make a condition always true");
rule!(UNION, "injected-union", Medium, "a request tries to add a query to another one");
rule!(STATEMENT, "injected-statement", High, "a request tries to run a statement of its own");
rule!(FUNCTION, "injected-function", Medium, "a request tries to run a function of the database");

declare_agent! {
    /// Finds attempts to inject SQL in the logs of web servers.
    ///
    /// # What it checks
    /// The parameters of every request in an access log, decoded and cut into tokens
    /// as a database would: conditions that are always true, UNION SELECT, further
    /// statements, functions that wait, read files or run programs. Comments inside
    /// a value, other letter case and double encoding do not hide them.
    ///
    /// # Why it matters
    /// Who tries is looking for the one parameter that is not safe.
    ///
    /// # Example denied
    /// ```text
    /// 10.0.0.9 - - [01/Jan/2026:10:00:00 +0000] "GET /users?id=1%27+or+%271%27=%271 HTTP/1.1" 200 5
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// 10.0.0.9 - - [01/Jan/2026:10:00:00 +0000] "GET /search?q=union+or+select HTTP/1.1" 200 5
    /// ```
    ///
    /// # Limits
    /// Bodies of requests are not in access logs. Programs that build queries from
    /// text are found by `sql_injection_sentry`.
    ///
    /// # References
    /// CWE-89; OWASP A03:2021; libinjection.
    pub struct SqlKeywordInjectionScanner {
        slug: "sql_keyword_injection_scanner",
        domain: SqlData,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Text],
        triggers: Any(&[" HTTP/"]),
        invariant_to: ALL,
        rules: [TAUTOLOGY, UNION, STATEMENT, FUNCTION],
        fixture: include_str!("fixtures/sql_keyword_injection_scanner.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let text = artifact.parsable_text()?;
    let requests = text.lines().filter(|line| line.contains(" HTTP/")).count();
    if !is_log(artifact.path(), text) && requests * 2 < text.lines().count().max(1) {
        return Ok(());
    }
    let mut at = 0;
    for (number, raw) in text.split_inclusive('\n').enumerate() {
        let start = at;
        at += raw.len();
        let Some(target) = target(raw) else { continue };
        let Some((path, query)) = target.split_once('?') else { continue };
        for pair in query.split('&') {
            report.tick(1 + pair.len() as u64)?;
            let (name, value) = pair.split_once('=').unwrap_or(("", pair));
            if let Some(rule) = attack(&decoded(&decoded(value))) {
                let line = raw.trim_end();
                report
                    .finding(rule, Span::new(start, start + line.len()))
                    .message(format!("the parameter `{name}` of `{path}`: {}", rule.summary))
                    .subject(format!("{path}/{name}[{}]", number + 1));
            }
        }
    }
    Ok(())
}

/// What a line of a log says was asked for: the word between method and version.
fn target(line: &str) -> Option<&str> {
    let (before, _) = line.split_once(" HTTP/")?;
    before.rsplit(' ').next()
}

/// A value with `%XX` and `+` resolved.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        let digits = bytes.get(at..at + 2).and_then(|pair| std::str::from_utf8(pair).ok());
        let value = digits.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (byte, value) {
            (b'+', _) => out.push(b' '),
            (b'%', Some(value)) => {
                out.push(value);
                at += 2;
            }
            _ => out.push(*byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A token of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Number(String),
    Text(String),
    /// A quote that opens or closes what is around the value.
    Quote,
    Mark(char),
    Comment,
}

fn tokens(value: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        let tail = rest.get(first.len_utf8()..).unwrap_or_default();
        if first.is_whitespace() {
            rest = tail;
        } else if rest.starts_with("/*") {
            // An inline comment stands for a blank.
            rest = rest.find("*/").and_then(|end| rest.get(end + 2..)).unwrap_or_default();
        } else if rest.starts_with("--") || first == '#' {
            out.push(Token::Comment);
            break;
        } else if matches!(first, '\'' | '"') {
            match tail.find(first) {
                // A text is what has no blank and no operator in it.
                Some(end)
                    if tail.get(..end).is_some_and(|inner| {
                        !inner.is_empty() && !inner.contains([' ', '=', ';'])
                    }) =>
                {
                    out.push(Token::Text(tail.get(..end).unwrap_or_default().to_owned()));
                    rest = tail.get(end + 1..).unwrap_or_default();
                }
                _ => {
                    out.push(Token::Quote);
                    rest = tail;
                }
            }
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            out.push(Token::Number(rest.get(..end).unwrap_or_default().to_owned()));
            rest = rest.get(end..).unwrap_or_default();
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            out.push(Token::Word(rest.get(..end).unwrap_or_default().to_ascii_uppercase()));
            rest = rest.get(end..).unwrap_or_default();
        } else {
            out.push(Token::Mark(first));
            rest = tail;
        }
    }
    out
}

const FUNCTIONS: &[&str] = &[
    "SLEEP",
    "PG_SLEEP",
    "BENCHMARK",
    "LOAD_FILE",
    "EXTRACTVALUE",
    "UPDATEXML",
    "XP_CMDSHELL",
    "DBMS_PIPE",
];

fn attack(value: &str) -> Option<&'static Rule> {
    let found = tokens(value);
    let word = |at: usize, names: &[&str]| matches!(found.get(at), Some(Token::Word(own)) if names.contains(&own.as_str()));
    for at in 0..found.len() {
        let ends = matches!(found.get(at), Some(Token::Mark(';') | Token::Quote));
        if found.get(at) == Some(&Token::Mark(';'))
            && word(
                at + 1,
                &[
                    "DROP", "INSERT", "UPDATE", "DELETE", "ALTER", "CREATE", "TRUNCATE", "EXEC",
                    "SHUTDOWN", "DECLARE",
                ],
            )
            && matches!(found.get(at + 2), Some(Token::Word(_)))
        {
            return Some(&STATEMENT);
        }
        let select = at + 1 + usize::from(word(at + 1, &["ALL", "DISTINCT"]));
        if word(at, &["UNION"]) && word(select, &["SELECT"]) && found.len() > select + 1 {
            // Prose has no list of columns behind it.
            let columns = matches!(
                found.get(select + 1),
                Some(Token::Number(_) | Token::Text(_) | Token::Mark('*' | '@' | '('))
            ) || word(select + 1, &["NULL"])
                || matches!(found.get(select + 2), Some(Token::Mark(',' | '(')));
            if columns {
                return Some(&UNION);
            }
        }
        if word(at, FUNCTIONS) && found.get(at + 1) == Some(&Token::Mark('('))
            || word(at, &["WAITFOR"]) && word(at + 1, &["DELAY"])
            || word(at, &["INTO"]) && word(at + 1, &["OUTFILE", "DUMPFILE"])
        {
            return Some(&FUNCTION);
        }
        if word(at, &["OR", "AND"]) && at > 0 && is_tautology(&found, at + 1) {
            return Some(&TAUTOLOGY);
        }
        // `admin'--`: the rest of the query is cut away.
        if ends && found.get(at + 1) == Some(&Token::Comment) && at > 0 {
            return Some(&TAUTOLOGY);
        }
    }
    None
}

/// `1=1`, `'a'='a'`, also where the last quote is the query's own.
fn is_tautology(found: &[Token], at: usize) -> bool {
    let at = at + usize::from(found.get(at) == Some(&Token::Quote));
    let text = |token: Option<&Token>| match token {
        Some(Token::Number(text) | Token::Text(text)) => Some(text.to_ascii_uppercase()),
        Some(Token::Word(text)) => Some(text.clone()),
        _ => None,
    };
    let left = text(found.get(at));
    let mut middle = at + 1;
    while matches!(found.get(middle), Some(Token::Quote | Token::Mark('=')))
        || matches!(found.get(middle), Some(Token::Word(w)) if w == "LIKE")
    {
        middle += 1;
    }
    let compared =
        found.get(at + 1..middle).unwrap_or_default().iter().any(|token| *token != Token::Quote);
    compared && left.is_some() && left == text(found.get(middle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misc_payloads_and_prose() {
        let rule = |value: &str| attack(&decoded(&decoded(value))).map(|rule| rule.id);
        for value in
            ["1%27+or+%271%27=%271", "1 or 1=1", "x' OR 'a'='a'--", "admin'--", "1%2527+OR+2=2"]
        {
            assert_eq!(rule(value), Some("injected-condition"), "{value}");
        }
        assert_eq!(rule("1/**/UNION/**/ALL SELECT null,2"), Some("injected-union"));
        assert_eq!(rule("1; drop table users"), Some("injected-statement"));
        assert_eq!(rule("1 and sleep(5)"), Some("injected-function"));
        for value in [
            "union or select",
            "rock 'n' roll",
            "a=b",
            "it's -- fine",
            "black or white",
            "50%",
            "drop; table",
            "O'Brien",
        ] {
            assert_eq!(rule(value), None, "{value}");
        }
    }
}
