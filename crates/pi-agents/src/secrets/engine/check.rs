//! What the structure of a token proves: checksums and decoders.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A proof that a format carries within itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// None.
    Nothing,
    /// The last six characters are the CRC32 of the characters between the
    /// prefix's `_` and them, in base 62 (GitHub, npm).
    Crc62,
    /// Base32 of an AWS account: the first character after the prefix is in
    /// the range that the service gives out.
    AwsKeyId,
    /// Header and payload decode to JSON objects.
    Jwt,
    /// Bech32 with a valid checksum (age).
    Bech32,
    /// Letters and digits both occur; without, it is no token at all.
    Mixed,
    /// Letters and digits without a pattern; without, it is no token at all.
    Random,
    /// The body decodes from base64.
    Base64,
}

/// What a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is nothing to check.
    Unknown,
    /// It holds.
    Holds,
    /// It does not.
    Fails,
}

/// Runs a check.
pub fn run(check: Check, token: &str) -> Verdict {
    let holds = match check {
        Check::Nothing | Check::Mixed | Check::Random => return Verdict::Unknown,
        Check::Crc62 => crc62(token),
        Check::AwsKeyId => aws_key_id(token),
        Check::Jwt => jwt(token).is_some(),
        Check::Bech32 => bech32(token),
        Check::Base64 => {
            let body = token.rsplit(['_', '-', '.']).next().unwrap_or(token);
            decode(body).is_some()
        }
    };
    if holds { Verdict::Holds } else { Verdict::Fails }
}

/// CRC32 (IEEE), bit by bit: tokens are short.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let low = crc & 1;
            crc >>= 1;
            if low == 1 {
                crc ^= 0xEDB8_8320;
            }
        }
    }
    !crc
}

fn crc62(token: &str) -> bool {
    let Some((_, body)) = token.split_once('_') else { return false };
    let Some((entropy, checksum)) =
        body.len().checked_sub(6).and_then(|at| body.split_at_checked(at))
    else {
        return false;
    };
    // Digits, upper case, lower case.
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32(entropy.as_bytes());
    let mut expected = Vec::new();
    for _ in 0..6 {
        let digit = usize::try_from(rest % 62).unwrap_or(0);
        expected.push(digits.get(digit).copied().unwrap_or(b'0'));
        rest /= 62;
    }
    expected.reverse();
    checksum.as_bytes() == expected
}

fn aws_key_id(token: &str) -> bool {
    // The account number starts at the fifth character in base 32; ids given
    // out since 2019 start with a letter from Q on, older ones with I or J.
    let body = token.get(4..).unwrap_or_default();
    body.len() == 16
        && body.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7'))
        && matches!(body.bytes().next(), Some(b'I'..=b'Z' | b'2'..=b'7'))
}

/// Header and payload of a JWT as text.
pub fn jwt(token: &str) -> Option<(String, String)> {
    let mut parts = token.split('.');
    let mut part = || {
        let text = String::from_utf8(decode(parts.next()?)?).ok()?;
        (text.trim_start().starts_with('{') && text.trim_end().ends_with('}')).then_some(text)
    };
    Some((part()?, part()?))
}

/// Decodes base64 of either alphabet, padded or not.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let alphabet =
        if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}

fn bech32(token: &str) -> bool {
    let lower = token.to_ascii_lowercase();
    let Some(at) = lower.rfind('1') else { return false };
    let Some((human, data)) = lower.split_at_checked(at) else { return false };
    let charset = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let mut values: Vec<u32> = human.bytes().map(|b| u32::from(b >> 5)).collect();
    values.push(0);
    values.extend(human.bytes().map(|b| u32::from(b & 31)));
    for byte in data.bytes().skip(1) {
        match charset.iter().position(|c| *c == byte).and_then(|n| u32::try_from(n).ok()) {
            Some(value) => values.push(value),
            None => return false,
        }
    }
    let generators = [0x3b6a_57b2u32, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let mut sum = 1u32;
    for value in values {
        let top = sum >> 25;
        sum = ((sum & 0x01ff_ffff) << 5) ^ value;
        for (bit, generator) in generators.iter().enumerate() {
            if (top >> bit) & 1 == 1 {
                sum ^= generator;
            }
        }
    }
    sum == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_of_the_standard_and_a_token_with_it() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        let body = "a".repeat(30);
        let mut rest = crc32(body.as_bytes());
        let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut sum = String::new();
        for _ in 0..6 {
            sum.insert(0, char::from(digits[(rest % 62) as usize]));
            rest /= 62;
        }
        assert_eq!(run(Check::Crc62, &format!("ghp_{body}{sum}")), Verdict::Holds);
        assert_eq!(run(Check::Crc62, &format!("ghp_{body}000000")), Verdict::Fails);
    }

    #[test]
    fn bech32_of_the_standard() {
        // A valid string of BIP 173.
        assert!(bech32("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"));
        assert!(!bech32("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxx"));
    }

    #[test]
    fn jwt_needs_two_objects() {
        let part = "eyJhIjoxfQ";
        assert!(jwt(&format!("{part}.{part}.x")).is_some());
        assert!(jwt("eyJ.eyJ.x").is_none());
    }
}
