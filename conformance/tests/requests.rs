//! The one way in: what is a request, and what is not.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use pi_conformance::{DOCKERFILE, admit, draft, examine_node, manifest, straw, verdict};
use pi_core::Reason;
use pi_core::canonical::{Encoder, Value, parse};
use pi_kernel::request::{Capability, CompositionRequest, Examine, Node, RequestError};

const FILES: &[(&str, &[u8])] = &[("Dockerfile", DOCKERFILE)];

fn request() -> CompositionRequest {
    let mut nodes = vec![Node::new("admit", Capability::AdmitManifest)];
    nodes.push(examine_node("a").after(["admit"]));
    nodes.extend(verdict(&["a"]));
    draft(&manifest(FILES), nodes, Vec::new()).freeze()
}

/// The frozen form, with hash and id.
fn frozen() -> Value {
    let request = request();
    let mut value = parse(&Encoder::encode(request.content())).unwrap();
    let Value::Object(fields) = &mut value else { panic!("a request is an object") };
    fields.insert("request_hash".to_owned(), Value::from(request.hash().to_hex().as_str()));
    fields.insert("request_id".to_owned(), Value::from(request.id().as_str()));
    value
}

fn reason(bytes: &[u8]) -> Reason {
    CompositionRequest::from_json(bytes).unwrap_err().reason()
}

#[test]
fn INVARIANT_1_plain_words_are_no_request() {
    for words in [
        &b"please scan the containers"[..],
        b"\"please scan the containers\"",
        b"{\"goal\":\"scan the containers\"}",
        b"{\"messages\":[{\"role\":\"user\",\"content\":\"scan\"}]}",
    ] {
        assert_eq!(reason(words), Reason::InvalidRequest, "{}", String::from_utf8_lossy(words));
    }
    // A goal enters as its digest alone.
    let text = String::from_utf8(Encoder::encode(&frozen())).unwrap();
    let worded = text.replacen("\"goal_hash\":null", "\"goal_hash\":\"scan the containers\"", 1);
    assert_ne!(text, worded);
    let error = CompositionRequest::from_json(worded.as_bytes()).unwrap_err();
    assert!(matches!(error, RequestError::Field { path, .. } if path == "goal_hash"));
    // And a selection names agents and domains, not wishes.
    let only = vec!["whatever finds secrets".to_owned()];
    let mut wishful = request().content().clone();
    wishful.nodes[1].capability = Capability::Examine(Examine { only, ..Examine::default() });
    let error = admit(wishful.freeze(), FILES, vec![&straw::Quiet]).err().unwrap();
    assert_eq!(error.reason(), Reason::UnknownAgent);
}

#[test]
fn INVARIANT_2_nothing_but_a_request_is_read() {
    for body in [&b""[..], b"null", b"[]", b"7", b"{}", b"{\"nodes\":[]}", b"\xff", b"{\"a\":NaN}"]
    {
        assert_eq!(reason(body), Reason::InvalidRequest);
    }
    // The frozen form reads back; approval is no part of it, and is not claimed.
    let read = CompositionRequest::from_json(&Encoder::encode(&frozen())).unwrap();
    assert!(!read.content().approved);
    assert_eq!(read, request().approved(false));
}

/// Every value of a document with another value in its place.
fn altered(value: &Value, found: &mut Vec<Value>) {
    let mut own = match value {
        Value::Null => vec![Value::from("x")],
        Value::Bool(flag) => vec![Value::Bool(!flag)],
        Value::Integer(number) => vec![Value::from(number.as_u64().unwrap() + 1)],
        Value::Float(_) => panic!("a request has no floats"),
        Value::String(text) => vec![Value::from(format!("{text}x").as_str()), Value::Null],
        Value::Array(items) => {
            let mut more = items.clone();
            more.push(Value::from("x"));
            let mut all = vec![Value::Array(more)];
            for at in 0..items.len() {
                let mut inner = Vec::new();
                altered(&items[at], &mut inner);
                all.extend(inner.into_iter().map(|item| {
                    let mut items = items.clone();
                    items[at] = item;
                    Value::Array(items)
                }));
            }
            all
        }
        Value::Object(fields) => {
            let mut all = Vec::new();
            for (key, field) in fields {
                let mut inner = Vec::new();
                altered(field, &mut inner);
                all.extend(inner.into_iter().map(|field| {
                    let mut fields = fields.clone();
                    fields.insert(key.clone(), field);
                    Value::Object(fields)
                }));
            }
            all
        }
    };
    found.append(&mut own);
}

#[test]
fn INVARIANT_2_every_altered_field_fails_the_hash() {
    let mut documents = Vec::new();
    altered(&frozen(), &mut documents);
    assert!(documents.len() > 80, "{}", documents.len());
    let mut mismatches = 0;
    for document in documents {
        let bytes = Encoder::encode(&document);
        match CompositionRequest::from_json(&bytes) {
            // Leaving hash or id out claims nothing.
            Ok(read) => {
                assert_eq!(read, request().approved(false), "{}", String::from_utf8_lossy(&bytes))
            }
            Err(error) => mismatches += u32::from(error.reason() == Reason::RequestHashMismatch),
        }
    }
    assert!(mismatches > 40, "{mismatches}");
}
