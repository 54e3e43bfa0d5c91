//! What a requirement of a manifest lets in, by the grammar of its ecosystem.

use pi_artifacts::dependencies::Ecosystem;

use super::version::Version;

/// How far a requirement is fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fixation {
    /// One version only.
    Exact(Version),
    /// A range with an upper end, be it the next major version.
    Bounded,
    /// Everything from some version on.
    Unbounded,
    /// Any version, or whatever a tag such as `latest` names today.
    Any,
    /// Not a requirement of the ecosystem (a path, an alias, a variable).
    Foreign,
}

/// Reads a requirement.
pub fn fixation(ecosystem: Ecosystem, requirement: Option<&str>) -> Fixation {
    let Some(text) = requirement.map(str::trim).filter(|text| !text.is_empty()) else {
        return Fixation::Any;
    };
    match ecosystem {
        Ecosystem::Npm => npm(text),
        Ecosystem::PyPi => python(text),
        Ecosystem::Cargo => cargo(text),
        // Minimal version selection: `go.mod` names the version that is built.
        Ecosystem::Go => exact(Ecosystem::Go, text).unwrap_or(Fixation::Any),
    }
}

fn exact(ecosystem: Ecosystem, text: &str) -> Option<Fixation> {
    Version::parse(ecosystem, text).map(Fixation::Exact)
}

fn npm(text: &str) -> Fixation {
    if let Some(alias) = text.strip_prefix("npm:") {
        // `npm:@scope/name@range`; the first `@` may belong to the scope.
        return match alias.rfind('@').filter(|at| *at > 0).and_then(|at| alias.get(at + 1..)) {
            Some(range) => npm(range),
            None => Fixation::Any,
        };
    }
    if text.contains(':') || text.contains('/') || text.contains('$') {
        return Fixation::Foreign;
    }
    // The widest of the alternatives counts.
    text.split("||")
        .map(|part| npm_alternative(part.trim()))
        .max_by_key(width)
        .unwrap_or(Fixation::Any)
}

fn npm_alternative(text: &str) -> Fixation {
    let full = text.trim_start_matches(['=', 'v', ' ']);
    let core = full.split(['-', '+']).next().unwrap_or(full);
    if core.split('.').count() == 3
        && let Some(fixation) = exact(Ecosystem::Npm, full)
    {
        return fixation;
    }
    if matches!(text, "" | "*" | "x" | "X") {
        return Fixation::Any;
    }
    let versions = |c: char| {
        c.is_ascii_digit()
            || matches!(
                c,
                '.' | 'x' | 'X' | '*' | '-' | '^' | '~' | '<' | '>' | '=' | 'v' | ' ' | '+'
            )
    };
    if text.starts_with(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'v' | 'x' | 'X')) {
        return Fixation::Any;
    }
    if !text.chars().all(|c| versions(c) || c.is_ascii_alphanumeric()) {
        return Fixation::Foreign;
    }
    if text.starts_with('>') && !text.contains('<') {
        Fixation::Unbounded
    } else {
        Fixation::Bounded
    }
}

fn python(text: &str) -> Fixation {
    // Environment markers and hashes do not narrow the version.
    let text = text.split(';').next().unwrap_or(text).trim().trim_matches(['(', ')']);
    if text.is_empty() || text == "*" {
        return Fixation::Any;
    }
    let mut upper = false;
    let mut lower = false;
    for clause in text.split(',').map(str::trim).filter(|clause| !clause.is_empty()) {
        let (operator, version) = operator(clause);
        match operator {
            "==" | "===" if !version.ends_with(".*") => {
                return exact(Ecosystem::PyPi, version).unwrap_or(Fixation::Foreign);
            }
            "==" | "===" | "~=" | "^" | "~" | "<" | "<=" => upper = true,
            ">" | ">=" | "!=" => lower = true,
            // Poetry writes an exact version without an operator.
            "" if version.contains('*') => upper = true,
            "" => return exact(Ecosystem::PyPi, version).unwrap_or(Fixation::Foreign),
            _ => return Fixation::Foreign,
        }
    }
    bounds(lower, upper)
}

fn cargo(text: &str) -> Fixation {
    let mut upper = false;
    let mut lower = false;
    for clause in text.split(',').map(str::trim).filter(|clause| !clause.is_empty()) {
        let (operator, version) = operator(clause);
        match operator {
            "=" if version.split('.').count() >= 3 => {
                return exact(Ecosystem::Cargo, version).unwrap_or(Fixation::Foreign);
            }
            "" if version == "*" => return Fixation::Any,
            "" | "=" | "^" | "~" | "<" | "<=" => upper = true,
            ">" | ">=" => lower = true,
            _ => return Fixation::Foreign,
        }
    }
    bounds(lower, upper)
}

fn bounds(lower: bool, upper: bool) -> Fixation {
    match (lower, upper) {
        (_, true) => Fixation::Bounded,
        (true, false) => Fixation::Unbounded,
        (false, false) => Fixation::Any,
    }
}

fn operator(clause: &str) -> (&str, &str) {
    let end = clause.bytes().take_while(|b| b"=<>!~^".contains(b)).count();
    let (operator, version) = clause.split_at_checked(end).unwrap_or(("", clause));
    (operator, version.trim())
}

fn width(fixation: &Fixation) -> u8 {
    match fixation {
        Fixation::Foreign => 0,
        Fixation::Exact(_) => 1,
        Fixation::Bounded => 2,
        Fixation::Unbounded => 3,
        Fixation::Any => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ecosystem: Ecosystem, cases: &[(&str, u8)]) {
        for (text, expected) in cases {
            assert_eq!(width(&fixation(ecosystem, Some(text))), *expected, "{text}");
        }
    }

    #[test]
    fn requirements_are_read_by_the_grammar_of_their_ecosystem() {
        check(
            Ecosystem::Npm,
            &[
                ("1.2.3", 1),
                ("=1.2.3", 1),
                ("1.2.3-beta.1", 1),
                ("^1.2.3", 2),
                ("~1.2", 2),
                ("1.x", 2),
                ("1", 2),
                ("1.2.3 - 2.0.0", 2),
                (">=1.0.0 <2.0.0", 2),
                (">=1.0.0", 3),
                ("^1 || >=3", 3),
                ("*", 4),
                ("latest", 4),
                ("npm:other@1.2.3", 1),
                ("npm:@scope/other@^1.2.3", 2),
                ("workspace:*", 0),
                ("file:../x", 0),
            ],
        );
        check(
            Ecosystem::PyPi,
            &[
                ("==1.2.3", 1),
                ("===1.2.3", 1),
                ("==1.*", 2),
                ("~=1.4", 2),
                (">=1,<2", 2),
                (">=1", 3),
                ("!=1.3", 3),
                ("^1.2", 2),
                ("*", 4),
                ("==1.2.3; python_version < '3'", 1),
            ],
        );
        check(
            Ecosystem::Cargo,
            &[
                ("1.2", 2),
                ("=1.2.3", 1),
                ("=1.2", 2),
                ("*", 4),
                (">=1", 3),
                (">=1, <2", 2),
                ("^1", 2),
                ("1.*", 2),
            ],
        );
        assert_eq!(fixation(Ecosystem::PyPi, None), Fixation::Any);
    }
}
