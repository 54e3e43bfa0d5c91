//! See [`DockerImageScanner`].

use std::collections::BTreeMap;

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::dockerfile::{Dockerfile, Stage};
use pi_artifacts::{Artifact, Kind};

use super::build_stages::Stages;
use super::image::{self, Reference, is_template};
use super::image_rules as rules;
use super::image_run::{self, Run};
use super::names::{is_literal_secret, is_secret_name};
use super::run_commands::commands;
use super::{image_habits, image_instructions};

declare_agent! {
    /// Finds what makes a container image unsafe, unrepeatable or larger than needed.
    ///
    /// # What it checks
    /// The instructions of a Dockerfile, stage by stage: secrets in `ENV` and `ARG`,
    /// the user of the final image (through the stages it is built upon), images
    /// without a version, remote `ADD`, scripts from the network, downloads without
    /// verification, hygiene of package managers, files for everybody, missing
    /// `HEALTHCHECK`, instructions without effect. Stage names, `scratch`, digests,
    /// registry ports and defaults of arguments are understood.
    ///
    /// # Why it matters
    /// Every container that is started from the image inherits its mistakes, and
    /// what was once in a layer stays in the history.
    ///
    /// # Example denied
    /// ```dockerfile
    /// FROM debian
    /// ENV DB_PASSWORD=hunter2
    /// RUN curl https://get.example.org | sh
    /// USER root
    /// ```
    ///
    /// # Example allowed
    /// ```dockerfile
    /// FROM debian:12.8-slim
    /// COPY app /usr/local/bin/app
    /// USER 10001
    /// HEALTHCHECK CMD ["/usr/local/bin/app", "--health"]
    /// ENTRYPOINT ["/usr/local/bin/app"]
    /// ```
    ///
    /// # Limits
    /// The base image itself is not looked into: a user or a health check that it
    /// brings is known only for names that say so (`nonroot`, `rootless`). Secrets
    /// are recognised by the name of their variable, and their values never shown.
    /// Package caches count only in layers of the final image.
    ///
    /// # References
    /// CIS Docker 4; hadolint DL3002, DL3004, DL3006 to DL3009, DL3015, DL3020,
    /// DL3025, DL4003, DL4004; CWE-250; CWE-494; CWE-798.
    pub struct DockerImageScanner {
        slug: "docker_image_scanner",
        domain: ContainersK8s,
        phase: Validate,
        revision: 3,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Dockerfile],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            rules::SECRET_ENV, rules::SECRET_ARG, rules::ROOT, rules::NO_USER, image::MUTABLE,
            rules::REMOTE_ADD, rules::LOCAL_ADD, rules::REMOTE_SCRIPT, rules::NO_TLS_CHECK,
            rules::SUDO, rules::WORLD_WRITABLE, rules::PROMPT, rules::INDEX_ALONE, rules::CACHE,
            rules::RECOMMENDS, rules::UNPINNED, rules::NO_HEALTHCHECK, rules::OVERRIDDEN,
            rules::SHELL_FORM, rules::SSH_PORT, rules::BAD_PORT, rules::RELATIVE_WORKDIR,
            rules::DUPLICATE_STAGE, rules::COPY_SELF, rules::MAINTAINER, image_habits::APT,
            image_habits::UPGRADE, image_habits::CD, image_habits::TWO_DOWNLOADERS,
            image_habits::COPY_TARGET, image_habits::STAGE_NUMBER, image_habits::PLATFORM,
            image_habits::SHELL, image_habits::SEQUENCE,
        ],
        fixture: include_str!("fixtures/docker_image_scanner.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let dockerfile = artifact.dockerfile()?;
    let stages = Stages::of(dockerfile);
    secrets(dockerfile, &stages, report);
    images(&stages, report);
    user(&stages, report);
    health(&stages, report);
    let mut downloaders = image_habits::Downloaders::default();
    for stage in &stages.stages {
        let shipped = stages.shipped().iter().any(|other| other.index == stage.index);
        if shipped {
            image_instructions::overridden(stage, report);
        }
        image_habits::sources(stage, report);
        let mut runs = 0u32;
        let mut absolute = false;
        for instruction in stage.instructions {
            report.tick(1)?;
            if instruction.keyword == "RUN" {
                runs += 1;
                let commands = commands(instruction);
                report.tick(commands.len() as u64)?;
                let subject = format!("stage {}/RUN[{runs}]", stage.index + 1);
                let run = Run { instruction, commands: &commands, subject, shipped };
                image_run::check(&run, report);
                image_habits::run(&run, report);
                downloaders.see(&run, report);
            }
            image_habits::copy_target(stage, instruction, report);
            image_instructions::files(stage, instruction, report);
            image_instructions::small_print(stage, instruction, &mut absolute, report);
        }
    }
    Ok(())
}

