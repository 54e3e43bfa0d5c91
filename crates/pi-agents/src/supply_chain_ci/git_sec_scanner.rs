//! `git_sec_scanner`.

use std::collections::BTreeMap;

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::calls::{Call, Value, calls};
use super::names::look_alike;
use super::pins::{Looseness, looseness};

const EVALUATION: Rule = Rule {
    id: "code-evaluation",
    summary: "text that is run as code",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-95", "OWASP-A03:2021", "BANDIT-B307", "BANDIT-B102"],
    fix: "parse the text as data (`ast.literal_eval`, `JSON.parse`) or choose from a table of functions",
};

const SHELL: Rule = Rule {
    id: "shell-command",
    summary: "a shell command that is put together while the program runs",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-78", "OWASP-A03:2021", "BANDIT-B602", "BANDIT-B605"],
    fix: "pass a list of arguments to `subprocess.run` or `execFile`, without a shell",
};

const LITERAL_SHELL: Rule = Rule {
    id: "fixed-shell-command",
    summary: "a fixed command that is run through a shell",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-78", "BANDIT-B602", "BANDIT-B605"],
    fix: "pass a list of arguments, without a shell",
};

const DESERIALISATION: Rule = Rule {
    id: "unsafe-deserialisation",
    summary: "data that runs code when it is read",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-502", "OWASP-A08:2021", "BANDIT-B301", "BANDIT-B506"],
    fix: "read JSON, or use `yaml.safe_load`",
};

const UNPINNED: Rule = Rule {
    id: "unpinned-dependency",
    summary: "a dependency that floats",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-1357", "Scorecard-Pinned-Dependencies"],
    fix: "name the versions that the project is tested with",
};

const LOOK_ALIKE: Rule = Rule {
    id: "look-alike-dependency",
    summary: "a dependency whose name is a slip away from a popular one",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-1357", "CWE-829"],
    fix: "check the spelling",
};

