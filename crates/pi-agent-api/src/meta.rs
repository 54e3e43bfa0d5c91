//! Metadata of agents and rules.

use pi_artifacts::{Artifact, Kind, Perturbations};
use pi_core::{Confidence, Severity};

use crate::report::{Report, Stop};

/// A micro-agent. Implemented by [`crate::declare_agent!`].
pub trait Agent: Send + Sync {
    /// What is known of the agent without running it.
    fn meta(&self) -> &'static Meta;

    /// Examines one artifact of a kind that [`Meta::kinds`] names.
    ///
    /// # Errors
    /// [`Stop`] ends the examination early: a view did not parse, or the step
    /// budget is spent. What was reported before stands.
    fn check(&self, artifact: &Artifact, report: &mut Report) -> Result<(), Stop>;
}

/// The function behind an agent.
pub type Check = fn(&Artifact, &mut Report) -> Result<(), Stop>;

/// Metadata of an agent.
#[derive(Debug)]
pub struct Meta {
    /// The name: lower-case words joined by `_`.
    pub slug: &'static str,
    /// The domain, which is the folder it lives in.
    pub domain: Domain,
    /// The phase it runs in.
    pub phase: Phase,
    /// Grows by one whenever its verdict on any input changes.
    pub revision: u32,
    /// The first version of the platform that has it.
    pub since: &'static str,
    /// Preview or stable.
    pub status: Status,
    /// The user's documentation in Markdown, from the doc comment.
    pub doc: &'static str,
    /// The kinds of artifacts it reads. Empty: every kind of text.
    pub kinds: &'static [Kind],
    /// When it is worth running.
    pub triggers: Triggers,
    /// The perturbations that must not change its verdict.
    pub invariant_to: Perturbations,
    /// Its rules.
    pub rules: &'static [&'static Rule],
    /// Its literate cases (see [`crate::fixture`]).
    pub fixture: &'static str,
}

impl Meta {
    /// Whether the agent reads artifacts of `kind`.
    pub fn reads(&self, kind: Kind) -> bool {
        if self.kinds.is_empty() { kind.is_text() } else { self.kinds.contains(&kind) }
    }

    /// The first sentence of the documentation.
    pub fn summary(&self) -> &'static str {
        let body = self.doc.trim_start();
        let line = body.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#'));
        line.unwrap_or_default()
    }
}

/// One thing that an agent reports.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The id within the agent: lower-case words joined by `-`.
    pub id: &'static str,
    /// What is wrong, in a few words; reads well after "allow".
    pub summary: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// How sure a finding of this rule is.
    pub confidence: Confidence,
    /// Ids of standards: `CWE-798`, `OWASP-API2:2023`, `CIS-DOCKER-4.1`, ...
    pub references: &'static [&'static str],
    /// What to do about it.
    pub fix: &'static str,
}

/// When an agent is worth running on an artifact of its kinds.
#[derive(Debug, Clone, Copy)]
pub enum Triggers {
    /// On every artifact of its kinds.
    Always,
    /// Only when one of these literals occurs (ASCII case ignored). A literal
    /// must be necessary for any finding, in every spelling of the artifact.
    Any(&'static [&'static str]),
}

/// Maturity of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// May change its rules without notice.
    Preview,
    /// Changes only with a revision and a changelog entry.
    Stable,
}

impl Status {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Preview => "preview",
            Status::Stable => "stable",
        }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value in order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The stable word.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl pi_core::ToCanonical for $name {
            fn to_canonical(&self, encoder: &mut pi_core::Encoder) {
                encoder.str(self.as_str());
            }
        }
    };
}

words! {
    /// The seven phases of a run, in their order.
    Phase {
        /// Inputs are admitted and fixed.
        Ingest = "INGEST",
        /// Facts are extracted from artifacts.
        Extract = "EXTRACT",
        /// Facts are compared with a baseline.
        Diff = "DIFF",
        /// Agents examine artifacts.
        Validate = "VALIDATE",
        /// Findings are weighed.
        Risk = "RISK",
        /// Policy decides.
        Govern = "GOVERN",
        /// The outcome is released.
        Emit = "EMIT",
    }
}

