//! The rules of compositions: graph, nodes, edges, bounds, phases, shards, bus.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use std::sync::Arc;

use pi_agent_api::{Agent, Phase};
use pi_conformance::{
    DOCKERFILE, Driver, Ended, admit, catalogue, done, draft, drive, edge, examine_node,
    examine_one, manifest, run, scan, scan_of, straw, text, verdict, when,
};
use pi_core::canonical::{Encoder, Value, parse};
use pi_core::{Decision, Digest, Reason};
use pi_kernel::admit::{AdmissionError, Baseline};
use pi_kernel::bus::{Bus, Payload};
use pi_kernel::capability::ArtifactType;
use pi_kernel::effect::{Effect, EffectOutcome};
use pi_kernel::policy::Policy;
use pi_kernel::request::{
    Bounds, Capability, CompositionRequest, Draft, Edge, EdgeKind, Node, RequestError, Retry,
};
use pi_kernel::run::{Command, NodeState, Run};
use pi_kernel::shards::{MAX_WORKERS_PER_SHARD, ShardError, ShardState, Shards, assignment_hash};
use pi_kernel::simulate::simulate;

const FILES: &[(&str, &[u8])] = &[("Dockerfile", DOCKERFILE), ("b/Dockerfile", b"FROM x:1\n")];

fn root() -> Node {
    Node::new("admit", Capability::AdmitManifest)
}

fn over(nodes: Vec<Node>, edges: Vec<Edge>) -> Draft {
    draft(&manifest(FILES), nodes, edges)
}

/// A root, examining nodes and a verdict behind the last of them.
fn line(examining: &[(&str, &str)]) -> Vec<Node> {
    let mut nodes = vec![root()];
    for (id, after) in examining {
        nodes.push(examine_node(id).after([*after]));
    }
    let last = examining.last().unwrap().0;
    nodes.extend(verdict(&[last]));
    nodes
}

fn refused(draft: Draft) -> Reason {
    admit(draft.freeze(), FILES, Vec::new()).err().unwrap().reason()
}

fn ended(draft: Draft) -> Ended {
    run(draft, FILES, vec![&straw::Quiet])
}

#[test]
fn GRAPH_1_a_cycle_is_refused() {
    let two = [("a", "b"), ("b", "a")];
    let long = [("a", "d"), ("b", "a"), ("c", "b"), ("d", "c")];
    for nodes in [&[("a", "a")][..], &two, &long] {
        let mut nodes = line(nodes);
        nodes[1].dependencies.push("admit".to_owned());
        assert_eq!(refused(over(nodes, Vec::new())), Reason::DagContainsCycle);
    }
}

#[test]
fn GRAPH_2_an_absent_node_is_refused() {
    let nodes = || line(&[("a", "admit")]);
    for edges in [
        vec![edge("nobody", "a", EdgeKind::Sequential)],
        vec![edge("admit", "nobody", EdgeKind::Parallel)],
    ] {
        assert_eq!(refused(over(nodes(), edges)), Reason::MissingNodeReference);
    }
    let mut dangling = nodes();
    dangling[1].dependencies.push("nobody".to_owned());
    assert_eq!(refused(over(dangling, Vec::new())), Reason::MissingNodeReference);
}

#[test]
fn GRAPH_3_every_node_is_reachable_and_several_roots_are_accepted() {
    let mut nodes = line(&[("a", "admit")]);
    nodes.push(examine_node("x").after(["y"]));
    nodes.push(examine_node("y").after(["x"]));
    assert_eq!(refused(over(nodes, Vec::new())), Reason::DagContainsCycle);
    let mut nodes = line(&[("a", "admit")]);
    nodes.push(Node::new("admit-too", Capability::AdmitManifest));
    nodes.push(examine_node("b").after(["admit-too"]));
    assert_eq!(ended(over(nodes, Vec::new())).outcome.decision, Decision::Allow);
}

#[test]
fn NODE_1_a_node_starts_after_its_dependencies_succeeded() {
    let nodes = line(&[("c", "b"), ("b", "a"), ("a", "admit")]);
    // The list is no order: dependencies are.
    let mut nodes = nodes;
    nodes[4].dependencies = vec!["c".to_owned()];
    let order: Vec<String> =
        ended(over(nodes, Vec::new())).nodes().into_iter().map(|n| n.0).collect();
    assert_eq!(order, ["admit", "a", "b", "c", "weigh", "decide", "release"]);
}

