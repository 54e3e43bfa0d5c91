use pi_core::canonical::{Value, parse};
use proptest::prelude::*;

use super::*;

fn payload() -> Value {
    parse(
        br#"{"risk":{"severities":{"high":2,"low":0},"score":1.5,"owner":null},
            "outputs":{"examine":{"findings_count":3,"tags":["a","b"],"sizes":[1,2]}},
            "path":"src/main.rs","approved":true,"odd key":{"x-y":1},"big":99999999999999999999}"#,
    )
    .unwrap()
}

fn holds(text: &str) -> bool {
    Condition::parse(text).unwrap().evaluate(&payload()).unwrap().holds
}

fn fails(text: &str) -> EvaluationError {
    Condition::parse(text).unwrap().evaluate(&payload()).unwrap_err()
}

fn refused(text: &str) -> (ParseErrorKind, usize) {
    let error = Condition::parse(text).unwrap_err();
    (error.kind, error.offset)
}

#[test]
fn fields_are_compared() {
    for text in [
        "risk.severities.high == 2",
        "risk.severities.high >= 2 and risk.severities.high < 3",
        "outputs.examine.findings_count > 0",
        "outputs.examine.tags[1] == \"b\"",
        "path starts_with \"src/\" and path ends_with \".rs\" and path contains \"main\"",
        "outputs.examine.tags contains \"a\" and outputs.examine.sizes contains 2",
        "path in [\"src/main.rs\", \"src/lib.rs\"] and risk.severities.low in [0, 1]",
        "approved and not has(absent) and has(risk.owner)",
        "risk.owner == null and path != null",
        "outputs[\"examine\"].findings_count == 3 and outputs.examine.sizes[0] != 2",
        "false or (true and not false)",
        "\"a\" < \"b\" and \"\u{e9}\" > \"z\" and approved == true",
        "has(missing) and missing == 1 or approved",
    ] {
        assert!(holds(text), "{text}");
    }
    for text in [
        "risk.severities.high < 2",
        "path in []",
        "outputs.examine.tags contains \"c\"",
        "has(outputs.examine.tags[2])",
        "has(path.deeper)",
        "risk.owner != null",
        "not (approved or missing)",
    ] {
        assert!(!holds(text), "{text}");
    }
}

#[test]
fn whatever_has_no_clear_answer_is_an_error() {
    let absent = |path: &str, test: &str| EvaluationError::Absent {
        path: path.to_owned(),
        test: test.to_owned(),
    };
    assert_eq!(fails("risk.hgih > 1"), absent("risk.hgih", "risk.hgih > 1"));
    assert_eq!(
        fails("outputs.examine.tags[2] == \"c\""),
        absent("outputs.examine.tags[2]", "outputs.examine.tags[2] == \"c\"")
    );
    assert_eq!(fails("path != \"x\" and missing != \"x\""), absent("missing", "missing != \"x\""));
    for text in [
        "path == 1",
        "risk.severities.high != \"2\"",
        "approved == \"true\"",
        "path in [1]",
        "path starts_with 1",
        "outputs.examine.sizes contains \"a\"",
        "risk.owner == 1",
    ] {
        assert!(matches!(fails(text), EvaluationError::MixedTypes { .. }), "{text}");
    }
    for text in [
        "path",
        "risk == risk",
        "risk.score > 1",
        "big > 1",
        "approved < true",
        "risk.owner in [1]",
        "outputs.examine.tags == outputs.examine.tags",
        "risk.severities.high contains 2",
        "outputs.examine.tags starts_with \"a\"",
    ] {
        assert!(matches!(fails(text), EvaluationError::WrongType { .. }), "{text}");
    }
    assert_eq!(fails("path == 1").reason(), Reason::ConditionFailed);
}

