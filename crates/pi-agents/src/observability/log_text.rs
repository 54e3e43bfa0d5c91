//! Lines of logs: time, level and fields, in JSON, `key=value`, syslog and the
//! format of the audit daemon.

use pi_artifacts::Span;

/// Most lines of a log that are read.
const MAX_LINES: usize = 100_000;

/// A line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// Microseconds since 1970.
    pub time: Option<i64>,
    /// Names and values that the line holds.
    pub fields: Vec<(String, String)>,
    /// Where it stands.
    pub span: Span,
}

impl Record {
    /// The value of the first field that has one of the names, in any letter case.
    pub(crate) fn get(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| {
            let found = self.fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        })
    }
}

/// The records of a log, one a line.
pub(crate) fn records(text: &str) -> Vec<Record> {
    let mut at = 0;
    let lines = text.split_inclusive('\n').take(MAX_LINES).filter_map(|raw| {
        let start = at;
        at += raw.len();
        let line = raw.trim_end();
        let mut record = record(line)?;
        record.span = Span::new(start, start + line.len());
        Some(record)
    });
    lines.collect()
}

fn record(line: &str) -> Option<Record> {
    if line.trim().is_empty() {
        return None;
    }
    let fields = if line.trim_start().starts_with('{') { json_fields(line) } else { pairs(line) };
    let mut record = Record { time: None, fields, span: Span::default() };
    let told = record.get(&["time", "timestamp", "ts", "@timestamp", "eventTime"]).and_then(time);
    record.time = told.or_else(|| audit_time(line)).or_else(|| leading_time(line));
    Some(record)
}

/// Whether a text is a log: by its path, or because most of its first lines begin
/// with a time.
pub(crate) fn is_log(path: &str, text: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if name.ends_with(".log") || name.contains(".log.") || name.ends_with(".jsonl") {
        return true;
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(20).collect();
    let timed = lines
        .iter()
        .filter(|line| leading_time(line).is_some() || audit_time(line).is_some())
        .count();
    lines.len() >= 2 && timed * 2 >= lines.len()
}

/// Top-level fields of a JSON object with plain values, read left to right.
fn json_fields(line: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut rest = line.trim_start().trim_start_matches('{');
    let mut depth = 0usize;
    let mut key: Option<String> = None;
    while let Some(first) = rest.chars().next() {
        match first {
            '"' => {
                let (text, after) = quoted(rest);
                rest = after;
                if depth > 0 {
                    continue;
                }
                match (key.take(), rest.trim_start().strip_prefix(':')) {
                    (None, Some(after)) => {
                        key = Some(text);
                        rest = after;
                    }
                    (Some(name), _) => out.push((name, text)),
                    (None, None) => {}
                }
                continue;
            }
            '{' | '[' => {
                depth += 1;
                key = None;
            }
            '}' | ']' => depth = depth.saturating_sub(1),
            c if !c.is_whitespace() && c != ',' && c != ':' && depth == 0 => {
                let end = rest.find([',', '}', ' ', '\t']).unwrap_or(rest.len()).max(c.len_utf8());
                let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                if let Some(name) = key.take() {
                    out.push((name, word.to_owned()));
                }
                rest = after;
                continue;
            }
            _ => {}
        }
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    out
}

/// A quoted string and what follows; escapes stay but for the quote.
fn quoted(text: &str) -> (String, &str) {
    let inner = text.get(1..).unwrap_or_default();
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match c {
            '"' if !escaped => {
                let rest = inner.get(at + 1..).unwrap_or_default();
                return (inner.get(..at).unwrap_or_default().to_owned(), rest);
            }
            _ => escaped = c == '\\' && !escaped,
        }
    }
    (inner.to_owned(), "")
}

/// `name=value` pairs, quoted or not, in brackets or not.
fn pairs(line: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('=') {
        let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let after = after.get(1..).unwrap_or_default();
        let name = before
            .rsplit(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '@' | '-')))
            .next()
            .unwrap_or_default();
        let (value, next) = if after.starts_with('"') {
            quoted(after)
        } else {
            let end = after.find([' ', '\t', ',', ']', ';']).unwrap_or(after.len());
            let (value, next) = after.split_at_checked(end).unwrap_or((after, ""));
            (value.to_owned(), next)
        };
        if !name.is_empty() {
            out.push((name.to_owned(), value));
        }
        rest = next;
    }
    out
}