fn failing() -> Draft {
    let mut nodes = line(&[("narrow", "admit"), ("behind", "narrow"), ("last", "behind")]);
    nodes[1].bounds.max_artifacts = 1;
    nodes.push(examine_node("beside").after(["admit"]));
    over(nodes, Vec::new())
}

#[test]
fn NODE_2_a_failed_dependency_blocks_what_waits_for_it() {
    let ended = ended(failing());
    assert_eq!(ended.status("narrow").as_deref(), Some("RESOURCE_EXCEEDED"));
    assert_eq!(ended.status("behind").as_deref(), Some("BLOCKED"));
    assert_eq!(ended.status("last").as_deref(), Some("BLOCKED"));
    let looked: Vec<Value> = ended.payloads("coverage.issued");
    assert!(looked.iter().all(|coverage| text(coverage, "node") == "beside"));
    assert_eq!(looked.len(), FILES.len());
}

#[test]
fn NODE_3_bounds_are_checked_before_the_body() {
    let ended = ended(failing());
    let receipts = ended.payloads("receipt.issued");
    let narrow = receipts.iter().find(|receipt| text(receipt, "node") == "narrow").unwrap();
    assert_eq!(text(narrow, "reason"), "bounds_exceeded");
    assert_eq!(narrow.get("output"), Some(&Value::Null));
}

#[test]
fn EDGE_1_conditions_decide_and_only_the_language_is_read() {
    let nodes = || {
        let mut nodes = vec![root()];
        nodes.push(Node::new("inventory", Capability::TakeInventory).after(["admit"]));
        nodes.extend([examine_node("docker"), examine_node("solidity")]);
        nodes.extend(verdict(&[]));
        nodes
    };
    let edges = |docker: &str, solidity: &str| {
        vec![
            when("inventory", "docker", docker),
            when("inventory", "solidity", solidity),
            edge("docker", "weigh", EdgeKind::FanIn),
            edge("solidity", "weigh", EdgeKind::FanIn),
        ]
    };
    let holds = over(nodes(), edges("kinds.dockerfile > 1", "has(kinds.solidity)"));
    let ended = ended(holds);
    assert_eq!(ended.status("docker").as_deref(), Some("SUCCESS"));
    assert_eq!(ended.status("solidity").as_deref(), Some("SKIPPED"));
    assert_eq!(ended.outcome.decision, Decision::Allow);
    for bad in ["kinds.dockerfile > now()", "true; true", "kinds =~ 'x'", ""] {
        assert_eq!(refused(over(nodes(), edges(bad, "true"))), Reason::ConditionInvalid, "{bad}");
    }
    // A field that is absent gives no answer, and no answer fails closed.
    let absent = self::ended(over(nodes(), edges("kinds.solidity > 0", "true")));
    assert_eq!(absent.status("docker").as_deref(), Some("FAIL"));
    assert_eq!(absent.outcome.decision, Decision::Deny);
}

#[test]
fn EDGE_a_chain_behind_a_skipped_node_is_skipped() {
    let mut nodes = line(&[("a", "admit"), ("b", "a")]);
    nodes[1].dependencies.clear();
    let edges = vec![when("admit", "a", "artifacts > 99")];
    let ended = ended(over(nodes, edges));
    assert_eq!(ended.status("b").as_deref(), Some("SKIPPED"));
    // Nothing was examined, so nothing asked the policy.
    assert_eq!(ended.outcome.decision, Decision::Deny);
    assert_eq!(ended.outcome.reasons[0].reason, Reason::PolicyMissing);
}

