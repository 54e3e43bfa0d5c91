//! `pi route` and `pi plan` over the real catalogue.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use common::{Lab, field, items, keys, number, text};
use pi_core::canonical::Value;

#[test]
fn words_lead_to_the_agent_that_is_meant() {
    let lab = Lab::new();
    for (words, agent) in [
        ("docker image", "docker_image_scanner"),
        ("kubernetes pods that run as root", "kubernetes_root_execution_linter"),
        ("JWT expiry", "jwt_expiry_checker"),
        ("unpinned github actions", "github_actions_unpinned_version"),
        ("semantic commit message", "semantic_commit_message_linter"),
        ("missing license header", "license_header_checker"),
        ("credentials in terraform state", "terraform_state_credential_sentry"),
        ("sbom_validator", "sbom_validator"),
    ] {
        let ran = lab.pi(&["route", words, "--format", "json"]);
        let json = ran.json();
        assert_eq!(text(&items(&json, "candidates")[0], "agent"), agent, "{words}: {json:?}");
        assert_eq!(text(&json, "decision"), "ALLOW", "{words}: {json:?}");
        assert_eq!(ran.code, 0);
    }
}

#[test]
fn what_is_not_clear_is_not_chosen() {
    let lab = Lab::new();
    let ran = lab.pi(&["route", "secret", "--format", "json"]).code(4);
    assert_eq!(text(&ran.json(), "reason"), "route_ambiguous");
    assert!(items(&ran.json(), "candidates").len() > 1);
    let ran = lab.pi(&["route", "kuberntes", "--format", "json"]).code(1);
    assert_eq!(text(&ran.json(), "reason"), "no_agent_matches");
    assert_eq!(items(&ran.json(), "suggestions")[0].as_str(), Some("kubernetes"));
    let expected =
        ["candidates", "decision", "index", "reason", "schema", "suggestions", "unknown", "words"];
    assert_eq!(keys(&ran.json()), expected);
    for words in ["", "the", "weather tomorrow", "\u{1b}[2J"] {
        let ran = lab.pi(&["route", "--", words]).code(1);
        assert!(ran.stdout.contains("no agent fits these words"), "{ran:#?}");
    }
    lab.pi(&["route", &"a".repeat(5_000)]).refused(2, "bounds_exceeded");
    lab.pi(&["route"]).code(2);
}

#[test]
fn people_see_why() {
    let lab = Lab::new();
    let ran = lab.pi(&["route", "docker", "images"]).code(0);
    assert!(ran.stdout.starts_with("ALLOW  docker_image_scanner\n"), "{ran:#?}");
    assert!(ran.stdout.contains("docker ") && ran.stdout.contains("slug "), "{ran:#?}");
    // Nothing was run and nothing was recorded.
    assert!(!lab.data().exists());
}

#[test]
fn the_same_words_give_the_same_bytes() {
    let (one, other) = (Lab::new(), Lab::new());
    for args in [
        &["route", "leaked secrets in docker", "--format", "json"][..],
        &["plan", "docker_image_scanner, jwt_expiry_checker", "--format", "json"],
    ] {
        assert_eq!(one.pi(args).stdout, other.pi(args).stdout);
    }
}

#[test]
fn a_chain_becomes_a_plan() {
    let lab = Lab::new();
    let chain = "run container escape then docker_compose_security_sentry, docker_compose_port_exposure_sentry";
    let json = lab.pi(&["plan", chain, "--format", "json"]).code(0).json();
    let steps: Vec<(String, u64)> = items(&json, "plan.steps")
        .iter()
        .map(|step| (text(step, "agent"), number(step, "wave")))
        .collect();
    let expected = [
        ("container_escape_detector", 1),
        ("docker_compose_port_exposure_sentry", 2),
        ("docker_compose_security_sentry", 2),
    ];
    assert_eq!(steps, expected.map(|(agent, wave)| (agent.to_owned(), wave)));
    assert_eq!(text(&items(&json, "resolutions")[0], "found_by"), "words");
    assert_eq!(text(&json, "plan_digest").len(), 64);
    let people = lab.pi(&["plan", chain]).code(0);
    assert!(people.stdout.contains("step_2") && people.stdout.contains("after step_1"));
    // Several arguments are the steps of one chain.
    let steps = ["plan", "docker_compose_security_sentry", "container escape", "--format", "json"];
    let json = lab.pi(&steps).code(0).json();
    assert_eq!(text(&items(&json, "plan.steps")[1], "agent"), "container_escape_detector");
}

#[test]
fn a_chain_that_does_not_fit_is_refused_by_name() {
    let lab = Lab::new();
    for (chain, code, reason) in [
        ("secret -> docker_image_scanner", 4, "route_ambiguous"),
        ("docker_image_scaner", 1, "unknown_agent"),
        ("weather tomorrow", 1, "no_agent_matches"),
        ("docker_image_scanner -> docker_image_scanner", 1, "dag_contains_cycle"),
        ("docker_image_scanner -> sbom_validator", 1, "artifact_type_mismatch"),
    ] {
        let json = lab.pi(&["plan", chain, "--format", "json"]).code(code).json();
        assert_eq!(text(&json, "reason"), reason, "{chain}: {json:?}");
        assert_eq!(field(&json, "plan"), &Value::Null);
        assert!(lab.pi(&["plan", chain]).code(code).stdout.contains(reason));
    }
    lab.pi(&["plan", "docker_image_scanner ->"]).refused(2, "invalid_request");
    let long = vec!["docker_image_scanner"; 40].join(",");
    lab.pi(&["plan", &long]).refused(2, "bounds_exceeded");
}
