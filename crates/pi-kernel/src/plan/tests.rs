//! Ordering of made-up capabilities, and planning over made-up agents.

use pi_agent_api::{Agent, Meta, Report, Rule, Stop, declare_agent};
use pi_artifacts::Artifact;
use pi_core::{Confidence, Severity};

use super::*;

const RULE: Rule = Rule {
    id: "rule",
    summary: "something",
    severity: Severity::Low,
    confidence: Confidence::Low,
    references: &[],
    fix: "mend it",
};

fn nothing(_: &Artifact, _: &mut Report) -> Result<(), Stop> {
    Ok(())
}

macro_rules! agent {
    ($name:ident, $slug:literal, $phase:ident, [$($kind:expr),*], $doc:literal) => {
        declare_agent! {
            #[doc = $doc]
            pub struct $name {
                slug: $slug,
                domain: CodeQuality,
                phase: $phase,
                revision: 1,
                since: "0.1.0",
                status: Preview,
                kinds: [$($kind),*],
                triggers: Always,
                invariant_to: ALL,
                rules: [RULE],
                fixture: "",
                check: nothing,
            }
        }
    };
}

agent!(Facts, "facts_of_python", Extract, [Kind::Python], "Extracts functions.");
agent!(Loops, "endless_loops", Validate, [Kind::Python], "Endless loops.");
agent!(Names, "misleading_names", Validate, [Kind::Python, Kind::Go], "Misleading names.");
agent!(Images, "docker_image", Validate, [Kind::Dockerfile], "Container images.");
agent!(Copies, "docker_copies", Validate, [Kind::Dockerfile], "Container copies.");
agent!(Patch, "patch_writer", Emit, [], "Writes patches.");

fn catalogue() -> Catalogue {
    let agents: Vec<&'static dyn Agent> = vec![&Facts, &Loops, &Names, &Images, &Copies, &Patch];
    Catalogue::new(agents).unwrap()
}

/// A plan as text: waves by `|`, and after each step the steps it waits for.
fn shown(plan: &Plan) -> String {
    let step = |step: &PlanStep| format!("{}({})", step.agent, step.depends_on.join(" "));
    let wave = |wave: &[PlanStep]| wave.iter().map(step).collect::<Vec<_>>().join(" ");
    plan.waves().map(wave).collect::<Vec<_>>().join(" | ")
}

fn planned(text: &str) -> String {
    let catalogue = catalogue();
    match plan(text, &catalogue, &Router::new(&catalogue)) {
        Ok(planned) => shown(&planned.plan),
        Err(error) => format!("{}: {error}", error.reason()),
    }
}

#[test]
fn chains_become_waves() {
    for (text, expected) in [
        ("endless_loops", "endless_loops()"),
        ("endless_loops -> misleading_names", "endless_loops() | misleading_names(step_1)"),
        ("misleading_names then endless_loops", "misleading_names() | endless_loops(step_1)"),
        ("misleading_names, endless_loops", "endless_loops() misleading_names()"),
        (
            "misleading_names, endless_loops -> patch_writer",
            "endless_loops() misleading_names() | patch_writer(step_1 step_2)",
        ),
        ("endless_loops; docker_image", "docker_image() endless_loops()"),
        ("endless_loops, endless_loops", "endless_loops()"),
    ] {
        assert_eq!(planned(text), expected, "{text}");
    }
}

#[test]
fn phases_come_in_their_order_whatever_is_written() {
    assert_eq!(
        planned("patch_writer, endless_loops, facts_of_python"),
        "facts_of_python() | endless_loops() | patch_writer()"
    );
    assert_eq!(
        planned("patch_writer -> endless_loops"),
        "edge_to_earlier_phase: `patch_writer` of phase EMIT cannot come before \
         `endless_loops` of phase VALIDATE"
    );
}