#[test]
fn EDGE_fans_and_pairs_keep_what_they_promise() {
    let two = || {
        let mut nodes = vec![root(), examine_node("a"), examine_node("b")];
        nodes.extend(verdict(&[]));
        nodes
    };
    let fan = |kind_out, kind_in| {
        vec![
            edge("admit", "a", kind_out),
            edge("admit", "b", kind_out),
            edge("a", "weigh", kind_in),
            edge("b", "weigh", kind_in),
        ]
    };
    use EdgeKind::{FanIn, FanOut, Parallel, Sequential};
    assert_eq!(ended(over(two(), fan(FanOut, FanIn))).outcome.decision, Decision::Allow);
    // One branch is no fan.
    let mut lonely = fan(FanOut, FanIn);
    lonely[1].kind = Sequential;
    assert_eq!(refused(over(two(), lonely)), Reason::InvalidRequest);
    // Branches do not wait for each other.
    let mut crossed = fan(FanOut, FanIn);
    crossed.push(edge("a", "b", Sequential));
    assert_eq!(refused(over(two(), crossed)), Reason::InvalidRequest);
    // A pair starts together: what one waits for, the other waits for.
    let mut nodes = line(&[("a", "admit"), ("b", "a")]);
    nodes.push(examine_node("c").after(["admit"]));
    let pair = over(nodes, vec![edge("b", "c", Parallel)]);
    let order: Vec<String> = ended(pair).nodes().into_iter().map(|(id, _)| id).collect();
    assert_eq!(order[..4], ["admit", "a", "b", "c"]);
    let waits = line(&[("a", "admit"), ("b", "a")]);
    assert_eq!(refused(over(waits, vec![edge("a", "b", Parallel)])), Reason::InvalidRequest);
}

#[test]
fn EDGE_types_fit_and_phases_do_not_go_back() {
    let mut back = line(&[("a", "admit")]);
    back[1].dependencies.push("weigh".to_owned());
    back[2].dependencies.clear();
    assert_eq!(refused(over(back, Vec::new())), Reason::EdgeToEarlierPhase);
    let mut unfit = line(&[("a", "admit")]);
    unfit[2].dependencies = vec!["admit".to_owned()];
    assert_eq!(refused(over(unfit, Vec::new())), Reason::ArtifactTypeMismatch);
    let mut unfed = line(&[("a", "admit")]);
    unfed[1].dependencies.clear();
    assert_eq!(refused(over(unfed, Vec::new())), Reason::ArtifactTypeMismatch);
}

#[test]
fn BOUNDS_1_the_stricter_bound_wins() {
    let mut low = over(line(&[("a", "admit")]), Vec::new());
    low.bounds.max_total_nodes = 4;
    assert_eq!(refused(low), Reason::BoundsExceeded);
    let mut high = over(line(&[("a", "admit")]), Vec::new());
    high.bounds.max_total_nodes = u64::MAX;
    for n in 0..64 {
        high.nodes.push(examine_node(&format!("n{n}")).after(["admit"]));
    }
    assert_eq!(refused(high), Reason::BoundsExceeded);
}

#[test]
fn BOUNDS_2_and_CTEST_12_each_bound_at_its_limit_and_one_above() {
    let widths = |width: usize| {
        let mut nodes = vec![root()];
        nodes.extend((0..width).map(|n| examine_node(&format!("n{n}")).after(["admit"])));
        nodes
    };
    let depths = |depth: usize| {
        let mut nodes = vec![root()];
        for n in 1..depth {
            let before = if n == 1 { "admit".to_owned() } else { format!("n{}", n - 1) };
            nodes.push(examine_node(&format!("n{n}")).after([before]));
        }
        nodes
    };
    let totals = |total: usize| {
        let mut nodes = vec![root()];
        nodes.extend((1..total).map(|n| Node::new(format!("r{n}"), Capability::AdmitManifest)));
        nodes
    };
    let violations = |draft: Draft| {
        let catalogue = catalogue(Vec::new());
        let (request, baseline) = (draft.freeze(), Baseline::default());
        let policy = Policy::baseline();
        let plan = simulate(&request, &manifest(FILES), &baseline, &catalogue, &policy);
        let rejected = plan.status() == "REJECTED";
        assert_eq!(rejected, !plan.bounds_violations.is_empty(), "{:?}", plan.reasons);
        plan.bounds_violations.iter().map(|violation| violation.bound).collect::<Vec<_>>()
    };
    let none: Vec<&str> = Vec::new();
    assert_eq!(violations(over(widths(16), Vec::new())), none);
    assert_eq!(violations(over(widths(17), Vec::new())), ["max_fanout"]);
    assert_eq!(violations(over(depths(8), Vec::new())), none);
    assert_eq!(violations(over(depths(9), Vec::new())), ["max_depth"]);
    assert_eq!(violations(over(totals(64), Vec::new())), none);
    assert_eq!(violations(over(totals(65), Vec::new())), ["max_total_nodes"]);
    let mut few = over(line(&[("a", "admit")]), Vec::new());
    few.bounds.max_artifacts = FILES.len() as u64;
    assert_eq!(violations(few.clone()), none);
    few.bounds.max_artifacts -= 1;
    assert_eq!(violations(few), ["max_artifacts"]);
}

