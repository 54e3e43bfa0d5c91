//! The tree of a condition.

/// A boolean expression. `All` and `Any` have at least two members, none of
/// which is of the same kind; the constructors keep it so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// Every member holds; the first that does not hold decides.
    All(Vec<Expression>),
    /// Some member holds; the first that holds decides.
    Any(Vec<Expression>),
    /// The inner expression does not hold.
    Not(Box<Expression>),
    /// One test.
    Test(Test),
}

/// A test of payload fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// A value that is a boolean itself.
    Holds(Operand),
    /// `left == right` and its like.
    Compare {
        /// The left value.
        left: Operand,
        /// How they are compared.
        comparison: Comparison,
        /// The right value.
        right: Operand,
    },
    /// `operand in [items]`.
    In {
        /// The value.
        operand: Operand,
        /// Literals of one type.
        items: Vec<Literal>,
    },
    /// `left contains right` and its like.
    Text {
        /// The value that is looked into.
        left: Operand,
        /// How.
        test: TextTest,
        /// What is looked for.
        right: Operand,
    },
    /// `has(path)`: the path is there, whatever its value.
    Has(Path),
}

/// A literal or a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A value in the condition itself.
    Literal(Literal),
    /// A field of the payload.
    Path(Path),
}

/// A value in a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A text.
    Text(String),
}

/// The place of a value in a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(pub(super) Vec<Segment>);

/// One step into a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A member of an object.
    Key(String),
    /// An item of an array, from 0.
    Index(u32),
}

/// Comparisons of two values of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Comparison {
    /// The operator as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::AtMost => "<=",
            Comparison::Greater => ">",
            Comparison::AtLeast => ">=",
        }
    }
}

/// Tests that look into a text, or into an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextTest {
    /// A text contains a text, or an array contains a literal.
    Contains,
    /// A text starts with a text.
    StartsWith,
    /// A text ends with a text.
    EndsWith,
}

impl TextTest {
    /// The operator as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            TextTest::Contains => "contains",
            TextTest::StartsWith => "starts_with",
            TextTest::EndsWith => "ends_with",
        }
    }
}

impl Path {
    /// The segments; the first is a key.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }
}

impl Expression {
    /// The conjunction of members, flattened.
    pub(super) fn all(members: Vec<Expression>) -> Expression {
        join(members, Expression::All, |member| match member {
            Expression::All(inner) => Ok(inner),
            other => Err(other),
        })
    }

    /// The disjunction of members, flattened.
    pub(super) fn any(members: Vec<Expression>) -> Expression {
        join(members, Expression::Any, |member| match member {
            Expression::Any(inner) => Ok(inner),
            other => Err(other),
        })
    }

    /// Visits every path in the order of the text.
    pub(super) fn visit_paths<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        match self {
            Expression::All(members) | Expression::Any(members) => {
                for member in members {
                    member.visit_paths(visit);
                }
            }
            Expression::Not(inner) => inner.visit_paths(visit),
            Expression::Test(test) => test.visit_paths(visit),
        }
    }
}

fn join(
    members: Vec<Expression>,
    make: fn(Vec<Expression>) -> Expression,
    open: fn(Expression) -> Result<Vec<Expression>, Expression>,
) -> Expression {
    let mut flat = Vec::with_capacity(members.len());
    for member in members {
        match open(member) {
            Ok(inner) => flat.extend(inner),
            Err(other) => flat.push(other),
        }
    }
    match flat.pop() {
        Some(only) if flat.is_empty() => only,
        Some(last) => {
            flat.push(last);
            make(flat)
        }
        None => make(flat),
    }
}

impl Test {
    fn visit_paths<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        let mut operand = |operand: &'a Operand| {
            if let Operand::Path(path) = operand {
                visit(path);
            }
        };
        match self {
            Test::Holds(value) | Test::In { operand: value, .. } => operand(value),
            Test::Compare { left, right, .. } | Test::Text { left, right, .. } => {
                operand(left);
                operand(right);
            }
            Test::Has(path) => visit(path),
        }
    }
}
