//! Fixed credentials in the headers of requests.

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::Artifact;

use super::engine::Class;
use super::engine::formats::headers::FORMATS;
use super::engine::formats::rule;
use super::report;

declare_agent! {
    /// Finds JSON Web Tokens and fixed Authorization headers in client code.
    ///
    /// # What it checks
    ///
    /// JSON Web Tokens, decoded to tell a real token from a lookalike; Authorization
    /// headers with a literal Bearer, Basic or token credential; headers of curl commands.
    ///
    /// # Why it matters
    ///
    /// Credentials taken from traffic and pasted into a client belong to a person or a
    /// service and outlive both.
    ///
    /// # Example denied
    ///
    /// ```text
    /// Authorization: Bearer 8f2k1Lq9ZkX4mVbT7Yw2
    /// ```
    ///
    /// # Example allowed
    ///
    /// ```text
    /// Authorization: Bearer ${TOKEN}
    /// ```
    ///
    /// # Limits
    ///
    /// Signatures are not verified. An expired token is reported too: the text does not say
    /// when it is used.
    ///
    /// # References
    ///
    /// CWE-798, CWE-321, OWASP API2:2023.
    pub struct ApiReverseEngineeredAuth {
        slug: "api_reverse_engineered_auth",
        domain: Secrets,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [*rule(FORMATS, 0), *rule(FORMATS, 1), *rule(FORMATS, 2), *rule(FORMATS, 3), *rule(FORMATS, 4)],
        fixture: include_str!("fixtures/api_reverse_engineered_auth.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    report::formats(artifact, report, Class::Header)
}
