//! The tree of a shell script.

use crate::span::Span;

/// A parsed script or fragment.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The statements in order.
    pub statements: Vec<Statement>,
    /// All heredocs; redirections refer to them by index.
    pub heredocs: Vec<Heredoc>,
    /// Comments, each from `#` to the end of its line.
    pub comments: Vec<Span>,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The pipelines.
    pub links: Vec<Link>,
    /// Ends in `&`.
    pub background: bool,
    /// Its place, without the separator.
    pub span: Span,
}

/// A pipeline and how it is joined to the one before it.
#[derive(Clone, Debug)]
pub struct Link {
    /// How it is joined.
    pub connector: Connector,
    /// The pipeline.
    pub pipeline: Pipeline,
}

/// How a pipeline is joined to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connector {
    /// The first of its statement.
    First,
    /// `&&`.
    And,
    /// `||`.
    Or,
}

/// Commands joined by `|`.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Begins with `!`.
    pub negated: bool,
    /// The commands; one without any `|`.
    pub commands: Vec<Command>,
    /// Its place.
    pub span: Span,
}

/// A simple or compound command.
#[derive(Clone, Debug)]
pub struct Command {
    /// What it is.
    pub kind: CommandKind,
    /// Its redirections.
    pub redirections: Vec<Redirection>,
    /// Its place, redirections included.
    pub span: Span,
}

/// The forms of commands.
#[derive(Clone, Debug)]
pub enum CommandKind {
    /// Assignments and words.
    Simple(Simple),
    /// `( ... )`.
    Subshell(Vec<Statement>),
    /// `{ ...; }`.
    Group(Vec<Statement>),
    /// `if`, its `elif` branches, and `else`.
    If {
        /// Conditions with their bodies.
        branches: Vec<Branch>,
        /// The body behind `else`.
        otherwise: Option<Vec<Statement>>,
    },
    /// `while` and `until`.
    Loop {
        /// Which of them.
        kind: LoopKind,
        /// Condition and body.
        branch: Branch,
    },
    /// `for name in words` and `select`; no words for `for ((...))`.
    For {
        /// The variable.
        variable: String,
        /// What it runs over.
        words: Vec<Word>,
        /// The body.
        body: Vec<Statement>,
    },
    /// `case`.
    Case {
        /// The word that is matched.
        word: Word,
        /// Its arms.
        arms: Vec<Arm>,
    },
    /// A function definition.
    Function {
        /// Its name.
        name: String,
        /// Its body.
        body: Box<Command>,
    },
    /// `[[ ... ]]`: the operands without the operators between them.
    Test(Vec<Word>),
    /// `(( ... ))`, as a word for its expansions.
    Arithmetic(Word),
}

/// A condition and what is done under it.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The condition.
    pub condition: Vec<Statement>,
    /// The body.
    pub body: Vec<Statement>,
}

/// The loops with a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopKind {
    /// `while`.
    While,
    /// `until`.
    Until,
}

/// An arm of `case`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// The patterns.
    pub patterns: Vec<Word>,
    /// The body.
    pub body: Vec<Statement>,
}

/// Assignments and words: `A=1 curl -s "$URL"`.
#[derive(Clone, Debug, Default)]
pub struct Simple {
    /// Assignments in front.
    pub assignments: Vec<Assignment>,
    /// The command's name and its arguments.
    pub words: Vec<Word>,
}

/// `name=value`.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The variable, with its index if any (`a[1]`).
    pub name: String,
    /// Written `+=`.
    pub append: bool,
    /// The value.
    pub value: Value,
    /// Name and value.
    pub span: Span,
}

/// An assigned value.
#[derive(Clone, Debug)]
pub enum Value {
    /// One word, possibly empty.
    Scalar(Word),
    /// `( ... )`.
    Array(Vec<Word>),
}

/// A word of a command.
#[derive(Clone, Debug, Default)]
pub struct Word {
    /// The value with quotes and escapes resolved; expansions stand in it as
    /// they are written.
    pub text: String,
    /// The word as written.
    pub raw: String,
    /// Its place.
    pub span: Span,
    /// Contains an expansion or substitution: the value is known at run time.
    pub is_dynamic: bool,
    /// Contains an unquoted `*`, `?`, `[` or `{`.
    pub is_pattern: bool,
    /// Some of it is quoted or escaped.
    pub is_quoted: bool,
    /// Parameters and arithmetic.
    pub expansions: Vec<Expansion>,
    /// Commands and processes.
    pub substitutions: Vec<Substitution>,
}

impl Word {
    /// The value, if it is known without running anything.
    pub fn literal(&self) -> Option<&str> {
        (!self.is_dynamic).then_some(self.text.as_str())
    }
}

/// `$name`, `${name...}`, `$((...))`, `${{ ... }}`.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// Which of them.
    pub kind: ExpansionKind,
    /// The parameter's name; the expression of the other kinds.
    pub name: String,
    /// Stands outside of double quotes, so that the value is split and globbed.
    pub unquoted: bool,
    /// Its place.
    pub span: Span,
}

/// The forms of expansions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpansionKind {
    /// A parameter.
    Parameter,
    /// An arithmetic expression.
    Arithmetic,
    /// An expression that a CI system puts in before the shell sees the text.
    Template,
}

/// A command run inside a word.
#[derive(Clone, Debug)]
pub struct Substitution {
    /// Which form.
    pub kind: SubstitutionKind,
    /// The commands.
    pub statements: Vec<Statement>,
    /// Its place with its delimiters.
    pub span: Span,
}

