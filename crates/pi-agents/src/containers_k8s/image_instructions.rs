//! Checks of single instructions of a Dockerfile other than RUN.

use pi_agent_api::Report;
use pi_artifacts::dockerfile::{Arguments, Instruction, Stage};
use pi_core::Severity;

use super::image::is_template;
use super::image_rules as rules;

/// Instructions without effect.
pub(crate) fn overridden(stage: &Stage<'_>, report: &mut Report) {
    for keyword in ["CMD", "ENTRYPOINT", "HEALTHCHECK"] {
        let same: Vec<&Instruction> =
            stage.instructions.iter().filter(|own| own.keyword == keyword).collect();
        let Some((last, earlier)) = same.split_last() else { continue };
        for (index, instruction) in earlier.iter().enumerate() {
            report
                .finding(&rules::OVERRIDDEN, instruction.span)
                .message(format!("this {keyword} is replaced by a later one"))
                .subject(format!("stage {}/{keyword}[{}]", stage.index + 1, index + 1))
                .related(last.span, "the one that counts");
        }
    }
}

fn is_remote(text: &str) -> bool {
    ["http://", "https://", "ftp://"].iter().any(|scheme| text.starts_with(scheme))
}

fn is_archive(text: &str) -> bool {
    [
        ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".gz",
        ".xz", ".bz2",
    ]
    .iter()
    .any(|end| text.ends_with(end))
}

/// Files that ADD and COPY take.
pub(crate) fn files(stage: &Stage<'_>, instruction: &Instruction, report: &mut Report) {
    let from = || instruction.flag("from").and_then(|flag| flag.value.as_deref());
    if instruction.keyword == "COPY"
        && let (Some(from), Some(name)) = (from(), stage.name)
        && from.eq_ignore_ascii_case(name)
    {
        report
            .finding(&rules::COPY_SELF, instruction.span)
            .subject(format!("stage {}/{name}", stage.index + 1));
    }
    let Some((_, sources)) = instruction.words().split_last() else { return };
    if instruction.keyword != "ADD" {
        return;
    }
    for source in sources {
        let text = source.text.as_str();
        let subject = format!("stage {}/ADD[{text}]", stage.index + 1);
        if is_remote(text) && !text.split('#').next().unwrap_or(text).ends_with(".git") {
            if instruction.flag("checksum").is_none() {
                let severity =
                    if text.starts_with("https://") { Severity::Low } else { Severity::Medium };
                report.finding(&rules::REMOTE_ADD, source.span).subject(subject).severity(severity);
            }
        } else if !text.contains("://")
            && !text.starts_with("git@")
            && !is_archive(text)
            && !is_template(text)
            && !text.contains('*')
            && !text.starts_with("<<")
        {
            report.finding(&rules::LOCAL_ADD, source.span).subject(subject);
        }
    }
}

/// Whether a path is absolute on Linux or Windows, or starts with a variable.
fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '\\', '$']) || path.get(1..2) == Some(":")
}

/// Everything else about one instruction. `absolute` tells whether an earlier
/// WORKDIR of the stage was absolute.
pub(crate) fn small_print(
    stage: &Stage<'_>,
    instruction: &Instruction,
    absolute: &mut bool,
    report: &mut Report,
) {
    let subject = |detail: &str| format!("stage {}/{detail}", stage.index + 1);
    match instruction.keyword.as_str() {
        "MAINTAINER" => {
            report.finding(&rules::MAINTAINER, instruction.span).subject(subject("MAINTAINER"));
        }
        "WORKDIR" => {
            let Some(word) = instruction.words().first() else { return };
            // A relative directory below an absolute one is known.
            if !is_absolute(&word.text) && !*absolute {
                report.finding(&rules::RELATIVE_WORKDIR, word.span).subject(subject(&word.text));
            }
            *absolute |= is_absolute(&word.text);
        }
        keyword @ ("CMD" | "ENTRYPOINT") => {
            if let Arguments::Shell { text, .. } = &instruction.arguments
                && !text.trim().is_empty()
                && !text.trim_start().starts_with("exec ")
            {
                report.finding(&rules::SHELL_FORM, instruction.span).subject(subject(keyword));
            }
        }
        "EXPOSE" => {
            for word in instruction.words() {
                let ports = word.text.split('/').next().unwrap_or_default();
                for port in ports.split('-') {
                    let number: Option<u64> = port.parse().ok();
                    let rule = match number {
                        Some(22) => &rules::SSH_PORT,
                        Some(number) if number > 65_535 => &rules::BAD_PORT,
                        _ => continue,
                    };
                    report.finding(rule, word.span).subject(subject(&format!("EXPOSE[{ports}]")));
                }
            }
        }
        _ => {}
    }
}