/// `msg=audit(1700000000.123:42)` of the audit daemon.
fn audit_time(line: &str) -> Option<i64> {
    let (_, rest) = line.split_once("audit(")?;
    time(rest.split(':').next()?)
}

fn leading_time(line: &str) -> Option<i64> {
    let line = line.trim_start_matches(['[', '<', ' ', '"']);
    // The priority and version of syslog stand in front of its time.
    let line = line
        .split_once('>')
        .filter(|(n, _)| n.bytes().all(|b| b.is_ascii_digit()))
        .map_or(line, |(_, rest)| {
            rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start()
        });
    let end = line.get(..line.floor_char_boundary(35)).unwrap_or(line);
    let mut words = end.split([' ', ']', '"']);
    let first = words.next()?;
    if first.contains('T') { time(first) } else { time(&format!("{first}T{}", words.next()?)) }
}

/// A time of RFC 3339 (a comma for the point and a missing zone are UTC), or seconds,
/// milliseconds, microseconds since 1970.
pub(crate) fn time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() >= 10 && bytes.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let whole: i64 = whole.parse().ok()?;
        return match whole {
            0..100_000_000_000 => Some(whole.checked_mul(1_000_000)? + micros(fraction)?),
            100_000_000_000..100_000_000_000_000 => whole.checked_mul(1_000),
            _ => Some(whole),
        };
    }
    let (date, clock) = text.split_once('T')?;
    let mut parts = date.split('-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1970..3000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let zone_at = clock.find(['Z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at_checked(zone_at)?;
    let (clock, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    let mut parts = clock.split(':').map(str::parse::<i64>);
    let (hour, minute) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let second = parts.next().unwrap_or(Ok(0)).ok()?;
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some((seconds - offset(zone)) * 1_000_000 + micros(fraction)?)
}

fn micros(fraction: &str) -> Option<i64> {
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    digits.parse().ok().filter(|micros: &i64| *micros >= 0)
}

/// Seconds that a zone such as `+02:00` is ahead.
fn offset(zone: &str) -> i64 {
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone.chars().filter(char::is_ascii_digit).take(4).collect();
    let number: i64 = digits.parse().unwrap_or(0);
    if digits.len() == 4 {
        sign * (number / 100 * 3_600 + number % 100 * 60)
    } else {
        sign * number * 3_600
    }
}

/// Days from 1970 to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misc_times_in_every_form() {
        let expected = Some(1_767_225_600_500_000);
        for text in [
            "2026-01-01T00:00:00.5Z",
            "2026-01-01T02:00:00,5+02:00",
            "1767225600.5",
            "1767225600500",
            "1767225600500000",
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
        assert_eq!(leading_time("[2026-01-01 00:00:00.5] INFO x"), expected);
        assert_eq!(leading_time("<34>1 2026-01-01T00:00:00.5Z host app"), expected);
        assert_eq!(time("2026-13-01T00:00:00Z"), None);
        assert_eq!(time("x"), None);
    }

    #[test]
    fn misc_fields_of_json_and_pairs() {
        let found = records(
            "{\"seq\": 4, \"a\": {\"seq\": 9}, \"msg\": \"x \\\" y\"}\nmsg=audit(1700000000.1:42): a=\"b c\" d=e\n",
        );
        assert_eq!(found[0].get(&["seq"]), Some("4"));
        assert_eq!(found[0].get(&["MSG"]), Some("x \\\" y"));
        assert_eq!(found[1].get(&["a"]), Some("b c"));
        assert_eq!(found[1].time, Some(1_700_000_000_100_000));
    }
}
