//! PEM blocks (RFC 7468), also where they stand inside other formats: indented in
//! YAML, with `\n` written out in JSON, quoted line by line in programs.

use crate::span::Span;

/// Most blocks of one text that are read: a bundle of all public authorities has
/// about 150.
const MAX_BLOCKS: usize = 512;

/// Largest block that is decoded, in bytes of its text.
const MAX_BLOCK_BYTES: usize = 64 * 1024;

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it says it is: `CERTIFICATE`, `RSA PRIVATE KEY`.
    pub label: String,
    /// Headers such as `DEK-Info`, of keys in the old encrypted form.
    pub headers: Vec<(String, String)>,
    /// The decoded bytes; `None` when the body is no base64 (a placeholder, a
    /// template, a block that was cut).
    pub bytes: Option<Vec<u8>>,
    /// From its first to its last dash.
    pub span: Span,
    /// Its first line.
    pub head: Span,
}

/// The blocks of a text, in order.
pub fn blocks(text: &str) -> Vec<Block> {
    const BEGIN: &str = "-----BEGIN ";
    let mut out = Vec::new();
    let mut at = 0;
    while out.len() < MAX_BLOCKS
        && let Some(found) = text.get(at..).and_then(|rest| rest.find(BEGIN))
    {
        let start = at + found;
        at = start + BEGIN.len();
        if let Some(block) = block(text, start, at) {
            at = block.span.range().end;
            out.push(block);
        }
    }
    out
}

fn block(text: &str, start: usize, label_start: usize) -> Option<Block> {
    let rest = text.get(label_start..)?;
    let window = rest.get(..rest.floor_char_boundary(MAX_BLOCK_BYTES))?;
    let (label, _) = window.split_once("-----")?;
    if label.is_empty()
        || label.len() > 64
        || !label
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ')
    {
        return None;
    }
    let end_mark = format!("-----END {label}-----");
    let body_start = label.len() + 5;
    let body_end = body_start + window.get(body_start..)?.find(&end_mark)?;
    let (headers, bytes) = body(window.get(body_start..body_end)?);
    Some(Block {
        label: label.to_owned(),
        headers,
        bytes,
        span: Span::new(start, label_start + body_end + end_mark.len()),
        head: Span::new(start, label_start + body_start),
    })
}

/// The headers and the decoded bytes of a body. Line breaks may be written out.
fn body(text: &str) -> (Vec<(String, String)>, Option<Vec<u8>>) {
    let plain = text.replace("\\r", "").replace("\\n", "\n");
    let mut headers = Vec::new();
    let mut encoded = String::with_capacity(plain.len());
    for line in plain.lines() {
        let line = unquoted(line.trim());
        match line.split_once(':') {
            Some((name, value)) => headers.push((name.trim().to_owned(), value.trim().to_owned())),
            None => encoded.push_str(line),
        }
    }
    (headers, decode(&encoded))
}

/// A line without the marks of a program around it. A plus sign is a digit too, so
/// it goes only where it stands alone outside of quotes.
fn unquoted(line: &str) -> &str {
    let marks = [' ', '\t', '+', ',', ';', '(', ')', '\\', '.'];
    if !line.contains(['"', '\'']) {
        return line;
    }
    let mut pieces = line.split(['"', '\'']).rev();
    pieces.find(|piece| !piece.trim_matches(marks).is_empty()).unwrap_or_default().trim()
}

/// Bytes of standard base64 with or without padding.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if digits.is_empty() || digits.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 3);
    let (mut buffer, mut bits) = (0u32, 0);
    for byte in digits.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = buffer << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((buffer >> bits & 0xff) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_wherever_they_stand() {
        let text = "x: |\n  -----BEGIN CERTIFICATE-----\n  aGVs\n  bG8=\n  -----END CERTIFICATE-----\n\
                    {\"key\": \"-----BEGIN DH PARAMETERS-----\\naGVsbG8=\\n-----END DH PARAMETERS-----\\n\"}\n\
                    a = \"-----BEGIN X-----\\n\" +\n \"aGVs\\n\" +\n \"bG8=\\n\" +\n \"-----END X-----\"";
        let found = blocks(text);
        let labels: Vec<&str> = found.iter().map(|block| block.label.as_str()).collect();
        assert_eq!(labels, ["CERTIFICATE", "DH PARAMETERS", "X"]);
        assert!(found.iter().all(|block| block.bytes.as_deref() == Some(b"hello")), "{found:?}");
        assert!(found[1].span.of(text).ends_with("PARAMETERS-----"));
    }

    #[test]
    fn placeholders_and_headers() {
        let text = "-----BEGIN CERTIFICATE-----\n<paste here>\n-----END CERTIFICATE-----\n\
                    -----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-CBC,00\n\naGVsbG8=\n-----END RSA PRIVATE KEY-----\n\
                    -----BEGIN CERTIFICATE-----\nno end";
        let found = blocks(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].bytes, None);
        assert_eq!(found[1].headers[1], ("DEK-Info".to_owned(), "DES-CBC,00".to_owned()));
    }
}
