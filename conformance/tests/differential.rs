//! Canonical form, hashes, trees, proofs and bundles, compared with the
//! independent Python verifier and, through it, with CPython's `json`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use pi_core::canonical::{Encoder, Value, parse};
use pi_core::{Digest, Name, RunId, Timestamp};
use pi_event_fabric::merkle::{Nodes, leaf_hash};
use pi_event_fabric::{EventDraft, RunField};
use pi_store::{DataFolder, EventStore, SqliteStore};

struct Python {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Python {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../verifier/differential.py");
        let mut child = Command::new("python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs");
        let requests = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, requests, answers }
    }

    fn ask(&mut self, request: &str) -> Value {
        writeln!(self.requests, "{request}").unwrap();
        self.requests.flush().unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        parse(line.trim().as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// SplitMix64: the same values on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

fn string(random: &mut Random, out: &mut String) {
    out.push('"');
    for _ in 0..random.below(12) {
        match random.below(12) {
            0 => out.push_str("\\n"),
            1 => out.push_str("\\u00e9"),
            2 => out.push_str("\\ud83d\\ude00"),
            3 => out.push_str("\\\\\\\"\\/\\b\\f\\r\\t"),
            4 => out.push('é'),
            5 => out.push('😀'),
            6 => out.push('\u{7f}'),
            7 if random.below(40) == 0 => out.push_str("\\ud800"),
            8 => out.push(
                char::from_u32(u32::try_from(random.below(0xD800)).unwrap().max(32))
                    .filter(|c| !matches!(c, '"' | '\\'))
                    .unwrap_or('x'),
            ),
            9 => write!(out, "\\u{:04x}", random.below(0xD800)).unwrap(),
            _ => out.push(char::from(b'a' + u8::try_from(random.below(26)).unwrap())),
        }
    }
    out.push('"');
}

fn number(random: &mut Random, out: &mut String) {
    match random.below(8) {
        0 => write!(out, "{}", random.next().cast_signed()).unwrap(),
        1 => write!(out, "{}", random.below(100)).unwrap(),
        2 => {
            let float = f64::from_bits(random.next());
            if float.is_finite() {
                write!(out, "{float:e}").unwrap()
            } else {
                out.push_str("1e400")
            }
        }
        3 => write!(
            out,
            "{}.{}e{}",
            random.below(1000),
            random.next(),
            random.below(40).cast_signed() - 20
        )
        .unwrap(),
        4 => write!(out, "-{}.0", random.below(3)).unwrap(),
        5 => {
            out.push('9');
            for _ in 0..random.below(60) {
                out.push(char::from(b'0' + u8::try_from(random.below(10)).unwrap()));
            }
        }
        6 => write!(out, "{}e{}", random.below(10_000), random.below(30)).unwrap(),
        _ => write!(
            out,
            "0.{:0>width$}",
            random.below(1_000_000),
            width = usize::try_from(random.below(12)).unwrap() + 1
        )
        .unwrap(),
    }
}

fn value(random: &mut Random, depth: u64, out: &mut String) {
    match random.below(if depth > 4 { 6 } else { 9 }) {
        0 => out.push_str(
            ["null", "true", "false", "NaN", "Infinity"][usize::try_from(
                random.below(100).min(4) % if random.below(50) == 0 { 5 } else { 3 },
            )
            .unwrap()],
        ),
        1..=3 => number(random, out),
        4 | 5 => string(random, out),
        6 => {
            out.push('[');
            for index in 0..random.below(5) {
                if index > 0 {
                    out.push_str(" ,");
                }
                value(random, depth + 1, out);
            }
            out.push(']');
        }
        _ => {
            out.push_str("{ ");
            for index in 0..random.below(5) {
                if index > 0 {
                    out.push(',');
                }
                string(random, out);
                out.push(':');
                value(random, depth + 1, out);
            }
            out.push('}');
        }
    }
}

fn quoted(text: &str) -> String {
    String::from_utf8(Encoder::encode(text)).unwrap()
}

/// A value with one defect has one name for it on both sides; with several,
/// either may be met first.
fn compare(python: &mut Python, json: &str, one_defect: bool) {
    let theirs = python.ask(&format!("{{\"op\":\"canonical\",\"json\":{}}}", quoted(json)));
    match parse(json.as_bytes()) {
        Ok(value) => {
            let ours = String::from_utf8(Encoder::encode(&value)).unwrap();
            assert_eq!(theirs.get("ok").and_then(Value::as_str), Some(ours.as_str()), "{json}");
        }
        Err(error) => {
            let name = theirs.get("error").and_then(Value::as_str);
            assert!(name.is_some(), "refused here only ({error}): {json}");
            assert!(!one_defect || name == Some(error.kind.code()), "{name:?}, {error}: {json}");
        }
    }
}

#[test]
fn canonical_form_equals_cpython_on_100_000_values() {
    let mut python = Python::start();
    let mut random = Random(1);
    let mut refused = 0;
    for _ in 0..100_000 {
        let mut json = String::new();
        value(&mut random, 0, &mut json);
        refused += u64::from(parse(json.as_bytes()).is_err());
        compare(&mut python, &json, false);
    }
    assert!((100..60_000).contains(&refused), "{refused} of 100000 values were refused");
}

#[test]
fn edges_of_the_canonical_form_equal_cpython() {
    let mut python = Python::start();
    for json in [
        "1e16",
        "1e15",
        "123456789012345678",
        "0.0001",
        "0.00001",
        "1e-4",
        "5e-324",
        "1.7976931348623157e308",
        "-0",
        "-0.0",
        "1E5",
        "\"\\u007f\"",
        "{\"\\uffff\":1,\"\\ud83d\\ude00\":2}",
        "[]",
        "{}",
        " [ 1 , 2 ] ",
        "{\"a\":1,\"a\":2}",
        "\"\\ud800\"",
        "NaN",
        "-Infinity",
        "1e400",
        "[1,]",
        "01",
        "",
        "[1] x",
        "\"a",
        "tru",
    ] {
        compare(&mut python, json, true);
    }
    compare(&mut python, &"9".repeat(4_300), true);
    compare(&mut python, &"9".repeat(4_301), true);
    compare(&mut python, &format!("{}{}", "[".repeat(512), "]".repeat(512)), true);
    compare(&mut python, &format!("{}{}", "[".repeat(513), "]".repeat(513)), true);
}

fn hexes(digests: &[Digest]) -> String {
    let list: Vec<String> = digests.iter().map(|digest| format!("\"{digest}\"")).collect();
    format!("[{}]", list.join(","))
}

fn list(answer: &Value) -> Vec<Digest> {
    let items = answer.get("ok").and_then(Value::as_array).unwrap();
    items.iter().map(|item| Digest::from_hex(item.as_str().unwrap()).unwrap()).collect()
}

#[test]
fn roots_and_proofs_agree_on_10_000_logs() {
    let mut python = Python::start();
    let mut random = Random(2);
    for _ in 0..10_000 {
        let count = 1 + random.below(24);
        let events: Vec<Digest> =
            (0..count).map(|_| Digest::of(&random.next().to_be_bytes())).collect();
        let nodes = Nodes::new(events.iter().map(leaf_hash).collect());
        let hexes = hexes(&events);
        let root = python.ask(&format!("{{\"op\":\"root\",\"events\":{hexes}}}"));
        assert_eq!(root.get("ok").and_then(Value::as_str), Some(nodes.root().to_hex().as_str()));
        let index = random.below(count);
        let path =
            python.ask(&format!("{{\"op\":\"inclusion\",\"events\":{hexes},\"index\":{index}}}"));
        assert_eq!(list(&path), nodes.inclusion(usize::try_from(index).unwrap()).unwrap());
        let old = 1 + random.below(count);
        let path =
            python.ask(&format!("{{\"op\":\"consistency\",\"events\":{hexes},\"old\":{old}}}"));
        assert_eq!(list(&path), nodes.consistency(usize::try_from(old).unwrap()).unwrap());
    }
}

fn draft(run: RunField, payload: String) -> EventDraft {
    EventDraft {
        schema: "pi.test",
        schema_version: 1,
        event_type: "note",
        partition: Name::new("runs").unwrap(),
        run,
        actor: "tést \"actor\"".to_owned(),
        correlation_id: Some("c-1".to_owned()),
        recorded_at: Timestamp::from_micros(1),
        payload: payload.into_bytes(),
    }
}

#[test]
fn bundles_of_generated_logs_verify_and_changed_ones_do_not() {
    let mut python = Python::start();
    let mut random = Random(3);
    for _ in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(
            &DataFolder::open(folder.path()).unwrap(),
            &Name::new("local").unwrap(),
        )
        .unwrap();
        let count = 1 + random.below(12);
        let run = RunId::parse("run_0123456789abcdef0123456789abcdef").unwrap();
        for n in 0..count {
            let field =
                if random.below(2) == 0 { RunField::None } else { RunField::Known(run.clone()) };
            store.append(vec![draft(field, format!("{{\"n\":{n},\"x\":\"\\u00e9\"}}"))]).unwrap();
        }
        let offset = 1 + random.below(count);
        let bundle = store.prove(&Name::new("runs").unwrap(), offset).unwrap();
        let text = String::from_utf8(Encoder::encode(&bundle)).unwrap();
        let ask = |python: &mut Python, text: &str| {
            python.ask(&format!("{{\"op\":\"bundle\",\"text\":{}}}", quoted(text)))
        };
        assert_eq!(
            ask(&mut python, &text).get("ok").and_then(Value::as_bool),
            Some(true),
            "{text}"
        );
        for _ in 0..8 {
            let mut bytes = text.clone().into_bytes();
            let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
            bytes[at] ^= 1 << random.below(7);
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let ours = pi_event_fabric::Bundle::parse(changed.as_bytes())
                .is_ok_and(|bundle| bundle.verify(None).is_ok());
            let theirs = ask(&mut python, &changed).get("ok").is_some();
            assert_eq!(ours, theirs, "byte {at}: {changed}");
            assert!(!ours, "byte {at} was changed unnoticed: {changed}");
        }
    }
}