#[test]
fn BOUNDS_a_graph_of_any_size_is_refused_quickly() {
    let mut nodes = vec![root()];
    nodes.extend((0..10_000).map(|n| examine_node(&format!("n{n}")).after(["admit"])));
    let document = Encoder::encode(&over(nodes, Vec::new()));
    let request = CompositionRequest::from_json(&document).unwrap();
    let error = admit(request, FILES, Vec::new()).err().unwrap();
    assert!(matches!(error, AdmissionError::Bounds(_)), "{error}");
}

#[test]
fn PHASE_1_and_SHARD_1_a_phase_waits_for_every_worker() {
    let mut shards = Shards::new(2);
    for worker in ["a", "b", "c"] {
        shards.register(worker).unwrap();
    }
    for worker in ["a", "b"] {
        shards.end(worker, true).unwrap();
    }
    assert!(!shards.can_advance_phase());
    let error = shards.advance_phase(Phase::Extract).unwrap_err();
    assert!(matches!(error, ShardError::NotCompleted(_, ShardState::Running)));
    assert_eq!(shards.phase(), Phase::Ingest);
    shards.end("c", true).unwrap();
    assert!(shards.can_advance_phase());
}

#[test]
fn PHASE_2_every_bad_end_of_a_worker_fails_the_phase() {
    let fails = |ended: &Ended| {
        let boundaries = ended.payloads("phase.sealed");
        text(boundaries.last().unwrap(), "phase_status") == "FAIL"
    };
    // PANIC
    assert!(fails(&run(over(line(&[("a", "admit")]), vec![]), FILES, vec![&straw::Panics])));
    // RESOURCE_EXCEEDED of a node
    assert!(fails(&ended(failing())));
    // SCHEMA_MISMATCH, FAIL: an effect that reports another type, one that fails
    let wrong = EffectOutcome::Done { artifact_type: ArtifactType::Manifest, report: Value::Null };
    for (outcome, status) in [
        (wrong, "SCHEMA_MISMATCH"),
        (EffectOutcome::Failed { detail: "no".to_owned() }, "FAIL"),
        (EffectOutcome::Unknown, "FAIL"),
    ] {
        let ended = with_effect(Retry::NEVER, true, |_| outcome.clone());
        assert_eq!(ended.status("write").as_deref(), Some(status));
        assert!(fails(&ended));
        assert_eq!(ended.outcome.decision, Decision::Deny);
    }
    // TIMEOUT
    let ended = stopped(Reason::DeadlineExceeded);
    assert_eq!(ended.status("a").as_deref(), Some("TIMEOUT"));
    assert!(fails(&ended));
}

/// A composition whose last node writes the report.
fn with_effect(retry: Retry, approved: bool, outcome: impl Fn(u32) -> EffectOutcome) -> Ended {
    let mut nodes = line(&[("a", "admit")]);
    let path = "out.json".to_owned();
    let mut write = Node::new("write", Capability::WriteReport { path }).after(["decide"]);
    write.retry = retry;
    nodes.push(write);
    let request = over(nodes, Vec::new()).freeze().approved(approved);
    let admitted = admit(request, FILES, vec![&straw::Quiet]).unwrap();
    let perform = &mut |attempt: u32, _: &Effect| outcome(attempt);
    drive(admitted, FILES, Driver { backwards: false, stop_after: None, perform })
}

fn stopped(reason: Reason) -> Ended {
    let admitted =
        admit(over(line(&[("a", "admit")]), vec![]).freeze(), FILES, vec![&straw::Grep]).unwrap();
    let perform = &mut |_, _: &Effect| done();
    drive(admitted, FILES, Driver { backwards: false, stop_after: Some((1, reason)), perform })
}