#[test]
fn everything_outside_the_grammar_is_refused_with_its_place() {
    use ParseErrorKind::*;
    assert_eq!(refused(""), (Expected("a field or a literal"), 0));
    assert_eq!(refused("a == "), (Expected("a field or a literal"), 5));
    assert_eq!(refused("a == 1 b"), (TrailingText, 7));
    assert_eq!(refused("a + 1"), (Character('+'), 2));
    assert_eq!(refused("a == 'x'"), (Character('\''), 5));
    assert_eq!(refused("a == \"x"), (OpenText, 5));
    assert_eq!(refused("a == \"\\x\""), (Text, 5));
    assert_eq!(refused("a == 1.5"), (Integer("1.5".into()), 5));
    assert_eq!(refused("a == 01"), (Integer("01".into()), 5));
    assert_eq!(refused("a == -0"), (Integer("-0".into()), 5));
    assert_eq!(refused("a == 9223372036854775808").1, 5);
    assert_eq!(refused("a in [1, \"x\"]"), (MixedList, 5));
    assert_eq!(refused("a in [null]"), (MixedList, 5));
    assert_eq!(refused("a in b"), (Expected("`[`"), 5));
    assert_eq!(refused("5"), (Expected("a comparison"), 1));
    assert_eq!(refused("(a"), (Expected("`)`"), 2));
    assert_eq!(refused("a[-1]").1, 2);
    assert_eq!(refused("a.").0, Expected("a field name"));
    assert_eq!(refused("matches(a, \"x*\")"), (TrailingText, 7));
    assert_eq!(refused("a == b == c"), (TrailingText, 7));
    assert_eq!(refused("a =~ \"x\"").0, Character('='));
    assert_eq!(Condition::parse("").unwrap_err().reason(), Reason::ConditionInvalid);
}

#[test]
fn caps_hold_at_the_limit_and_one_beyond() {
    let nested = |levels: usize| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
    assert!(Condition::parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(refused(&nested(MAX_DEPTH + 1)).0, ParseErrorKind::TooDeep);
    assert_eq!(refused(&"not ".repeat(1_000)).0, ParseErrorKind::TooDeep);
    let tests = |count: usize| vec!["a"; count].join(" or ");
    assert!(Condition::parse(&tests(MAX_NODES)).is_ok());
    assert_eq!(refused(&tests(MAX_NODES + 1)).0, ParseErrorKind::TooManyNodes);
    let path = |segments: usize| vec!["a"; segments].join(".");
    assert!(Condition::parse(&path(MAX_SEGMENTS)).is_ok());
    assert_eq!(refused(&path(MAX_SEGMENTS + 1)).0, ParseErrorKind::PathTooLong);
    let text = |bytes: usize| format!("a == \"{}\"", "x".repeat(bytes - 7));
    assert!(Condition::parse(&text(MAX_BYTES)).is_ok());
    assert_eq!(refused(&text(MAX_BYTES + 1)).0, ParseErrorKind::TooLong);
}

#[test]
fn steps_are_counted_and_bounded() {
    let steps = |text: &str| Condition::parse(text).unwrap().evaluate(&payload()).unwrap().steps;
    // One for the test, one for the segment.
    assert_eq!(steps("approved"), 2);
    // One for `or`; the second test is not reached.
    assert_eq!(steps("approved or approved"), 3);
    assert_eq!(steps("risk.severities.high == 2"), 5);
    let long = |bytes: usize| {
        let text = format!("{{\"a\":\"{}\"}}", "x".repeat(bytes));
        parse(text.as_bytes()).unwrap()
    };
    let condition = Condition::parse("a contains \"y\"").unwrap();
    let verdict = condition.evaluate(&long(BYTES_PER_STEP * 1_000)).unwrap();
    assert_eq!(verdict, Verdict { holds: false, steps: 1_002 });
    let most = usize::try_from(MAX_STEPS).unwrap();
    let error = condition.evaluate(&long(BYTES_PER_STEP * most)).unwrap_err();
    assert_eq!(error, EvaluationError::TooManySteps);
}

#[test]
fn the_canonical_text_says_the_same() {
    for (text, canonical) in [
        (" a.b ==1 ", "a.b == 1"),
        ("((a or b) or (c))", "a or b or c"),
        ("(a and b) or c", "a and b or c"),
        ("a and (b or c)", "a and (b or c)"),
        ("not (not a)", "not not a"),
        ("not (a == 1)", "not a == 1"),
        ("not (a and b)", "not (a and b)"),
        ("a[\"b\"][\"c d\"][0]", "a.b[\"c d\"][0]"),
        ("a == \"\u{e9}\\u0041\"", "a == \"\\u00e9A\""),
        ("a in[1,2]", "a in [1, 2]"),
    ] {
        let condition = Condition::parse(text).unwrap();
        assert_eq!(condition.as_str(), canonical);
        assert_eq!(condition.digest(), Condition::parse(canonical).unwrap().digest());
    }
    let condition = Condition::parse("a.b == c and has(d[0])").unwrap();
    let paths: Vec<String> = condition.paths().iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["a.b", "c", "d[0]"]);
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<i64>().prop_map(Literal::Integer),
        any::<bool>().prop_map(Literal::Bool),
        any::<String>().prop_map(Literal::Text),
        Just(Literal::Null),
    ]
}

