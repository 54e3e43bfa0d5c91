//! The canonical form, and time in it.
#![allow(
    clippy::unwrap_used,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use pi_core::canonical::{Encoder, parse};
use pi_core::{Digest, Timestamp};
use pi_event_fabric::{EventDraft, Head, HeaderView, RunField, SaltedDraft, Tree, seal};

fn canonical(text: &str) -> String {
    String::from_utf8(Encoder::encode(&parse(text.as_bytes()).unwrap())).unwrap()
}

/// Texts, their canonical form, and its SHA-256 as another program gives it.
const VECTORS: &[(&str, &str, &str)] = &[
    (
        " { \"b\" : 1 , \"a\" : [ true , null ] } ",
        r#"{"a":[true,null],"b":1}"#,
        "51705a2c9eb3e7e410a58f696a770c3ac3885a0cf43eb7fc88f5e47c11d4d30d",
    ),
    (
        "{\"é\":\"\u{1f600}\",\"z\":\"/\\u007f\"}",
        r#"{"z":"/\u007f","\u00e9":"\ud83d\ude00"}"#,
        "930c2f7b74f6fb6221a2f02eff865cd98feeddc97a7389dc5c53b4efe90c8b92",
    ),
    (
        "[1.0, 1e3, -0.0, 1e22, 10000000000000000000001]",
        "[1.0,1000.0,-0.0,1e+22,10000000000000000000001]",
        "9fcc37d71bf6871fd19bf1f1c452ecdb551add28dc1cd2987d4f89a0493848b8",
    ),
];

#[test]
fn CANON_1_keys_are_sorted_and_nothing_is_blank() {
    for (text, expected, digest) in VECTORS {
        assert_eq!(canonical(text), *expected);
        assert_eq!(canonical(expected), *expected, "it is its own canonical form");
        assert_eq!(Digest::of(expected.as_bytes()).to_hex(), *digest);
    }
}

#[test]
fn A_1_every_change_of_the_canonical_form_changes_the_hash() {
    let form = r#"{"a":"\u00e9","b":[1,2.0]}"#;
    assert_eq!(canonical(form), form);
    let others = [
        r#"{"b":[1,2.0],"a":"\u00e9"}"#,
        r#"{"a": "\u00e9","b":[1,2.0]}"#,
        "{\"a\":\"\u{e9}\",\"b\":[1,2.0]}",
        r#"{"a":"\u00E9","b":[1,2.0]}"#,
        r#"{"a":"\u00e9","b":[1,2.00]}"#,
        "{\"a\":\"\\u00e9\",\"b\":[1,2.0]}\n",
    ];
    for other in others {
        assert_ne!(Digest::of(other.as_bytes()), Digest::of(form.as_bytes()), "{other}");
        assert_eq!(canonical(other), form, "they mean the same");
    }
    // What means something else has another form.
    for other in [r#"{"a":"e\u0301","b":[1,2.0]}"#, r#"{"a":"\u00e9","b":[1,2]}"#] {
        assert_ne!(canonical(other), form);
    }
}

#[test]
fn CLOCK_1_times_are_whole_microseconds() {
    let time = Timestamp::from_micros(1_700_000_000_123_456);
    assert_eq!(Encoder::encode(&time), b"1700000000123456");
    let draft = EventDraft {
        schema: "pi.test",
        schema_version: 1,
        event_type: "test",
        partition: "a".parse().unwrap(),
        run: RunField::None,
        actor: "t".to_owned(),
        correlation_id: None,
        recorded_at: time,
        payload: b"{}".to_vec(),
    };
    let draft = SaltedDraft::new(draft, [0; 16]);
    let sealed = seal(draft, &"t".parse().unwrap(), &mut Head::default(), &mut Tree::default());
    let view = HeaderView::parse(&sealed.header).unwrap();
    assert_eq!(view.recorded_at, time.as_micros());
}

#[test]
fn CLOCK_2_and_CLOCK_3_finer_parts_are_cut_off_before_they_are_compared() {
    let at = Timestamp::from_nanos;
    assert_eq!(at(1_999), Timestamp::from_micros(1));
    assert_eq!(at(1_000), at(1_999));
    assert!(at(1_999) < at(2_000));
    assert_eq!(at(999), Timestamp::default());
    assert_eq!(Encoder::encode(&at(1_999)), Encoder::encode(&at(1_000)));
}
