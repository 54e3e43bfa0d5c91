//! The policy of an invocation, from a file or built in.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pi_artifacts::Span;
use pi_control_plane::rules::{MAX_RULES_BYTES, RuleList};
use pi_control_plane::{MAX_POLICY_BYTES, PolicyError, PolicySet, Problem};
use pi_core::Reason;
use pi_kernel::policy::Policy;

use crate::context::{Context, Failure};
use crate::output::frame::Frames;
use crate::output::style::visible;

/// A policy file that was read.
pub enum PolicyFile {
    /// Cedar text.
    Cedar(Arc<PolicySet>),
    /// A list of rules, compiled.
    Rules(Box<RuleList>),
}

impl PolicyFile {
    /// The policies.
    pub fn set(&self) -> &PolicySet {
        match self {
            PolicyFile::Cedar(set) => set,
            PolicyFile::Rules(rules) => rules.policies(),
        }
    }
}

/// Why a file is no policy.
pub struct Refused {
    /// The reason code.
    pub reason: Reason,
    /// One sentence.
    pub message: String,
    /// The mistakes with their places, where there are any.
    pub problems: Vec<Problem>,
    text: String,
}

impl Refused {
    /// The places of the mistakes, as people see them.
    pub fn frames(&self, path: &Path, colour: bool) -> String {
        let mut frames = Frames::new(self.text.clone(), Vec::new());
        let mut out = String::new();
        for problem in &self.problems {
            let span = Span::new(problem.span.start, problem.span.end);
            let label = visible(&problem.message);
            let frame = frames.frame(span, &path.display().to_string(), &label, colour);
            out.push_str(if frame.is_empty() { &label } else { &frame });
            out.push('\n');
            if let Some(help) = &problem.help {
                out.push_str(&format!("  help: {}\n", visible(help)));
            }
        }
        out
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Failure::new(refused.reason, refused.message)
    }
}

/// The policy that holds where none is named.
pub fn baseline() -> Result<PolicyFile, Failure> {
    let set = PolicySet::baseline().map_err(|error| Failure::new(error.reason(), &error))?;
    Ok(PolicyFile::Cedar(set))
}

/// Reads Cedar text, or a list of rules when the file begins with a brace.
pub fn read(path: &Path) -> Result<PolicyFile, Refused> {
    let refused = |message: String| Refused {
        reason: Reason::PolicyNotLoaded,
        message: format!("the policy `{}` {message}", path.display()),
        problems: Vec::new(),
        text: String::new(),
    };
    let unread = |error: std::io::Error| refused(format!("cannot be read: {error}"));
    let size = fs::metadata(path).map_err(unread)?.len();
    let most = MAX_POLICY_BYTES.max(MAX_RULES_BYTES);
    if size > most as u64 {
        return Err(refused(format!("has more than {most} bytes")));
    }
    let bytes = fs::read(path).map_err(unread)?;
    if bytes.trim_ascii_start().starts_with(b"{") {
        return RuleList::read(&bytes).map(|list| PolicyFile::Rules(Box::new(list))).map_err(
            |error| Refused { reason: error.reason(), ..refused(format!("is refused: {error}")) },
        );
    }
    let text = String::from_utf8(bytes).map_err(|_| refused("is not UTF-8".to_owned()))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    match PolicySet::load(&name, &text) {
        Ok(set) => Ok(PolicyFile::Cedar(Arc::new(set))),
        Err(error) => {
            let refused = refused(format!("is refused: {error}"));
            let PolicyError(problems) = error;
            Err(Refused { problems, text, ..refused })
        }
    }
}

/// What a list of rules compiles to.
pub fn compile(path: &Path) -> Result<RuleList, Failure> {
    match read(path)? {
        PolicyFile::Rules(rules) => Ok(*rules),
        PolicyFile::Cedar(_) => {
            let message = format!("`{}` is Cedar text already", path.display());
            Err(Failure::new(Reason::InvalidRequest, message))
        }
    }
}

impl Context {
    /// The file that was named as the policy, by flag or by `PI_POLICY`.
    pub fn policy_path(&self, flag: Option<&Path>) -> Option<PathBuf> {
        let variable = || std::env::var_os("PI_POLICY").map(PathBuf::from);
        let named = flag.map(Path::to_path_buf).or_else(variable);
        named.filter(|path| !path.as_os_str().is_empty())
    }

    /// The policy in force. One that cannot be loaded denies everything, and its
    /// mistakes are shown; nothing takes its place.
    pub fn policy(&self, flag: Option<&Path>) -> Policy {
        let Some(path) = self.policy_path(flag) else { return Policy::baseline() };
        match read(&path) {
            Ok(PolicyFile::Cedar(set)) => Policy::new(set),
            Ok(PolicyFile::Rules(rules)) => Policy::new(Arc::new(rules.into_policies())),
            Err(refused) => {
                // Nobody is left to tell when stderr is gone.
                let _ = write!(anstream::stderr().lock(), "{}", refused.frames(&path, false));
                Policy::absent(refused.reason, refused.message)
            }
        }
    }
}
