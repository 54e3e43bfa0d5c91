//! Python: the syntax tree of ruff's parser, and an index of what most agents
//! ask for.

mod guard;
mod index;

use ruff_python_ast::ModModule;
use ruff_python_ast::token::Tokens;
use ruff_python_parser::parse_module;

pub use index::{Argument, Assignment, Call, Import, Value};
/// The syntax tree, for agents that need more than the index.
pub use ruff_python_ast as ast;
use ruff_text_size::TextRange;

use crate::artifact::{Artifact, ParseFailure, Parsed};
use crate::span::Span;

/// A parsed Python file.
#[derive(Debug)]
pub struct Module {
    parsed: ruff_python_parser::Parsed<ModModule>,
    /// Every call, in the order of the text.
    pub calls: Vec<Call>,
    /// Every assignment to a name or attribute, keyword defaults included.
    pub assignments: Vec<Assignment>,
    /// Every import.
    pub imports: Vec<Import>,
}

impl Module {
    /// The syntax tree.
    pub fn tree(&self) -> &ModModule {
        self.parsed.syntax()
    }

    /// The tokens, comments included.
    pub fn tokens(&self) -> &Tokens {
        self.parsed.tokens()
    }

    /// The calls of a function by its dotted name, import aliases resolved:
    /// `from os import system as s; s(x)` is a call of `os.system`.
    pub fn calls_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Call> {
        self.calls.iter().filter(move |call| call.name.as_deref() == Some(name))
    }
}

/// The span of one of ruff's ranges.
pub fn span(range: TextRange) -> Span {
    Span { start: range.start().to_u32(), end: range.end().to_u32() }
}

/// Parses a Python file.
pub(crate) fn parse(artifact: &Artifact) -> Parsed<Module> {
    let text = artifact.parsable_text()?;
    guard::check(text)?;
    let parsed = parse_module(text)
        .map_err(|error| ParseFailure::syntax("not valid Python", span(error.location)))?;
    let index = index::index(parsed.syntax());
    let index::Index { calls, assignments, imports, .. } = index;
    Ok(Module { parsed, calls, assignments, imports })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    fn with(text: &str, check: impl FnOnce(&Module)) {
        let artifact = Artifact::with_kind("a.py", text.as_bytes().to_vec(), Kind::Python);
        check(artifact.python().unwrap());
    }

    #[test]
    fn calls_have_resolved_names_and_arguments() {
        let text = "import subprocess as sp\nfrom os import system as s\n\
                    sp.run(['ls', x], shell=True, **kw)\ndef f():\n    s('a' 'b')\n    get().x(1)\n";
        with(text, |module| {
            let names: Vec<_> = module.calls.iter().map(|call| call.name.as_deref()).collect();
            assert_eq!(names, [Some("subprocess.run"), Some("os.system"), None, Some("get")]);
            let run = &module.calls[0];
            assert_eq!(run.keyword("shell").map(|a| &a.value), Some(&Value::Bool(true)));
            assert_eq!(
                run.positional(0).map(|a| &a.value),
                Some(&Value::List(vec![Value::String("ls".into()), Value::Name("x".into())]))
            );
            assert_eq!(module.calls[1].span.of(text), "s('a' 'b')");
            assert_eq!(module.calls[1].arguments[0].value, Value::String("ab".into()));
            assert_eq!(module.calls_of("os.system").count(), 1);
        });
    }

    #[test]
    fn assignments_and_imports() {
        let text = "import a.b, c as d\nfrom ..e import f\nx = y = 'v'\nself.p: str = 'q'\ndef g(k='w'): pass\n";
        with(text, |module| {
            let imports: Vec<_> =
                module.imports.iter().map(|i| (i.target.as_str(), i.name.as_str())).collect();
            assert_eq!(imports, [("a.b", "a"), ("c", "d"), ("..e.f", "f")]);
            let found: Vec<_> = module
                .assignments
                .iter()
                .map(|a| (a.name.as_str(), a.value_span.of(text), a.is_default))
                .collect();
            assert_eq!(
                found,
                [
                    ("x", "'v'", false),
                    ("y", "'v'", false),
                    ("self.p", "'q'", false),
                    ("k", "'w'", true)
                ]
            );
        });
    }
}
