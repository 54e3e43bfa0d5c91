//! Names of TLS versions and cipher suites, in the many ways that they are written.

/// A version of SSL or TLS that is given up, in its usual spelling.
pub(super) fn old_version(text: &str) -> Option<&'static str> {
    let plain: String =
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let plain = plain.strip_prefix("version").unwrap_or(&plain);
    let plain = plain.strip_suffix("method").unwrap_or(plain);
    match plain {
        "sslv2" | "ssl2" | "ssl20" => Some("SSL 2"),
        "sslv3" | "ssl3" | "ssl30" => Some("SSL 3"),
        "tlsv1" | "tls1" | "tlsv10" | "tls10" => Some("TLS 1.0"),
        "tlsv11" | "tls11" => Some("TLS 1.1"),
        _ => None,
    }
}

/// The old versions that remain of a list with additions and removals. `all` holds
/// those that a word such as `ALL` brings.
pub(super) fn old_versions(list: &str) -> Vec<&'static str> {
    let mut accepted: Vec<&'static str> = Vec::new();
    for word in list.split([' ', ',', ':', ';', '\t']).filter(|word| !word.is_empty()) {
        let (removes, name) = match word.strip_prefix(['!', '-']) {
            Some(name) => (true, name),
            None => (false, word.strip_prefix('+').unwrap_or(word)),
        };
        if name.eq_ignore_ascii_case("all") && !removes {
            accepted.extend(["TLS 1.0", "TLS 1.1"]);
        } else if let Some(version) = old_version(name) {
            accepted.retain(|known| *known != version);
            if !removes {
                accepted.push(version);
            }
        }
    }
    accepted
}

/// Parts of names of suites that are broken, in the words of OpenSSL, the IANA and Go.
const BROKEN: &[&str] = &[
    "RC4", "ARCFOUR", "DES", "3DES", "MD5", "NULL", "ENULL", "ANULL", "ADH", "AECDH", "ANON",
    "EXP", "EXPORT", "EXPORT40", "EXPORT56", "LOW", "RC2", "IDEA", "SEED",
];

/// Suites of a list that are broken. `!` and `-` take suites away, `+` only moves
/// them to the end.
pub(super) fn broken_suites(list: &str) -> Vec<&str> {
    list.split([':', ',', ' ', '\t', ';'])
        .filter(|item| !item.is_empty() && !item.starts_with(['!', '-', '+']))
        .filter(|item| {
            // The name of a protocol or a level is no suite.
            let upper = item.to_ascii_uppercase();
            !upper.starts_with("SSL") && !upper.starts_with('@') && is_broken(&upper)
        })
        .collect()
}

/// Whether the upper-case name of a suite or cipher has a broken part.
pub(super) fn is_broken(upper: &str) -> bool {
    upper.split(['-', '+', '_', '/']).any(|part| BROKEN.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_every_spelling() {
        for text in ["TLSv1.0", "TLSv1", "VersionTLS10", "tls_v1_0", "TLSV1_0", "TLSv1_method"] {
            assert_eq!(old_version(text), Some("TLS 1.0"), "{text}");
        }
        assert_eq!(old_version("TLSv1.2"), None);
        assert_eq!(old_version("TLS13"), None);
        assert_eq!(old_versions("all -SSLv3 -TLSv1 -TLSv1.1"), Vec::<&str>::new());
        assert_eq!(old_versions("ALL !SSLv2,!SSLv3"), ["TLS 1.0", "TLS 1.1"]);
        assert_eq!(old_versions("TLSv1.1, TLSv1.2"), ["TLS 1.1"]);
    }

    #[test]
    fn suites_that_are_taken_away_are_not_accepted() {
        assert_eq!(broken_suites("HIGH:!aNULL:!MD5:-RC4"), Vec::<&str>::new());
        assert_eq!(broken_suites("ECDHE-RSA-DES-CBC3-SHA:AES128-SHA"), ["ECDHE-RSA-DES-CBC3-SHA"]);
        assert_eq!(broken_suites("TLS_RSA_WITH_RC4_128_SHA"), ["TLS_RSA_WITH_RC4_128_SHA"]);
        assert_eq!(broken_suites("DESCRIPTION,NODES"), Vec::<&str>::new());
    }
}
