//! As much of PromQL as can be wrong for certain: brackets, texts, durations, and
//! functions that need a range.

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It cannot be read.
    Broken(&'static str),
    /// A function is given an instant where it needs a range.
    NeedsRange(String),
}

/// Functions of a range.
const RANGED: &[&str] = &[
    "rate",
    "irate",
    "increase",
    "delta",
    "idelta",
    "deriv",
    "resets",
    "changes",
    "predict_linear",
    "holt_winters",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "absent_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "quantile_over_time",
];

/// The first fault of an expression.
pub(super) fn fault(expression: &str) -> Option<Fault> {
    let mut open: Vec<Open> = Vec::new();
    let mut word = String::new();
    let mut rest = expression;
    let mut anything = false;
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '#' => {
                rest = tail.find('\n').and_then(|end| tail.get(end..)).unwrap_or_default();
                continue;
            }
            '"' | '\'' | '`' => {
                let Some(end) = text_end(tail, c) else {
                    return Some(Fault::Broken("a text is not closed"));
                };
                rest = tail.get(end..).unwrap_or_default();
                anything = true;
                word.clear();
                continue;
            }
            '(' | '[' | '{' => {
                let function = if c == '(' { std::mem::take(&mut word) } else { String::new() };
                open.push(Open { bracket: c, function, ranged: false, empty: true });
            }
            ')' | ']' | '}' => {
                let Some(closed) = open.pop().filter(|own| closes(own.bracket, c)) else {
                    return Some(Fault::Broken("brackets do not match"));
                };
                if c == ']' {
                    if closed.empty {
                        return Some(Fault::Broken("a range is empty"));
                    }
                    if let Some(around) = open.last_mut() {
                        around.ranged = true;
                    }
                }
                if RANGED.contains(&closed.function.as_str()) && !closed.ranged && !closed.empty {
                    return Some(Fault::NeedsRange(closed.function));
                }
                word.clear();
            }
            _ => {}
        }
        if c.is_alphanumeric() || c == '_' || c == ':' {
            word.push(c);
        } else if !c.is_whitespace() && !matches!(c, '(' | ')') {
            word.clear();
        }
        if !c.is_whitespace() {
            anything = true;
            let inside = !matches!(c, '(' | '[' | '{');
            if let Some(own) = open.last_mut().filter(|_| inside) {
                own.empty = false;
            } else if !inside && open.len() > 1 {
                let around = open.len() - 2;
                if let Some(own) = open.get_mut(around) {
                    own.empty = false;
                }
            }
        }
        rest = tail;
    }
    match (open.is_empty(), anything) {
        (false, _) => Some(Fault::Broken("a bracket is not closed")),
        (_, false) => Some(Fault::Broken("there is nothing in it")),
        _ => None,
    }
}

struct Open {
    bracket: char,
    function: String,
    /// A range stands directly inside.
    ranged: bool,
    empty: bool,
}

fn closes(open: char, close: char) -> bool {
    matches!((open, close), ('(', ')') | ('[', ']') | ('{', '}'))
}

/// Where a text ends, behind its quote.
fn text_end(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && quote != '`' && !escaped;
        ends.then_some(at + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misc_promql_faults() {
        for good in [
            "up == 0",
            "sum by (job) (rate(http_requests_total{code=~\"5..\"}[5m])) / 2 > 0.1",
            "max_over_time((rate(x[5m]))[1h:])",
            "rate(x[5m] offset 1h)",
            "quantile_over_time(0.9, x[1h])",
            "absent(up{job=\"a)\"})",
            "time() - x # (",
            "sum(rate_limit) > 3",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        assert_eq!(fault("rate(x)"), Some(Fault::NeedsRange("rate".to_owned())));
        assert_eq!(fault("increase(sum(x[5m]))"), Some(Fault::NeedsRange("increase".to_owned())));
        for bad in ["sum(x", "x)", "x{a=\"b}", "", "x[]", "(x]"] {
            assert!(matches!(fault(bad), Some(Fault::Broken(_))), "{bad}");
        }
    }
}