#[test]
fn PHASE_6_no_two_workers_of_a_run_share_an_id() {
    let mut nodes = line(&[("a", "admit"), ("b", "a")]);
    nodes.push(examine_node("c").after(["admit"]));
    let ended = run(over(nodes, Vec::new()), FILES, vec![&straw::Quiet]);
    let receipts = ended.payloads("receipt.issued");
    let ids: std::collections::BTreeSet<&str> =
        receipts.iter().map(|r| text(r, "worker_id")).collect();
    assert_eq!(ids.len(), receipts.len(), "{ids:?}");
}

#[test]
fn PHASE_3_a_strict_failure_ends_the_run_and_a_lenient_one_releases_nothing() {
    let strict = ended(failing());
    assert_eq!(strict.payloads("phase.sealed").len(), 4);
    assert_eq!(strict.states["weigh"], NodeState::Pending);
    let mut lenient = failing();
    lenient.strict = false;
    lenient.nodes.iter_mut().find(|node| node.id == "weigh").unwrap().dependencies =
        vec!["beside".to_owned()];
    let lenient = ended(lenient);
    assert_eq!(lenient.payloads("phase.sealed").len(), 7);
    assert_eq!(lenient.status("weigh").as_deref(), Some("SUCCESS"));
    assert_eq!(lenient.status("release").as_deref(), Some("BLOCKED"));
    assert_eq!(lenient.outcome.decision, Decision::Deny);
}

#[test]
fn SHARD_2_and_CTEST_6_the_truth_table_of_the_barrier() {
    let mut shards = Shards::new(2);
    let (mut zero, mut one) = (Vec::new(), Vec::new());
    for n in 0..8 {
        let worker = format!("w{n}");
        let shard = shards.register(&worker).unwrap();
        if shard == 0 { zero.push(worker) } else { one.push(worker) }
    }
    for worker in &zero {
        shards.end(worker, true).unwrap();
    }
    assert_eq!((shards.state(0), shards.state(1)), (ShardState::Completed, ShardState::Running));
    assert!(!shards.can_advance_phase());
    for worker in &one {
        shards.end(worker, true).unwrap();
    }
    assert!(shards.can_advance_phase());
}

#[test]
fn SHARD_3_advancing_resets_the_shards_and_names_all_workers() {
    let mut shards = Shards::new(4);
    shards.register("b").unwrap();
    shards.register("a").unwrap();
    shards.end("a", true).unwrap();
    shards.end("b", true).unwrap();
    let barrier = shards.advance_phase(Phase::Extract).unwrap();
    assert_eq!((barrier.phase, barrier.succeeded), (Phase::Ingest, true));
    assert_eq!(barrier.workers, ["a", "b"]);
    assert_eq!(shards.phase(), Phase::Extract);
    assert!((0..4).all(|shard| shards.state(shard) == ShardState::Idle));
}

#[test]
fn SHARD_4_and_SHARD_6_other_workers_finish_and_nothing_is_released() {
    let ended = ended(failing());
    assert_eq!(ended.status("beside").as_deref(), Some("SUCCESS"));
    assert_eq!(ended.status("release"), None);
    assert!(ended.effects.is_empty());
}

