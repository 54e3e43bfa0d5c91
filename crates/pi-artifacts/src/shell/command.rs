//! Simple and compound commands, redirections.

use super::parser::{Parser, is_meta};
use super::tree::{
    Arm, Assignment, Branch, Command, CommandKind, Heredoc, LoopKind, Redirection, Simple,
    Statement, Value, Word,
};
use crate::artifact::Parsed;

/// Redirection operators, longest first.
const OPERATORS: &[&str] =
    &["<<<", "<<-", "&>>", "<<", "<&", "<>", ">>", ">&", ">|", "&>", "<", ">"];

impl Parser<'_> {
    pub(super) fn command(&mut self) -> Parsed<Command> {
        if self.at_list_end() || self.at_word("!") {
            return Err(self.unexpected());
        }
        let start = self.at;
        self.enter(1)?;
        let kind = self.compound()?;
        let command = match kind {
            Some(kind) => {
                let mut redirections = Vec::new();
                self.skip_blanks();
                while let Some(redirection) = self.redirection()? {
                    redirections.push(redirection);
                    self.skip_blanks();
                }
                Command { kind, redirections, span: self.trimmed(start) }
            }
            None => self.simple(start)?,
        };
        self.leave(1);
        Ok(command)
    }

    /// From `start` to here without blanks at the end.
    fn trimmed(&self, start: usize) -> crate::span::Span {
        let text = self.text.get(start..self.at).unwrap_or_default();
        self.span(start, start + text.trim_end_matches([' ', '\t', '\r']).len())
    }

    fn compound(&mut self) -> Parsed<Option<CommandKind>> {
        if self.looking_at("((")
            && let Some(word) = self.arithmetic_command()?
        {
            return Ok(Some(CommandKind::Arithmetic(word)));
        }
        if self.accept("(") {
            let body = self.list()?;
            self.expect(")")?;
            return Ok(Some(CommandKind::Subshell(body)));
        }
        if self.accept_word("{") {
            return Ok(Some(CommandKind::Group(self.group_rest()?)));
        }
        if self.accept_word("if") {
            return self.if_rest().map(Some);
        }
        if self.accept_word("while") {
            return Ok(Some(self.loop_rest(LoopKind::While)?));
        }
        if self.accept_word("until") {
            return Ok(Some(self.loop_rest(LoopKind::Until)?));
        }
        if self.accept_word("for") || self.accept_word("select") {
            return self.for_rest().map(Some);
        }
        if self.accept_word("case") {
            return self.case_rest().map(Some);
        }
        if self.accept_word("[[") {
            return self.test_rest().map(Some);
        }
        if self.accept_word("function") {
            self.skip_blanks();
            let name = self.plain_name();
            self.skip_blanks();
            if self.accept("(") {
                self.skip_blanks();
                self.expect(")")?;
            }
            return self.function_rest(name).map(Some);
        }
        Ok(None)
    }

    fn group_rest(&mut self) -> Parsed<Vec<Statement>> {
        let body = self.list()?;
        self.expect_word("}")?;
        Ok(body)
    }

    fn if_rest(&mut self) -> Parsed<CommandKind> {
        let mut branches = Vec::new();
        loop {
            let condition = self.list()?;
            self.expect_word("then")?;
            branches.push(Branch { condition, body: self.list()? });
            if !self.accept_word("elif") {
                break;
            }
        }
        let otherwise = if self.accept_word("else") { Some(self.list()?) } else { None };
        self.expect_word("fi")?;
        Ok(CommandKind::If { branches, otherwise })
    }

    fn loop_rest(&mut self, kind: LoopKind) -> Parsed<CommandKind> {
        let condition = self.list()?;
        let body = self.do_group()?;
        Ok(CommandKind::Loop { kind, branch: Branch { condition, body } })
    }

    fn do_group(&mut self) -> Parsed<Vec<Statement>> {
        self.expect_word("do")?;
        let body = self.list()?;
        self.expect_word("done")?;
        Ok(body)
    }

    fn for_rest(&mut self) -> Parsed<CommandKind> {
        self.skip_blanks();
        let mut words = Vec::new();
        let mut variable = String::new();
        if self.looking_at("((") {
            match self.arithmetic_command()? {
                Some(word) => words.push(word),
                None => return Err(self.missing("))")),
            }
        } else {
            variable = self.plain_name();
            self.skip_lines()?;
            if self.accept_word("in") {
                self.skip_blanks();
                while self.peek().is_some_and(|byte| !matches!(byte, b'\n' | b';' | b'&' | b'|')) {
                    words.push(self.word()?);
                    self.skip_blanks();
                }
            }
        }
        self.skip_blanks();
        self.accept(";");
        self.skip_lines()?;
        let body = if self.accept_word("{") { self.group_rest()? } else { self.do_group()? };
        Ok(CommandKind::For { variable, words, body })
    }

    fn case_rest(&mut self) -> Parsed<CommandKind> {
        self.skip_blanks();
        let word = self.word()?;
        self.skip_lines()?;
        self.expect_word("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_lines()?;
            if self.accept_word("esac") {
                return Ok(CommandKind::Case { word, arms });
            }
            self.accept("(");
            let mut patterns = Vec::new();
            loop {
                self.skip_blanks();
                patterns.push(self.word()?);
                self.skip_blanks();
                if !self.accept("|") {
                    break;
                }
            }
            self.expect(")")?;
            let body = self.list()?;
            arms.push(Arm { patterns, body });
            if !(self.accept(";;&") || self.accept(";;") || self.accept(";&")) {
                self.skip_lines()?;
                self.expect_word("esac")?;
                return Ok(CommandKind::Case { word, arms });
            }
        }
    }

    /// The operands of `[[ ... ]]`; operators and parentheses are passed over.
    fn test_rest(&mut self) -> Parsed<CommandKind> {
        let mut words = Vec::new();
        loop {
            self.skip_lines()?;
            if self.accept_word("]]") {
                return Ok(CommandKind::Test(words));
            }
            match self.peek() {
                None => return Err(self.missing("]]")),
                Some(b'<' | b'>') if self.peek_at(1) == Some(b'(') => words.push(self.word()?),
                Some(byte) if is_meta(byte) => self.at += 1,
                Some(_) => words.push(self.word()?),
            }
        }
    }

    fn function_rest(&mut self, name: String) -> Parsed<CommandKind> {
        self.skip_lines()?;
        let body = Box::new(self.command()?);
        Ok(CommandKind::Function { name, body })
    }

    fn plain_name(&mut self) -> String {
        let rest = self.rest();
        let end = rest.bytes().position(is_meta).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default().to_owned()
    }

    fn simple(&mut self, start: usize) -> Parsed<Command> {
        let mut simple = Simple::default();
        let mut redirections = Vec::new();
        let mut end = start;
        loop {
            self.skip_blanks();
            if let Some(redirection) = self.redirection()? {
                redirections.push(redirection);
            } else if self.peek().is_none_or(ends_command) {
                break;
            } else if let Some(assignment) = self.assignment(simple.words.is_empty())? {
                if simple.words.is_empty() {
                    simple.assignments.push(assignment);
                } else if let Value::Array(words) = assignment.value {
                    // `declare a=(1 2)`: the array counts as further words.
                    simple.words.extend(words);
                }
            } else {
                simple.words.push(self.word()?);
                if let ([word], true) = (simple.words.as_slice(), simple.assignments.is_empty())
                    && let Some(kind) = self.function_definition(word.raw.clone())?
                {
                    return Ok(Command { kind, redirections, span: self.trimmed(start) });
                }
            }
            end = self.at;
        }
        if end == start {
            return Err(self.unexpected());
        }
        let span = self.span(start, end);
        Ok(Command { kind: CommandKind::Simple(simple), redirections, span })
    }

    /// `name() body`, behind the name.
    fn function_definition(&mut self, name: String) -> Parsed<Option<CommandKind>> {
        self.skip_blanks();
        if !self.accept("(") {
            return Ok(None);
        }
        self.skip_blanks();
        self.expect(")")?;
        self.function_rest(name).map(Some)
    }

    /// `name=word`, `name+=word`, `name[i]=word`, `name=(...)`. Behind the
    /// command's name only the array form is told from a word.
    fn assignment(&mut self, leading: bool) -> Parsed<Option<Assignment>> {
        let Some(length) = assignment_prefix(self.rest()) else { return Ok(None) };
        let is_array = self.peek_at(length) == Some(b'(');
        if !leading && !is_array {
            return Ok(None);
        }
        let start = self.at;
        let prefix = self.rest().get(..length).unwrap_or_default();
        let name = prefix.trim_end_matches('=');
        let append = name.ends_with('+');
        let name = name.trim_end_matches('+').to_owned();
        self.at += length;
        let value =
            if is_array { Value::Array(self.array()?) } else { Value::Scalar(self.value()?) };
        Ok(Some(Assignment { name, append, value, span: self.span(start, self.at) }))
    }

    /// The word behind `=`, empty when none follows.
    fn value(&mut self) -> Parsed<Word> {
        let substitution = self.looking_at("<(") || self.looking_at(">(");
        match self.peek() {
            Some(byte) if !is_meta(byte) || substitution => self.word(),
            _ => Ok(Word { span: self.span(self.at, self.at), ..Word::default() }),
        }
    }

    fn array(&mut self) -> Parsed<Vec<Word>> {
        self.expect("(")?;
        let mut words = Vec::new();
        loop {
            self.skip_lines()?;
            if self.accept(")") {
                return Ok(words);
            }
            if self.peek().is_none() {
                return Err(self.missing(")"));
            }
            words.push(self.word()?);
        }
    }

    fn redirection(&mut self) -> Parsed<Option<Redirection>> {
        let start = self.at;
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let rest = self.rest().get(digits..).unwrap_or_default();
        let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) else {
            return Ok(None);
        };
        // `<(` starts a word, and `&>` takes no descriptor.
        let is_process = matches!(*operator, "<" | ">") && rest.get(1..2) == Some("(");
        if is_process || (digits > 0 && operator.starts_with('&')) {
            return Ok(None);
        }
        let descriptor = self.rest().get(..digits).filter(|d| !d.is_empty()).map(str::to_owned);
        self.at += digits + operator.len();
        self.skip_blanks();
        let target = self.word()?;
        let heredoc = matches!(*operator, "<<" | "<<-").then(|| {
            let index = self.out.heredocs.len();
            let delimiter = target.text.clone();
            self.out.heredocs.push(Heredoc { delimiter, ..Heredoc::default() });
            self.pending.push((index, target.is_quoted, *operator == "<<-"));
            index
        });
        let span = self.span(start, self.at);
        Ok(Some(Redirection { descriptor, operator, target, heredoc, span }))
    }
}

fn ends_command(byte: u8) -> bool {
    matches!(byte, b'\n' | b';' | b'&' | b'|' | b')' | b'(')
}

/// The length of `name=`, `name+=` or `name[...]=` at the start of `text`.
fn assignment_prefix(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let name = bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    if name == 0 || bytes.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let mut at = name;
    if bytes.get(at) == Some(&b'[') {
        let rest = text.get(at..)?;
        let close = rest.bytes().take_while(|b| !is_meta(*b)).position(|b| b == b']')?;
        at += close + 1;
    }
    if bytes.get(at) == Some(&b'+') {
        at += 1;
    }
    (bytes.get(at) == Some(&b'=')).then_some(at + 1)
}
