//! What the agents for nginx share: the walk with what stands around a
//! directive, inheritance, conditions and variables.

pub(super) mod origins;
pub(super) mod pattern;
pub(super) mod variables;

use pi_agent_api::{Report, Stop};
use pi_artifacts::Span;
use pi_artifacts::nginx::{Config, Directive};

use variables::Captures;

/// A directive and the levels around it, the file first.
pub(super) struct Place<'a, 'p> {
    /// The directive.
    pub(super) directive: &'a Directive,
    /// The blocks around it, the nearest last.
    pub(super) parents: &'p [&'a Directive],
    /// The expressions of those blocks.
    captures: &'p [Vec<Captures<'a>>],
    /// The directives beside it.
    pub(super) siblings: &'a [Directive],
    top: &'a [Directive],
}

impl<'a> Place<'a, '_> {
    /// The directives of each level around this one, the nearest first.
    pub(super) fn levels(&self) -> impl Iterator<Item = &'a [Directive]> + '_ {
        let blocks = self.parents.iter().rev().map(|parent| parent.children());
        blocks.chain(std::iter::once(self.top))
    }

    /// The nearest block of this name.
    pub(super) fn nearest(&self, name: &str) -> Option<&'a Directive> {
        self.parents.iter().rev().find(|parent| parent.is(name)).copied()
    }

    /// What `name` is set to here: nginx inherits a list of directives from the
    /// level above only where this level has none of its own.
    pub(super) fn inherited(&self, name: &str) -> Vec<&'a Directive> {
        self.levels()
            .map(|level| all(level, name).collect::<Vec<_>>())
            .find(|list| !list.is_empty())
            .unwrap_or_default()
    }

    /// A name for the place, stable when lines move.
    pub(super) fn subject(&self) -> String {
        let blocks = self.parents.iter().map(|parent| title(parent));
        blocks.chain([title(self.directive)]).collect::<Vec<_>>().join("/")
    }
}

/// The directives of this name.
pub(super) fn all<'a>(level: &'a [Directive], name: &str) -> impl Iterator<Item = &'a Directive> {
    level.iter().filter(move |directive| directive.is(name))
}

/// A directive in a few words: a server by its name, a block by its arguments, a
/// header by its name.
fn title(directive: &Directive) -> String {
    if directive.is("server") {
        let names = all(directive.children(), "server_name").next();
        let name = names.and_then(|names| names.argument(0)).unwrap_or_default();
        return format!("server {name}").trim_end().to_owned();
    }
    let named = directive.block.is_some()
        || matches!(directive.name.text.as_str(), "add_header" | "proxy_set_header" | "set");
    let count = match directive.name.text.as_str() {
        "location" | "if" => usize::MAX,
        _ if named => 1,
        _ => 0,
    };
    let words = directive.arguments.iter().take(count).map(|word| word.text.as_str());
    std::iter::once(directive.name.text.as_str()).chain(words).collect::<Vec<_>>().join(" ")
}

/// Where a directive begins: its name and words, without its block.
pub(super) fn head(directive: &Directive) -> Span {
    let last = directive.arguments.last().map_or(directive.name.span, |word| word.span);
    directive.name.span.to(last)
}

/// Looks at one directive.
pub(super) type Visit<'v> = dyn FnMut(&Place<'_, '_>, &mut Report) -> Result<(), Stop> + 'v;

/// Visits every directive with what is around it.
pub(super) fn walk(
    config: &Config,
    report: &mut Report,
    visit: &mut Visit<'_>,
) -> Result<(), Stop> {
    Walk { top: &config.directives, parents: Vec::new(), captures: Vec::new() }.level(
        &config.directives,
        report,
        visit,
    )
}

struct Walk<'a> {
    top: &'a [Directive],
    parents: Vec<&'a Directive>,
    captures: Vec<Vec<Captures<'a>>>,
}

impl<'a> Walk<'a> {
    fn level(
        &mut self,
        siblings: &'a [Directive],
        report: &mut Report,
        visit: &mut Visit<'_>,
    ) -> Result<(), Stop> {
        for directive in siblings {
            report.tick(1)?;
            let Walk { top, parents, captures } = self;
            visit(&Place { directive, parents, captures, siblings, top }, report)?;
            if directive.block.is_some() {
                self.captures.push(variables::captures(directive));
                self.parents.push(directive);
                self.level(directive.children(), report, visit)?;
                self.parents.pop();
                self.captures.pop();
            }
        }
        Ok(())
    }
}

/// The condition of an `if`: left side, operator, right side.
pub(super) struct Condition<'a> {
    /// The variable, `$` included.
    pub(super) left: &'a str,
    /// `=`, `!=`, `~`, `~*`, `!~` or `!~*`.
    pub(super) operator: &'a str,
    /// What it is compared with.
    pub(super) right: &'a str,
}

impl<'a> Condition<'a> {
    /// The condition of an `if` with a comparison.
    pub(super) fn of(directive: &'a Directive) -> Option<Self> {
        let words: Vec<&str> = directive.arguments.iter().map(|word| word.text.as_str()).collect();
        let first = words.first()?.strip_prefix('(')?;
        let rest = words.get(1..)?;
        let (left, rest) =
            if first.is_empty() { (*rest.first()?, rest.get(1..)?) } else { (first, rest) };
        let right = rest.get(1)?;
        // A parenthesis of its own closes the condition, else the last one does.
        let closed = rest.get(2) == Some(&")");
        let right = if closed { right } else { right.strip_suffix(')').unwrap_or(right) };
        Some(Self { left, operator: rest.first()?, right })
    }

    /// Whether the right side is a regular expression.
    pub(super) fn is_pattern(&self) -> bool {
        matches!(self.operator, "~" | "~*" | "!~" | "!~*")
    }
}

/// The modifier of a location, if any, and its path or expression.
pub(super) fn location(directive: &Directive) -> Option<(&str, &str)> {
    if !directive.is("location") {
        return None;
    }
    match (directive.argument(0)?, directive.argument(1)) {
        (modifier, Some(path)) => Some((modifier, path)),
        // `=/path` and `~expression` are written in one word, too.
        (word, None) => {
            let modifiers = ["~*", "^~", "~", "="];
            let joined = modifiers.into_iter().find(|modifier| word.starts_with(modifier));
            let modifier = joined.unwrap_or_default();
            Some((modifier, word.get(modifier.len()..).unwrap_or_default()))
        }
    }
}