fn secrets(dockerfile: &Dockerfile, stages: &Stages<'_>, report: &mut Report) {
    let shipped: Vec<usize> = stages.shipped().iter().map(|stage| stage.index).collect();
    for instruction in &dockerfile.instructions {
        let rule = match instruction.keyword.as_str() {
            "ENV" => &rules::SECRET_ENV,
            "ARG" => &rules::SECRET_ARG,
            _ => continue,
        };
        for pair in instruction.pairs() {
            let Some(value) = &pair.value else { continue };
            if !is_secret_name(&pair.name.text) || !is_literal_secret(&value.text) {
                continue;
            }
            let finding = report.finding(rule, pair.name.span);
            finding
                .message(format!(
                    "the value of `{}` is written into the Dockerfile",
                    pair.name.text
                ))
                .subject(format!("{}/{}", instruction.keyword, pair.name.text));
            finding.masked.push(value.span);
            if instruction.stage.is_some_and(|stage| !shipped.contains(&stage)) {
                // Not in the final image, but still in the repository.
                finding.severity(rule.severity.lowered());
            }
        }
    }
}

fn images(stages: &Stages<'_>, report: &mut Report) {
    let mut names: BTreeMap<String, &Stage<'_>> = BTreeMap::new();
    for stage in &stages.stages {
        let image = stages.image(stage);
        let is_stage = stages.earlier(stage.index, &image).is_some();
        if !is_stage
            && image != "scratch"
            && !is_template(&image)
            && Reference::parse(&image).is_mutable()
        {
            report
                .finding(&image::MUTABLE, stage.image.span)
                .message(format!("the image `{image}` changes without notice"))
                .subject(format!("stage {}/FROM", stage.index + 1));
        }
        let Some(name) = stage.name else { continue };
        if let Some(first) = names.get(&name.to_ascii_lowercase()) {
            report
                .finding(&rules::DUPLICATE_STAGE, stage.from.span)
                .message(format!("the name `{name}` is taken by an earlier stage"))
                .subject(format!("stage {}/{name}", stage.index + 1))
                .related(first.from.span, "the earlier stage");
        } else {
            names.insert(name.to_ascii_lowercase(), stage);
        }
    }
}

/// Names of images that run as an unprivileged user.
const UNPRIVILEGED: &[&str] =
    &["nonroot", "non-root", "rootless", "unprivileged", "cgr.dev/chainguard/", "bitnami/"];

fn user(stages: &Stages<'_>, report: &mut Report) {
    let Some(last) = stages.stages.last() else { return };
    match stages.user() {
        Some((user, word)) => {
            let name = user.split(':').next().unwrap_or_default();
            if name == "root" || name == "0" {
                report.finding(&rules::ROOT, word.span).subject("USER");
            }
        }
        None => {
            let base = stages.base().unwrap_or_default();
            let starts = stages.inherits("CMD") || stages.inherits("ENTRYPOINT");
            // An image from nothing that starts nothing is a box of files.
            let is_files = base == "scratch" && !starts;
            if !is_files && !UNPRIVILEGED.iter().any(|word| base.contains(word)) {
                report.finding(&rules::NO_USER, last.from.span).subject("USER");
            }
        }
    }
}

fn health(stages: &Stages<'_>, report: &mut Report) {
    let Some(last) = stages.stages.last() else { return };
    let starts = stages.inherits("CMD") || stages.inherits("ENTRYPOINT");
    if starts && !stages.inherits("HEALTHCHECK") {
        report.finding(&rules::NO_HEALTHCHECK, last.from.span).subject("HEALTHCHECK");
    }
}