words! {
    /// The domain of an agent.
    Domain {
        /// Agents that watch agents.
        AgentOps = "agent-ops",
        /// Source hygiene.
        CodeQuality = "code-quality",
        /// Dockerfile, Compose, Kubernetes.
        ContainersK8s = "containers-k8s",
        /// Certificates, TLS, SSH.
        CryptoTls = "crypto-tls",
        /// Decentralised finance.
        DefiFinance = "defi-finance",
        /// Documentation and planning.
        DocsPlanning = "docs-planning",
        /// Front ends and mobile applications.
        FrontendMobile = "frontend-mobile",
        /// Google Cloud.
        Gcp = "gcp",
        /// Git commands, commits, changelogs, versions.
        GitRelease = "git-release",
        /// Infrastructure as code.
        IacCloud = "iac-cloud",
        /// Prompts and model output.
        LlmSafety = "llm-safety",
        /// Logs, metrics, traces.
        Observability = "observability",
        /// Personal data.
        PrivacyCompliance = "privacy-compliance",
        /// Credentials.
        Secrets = "secrets",
        /// EVM smart contracts.
        SmartContractEvm = "smart-contract-evm",
        /// Solana programs.
        Solana = "solana",
        /// SQL.
        SqlData = "sql-data",
        /// Dependencies, builds, pipelines.
        SupplyChainCi = "supply-chain-ci",
        /// HTTP APIs.
        WebApi = "web-api",
        /// Zero-knowledge circuits.
        ZkCircuits = "zk-circuits",
    }
}

/// Declares an agent: its documentation, metadata and function in one place.
///
/// ```
/// use pi_agent_api::{Report, Rule, Stop, declare_agent};
/// use pi_artifacts::{Artifact, Kind};
/// use pi_core::{Confidence, Severity};
///
/// const EMPTY: Rule = Rule {
///     id: "empty-file",
///     summary: "a file without content",
///     severity: Severity::Info,
///     confidence: Confidence::High,
///     references: &[],
///     fix: "remove the file",
/// };
///
/// declare_agent! {
///     /// Finds empty files.
///     pub struct EmptyFile {
///         slug: "empty_file",
///         domain: CodeQuality,
///         phase: Validate,
///         revision: 1,
///         since: "0.1.0",
///         status: Preview,
///         kinds: [Kind::Text],
///         triggers: Always,
///         invariant_to: ALL,
///         rules: [EMPTY],
///         fixture: "",
///         check: check,
///     }
/// }
///
/// fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
///     if artifact.bytes().is_empty() {
///         report.finding(&EMPTY, Default::default()).subject("file");
///     }
///     Ok(())
/// }
/// ```
#[macro_export]
macro_rules! declare_agent {
    (
        $(#[doc = $doc:expr])*
        pub struct $name:ident {
            slug: $slug:literal,
            domain: $domain:ident,
            phase: $phase:ident,
            revision: $revision:literal,
            since: $since:literal,
            status: $status:ident,
            kinds: [$($kind:expr),* $(,)?],
            triggers: $trigger:ident $(($literals:expr))?,
            invariant_to: $invariant:ident $(.without($without:ident))*,
            rules: $rules:tt,
            fixture: $fixture:expr,
            check: $check:expr $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        pub struct $name;

        impl $name {
            /// The agent's metadata.
            pub const META: $crate::Meta = $crate::Meta {
                slug: $slug,
                domain: $crate::Domain::$domain,
                phase: $crate::Phase::$phase,
                revision: $revision,
                since: $since,
                status: $crate::Status::$status,
                doc: concat!($($doc, "\n"),*),
                kinds: &[$($kind),*],
                triggers: $crate::Triggers::$trigger $(($literals))?,
                invariant_to: $crate::meta::reexport::Perturbations::$invariant
                    $(.without($crate::meta::reexport::Perturbation::$without))*,
                rules: $crate::rule_list!($rules),
                fixture: $fixture,
            };
        }

        impl $crate::Agent for $name {
            fn meta(&self) -> &'static $crate::Meta {
                &Self::META
            }

            fn check(
                &self,
                artifact: &$crate::meta::reexport::Artifact,
                report: &mut $crate::Report,
            ) -> Result<(), $crate::Stop> {
                let check: $crate::Check = $check;
                check(artifact, report)
            }
        }
    };
}

/// Rules one by one, or in parentheses a table of them.
#[doc(hidden)]
#[macro_export]
macro_rules! rule_list {
    ([$($rule:expr),* $(,)?]) => {
        &[$(&$rule),*]
    };
    (($rules:expr)) => {
        $rules
    };
}

/// What [`declare_agent!`] needs to name.
#[doc(hidden)]
pub mod reexport {
    pub use pi_artifacts::{Artifact, Perturbation, Perturbations};
}