#[test]
fn SHARD_5_changes_of_shards_are_the_same_twice() {
    let shards = |ended: &Ended| {
        let boundaries = ended.payloads("phase.sealed");
        boundaries.iter().map(|b| text(b, "shards").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(shards(&ended(failing())), shards(&ended(failing())));
}

#[test]
fn SCHED_2_the_hash_of_an_assignment() {
    assert_eq!(assignment_hash("w1", 3), Digest::of(b"w1:3"));
}

#[test]
fn SCHED_3_a_full_shard_refuses() {
    let mut shards = Shards::new(1);
    for n in 0..MAX_WORKERS_PER_SHARD {
        shards.register(&format!("w{n}")).unwrap();
    }
    assert_eq!(shards.register("one-more"), Err(ShardError::Full(0)));
}

#[test]
fn SCHED_4_a_worker_registers_once_in_a_run() {
    let mut shards = Shards::new(4);
    shards.register("w").unwrap();
    assert_eq!(shards.register("w"), Err(ShardError::Duplicate("w".to_owned())));
    shards.end("w", true).unwrap();
    shards.advance_phase(Phase::Extract).unwrap();
    assert!(shards.register("w").is_err(), "also in a later phase");
    assert!(Shards::new(4).register("w").is_ok(), "a new run is another one");
}

#[test]
fn SCHED_5_inputs_come_from_what_was_handed_over() {
    let ended = ended(over(line(&[("a", "admit")]), Vec::new()));
    let receipts = ended.payloads("receipt.issued");
    let of = |node: &str, key: &str| {
        let receipt = receipts
            .iter()
            .find(|r| text(r, "node") == node && text(r, "capability").contains('/'))
            .unwrap();
        text(receipt, key).to_owned()
    };
    for (from, to) in [("admit", "a"), ("a", "weigh"), ("weigh", "decide"), ("decide", "release")] {
        let handed = Digest::from_hex(&of(from, "output")).unwrap();
        assert_eq!(of(to, "input"), Digest::of_canonical(&vec![handed]).to_hex());
    }
}

#[test]
fn SCHED_6_phases_are_all_there_in_their_order() {
    let ended = ended(over(line(&[("a", "admit")]), Vec::new()));
    let boundaries = ended.payloads("phase.sealed");
    let phases: Vec<&str> = boundaries.iter().map(|boundary| text(boundary, "phase")).collect();
    assert_eq!(phases, Phase::ALL.iter().map(|phase| phase.as_str()).collect::<Vec<_>>());
    assert_eq!(boundaries[1].get("receipts").and_then(Value::as_u64), Some(0));
}

#[test]
fn ART_1_to_ART_5_slots_are_frozen_versioned_and_hashed() {
    let mut bus = Bus::default();
    let frozen = |text: &str| {
        Payload { artifact_type: ArtifactType::Inventory, value: Value::from(text) }.freeze()
    };
    let first = bus.write("EXTRACT_x_0", frozen("a"));
    let before = bus.slot(first).unwrap().clone();
    assert_eq!(before.frozen().fingerprint(), Digest::of(b"\"a\""));
    let second = bus.write("EXTRACT_x_0", frozen("b"));
    assert_ne!(bus.slot(second).unwrap().id(), before.id());
    assert_eq!(bus.slot(first), Some(&before));
    let versions = bus.lineage(ArtifactType::Inventory, "EXTRACT_x_0");
    assert_eq!(versions.iter().map(|slot| slot.version()).collect::<Vec<_>>(), [1, 2]);
    assert!(bus.lineage(ArtifactType::Manifest, "EXTRACT_x_0").is_empty());
}

#[test]
fn CTEST_1_a_frozen_request_has_no_way_back() {
    // A request can be read, and approved; it can be changed only by freezing
    // another draft, which has another hash.
    let request = scan_of(&manifest(FILES)).freeze();
    let mut copy = request.content().clone();
    copy.strict = false;
    assert_ne!(copy.freeze().hash(), request.hash());
    assert_eq!(request.clone().approved(false).hash(), request.hash());
}

#[test]
fn CTEST_4_and_RECEIPT_2_both_chains_are_whole_and_notice_changes() {
    let ended = scan(FILES, vec![&straw::Grep]);
    for (event_types, hash, previous) in [
        (&["receipt.issued", "coverage.issued"][..], "receipt_hash", "previous_receipt_hash"),
        (&["phase.sealed"][..], "boundary_hash", "previous_boundary_hash"),
    ] {
        let mut last = String::new();
        for record in ended.records.iter().filter(|r| event_types.contains(&r.event_type)) {
            let Value::Object(mut payload) = parse(&record.payload).unwrap() else { panic!() };
            let named = payload.remove(hash).unwrap();
            let named = named.as_str().unwrap();
            assert_eq!(Digest::of_canonical(&Value::Object(payload.clone())).to_hex(), named);
            assert_eq!(payload.get(previous).and_then(Value::as_str), Some(last.as_str()));
            payload.insert(previous.to_owned(), Value::from("0"));
            assert_ne!(Digest::of_canonical(&Value::Object(payload)).to_hex(), named);
            named.clone_into(&mut last);
        }
        assert!(!last.is_empty());
    }
}

#[test]
fn CTEST_5_the_partitioner_gives_the_same_shard_every_time() {
    let shard = Shards::new(4).register("w1").unwrap();
    for _ in 0..10 {
        assert_eq!(pi_kernel::shards::shard("w1", 4), shard);
        assert_eq!(Shards::new(4).register("w1"), Ok(shard));
    }
}

#[test]
fn CTEST_10_and_REPLAY_4_equal_inputs_give_equal_proofs_and_others_do_not() {
    let proof = |files: &[(&str, &[u8])]| scan(files, vec![&straw::Grep]).outcome.determinism_proof;
    assert_eq!(proof(FILES), proof(FILES));
    assert_ne!(proof(FILES), proof(&FILES[..1]));
    let other: Vec<&'static dyn Agent> = vec![&straw::Quiet];
    assert_ne!(proof(FILES), scan(FILES, other).outcome.determinism_proof);
}

#[test]
fn CTEST_11_inputs_time_and_types_are_bounded() {
    let mut many = line(&[("a", "admit")]);
    many[1].bounds.max_inputs = 0;
    let ended = self::ended(over(many, Vec::new()));
    assert_eq!(ended.status("a").as_deref(), Some("RESOURCE_EXCEEDED"));
    assert_eq!(stopped(Reason::DeadlineExceeded).status("a").as_deref(), Some("TIMEOUT"));
    let wrong = EffectOutcome::Done { artifact_type: ArtifactType::Release, report: Value::Null };
    let ended = with_effect(Retry::NEVER, true, |_| wrong.clone());
    assert_eq!(ended.status("write").as_deref(), Some("SCHEMA_MISMATCH"));
}

#[test]
fn effects_are_announced_before_and_recorded_after_each_attempt() {
    let retry = Retry { attempts: 3, base_ms: 10 };
    let failed = || EffectOutcome::Failed { detail: "busy".to_owned() };
    let ended = with_effect(retry, true, |n| if n < 3 { failed() } else { done() });
    assert_eq!(ended.effects.len(), 3);
    let kinds: Vec<&str> = ended
        .records
        .iter()
        .map(|record| record.event_type)
        .filter(|kind| kind.starts_with("effect."))
        .collect();
    assert_eq!(kinds, ["effect.announced", "effect.concluded"].repeat(3));
    let pauses: Vec<Option<u64>> = ended
        .payloads("effect.concluded")
        .iter()
        .map(|outcome| outcome.get("retry_after_ms").unwrap().as_u64())
        .collect();
    assert_eq!(pauses, [Some(10), Some(20), None]);
    assert_eq!(ended.outcome.decision, Decision::Allow);
    // What nobody knows to have failed is not tried again.
    let unknown = with_effect(retry, true, |_| EffectOutcome::Unknown);
    assert_eq!(unknown.effects.len(), 1);
}

#[test]
fn effects_need_approval_and_an_allowing_decision() {
    let ended = with_effect(Retry::NEVER, false, |_| done());
    assert_eq!(ended.outcome.decision, Decision::Review);
    assert_eq!(ended.status("write").as_deref(), Some("BLOCKED"));
    assert!(ended.effects.is_empty());
    let approved = with_effect(Retry::NEVER, true, |_| done());
    assert_eq!(approved.outcome.decision, Decision::Allow);
    assert_eq!(approved.outcome.request_hash, ended.outcome.request_hash);
}

#[test]
fn outcomes_of_earlier_groups_and_attempts_are_not_taken() {
    let mut draft = over(line(&[("a", "admit"), ("b", "a")]), Vec::new());
    let retry = Retry { attempts: 3, base_ms: 1 };
    let report = Capability::WriteReport { path: "out".to_owned() };
    draft.nodes.push(Node { retry, ..Node::new("write", report) }.after(["decide"]));
    draft.approved = true;
    let admitted = Arc::new(admit(draft.freeze(), FILES, vec![&straw::Quiet]).unwrap());
    let (mut run, mut commands) = Run::start(Arc::clone(&admitted));
    let (mut jobs, mut late, mut workers) = (Vec::new(), Vec::new(), Vec::new());
    let failed = || EffectOutcome::Failed { detail: "full".to_owned() };
    let mut attempts = Vec::new();
    'ended: loop {
        let mut next = Vec::new();
        for command in commands {
            match command {
                Command::Examine { job, node, artifact } => {
                    jobs.push(job);
                    // Everything that came before comes again, and changes nothing.
                    for (job, examination) in &late {
                        assert!(run.examined(*job, Clone::clone(examination)).is_empty());
                    }
                    let examination = examine_one(&admitted, FILES, node, artifact);
                    late.push((job, examination.clone()));
                    next.extend(run.examined(job, examination));
                }
                Command::Perform { job, attempt, .. } => {
                    attempts.push(attempt);
                    for earlier in 1..attempt {
                        assert!(run.performed(job, earlier, failed()).is_empty());
                    }
                    next.extend(run.performed(job, attempt, failed()));
                }
                Command::Append(records) => workers.extend(records.into_iter().filter_map(|r| {
                    let payload = parse(&r.payload).unwrap();
                    payload.get("worker_id").and_then(Value::as_str).map(str::to_owned)
                })),
                Command::Finish(_) => break 'ended,
            }
        }
        commands = next;
    }
    assert_eq!(attempts, [1, 2, 3]);
    assert_eq!(jobs.len(), 2 * FILES.len());
    let distinct = |mut list: Vec<String>| {
        let count = list.len();
        list.sort_unstable();
        list.dedup();
        list.len() == count
    };
    assert!(distinct(jobs.iter().map(ToString::to_string).collect()), "{jobs:?}");
    assert!(distinct(workers.clone()), "{workers:?}");
}

#[test]
fn a_cancelled_run_ends_denied_and_is_not_replayable() {
    let ended = stopped(Reason::RunCancelled);
    assert_eq!(ended.outcome.decision, Decision::Deny);
    assert!(!ended.outcome.replayable);
    let receipts = ended.payloads("receipt.issued");
    assert_eq!(text(receipts.last().unwrap(), "reason"), "run_cancelled");
}

#[test]
fn requests_are_refused_with_path_and_reason() {
    let good = String::from_utf8(Encoder::encode(&scan_of(&manifest(FILES)))).unwrap();
    let read = |document: &str| CompositionRequest::from_json(document.as_bytes());
    assert!(read(&good).is_ok());
    for (from, to, path, reason) in [
        (
            "\"agents/examine\"",
            "\"agents/guess\"",
            "nodes[1].capability",
            Reason::UnknownCapability,
        ),
        ("\"strict\":true", "\"strict\":1", "strict", Reason::InvalidRequest),
        ("\"strict\":true", "\"lenient\":true", "lenient", Reason::InvalidRequest),
        (
            "\"max_inputs\":16",
            "\"max_inputs\":-1",
            "nodes[0].bounds.max_inputs",
            Reason::InvalidRequest,
        ),
        ("pi.composition/1", "pi.composition/9", "schema", Reason::UnknownVersion),
        ("\"attempts\":1", "\"attempts\":2", "nodes[0].retry", Reason::InvalidRequest),
        ("\"evidence\":\"hashes\"", "\"evidence\":null,\"x\":0", "x", Reason::InvalidRequest),
    ] {
        let document = good.replacen(from, to, 1);
        assert_ne!(document, good);
        match read(&document) {
            Err(RequestError::Field { path: found, reason: because, .. }) => {
                assert_eq!((found.as_str(), because), (path, reason));
            }
            other => panic!("{other:?}"),
        }
    }
    let tampered = format!("{{\"request_hash\":\"{}\",{}", "0".repeat(64), &good[1..]);
    assert_eq!(read(&tampered).unwrap_err().reason(), Reason::RequestHashMismatch);
    let twice = format!("{{\"strict\":true,{}", &good[1..]);
    assert!(matches!(read(&twice), Err(RequestError::Json(_))));
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(matches!(read(&deep), Err(RequestError::Json(_))));
}

#[test]
fn a_simulation_only_request_never_runs() {
    let mut draft = over(line(&[("a", "admit")]), Vec::new());
    draft.simulation_only = true;
    assert_eq!(refused(draft.clone()), Reason::SimulationOnly);
    let (request, catalogue) = (draft.freeze(), catalogue(Vec::new()));
    let (manifest, baseline, policy) = (manifest(FILES), Baseline::default(), Policy::baseline());
    let plan = || simulate(&request, &manifest, &baseline, &catalogue, &policy);
    assert_eq!(plan().status(), "ACCEPTED");
    assert_eq!(plan().verification_hash(), plan().verification_hash());
    assert_eq!(plan().request_hash, request.hash());
    assert_eq!(Bounds::DEFAULT.max_execution_time_ms, 300_000);
}
