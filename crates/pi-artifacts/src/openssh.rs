//! Public keys and certificates of OpenSSH, as in `authorized_keys`, `known_hosts`
//! and `*.pub`.

use crate::span::Span;

/// Largest key that is read, in bytes of its text.
const MAX_KEY_BYTES: usize = 64 * 1024;

/// A line that holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLine {
    /// What stands in front of the type: options, or the names of hosts.
    pub options: String,
    /// The type: `ssh-ed25519`, `ssh-rsa-cert-v01@openssh.com`.
    pub kind: String,
    /// The comment behind it.
    pub comment: String,
    /// Bits of an RSA modulus.
    pub rsa_bits: Option<usize>,
    /// What a certificate says.
    pub certificate: Option<Certificate>,
    /// The whole line.
    pub span: Span,
}

/// The limits that a certificate sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// For a host and not for a user.
    pub host: bool,
    /// Whom it is for; empty means anybody.
    pub principals: Vec<String>,
    /// Seconds since 1970 from which it is valid.
    pub valid_after: u64,
    /// Seconds since 1970 until which it is valid; the largest number is never.
    pub valid_before: u64,
    /// The type of the key that signed it.
    pub signer: String,
    /// How it is signed.
    pub signature: String,
}

/// The keys of a text, in order. Lines without one are left out.
pub fn keys(text: &str) -> Vec<KeyLine> {
    let mut out = Vec::new();
    let mut at = 0;
    for raw in text.split_inclusive('\n') {
        let line = raw.trim();
        let start = at + (raw.len() - raw.trim_start().len());
        at += raw.len();
        if line.len() <= MAX_KEY_BYTES && !line.starts_with('#') {
            out.extend(key(line, start));
        }
    }
    out
}

fn key(line: &str, start: usize) -> Option<KeyLine> {
    // Options hold no key type in front of base64, quoted or not.
    let words = words(line);
    let (index, (offset, kind), blob) =
        words.windows(2).enumerate().find_map(|(index, pair)| {
            let [kind, (_, blob)] = pair else { return None };
            is_kind(kind.1).then(|| Some((index, *kind, decode(blob)?)))?
        })?;
    let mut reader = Reader(&blob);
    let inner = reader.text()?;
    if inner != kind {
        return None;
    }
    let certificate_of = kind.strip_suffix("-cert-v01@openssh.com");
    if certificate_of.is_some() {
        reader.bytes()?;
    }
    let family = certificate_of.unwrap_or(kind);
    let mut rsa_bits = None;
    match family {
        "ssh-rsa" => {
            reader.bytes()?;
            rsa_bits = Some(bits(reader.bytes()?));
        }
        // Numbers of DSA, a curve and a point, an application; one for Ed25519.
        "ssh-dss" => (0..4).try_for_each(|_| reader.bytes().map(drop))?,
        "sk-ecdsa-sha2-nistp256" => (0..3).try_for_each(|_| reader.bytes().map(drop))?,
        "sk-ssh-ed25519" => (0..2).try_for_each(|_| reader.bytes().map(drop))?,
        _ if family.starts_with("ecdsa-") => (0..2).try_for_each(|_| reader.bytes().map(drop))?,
        _ => drop(reader.bytes()?),
    }
    let certificate = if certificate_of.is_some() { Some(certificate(&mut reader)?) } else { None };
    Some(KeyLine {
        options: line.get(..offset)?.trim().to_owned(),
        kind: kind.to_owned(),
        comment: words
            .get(index + 2..)?
            .iter()
            .map(|(_, word)| *word)
            .collect::<Vec<_>>()
            .join(" "),
        rsa_bits,
        certificate,
        span: Span::new(start, start + line.len()),
    })
}

/// The words of a line, each with its offset.
fn words(line: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let all = line.split([' ', '\t']).map(|word| {
        let offset = at;
        at += word.len() + 1;
        (offset, word)
    });
    all.filter(|(_, word)| !word.is_empty()).collect()
}

fn is_kind(word: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|start| word.starts_with(start))
}

fn certificate(reader: &mut Reader<'_>) -> Option<Certificate> {
    reader.number()?;
    let host = reader.short()? == 2;
    reader.bytes()?;
    let mut list = Reader(reader.bytes()?);
    let mut principals = Vec::new();
    while !list.0.is_empty() {
        principals.push(list.text()?);
    }
    let (valid_after, valid_before) = (reader.number()?, reader.number()?);
    for _ in 0..3 {
        reader.bytes()?;
    }
    let signer = Reader(reader.bytes()?).text()?;
    let signature = Reader(reader.bytes()?).text()?;
    Some(Certificate { host, principals, valid_after, valid_before, signer, signature })
}

/// Reads the encoding of RFC 4251.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn short(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    fn number(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_be_bytes)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.short()?;
        self.take(usize::try_from(length).ok()?)
    }

    fn text(&mut self) -> Option<String> {
        std::str::from_utf8(self.bytes()?).ok().map(str::to_owned)
    }
}

fn bits(bytes: &[u8]) -> usize {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let rest = bytes.get(zeros..).unwrap_or_default();
    (rest.len() * 8).saturating_sub(rest.first().map_or(0, |byte| byte.leading_zeros() as usize))
}

fn decode(text: &str) -> Option<Vec<u8>> {
    crate::pem::decode(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_options_and_comment() {
        let text = "# c\nfrom=\"10.0.0.0/8\",no-pty ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPzvZmv9l8sF1mRYw2JHVZbYzA3hN0T2rW0qzq2pJkX me@here\nssh-rsa AAAA broken\n";
        let found = keys(text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, "ssh-ed25519");
        assert_eq!(found[0].options, "from=\"10.0.0.0/8\",no-pty");
        assert_eq!(found[0].comment, "me@here");
        assert!(found[0].certificate.is_none());
    }
}