fn path() -> impl Strategy<Value = Path> {
    let segment = prop_oneof![
        any::<u32>().prop_map(Segment::Index),
        "[a-z_-]{0,6}".prop_map(Segment::Key),
        any::<String>().prop_map(Segment::Key),
    ];
    ("x[a-zA-Z0-9_-]{0,4}", proptest::collection::vec(segment, 0..4))
        .prop_map(|(root, rest)| Path(std::iter::once(Segment::Key(root)).chain(rest).collect()))
}

fn test() -> impl Strategy<Value = Test> {
    use Comparison::*;
    let operand =
        || prop_oneof![path().prop_map(Operand::Path), literal().prop_map(Operand::Literal),];
    let comparison =
        proptest::sample::select(vec![Equal, NotEqual, Less, AtMost, Greater, AtLeast]);
    let how = proptest::sample::select(vec![
        TextTest::Contains,
        TextTest::StartsWith,
        TextTest::EndsWith,
    ]);
    let items = prop_oneof![
        proptest::collection::vec(any::<i64>().prop_map(Literal::Integer), 0..4),
        proptest::collection::vec(any::<String>().prop_map(Literal::Text), 0..4),
    ];
    prop_oneof![
        path().prop_map(|path| Test::Holds(Operand::Path(path))),
        path().prop_map(Test::Has),
        (operand(), comparison, operand()).prop_map(|(left, comparison, right)| Test::Compare {
            left,
            comparison,
            right
        }),
        (operand(), how, operand()).prop_map(|(left, test, right)| Test::Text {
            left,
            test,
            right
        }),
        (operand(), items).prop_map(|(operand, items)| Test::In { operand, items }),
    ]
}

fn expression() -> impl Strategy<Value = Expression> {
    let leaf = test().prop_map(Expression::Test);
    leaf.prop_recursive(4, 40, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Expression::all),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Expression::any),
            inner.prop_map(|inner| Expression::Not(Box::new(inner))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_as_itself(expression in expression()) {
        let text = expression.to_string();
        if text.len() <= MAX_BYTES {
            let read = Condition::parse(&text).unwrap();
            prop_assert_eq!(read.as_str(), &text);
            prop_assert_eq!(read.expression(), &expression);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = Condition::parse(&text);
    }

    #[test]
    fn no_words_make_reader_or_evaluation_panic(words in proptest::collection::vec(
        proptest::sample::select(vec![
            "a", "approved", "path", "risk", ".", "[", "]", "0", "-1", "\"x\"", "(", ")", "and",
            "or", "not", "==", "<", "in", "contains", "has", ",", "true", "null", "ends_with",
        ]), 0..24)) {
        if let Ok(condition) = Condition::parse(&words.join(" ")) {
            let first = condition.evaluate(&payload());
            prop_assert_eq!(&first, &condition.evaluate(&payload()));
            let printed = Condition::parse(condition.as_str()).unwrap();
            prop_assert_eq!(first, printed.evaluate(&payload()));
        }
    }
}
