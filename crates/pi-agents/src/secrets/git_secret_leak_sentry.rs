//! Tokens of known providers and private keys.

use pi_agent_api::{Agent, Meta, Report, Rule, Stop, declare_agent};
use pi_artifacts::Artifact;

use super::engine::Class;
use super::engine::formats::{PROVIDERS, count, keys, rule, rules};
use super::report;

const COUNT: usize = count(PROVIDERS);
const RULES: [&Rule; COUNT] = rules(PROVIDERS, rule(keys::FORMATS, 0));

declare_agent! {
    /// Finds tokens of known providers and private keys of every sort.
    ///
    /// # What it checks
    ///
    /// One rule for each format of a token: prefix, alphabet and length as the
    /// provider gives them out, checksums where the format has one (GitHub, npm,
    /// age), and the name it is assigned to where the token alone says little.
    /// A random value under the name of one of some 880 other services.
    /// Private keys as PEM, PGP, PuTTY, JWK and PKCS #12.
    ///
    /// # Why it matters
    ///
    /// A token in version control is found by others within minutes, and taking
    /// the line out does not take it out of the history.
    ///
    /// # Example denied
    ///
    /// ```text
    /// token = "ghp_<36 letters and digits>"
    /// ```
    ///
    /// # Example allowed
    ///
    /// ```text
    /// token = os.environ["GITHUB_TOKEN"]
    /// ```
    ///
    /// # Limits
    ///
    /// Whether a token is still valid is not asked at the provider. A failed
    /// checksum and an example of the documentation lower severity and
    /// confidence. Seed phrases are not looked for.
    ///
    /// # References
    ///
    /// CWE-798, CWE-312, CWE-321, OWASP A07:2021.
    pub struct Declared {
        slug: "git_secret_leak_sentry",
        domain: Secrets,
        phase: Validate,
        revision: 2,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [],
        fixture: include_str!("fixtures/git_secret_leak_sentry.md"),
        check: check,
    }
}

/// Finds tokens of known providers and private keys of every sort.
pub struct GitSecretLeakSentry;

impl GitSecretLeakSentry {
    /// The agent's metadata: the rules are the table of formats.
    pub const META: Meta = Meta { rules: &RULES, ..Declared::META };
}

impl Agent for GitSecretLeakSentry {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
        check(artifact, report)
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    report::formats(artifact, report, Class::Provider)?;
    report::formats(artifact, report, Class::Service)
}