declare_agent! {
    /// # What it checks
    /// A quick security audit of what is about to be committed, in three views:
    /// - dangerous calls in Python, JavaScript and TypeScript, on the syntax tree
    ///   with imports and aliases resolved: `eval`, `exec`, `new Function`;
    ///   `os.system`, `os.popen`, `subprocess` with `shell=True`, `child_process.exec`;
    ///   `pickle`, `marshal` and `yaml.load` without a safe loader;
    /// - dependencies that float (the engine of `version_pin_enforcer`);
    /// - names that look like popular packages (the engine of
    ///   `supply_chain_integrity_checker`).
    ///
    /// # Why it matters
    /// These calls turn a string into a program: whoever reaches the string runs code.
    ///
    /// # Example denied
    /// ```python
    /// os.system("ping " + host)
    /// ```
    ///
    /// # Example allowed
    /// ```python
    /// subprocess.run(["ping", host], check=True)
    /// ```
    ///
    /// # Limits
    /// Data flow is not followed: a computed argument counts as reachable. Fixed
    /// commands are information only, fixed code is silent. Methods of objects that
    /// no import names (`model.eval()`, `/x/.exec(s)`) are silent. The dependency
    /// views are one severity below the agents whose engines they use. Secrets are
    /// the matter of the agents of that domain.
    ///
    /// # References
    /// CWE-95 (eval injection), CWE-78 (OS command injection), CWE-502
    /// (deserialization of untrusted data), CWE-1357, Bandit B102, B301, B307, B506,
    /// B602, B605.
    pub struct GitSecScanner {
        slug: "git_sec_scanner",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [
            Kind::Python,
            Kind::JavaScript,
            Kind::TypeScript,
            Kind::NpmManifest,
            Kind::PipRequirements,
            Kind::PyProject,
            Kind::CargoManifest,
        ],
        triggers: Always,
        invariant_to: ALL,
        rules: [EVALUATION, SHELL, LITERAL_SHELL, DESERIALISATION, UNPINNED, LOOK_ALIKE],
        fixture: include_str!("fixtures/git_sec_scanner.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    match artifact.kind() {
        Kind::Python | Kind::JavaScript | Kind::TypeScript => {
            // Calls are numbered by name: names of variables and spacing may differ.
            let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
            for call in calls(artifact)?.iter() {
                report.tick(1)?;
                let number = numbers.entry(call.name.clone()).or_default();
                *number += 1;
                judge(artifact, call, *number, report);
            }
            Ok(())
        }
        _ => manifest(artifact, report),
    }
}

fn judge(artifact: &Artifact, call: &Call, number: usize, report: &mut Report) {
    // Only Python has a builtin of this name.
    let builtin = call.name != "exec" || artifact.kind() == Kind::Python;
    let Some(rule) = rule_of(call).filter(|_| builtin) else { return };
    let name = &call.name;
    report
        .finding(rule, call.span)
        .message(format!("`{name}`: {}", rule.summary))
        .subject(format!("{name}#{number}"))
        .evidence(artifact.slice(call.span));
}

fn rule_of(call: &Call) -> Option<&'static Rule> {
    let first = call.first();
    let fixed = first.is_none_or(|argument| argument.value.is_constant());
    let shell = |on: bool| match (on, fixed) {
        (false, _) => None,
        (true, true) => first.map(|_| &LITERAL_SHELL),
        (true, false) => Some(&SHELL),
    };
    let wants_shell = || {
        call.named("shell").is_some_and(|argument| match &argument.value {
            Value::Bool(on) => *on,
            Value::Text(program) => !program.is_empty(),
            // A variable may be either.
            _ => false,
        })
    };
    match call.name.as_str() {
        "eval"
        | "exec"
        | "new Function"
        | "Function"
        | "vm.runInNewContext"
        | "vm.runInThisContext"
        | "vm.runInContext" => {
            // `new Function("a", body)`: any of the arguments is code.
            let code_is_fixed = if call.name.ends_with("Function") {
                call.arguments.iter().all(|argument| argument.value.is_constant())
            } else {
                fixed
            };
            (!code_is_fixed).then_some(&EVALUATION)
        }
        "os.system"
        | "os.popen"
        | "subprocess.getoutput"
        | "subprocess.getstatusoutput"
        | "commands.getoutput"
        | "asyncio.create_subprocess_shell"
        | "child_process.exec"
        | "child_process.execSync" => shell(true),
        "subprocess.run"
        | "subprocess.call"
        | "subprocess.Popen"
        | "subprocess.check_call"
        | "subprocess.check_output"
        | "child_process.spawn"
        | "child_process.spawnSync"
        | "child_process.execFile"
        | "child_process.execFileSync" => shell(wants_shell()),
        "pickle.load" | "pickle.loads" | "cPickle.load" | "cPickle.loads" | "dill.load"
        | "dill.loads" | "marshal.load" | "marshal.loads" | "shelve.open" | "jsonpickle.decode"
        | "yaml.unsafe_load" | "yaml.full_load" => Some(&DESERIALISATION),
        "yaml.load" | "yaml.load_all" => (!has_safe_loader(call)).then_some(&DESERIALISATION),
        _ => None,
    }
}

/// Whether `yaml.load` names a loader that makes no objects.
pub(super) fn has_safe_loader(call: &Call) -> bool {
    let second = call.arguments.iter().filter(|argument| argument.name.is_none()).nth(1);
    call.named("Loader").or(second).is_some_and(|loader| match &loader.value {
        Value::Name(name) => ["SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"]
            .iter()
            .any(|safe| name.rsplit('.').next() == Some(safe)),
        _ => false,
    })
}

fn manifest(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let dependencies = artifact.dependencies()?;
    for dependency in &dependencies.items {
        report.tick(1)?;
        let name = &dependency.name;
        if let Some(looseness) = looseness(artifact.kind(), dependencies, dependency)
            && matches!(looseness, Looseness::Any | Looseness::Git)
        {
            report
                .finding(&UNPINNED, dependency.span)
                .message(format!("`{name}` floats"))
                .subject(name);
        }
        if let Some((real, _)) = look_alike(dependencies.ecosystem, name, report)? {
            report
                .finding(&LOOK_ALIKE, dependency.span)
                .message(format!("`{name}` looks like `{real}`"))
                .subject(super::unicode_text::escaped(name));
        }
    }
    Ok(())
}