/// The forms of substitutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubstitutionKind {
    /// `$( ... )` or backquotes.
    Command,
    /// `<( ... )`.
    ProcessInput,
    /// `>( ... )`.
    ProcessOutput,
}

/// `2>file`, `<<EOF`, ...
#[derive(Clone, Debug)]
pub struct Redirection {
    /// The descriptor in front, if written.
    pub descriptor: Option<String>,
    /// The operator: `<`, `>`, `>>`, `<<`, `<<-`, `<<<`, `>&`, `&>`, ...
    pub operator: &'static str,
    /// The file, descriptor, string or delimiter.
    pub target: Word,
    /// Index into [`Script::heredocs`].
    pub heredoc: Option<usize>,
    /// Its place.
    pub span: Span,
}

/// The body of a heredoc.
#[derive(Clone, Debug, Default)]
pub struct Heredoc {
    /// The delimiter without quotes.
    pub delimiter: String,
    /// The body without the delimiter's line; its expansions when the delimiter
    /// is not quoted.
    pub body: Word,
}

/// What [`Script::walk`] visits.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A statement.
    Statement(&'a Statement),
    /// A pipeline.
    Pipeline(&'a Pipeline),
    /// A command of a pipeline or function body.
    Command(&'a Command),
    /// Any word, heredoc bodies and values included.
    Word(&'a Word),
}

impl Script {
    /// Visits everything once, in the order of the text: statements inside
    /// substitutions, functions and control structures, too. Heredocs come last.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(Item<'a>)) {
        walk_statements(&self.statements, visit);
        for heredoc in &self.heredocs {
            walk_word(&heredoc.body, visit);
        }
    }

    /// All commands, nested ones included.
    pub fn commands(&self) -> Vec<&Command> {
        let mut out = Vec::new();
        self.walk(&mut |item| {
            if let Item::Command(command) = item {
                out.push(command);
            }
        });
        out
    }

    /// All pipelines, nested ones included.
    pub fn pipelines(&self) -> Vec<&Pipeline> {
        let mut out = Vec::new();
        self.walk(&mut |item| {
            if let Item::Pipeline(pipeline) = item {
                out.push(pipeline);
            }
        });
        out
    }

    /// The body of a redirection's heredoc.
    pub fn heredoc(&self, redirection: &Redirection) -> Option<&Heredoc> {
        self.heredocs.get(redirection.heredoc?)
    }
}

impl Command {
    /// Assignments and words of a simple command.
    pub fn simple(&self) -> Option<&Simple> {
        match &self.kind {
            CommandKind::Simple(simple) => Some(simple),
            _ => None,
        }
    }

    /// The name of a simple command, if it is known without running anything.
    pub fn name(&self) -> Option<&str> {
        self.simple()?.words.first()?.literal()
    }

    /// The words behind the name of a simple command.
    pub fn arguments(&self) -> &[Word] {
        self.simple().and_then(|simple| simple.words.get(1..)).unwrap_or_default()
    }
}

// The walk recurses; the parser's cap on nesting bounds it.
fn walk_statements<'a>(statements: &'a [Statement], visit: &mut dyn FnMut(Item<'a>)) {
    for statement in statements {
        visit(Item::Statement(statement));
        for link in &statement.links {
            visit(Item::Pipeline(&link.pipeline));
            for command in &link.pipeline.commands {
                walk_command(command, visit);
            }
        }
    }
}

fn walk_command<'a>(command: &'a Command, visit: &mut dyn FnMut(Item<'a>)) {
    visit(Item::Command(command));
    let walk_branch = |branch: &'a Branch, visit: &mut dyn FnMut(Item<'a>)| {
        walk_statements(&branch.condition, visit);
        walk_statements(&branch.body, visit);
    };
    match &command.kind {
        CommandKind::Simple(simple) => {
            for assignment in &simple.assignments {
                match &assignment.value {
                    Value::Scalar(word) => walk_word(word, visit),
                    Value::Array(words) => walk_words(words, visit),
                }
            }
            walk_words(&simple.words, visit);
        }
        CommandKind::Subshell(body) | CommandKind::Group(body) => walk_statements(body, visit),
        CommandKind::If { branches, otherwise } => {
            branches.iter().for_each(|branch| walk_branch(branch, visit));
            walk_statements(otherwise.as_deref().unwrap_or_default(), visit);
        }
        CommandKind::Loop { branch, .. } => walk_branch(branch, visit),
        CommandKind::For { words, body, .. } => {
            walk_words(words, visit);
            walk_statements(body, visit);
        }
        CommandKind::Case { word, arms } => {
            walk_word(word, visit);
            for arm in arms {
                walk_words(&arm.patterns, visit);
                walk_statements(&arm.body, visit);
            }
        }
        CommandKind::Function { body, .. } => walk_command(body, visit),
        CommandKind::Test(words) => walk_words(words, visit),
        CommandKind::Arithmetic(word) => walk_word(word, visit),
    }
    for redirection in &command.redirections {
        walk_word(&redirection.target, visit);
    }
}

fn walk_words<'a>(words: &'a [Word], visit: &mut dyn FnMut(Item<'a>)) {
    words.iter().for_each(|word| walk_word(word, visit));
}

fn walk_word<'a>(word: &'a Word, visit: &mut dyn FnMut(Item<'a>)) {
    visit(Item::Word(word));
    for substitution in &word.substitutions {
        walk_statements(&substitution.statements, visit);
    }
}
