//! See [`CloudRunJobOrchestrator`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::shell::Word;
use pi_artifacts::{Artifact, Kind};

use super::names::{gcloud, option};
use super::rules::rule;

rule!(
    NAME,
    "invalid-job-name",
    Medium,
    High,
    ["CWE-1188"],
    "a name that a job cannot have",
    "use up to 63 lower-case letters, digits and hyphens, with a letter first and no hyphen last"
);
rule!(
    TASKS,
    "impossible-task-count",
    Medium,
    High,
    ["CWE-1188"],
    "a number of tasks that Cloud Run refuses, or that never run side by side",
    "use 1 to 10000 tasks, and no more side by side than there are"
);
rule!(
    TIMEOUT,
    "impossible-task-timeout",
    Medium,
    High,
    ["CWE-1188"],
    "a task may not run for so long",
    "use up to 168 hours, and cut longer work into pieces that can be resumed"
);
rule!(
    REGION,
    "job-without-region",
    Low,
    Medium,
    ["CWE-1188"],
    "a script does not say where a job runs: it asks, or takes what the machine is set to",
    "add `--region`"
);

declare_agent! {
    /// Finds jobs of Cloud Run that cannot be made or started as a script asks.
    ///
    /// # What it checks
    /// `gcloud run jobs create`, `deploy`, `update` and `execute` in scripts: names,
    /// numbers of tasks and of those side by side, time limits, and the region.
    ///
    /// # Why it matters
    /// A script that stops to ask for a region hangs in a pipeline until it is killed.
    ///
    /// # Example denied
    /// ```sh
    /// gcloud run jobs execute Nightly_Sum --tasks=20000
    /// ```
    ///
    /// # Example allowed
    /// ```sh
    /// gcloud run jobs execute nightly-sum --region=europe-west1 --tasks=20
    /// ```
    ///
    /// # Limits
    /// A region that `gcloud config set run/region` or a variable sets before is seen
    /// in the same script only. Nothing is started.
    ///
    /// # References
    /// Cloud Run: create jobs, quotas and limits; gcloud run jobs.
    pub struct CloudRunJobOrchestrator {
        slug: "cloud_run_job_orchestrator",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Shell],
        triggers: Any(&["gcloud"]),
        invariant_to: ALL,
        rules: [NAME, TASKS, TIMEOUT, REGION],
        fixture: include_str!("fixtures/cloud_run_job_orchestrator.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let script = artifact.shell()?;
    let text = artifact.parsable_text()?;
    let region_is_set = text.contains("run/region") || text.contains("CLOUDSDK_RUN_REGION");
    for action in ["create", "deploy", "update", "execute"] {
        for (name, words) in gcloud(script, &["run", "jobs", action]) {
            report.tick(words.len() as u64)?;
            judge(name, &words, region_is_set, report);
        }
    }
    Ok(())
}

fn judge(name: &Word, words: &[&Word], region_is_set: bool, report: &mut Report) {
    let text = name.text.as_str();
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let valid = (1..=63).contains(&text.len())
        && text.bytes().all(allowed)
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-');
    if !valid {
        report
            .finding(&NAME, name.span)
            .message(format!("`{text}` cannot be the name of a job"))
            .subject(text);
    }
    let number = |option_name: &str| {
        let (word, value) = option(words, option_name)?;
        Some((word.span, value.parse::<u64>().ok()?))
    };
    let tasks = number("--tasks");
    if let Some((span, count)) = tasks.filter(|(_, count)| !(1..=10_000).contains(count)) {
        report
            .finding(&TASKS, span)
            .message(format!("{count} tasks are not possible"))
            .subject(format!("{text}/tasks"));
    }
    if let (Some((_, tasks)), Some((span, parallel))) = (tasks, number("--parallelism"))
        && parallel > tasks
    {
        report
            .finding(&TASKS, span)
            .message(format!(
                "{parallel} tasks side by side are more than the {tasks} that there are"
            ))
            .subject(format!("{text}/parallelism"));
    }
    if let Some((word, limit)) = option(words, "--task-timeout")
        && seconds(&limit).is_some_and(|seconds| seconds > 168 * 3_600)
    {
        report
            .finding(&TIMEOUT, word.span)
            .message(format!("`{limit}` is more than 168 hours"))
            .subject(format!("{text}/timeout"));
    }
    if !region_is_set && option(words, "--region").is_none() {
        report.finding(&REGION, name.span).subject(format!("{text}/region"));
    }
}

/// Seconds of `90`, `90s`, `5m`, `200h` or `10d`.
fn seconds(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text.get(digits.len()..)? {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