#[test]
fn plain_words_need_a_clear_winner() {
    assert_eq!(
        planned("run endless loops then misleading names"),
        "endless_loops() | misleading_names(step_1)"
    );
    assert_eq!(
        planned("endless_loops -> container"),
        "route_ambiguous: `container` (column 18) may mean docker_copies, docker_image"
    );
    assert_eq!(
        planned("endless_loops, mislaeding"),
        "no_agent_matches: no agent fits `mislaeding` (column 16); did you mean misleading?"
    );
    assert_eq!(
        planned("endles_loops"),
        "unknown_agent: there is no agent `endles_loops` (column 1); did you mean endless_loops?"
    );
    assert_eq!(planned("a ->"), "invalid_request: a step is missing at column 5");
}

#[test]
fn contradictions_are_named() {
    assert_eq!(
        planned("endless_loops -> misleading_names; misleading_names -> endless_loops"),
        "dag_contains_cycle: the steps wait for each other: \
         endless_loops -> misleading_names -> endless_loops"
    );
    assert_eq!(
        planned("endless_loops -> endless_loops"),
        "dag_contains_cycle: the steps wait for each other: endless_loops -> endless_loops"
    );
    assert_eq!(
        planned("docker_image -> endless_loops"),
        "artifact_type_mismatch: `docker_image` hands over dockerfile, \
         but `endless_loops` reads python"
    );
}

#[test]
fn given_steps_are_a_chain() {
    let catalogue = catalogue();
    let router = Router::new(&catalogue);
    let steps = plan_steps(&["endless_loops", "misleading names"], &catalogue, &router).unwrap();
    let text = plan("endless_loops -> misleading names", &catalogue, &router).unwrap();
    assert_eq!(steps.plan, text.plan);
    assert_eq!(steps.plan.digest(), text.plan.digest());
    assert_eq!(steps.resolutions[1].found, Found::ByWords);
    assert_eq!((steps.resolutions[1].column, text.resolutions[1].column), (2, 18));
}

fn capability(name: &str, phase: Phase, reads: &[Kind], gives: &[Kind]) -> Capability {
    Capability {
        name: name.to_owned(),
        phase,
        reads: reads.iter().copied().collect(),
        gives: gives.iter().copied().collect(),
    }
}

#[test]
fn a_producer_comes_before_its_readers() {
    let reader = capability("a_reader", Phase::Validate, &[Kind::Sbom], &[Kind::Sbom]);
    let producer = capability("producer", Phase::Validate, &[Kind::NpmLock], &[Kind::Sbom]);
    let other = capability("other", Phase::Validate, &[Kind::NpmLock], &[Kind::NpmLock]);
    let expected = "other() producer() | a_reader(step_2)";
    let mut all = [reader.clone(), producer.clone(), other];
    for _ in 0..all.len() {
        all.rotate_left(1);
        assert_eq!(shown(&order::order(&all, &[]).unwrap()), expected);
    }
    // What is written against it is a circle.
    let both = capability("reader", Phase::Validate, &[Kind::Sbom], &[Kind::NpmLock, Kind::Sbom]);
    let error = order::order(&[both, producer.clone()], &[(0, 1)]).unwrap_err();
    assert_eq!(error.reason(), Reason::DagContainsCycle);
    // A reader of an earlier phase is not kept waiting.
    let early = Capability { phase: Phase::Extract, ..reader };
    assert_eq!(shown(&order::order(&[producer, early], &[]).unwrap()), "a_reader() | producer()");
}

#[test]
fn an_agent_hands_over_what_it_reads() {
    let meta: &Meta = catalogue().find("patch_writer").unwrap().meta();
    let capability = Capability::of(meta);
    assert_eq!(capability.reads, capability.gives);
    assert!(capability.reads.contains(&Kind::Sql) && !capability.reads.contains(&Kind::Binary));
}

#[test]
fn a_plan_is_the_same_each_time() {
    let text = "facts_of_python -> misleading_names, endless_loops -> patch_writer; docker_image";
    let catalogue = catalogue();
    let router = Router::new(&catalogue);
    let first = Encoder::encode(&plan(text, &catalogue, &router).unwrap().plan);
    let again = Encoder::encode(&plan(text, &catalogue, &Router::new(&catalogue)).unwrap().plan);
    assert_eq!(first, again);
    assert!(String::from_utf8(first).unwrap().contains("\"depends_on\":[\"step_"));
}
