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

/// `COPY --from=0`
pub(crate) const STAGE_NUMBER: Rule = habit(
    "stage-by-number",
    "a stage is named by its number, which changes when another is added",
    "name the stage by `AS`, and use its name",
);

/// `FROM --platform=linux/amd64`
pub(crate) const PLATFORM: Rule = habit(
    "fixed-platform",
    "the image is built for one platform only, whatever the build is for",
    "leave the option out, or use `$BUILDPLATFORM`",
);

/// `RUN ln -sf /bin/bash /bin/sh`
pub(crate) const SHELL: Rule = habit(
    "default-shell-replaced",
    "the shell of every program in the image is replaced",
    "use `SHELL` for the build",
);

/// `COPY a x` and `COPY b x`
pub(crate) const SEQUENCE: Rule = habit(
    "copies-in-sequence",
    "several instructions in a row copy to the same place, a layer each",
    "copy the files by one instruction",
);

/// Where a stage takes its image and files from.
pub(crate) fn sources(stage: &Stage<'_>, report: &mut Report) {
    if let Some(flag) = stage.from.flag("platform")
        && flag.value.as_ref().is_some_and(|value| !value.contains('$'))
    {
        report.finding(&PLATFORM, flag.span).subject(format!("stage {}/FROM", stage.index + 1));
    }
    for instruction in stage.instructions {
        if let Some(flag) = instruction.flag("from")
            && let Some(value) = &flag.value
            && value.bytes().all(|b| b.is_ascii_digit())
            && instruction.keyword == "COPY"
        {
            report
                .finding(&STAGE_NUMBER, flag.span)
                .message(format!("the stage `{value}` has no name"))
                .subject(format!("stage {}/COPY[{value}]", stage.index + 1));
        }
    }
    sequences(stage, report);
}

/// Copies in a row that one instruction could make: reported at the first.
fn sequences(stage: &Stage<'_>, report: &mut Report) {
    let place = |instruction: &Instruction| {
        let copies = matches!(instruction.keyword.as_str(), "ADD" | "COPY");
        let target = instruction.words().last().filter(|_| copies)?;
        let flags: Vec<_> =
            instruction.flags.iter().map(|flag| (flag.name.clone(), flag.value.clone())).collect();
        Some((instruction.keyword.clone(), target.text.clone(), flags))
    };
    let same = |a: &Instruction, b: &Instruction| place(a).is_some() && place(a) == place(b);
    for (number, row) in stage.instructions.chunk_by(same).filter(|row| row.len() > 1).enumerate() {
        let [first, rest @ ..] = row else { continue };
        let finding = report.finding(&SEQUENCE, first.span);
        finding.subject(format!("stage {}/{}[{}]", stage.index + 1, first.keyword, number + 1));
        if let Some(last) = rest.last() {
            finding.related(last.span, "the last of them");
        }
    }
}

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
    let replaces = |program: &str| matches!(program, "ln" | "mv" | "cp");
    if run
        .any(|command| replaces(command.program()) && command.operands().last() == Some("/bin/sh"))
    {
        run.report(&SHELL, "/bin/sh", SHELL.summary.to_owned(), report);
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
