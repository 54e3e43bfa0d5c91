//! X.509 certificates and Diffie-Hellman parameters: the facts that rules ask for.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

/// Largest certificate that is read.
const MAX_BYTES: usize = 64 * 1024;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The subject's common name, or its whole name.
    pub subject: String,
    /// Subject and issuer are the same.
    pub self_issued: bool,
    /// The version, from 1.
    pub version: u32,
    /// Seconds since 1970 from which it is valid.
    pub not_before: i64,
    /// Seconds since 1970 until which it is valid.
    pub not_after: i64,
    /// Bits of the serial number.
    pub serial_bits: usize,
    /// How it is signed, as dotted numbers.
    pub signature: String,
    /// The key in it.
    pub key: Key,
    /// Basic constraints, if any.
    pub constraints: Option<Constraints>,
    /// The key may sign certificates; `None` when the usage is not limited.
    pub may_sign_certificates: Option<bool>,
    /// What the key may be used for; `None` when not limited.
    pub purposes: Option<Purposes>,
    /// Alternative names of hosts: names and addresses; `None` without the extension.
    pub hosts: Option<Vec<String>>,
}

/// Basic constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constraints {
    /// It is an authority.
    pub authority: bool,
    /// Readers that do not know the extension must refuse the certificate.
    pub critical: bool,
}

/// Extended key usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purposes {
    /// Servers of TLS, or anything.
    pub server: bool,
    /// Anything at all.
    pub any: bool,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// RSA.
    Rsa {
        /// Bits of the modulus.
        bits: usize,
        /// The exponent, when it fits.
        exponent: Option<u64>,
    },
    /// A point on a curve that is named by dotted numbers.
    Elliptic {
        /// The curve; `None` when its parameters are written out.
        curve: Option<String>,
    },
    /// DSA.
    Dsa,
    /// Anything else.
    Other,
}

/// Reads a certificate in DER. `None` when it is none.
pub fn parse(der: &[u8]) -> Option<Certificate> {
    if der.len() > MAX_BYTES {
        return None;
    }
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let mut out = Certificate {
        subject: subject(&certificate),
        self_issued: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        version: certificate.version().0.saturating_add(1),
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
        serial_bits: bits(certificate.raw_serial()),
        signature: certificate.signature_algorithm.algorithm.to_id_string(),
        key: key(&certificate),
        constraints: None,
        may_sign_certificates: None,
        purposes: None,
        hosts: None,
    };
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(found) => {
                out.constraints =
                    Some(Constraints { authority: found.ca, critical: extension.critical });
            }
            ParsedExtension::KeyUsage(usage) => {
                out.may_sign_certificates = Some(usage.key_cert_sign());
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                out.purposes =
                    Some(Purposes { server: usage.server_auth || usage.any, any: usage.any });
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                out.hosts = Some(names.general_names.iter().filter_map(host).collect());
            }
            _ => {}
        }
    }
    Some(out)
}

fn subject(certificate: &X509Certificate<'_>) -> String {
    let name = certificate.subject();
    let common = name.iter_common_name().next().and_then(|part| part.as_str().ok());
    let whole = common.map_or_else(|| name.to_string(), str::to_owned);
    whole.chars().filter(|c| !c.is_control()).take(80).collect()
}

fn host(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            Some(bytes.iter().map(u8::to_string).collect::<Vec<_>>().join("."))
        }
        _ => None,
    }
}

fn key(certificate: &X509Certificate<'_>) -> Key {
    let info = certificate.public_key();
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            Key::Rsa { bits: bits(rsa.modulus), exponent: rsa.try_exponent().ok() }
        }
        Ok(PublicKey::EC(_)) => {
            let named = info.algorithm.parameters.as_ref();
            let curve =
                named.and_then(|any| any.as_oid().ok()).map(|oid: Oid<'_>| oid.to_id_string());
            Key::Elliptic { curve }
        }
        Ok(PublicKey::DSA(_)) => Key::Dsa,
        _ => Key::Other,
    }
}

/// Bits of a number in big-endian bytes.
fn bits(bytes: &[u8]) -> usize {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let rest = bytes.get(zeros..).unwrap_or_default();
    let unused = rest.first().map_or(0, |byte| byte.leading_zeros() as usize);
    (rest.len() * 8).saturating_sub(unused)
}

/// Bits of the first number of a DER sequence at a depth of `skip` numbers: the
/// prime of Diffie-Hellman parameters (0), the modulus of a private RSA key (1).
pub fn bits_of_number(der: &[u8], skip: usize) -> Option<usize> {
    let (tag, mut rest, _) = element(der)?;
    if tag != 0x30 {
        return None;
    }
    for _ in 0..skip {
        let (tag, _, after) = element(rest)?;
        if tag != 0x02 {
            return None;
        }
        rest = after;
    }
    let (tag, number, _) = element(rest)?;
    (tag == 0x02).then(|| bits(number))
}

/// Tag, content, and what follows an element of DER.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.len() > 3 {
            return None;
        }
        (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_sequences() {
        let der = [0x30, 0x07, 0x02, 0x01, 0x00, 0x02, 0x02, 0x01, 0xff];
        assert_eq!(bits_of_number(&der, 0), Some(0));
        assert_eq!(bits_of_number(&der, 1), Some(9));
        assert_eq!(bits_of_number(&der, 2), None);
        assert_eq!(bits_of_number(&[0x30, 0x84, 0xff], 0), None);
        assert_eq!(parse(&der), None);
    }
}
