//! Routing over a small catalogue of made-up agents.

use pi_agent_api::{Domain, Phase, Rule, Status, Triggers};
use pi_artifacts::{Kind, Perturbations};
use pi_core::{Confidence, Encoder, Severity};

use super::*;

const ROOT: Rule = Rule {
    id: "root-user",
    summary: "a container that runs as root",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-250"],
    fix: "name a user",
};

const TOKEN: Rule = Rule {
    id: "leaked-token",
    summary: "a token in the text",
    severity: Severity::Critical,
    confidence: Confidence::High,
    references: &["CWE-798"],
    fix: "revoke it",
};

const fn meta(
    slug: &'static str,
    domain: Domain,
    doc: &'static str,
    kinds: &'static [Kind],
    rules: &'static [&'static Rule],
) -> Meta {
    Meta {
        slug,
        domain,
        phase: Phase::Validate,
        revision: 1,
        since: "0.1.0",
        status: Status::Preview,
        doc,
        kinds,
        triggers: Triggers::Always,
        invariant_to: Perturbations::ALL,
        rules,
        fixture: "",
    }
}

const DOCKER: Meta = meta(
    "docker_image_scanner",
    Domain::ContainersK8s,
    "# What it checks\nImages and the users that they run as.\n\n# Why\nSecrets.",
    &[Kind::Dockerfile],
    &[&ROOT],
);
const GIT: Meta = meta(
    "git_secret_sentry",
    Domain::Secrets,
    "# What it checks\nCredentials in commits.",
    &[],
    &[&TOKEN],
);
const DIFF: Meta = meta(
    "diff_secret_sentry",
    Domain::Secrets,
    "# What it checks\nCredentials in diffs.",
    &[Kind::Diff],
    &[&TOKEN],
);

fn router() -> Router {
    Router::over(&[&DOCKER, &GIT, &DIFF])
}

#[track_caller]
fn check(request: &str, decision: Decision, best: Option<&str>) -> Proposal {
    let proposal = router().route(request).unwrap();
    let found = proposal.candidates.first().map(|candidate| candidate.agent);
    assert_eq!((proposal.decision, found), (decision, best), "{proposal:#?}");
    assert_eq!(proposal.reason.is_none(), decision == Decision::Allow);
    for candidate in &proposal.candidates {
        let words: i64 = candidate.matched.iter().map(|matched| matched.score).sum();
        assert_eq!(words, candidate.score, "the words do not add up");
        for matched in &candidate.matched {
            let fields: i64 = matched.fields.iter().map(|(_, score)| score).sum();
            assert_eq!(fields, matched.score, "the fields of {} do not add up", matched.word);
        }
    }
    proposal
}

#[test]
fn a_clear_winner_is_allowed_and_explained() {
    let proposal = check("scan my Docker images", Decision::Allow, Some("docker_image_scanner"));
    let docker = &proposal.candidates[0].matched[0];
    assert_eq!(docker.word, "docker");
    assert_eq!(docker.fields[0].0, Field::Slug);
    let images = &proposal.candidates[0].matched[1];
    let fields: Vec<Field> = images.fields.iter().map(|(field, _)| *field).collect();
    assert_eq!(fields, [Field::Slug, Field::Summary]);
    assert_eq!(proposal.unknown, ["scan"]);
}

#[test]
fn two_that_fit_are_for_a_person_to_choose() {
    let proposal = check("leaked token", Decision::Review, Some("git_secret_sentry"));
    assert_eq!(proposal.reason, Some(Reason::RouteAmbiguous));
    assert_eq!(proposal.candidates.len(), 2);
}

#[test]
fn one_that_fits_only_a_few_words_is_for_a_person_to_confirm() {
    check(
        "bake bread with flour and salt on docker",
        Decision::Review,
        Some("docker_image_scanner"),
    );
}

#[test]
fn nothing_that_fits_is_denied_with_suggestions() {
    let proposal = check("dokcer", Decision::Deny, None);
    assert_eq!(proposal.reason, Some(Reason::NoAgentMatches));
    assert_eq!(proposal.suggestions, ["docker"]);
    for request in ["", "the of and", "  \u{0} ", "weather tomorrow"] {
        check(request, Decision::Deny, None);
    }
}

#[test]
fn a_named_agent_needs_no_scores() {
    for request in ["git_secret_sentry", "Git secret-sentry"] {
        check(request, Decision::Allow, Some("git_secret_sentry"));
    }
}

#[test]
fn standards_and_kinds_lead_to_agents() {
    check("CWE-250", Decision::Allow, Some("docker_image_scanner"));
    check("diff", Decision::Allow, Some("diff_secret_sentry"));
}

#[test]
fn a_long_request_is_refused() {
    let request = "a".repeat(MAX_REQUEST_BYTES + 1);
    let error = router().route(&request).unwrap_err();
    assert_eq!(error.reason(), Reason::BoundsExceeded);
    assert!(router().route(&"docker ".repeat(500)).is_ok());
}

#[test]
fn order_and_repetition_change_nothing() {
    let other = Router::over(&[&DIFF, &DOCKER, &GIT]);
    assert_eq!(router().digest(), other.digest());
    assert_ne!(router().digest(), Router::over(&[&DIFF, &DOCKER]).digest());
    for request in ["secret token in a diff", "nothing", "docker"] {
        let bytes = Encoder::encode(&router().route(request).unwrap());
        assert_eq!(bytes, Encoder::encode(&other.route(request).unwrap()));
        assert_eq!(Digest::of(&bytes), other.route(request).unwrap().digest());
    }
}

#[test]
fn who_alone_has_all_words_in_its_name_is_meant() {
    const RIVAL: Meta = meta(
        "socket_sentry",
        Domain::ContainersK8s,
        "# What it checks\nImage image image scanner docker docker scanner.",
        &[Kind::Dockerfile],
        &[&ROOT],
    );
    const TWIN: Meta =
        meta("docker_image_size", Domain::ContainersK8s, "Sizes.", &[Kind::Dockerfile], &[&ROOT]);
    let proposal = Router::over(&[&DOCKER, &RIVAL]).route("docker images").unwrap();
    assert_eq!(proposal.decision, Decision::Allow);
    assert_eq!(proposal.candidates[0].agent, "docker_image_scanner");
    let proposal = Router::over(&[&DOCKER, &TWIN]).route("docker images").unwrap();
    assert_eq!(proposal.decision, Decision::Review);
    let proposal = Router::over(&[&DOCKER, &TWIN]).route("docker image scanner").unwrap();
    assert_eq!(proposal.decision, Decision::Allow);
}
