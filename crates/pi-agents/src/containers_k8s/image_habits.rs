//! Habits in RUN and COPY that surprise later.

use pi_agent_api::{Report, Rule};
use pi_artifacts::dockerfile::{Instruction, Stage};
use pi_core::{Confidence, Severity};

use super::image_run::Run;

const fn habit(id: &'static str, summary: &'static str, fix: &'static str) -> Rule {
    Rule {
        id,
        summary,
        severity: Severity::Info,
        confidence: Confidence::High,
        references: &[],
        fix,
    }
}

/// `apt` in a script.
pub(crate) const APT: Rule = habit(
    "apt-in-script",
    "apt is for people and does not promise scripts a stable interface",
    "use `apt-get`",
);

/// `dist-upgrade`.
pub(crate) const UPGRADE: Rule = habit(
    "distribution-upgraded",
    "the whole distribution is upgraded, so two builds differ",
    "take a newer base image, and upgrade single packages by version",
);

/// `RUN cd x` and no more.
pub(crate) const CD: Rule =
    habit("lost-directory-change", "a change of directory ends with its RUN", "use `WORKDIR`");

/// `curl` and `wget` in one file.
pub(crate) const TWO_DOWNLOADERS: Rule = habit(
    "two-downloaders",
    "curl and wget are both used",
    "use one of them and leave the other out of the image",
);

/// `COPY a b c` with `c` no directory.
pub(crate) const COPY_TARGET: Rule = Rule {
    severity: Severity::Low,
    ..habit(
        "copy-target-no-directory",
        "several files are copied to a place that is no directory",
        "end the target with `/`",
    )
};

/// The commands of one RUN.
pub(crate) fn run(run: &Run<'_>, report: &mut Report) {
    let has = |program: &str, word: &str| {
        run.any(|command| {
            command.program() == program && command.arguments().iter().any(|w| w == word)
        })
    };
    if run.any(|command| command.program() == "apt") {
        run.report(&APT, "apt", APT.summary.to_owned(), report);
    }
    if has("apt-get", "dist-upgrade") || has("apt", "dist-upgrade") || has("apt", "full-upgrade") {
        run.report(&UPGRADE, "dist-upgrade", UPGRADE.summary.to_owned(), report);
    }
    if let [only] = run.commands
        && only.program() == "cd"
    {
        run.report(&CD, "cd", CD.summary.to_owned(), report);
    }
}

/// COPY of several files; a target that a variable names is not known.
pub(crate) fn copy_target(stage: &Stage<'_>, instruction: &Instruction, report: &mut Report) {
    if instruction.keyword != "COPY" {
        return;
    }
    if let Some((target, sources)) = instruction.words().split_last()
        && sources.len() > 1
        && !target.text.ends_with(['/', '.'])
        && !target.text.contains('$')
    {
        report.finding(&COPY_TARGET, instruction.span).subject(format!(
            "stage {}/COPY[{}]",
            stage.index + 1,
            target.text
        ));
    }
}

/// Two ways to download in one file: reported at the second.
#[derive(Default)]
pub(crate) struct Downloaders {
    curl: bool,
    wget: bool,
}

impl Downloaders {
    /// Looks at one RUN.
    pub(crate) fn see(&mut self, run: &Run<'_>, report: &mut Report) {
        let both = self.curl && self.wget;
        self.curl |= run.any(|command| command.program() == "curl");
        self.wget |= run.any(|command| command.program() == "wget");
        if self.curl && self.wget && !both {
            run.report(&TWO_DOWNLOADERS, "download", TWO_DOWNLOADERS.summary.to_owned(), report);
        }
    }
}
