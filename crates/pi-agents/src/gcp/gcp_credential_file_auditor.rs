//! See [`GcpCredentialFileAuditor`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind};

use super::rules::rule;

rule!(
    KEY,
    "service-account-key",
    Medium,
    High,
    ["CWE-522", "CWE-798"],
    "a key of a service account that never ends lies in a file",
    "delete the key and use workload identity federation, an attached account or impersonation"
);
rule!(
    USER,
    "user-credentials",
    Medium,
    High,
    ["CWE-522"],
    "the credentials of a person lie in a file",
    "let programs run as a service account"
);
rule!(
    MISSING,
    "missing-credential-field",
    Low,
    High,
    ["CWE-1188"],
    "a field is missing without which the credentials do not work",
    "download or create the file again"
);
rule!(
    FOREIGN,
    "foreign-token-endpoint",
    High,
    High,
    ["CWE-346", "CWE-918"],
    "the credentials are sent to a host that is not Google's",
    "take the address out, or write Google's: https://oauth2.googleapis.com/token"
);
rule!(
    CLEARTEXT,
    "cleartext-credential-source",
    Medium,
    High,
    ["CWE-319"],
    "the token of the workload is fetched without encryption from another host",
    "use https"
);
rule!(
    EXECUTABLE,
    "executable-credential-source",
    Medium,
    Medium,
    ["CWE-829"],
    "the file names a program that is run to get a token: who can write the file can run programs",
    "use a file or URL source, or pin the program to a path that only root writes"
);
rule!(
    FORM,
    "malformed-credential-field",
    Low,
    High,
    ["CWE-1188"],
    "a field does not have the form that it must have",
    "download or create the file again"
);

declare_agent! {
    /// Finds credential files of Google Cloud, and what is wrong with them.
    ///
    /// # What it checks
    /// JSON of the types `service_account`, `authorized_user`, `external_account`,
    /// `external_account_authorized_user` and `impersonated_service_account`: that
    /// they are there at all, fields that are missing or malformed, endpoints that are
    /// not Google's, sources of tokens. The key itself is never shown.
    ///
    /// # Why it matters
    /// Keys of service accounts do not expire and are copied with every checkout. A
    /// changed endpoint hands the credentials to somebody else.
    ///
    /// # Example denied
    /// ```json
    /// {"type": "service_account", "token_uri": "https://token.example/"}
    /// ```
    ///
    /// # Example allowed
    /// ```json
    /// {"type": "external_account",
    ///  "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
    ///  "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    ///  "token_url": "https://sts.googleapis.com/v1/token",
    ///  "credential_source": {"file": "/var/run/token"}}
    /// ```
    ///
    /// # Limits
    /// Whether a key is still valid is not known. Endpoints of other universes than
    /// `googleapis.com` are accepted when the file names that universe.
    ///
    /// # References
    /// AIP-4112, AIP-4117; CIS Google Cloud 1.4; CWE-522; CWE-798.
    pub struct GcpCredentialFileAuditor {
        slug: "gcp_credential_file_auditor",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Json],
        triggers: Any(&["service_account", "authorized_user", "external_account"]),
        invariant_to: ALL,
        rules: [KEY, USER, MISSING, FOREIGN, CLEARTEXT, EXECUTABLE, FORM],
        fixture: include_str!("fixtures/gcp_credential_file_auditor.md"),
        check: check,
    }
}

/// The fields of each type without which it does not work.
const NEEDED: &[(&str, &[&str])] = &[
    (
        "service_account",
        &["project_id", "private_key_id", "private_key", "client_email", "client_id", "token_uri"],
    ),
    ("authorized_user", &["client_id", "client_secret", "refresh_token"]),
    ("external_account", &["audience", "subject_token_type", "token_url", "credential_source"]),
    (
        "external_account_authorized_user",
        &["audience", "client_id", "client_secret", "refresh_token", "token_url"],
    ),
    ("impersonated_service_account", &["service_account_impersonation_url", "source_credentials"]),
];

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for document in artifact.data()? {
        report.tick(1)?;
        credentials(&document.root, report);
    }
    Ok(())
}

fn credentials(root: &Node, report: &mut Report) {
    let Some(kind) = root.get("type") else { return };
    let Some((name, needed)) = NEEDED.iter().find(|(name, _)| kind.as_str() == Some(name)) else {
        return;
    };
    // Other files have a type as well; two of its fields make it this one.
    let present = needed.iter().filter(|field| root.get(field).is_some()).count();
    if present < 2.min(needed.len()) {
        return;
    }
    let has_key = root
        .get("private_key")
        .and_then(Node::as_str)
        .is_some_and(|key| key.contains("-----BEGIN"));
    if *name == "service_account" && has_key {
        report.finding(&KEY, kind.span).subject(*name);
    }
    if matches!(*name, "authorized_user" | "external_account_authorized_user") {
        report.finding(&USER, kind.span).subject(*name);
    }
    for field in needed.iter().filter(|field| root.get(field).is_none()) {
        report
            .finding(&MISSING, kind.span)
            .message(format!("`{field}` is missing"))
            .subject(*field);
    }
    form(root, report);
    endpoints(root, report);
    source(root, report);
}

fn form(root: &Node, report: &mut Report) {
    let text = |field: &str| root.get(field).and_then(|node| Some((node, node.as_str()?)));
    if let Some((node, email)) = text("client_email")
        && !(email.contains('@') && email.ends_with(".gserviceaccount.com"))
    {
        report
            .finding(&FORM, node.span)
            .message("`client_email` is not the address of a service account")
            .subject("client_email");
    }
    if let Some((node, id)) = text("private_key_id")
        && !(id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        report
            .finding(&FORM, node.span)
            .message("`private_key_id` has not 40 hexadecimal digits")
            .subject("private_key_id");
    }
    if let Some((node, audience)) = text("audience")
        && !audience.starts_with("//iam.")
    {
        report
            .finding(&FORM, node.span)
            .message("`audience` names no identity pool")
            .subject("audience");
    }
}

/// The host of an address.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

fn is_under(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn endpoints(root: &Node, report: &mut Report) {
    let universe = root.get("universe_domain").and_then(Node::as_str).unwrap_or("googleapis.com");
    for field in [
        "auth_uri",
        "token_uri",
        "token_url",
        "service_account_impersonation_url",
        "token_info_url",
        "auth_provider_x509_cert_url",
        "client_x509_cert_url",
    ] {
        let Some(node) = root.get(field) else { continue };
        let Some(url) = node.as_str() else { continue };
        let host = host(url);
        let known = [universe, "googleapis.com", "accounts.google.com"]
            .iter()
            .any(|domain| is_under(host, domain));
        if !known || !url.starts_with("https://") {
            report
                .finding(&FOREIGN, node.span)
                .message(format!("`{field}` is not an address of Google's"))
                .subject(field);
        }
    }
}

fn source(root: &Node, report: &mut Report) {
    let Some(source) = root.get("credential_source") else { return };
    if let Some(entry) = source.entry("executable") {
        report.finding(&EXECUTABLE, entry.key_span).subject("credential_source");
    }
    if let Some(node) = source.get("url")
        && let Some(url) = node.as_str()
        && url.starts_with("http://")
        // The metadata services of clouds and sidecars are asked in the clear.
        && !matches!(host(url), "169.254.169.254" | "localhost" | "127.0.0.1" | "metadata.google.internal")
    {
        report.finding(&CLEARTEXT, node.span).subject("credential_source");
    }
}
