//! What a variable can hold where it is used: captures of the expressions
//! around it, `set`, `map`, and what nginx itself fills in.

use std::collections::BTreeMap;

use pi_agent_api::{Report, Stop};
use pi_artifacts::nginx::{Directive, Part, parts};

use super::pattern::{Reach, groups};
use super::{Condition, Place, location};

/// `set` chains are followed this deep.
const MAX_DEPTH: u8 = 8;

/// Variables that are looked up for one; values can name each other many times.
const MAX_VARIABLES: u32 = 256;

/// What the requester writes into variables of nginx: by name, or by the
/// beginning of one with `*` behind it.
const OF_THE_REQUEST: &[(&str, Reach)] = &[
    // Decoded, so that `%0a` is a line feed in it.
    ("uri", DECODED),
    ("document_uri", DECODED),
    ("request_uri", Reach { line_feed: false, carriage_return: false, dot: true, slash: true }),
    ("args", TOKEN),
    ("query_string", TOKEN),
    ("arg_*", TOKEN),
    ("http_*", TOKEN),
    ("cookie_*", TOKEN),
];

const DECODED: Reach = Reach { line_feed: true, carriage_return: true, dot: true, slash: true };
const TOKEN: Reach = Reach { line_feed: false, carriage_return: false, dot: true, slash: false };

/// The groups of an expression; `None` when it is not regular.
pub(in super::super) struct Captures<'a> {
    expression: &'a str,
    groups: Option<BTreeMap<String, Reach>>,
}

/// The groups that are variables inside of a block.
pub(super) fn captures(block: &Directive) -> Vec<Captures<'_>> {
    let of = |expression| Captures { expression, groups: groups(expression) };
    expressions(block).into_iter().map(of).collect()
}

/// What a variable can hold at a place; `None` when it is unknown, or nginx
/// fills it in from what no requester controls.
pub(in super::super) fn reach(
    place: &Place<'_, '_>,
    name: &str,
    report: &mut Report,
) -> Result<Option<Reach>, Stop> {
    let mut resolver = Resolver { place, fuel: MAX_VARIABLES };
    let found = resolver.variable(name, u32::MAX, 0);
    let around: usize = place.levels().map(<[_]>::len).sum();
    let steps = around.saturating_mul((MAX_VARIABLES - resolver.fuel) as usize);
    report.tick(steps as u64)?;
    Ok(found)
}

struct Resolver<'r, 'a, 'p> {
    place: &'r Place<'a, 'p>,
    /// Variables that may still be looked up.
    fuel: u32,
}

impl<'a> Resolver<'_, 'a, '_> {
    /// What a value with variables can be, if any of them is controlled.
    fn value(&mut self, text: &str, before: u32, depth: u8) -> Option<Reach> {
        let mut controlled = false;
        let mut all = Reach::default();
        for part in parts(text) {
            all = all.then(match part {
                Part::Text(text) => Reach::of_text(text),
                Part::Variable(name) => match self.variable(name, before, depth) {
                    Some(reach) => {
                        controlled = true;
                        reach
                    }
                    None => Reach::default(),
                },
            });
        }
        controlled.then_some(all)
    }

    fn variable(&mut self, name: &str, before: u32, depth: u8) -> Option<Reach> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.fuel = self.fuel.checked_sub(1)?;
        if let Some(set) = self.last_set(name, before) {
            return self.value(set.argument(1)?, set.span.start, depth + 1);
        }
        self.captured(name).or_else(|| self.mapped(name, depth)).or_else(|| of_the_request(name))
    }

    /// The last `set` of a variable in front of the place.
    fn last_set(&self, name: &str, before: u32) -> Option<&'a Directive> {
        let before = before.min(self.place.directive.span.start);
        let is_it = |directive: &&Directive| {
            directive.is("set")
                && directive.span.start < before
                && directive.argument(0).and_then(|word| word.strip_prefix('$')) == Some(name)
        };
        self.place.levels().find_map(|level| level.iter().rev().find(is_it))
    }

    /// What a group of that name or number matches in the nearest expression.
    fn captured(&self, name: &str) -> Option<Reach> {
        let is_number = name.bytes().all(|b| b.is_ascii_digit());
        self.place.captures.iter().rev().flatten().find_map(|captures| match &captures.groups {
            Some(groups) => groups.get(name).copied(),
            // An expression of PCRE's own: the capture can be anything.
            None => (is_number || captures.expression.contains(&format!("<{name}>")))
                .then_some(Reach::ANYTHING),
        })
    }

    /// What a `map` can give: the union of its values that are not constant.
    fn mapped(&mut self, name: &str, depth: u8) -> Option<Reach> {
        let is_it = |directive: &&Directive| {
            directive.is("map")
                && directive.argument(1).and_then(|word| word.strip_prefix('$')) == Some(name)
        };
        let map = self.place.levels().find_map(|level| level.iter().find(is_it))?;
        let mut all: Option<Reach> = None;
        for line in map.children() {
            let Some(text) = line.argument(0) else { continue };
            let own = line.name.text.strip_prefix('~').and_then(groups).unwrap_or_default();
            let captured = parts(text).into_iter().filter_map(|part| match part {
                Part::Variable(name) => own.get(name).copied(),
                Part::Text(_) => None,
            });
            let reach = captured.reduce(Reach::then);
            let reach = reach.or_else(|| self.value(text, u32::MAX, depth + 1));
            all = match (all, reach) {
                (Some(all), Some(reach)) => Some(all.or(reach)),
                (all, reach) => all.or(reach),
            };
        }
        all
    }
}

fn of_the_request(name: &str) -> Option<Reach> {
    let is = |known: &str| match known.strip_suffix('*') {
        Some(stem) => name.strip_prefix(stem).is_some_and(|rest| !rest.is_empty()),
        None => known == name,
    };
    OF_THE_REQUEST.iter().find(|(known, _)| is(known)).map(|(_, reach)| *reach)
}

/// The expressions whose groups are variables inside of a block.
fn expressions(block: &Directive) -> Vec<&str> {
    match block.name.text.as_str() {
        "location" => location(block)
            .filter(|(modifier, _)| modifier.starts_with('~'))
            .map(|(_, path)| path)
            .into_iter()
            .collect(),
        "if" => Condition::of(block)
            .filter(Condition::is_pattern)
            .map(|condition| condition.right)
            .into_iter()
            .collect(),
        "server" => super::all(block.children(), "server_name")
            .flat_map(|names| &names.arguments)
            .filter_map(|name| name.text.strip_prefix('~'))
            .collect(),
        _ => Vec::new(),
    }
}
