use pi_core::canonical::parse;
use pi_core::{Digest, RunId};
use proptest::prelude::*;

use super::*;
use crate::policies::Form;
use crate::quota::{Limits, Outcome, Quota, Reservation, Resource, Settlement};
use crate::{policies, retention};

const FROM: u64 = 1_000_000_000;
const UNTIL: u64 = 2_000_000_000;

/// A log that is only read.
struct Log {
    collector: Collector,
    offset: u64,
}

impl Log {
    fn new() -> Self {
        let [from, until] = [FROM, UNTIL].map(Timestamp::from_micros);
        Self { collector: Collector::new(Period { from, until }), offset: 0 }
    }

    fn take(&mut self, at: u64, partition: &str, event_type: &str, payload: Option<&[u8]>) {
        self.offset += 1;
        let payload = payload.map(|bytes| parse(bytes).unwrap());
        self.collector.take(&Event {
            event_type,
            partition,
            offset: self.offset,
            recorded_at: Timestamp::from_micros(at),
            actor: "ada",
            run: Some("run_1"),
            payload: payload.as_ref(),
        });
    }

    fn policy(&mut self, at: u64, name: &str, change: policies::Change) {
        let payload = change.payload(&Name::new(name).unwrap());
        self.take(at, control::PARTITION, change.event_type(), Some(&payload));
    }

    fn report(self, problem: Option<&str>) -> Report {
        let problem = problem.map(str::to_owned);
        let verified = Verified { events: self.offset, checkpoints: 1, problem };
        let settings = Settings { retention_days: Some(30), ..Settings::new("Acme") };
        let tenant = Name::new("acme").unwrap();
        let made_at = Timestamp::from_micros(UNTIL + 1);
        self.collector.report(tenant, made_at, Some(settings), verified)
    }
}

fn activate(version: u64) -> policies::Change {
    let digest = Digest::of(b"text");
    policies::Change::Activate(Active { version, form: Form::Cedar, digest })
}

fn sealed(decision: &str, codes: &[&str]) -> Vec<u8> {
    let reasons: Vec<String> =
        codes.iter().map(|code| format!(r#"{{"code":"{code}","message":"<m>"}}"#)).collect();
    format!(r#"{{"decision":"{decision}","reasons":[{}]}}"#, reasons.join(",")).into_bytes()
}

fn busy() -> Log {
    let mut log = Log::new();
    log.policy(1, "base", activate(1));
    log.policy(2, "old", activate(1));
    log.policy(FROM, "base", activate(2));
    log.policy(FROM + 1, "old", policies::Change::Retire { version: 1 });
    // It came too late, and changed nothing.
    log.policy(FROM + 2, "base", activate(2));
    for (at, approved) in [(1, true), (FROM, true), (FROM + 1, false), (UNTIL, true)] {
        let payload = format!(r#"{{"approved":{approved},"request_hash":"{}"}}"#, "0".repeat(64));
        log.take(at, "runs", "run.accepted", Some(payload.as_bytes()));
    }
    log.take(FROM + 3, "runs", "run.sealed", Some(&sealed("ALLOW", &[])));
    let twice = ["severity_denied", "severity_denied", "policy_denied"];
    log.take(FROM + 4, "runs", "run.sealed", Some(&sealed("DENY", &twice)));
    log.take(FROM + 5, "runs", "run.sealed", None);
    log.take(FROM + 6, "admission", "request.refused", Some(br#"{"reason":"simulation_only"}"#));
    let redacted = br#"{"leaf_index":7,"reason":"<script>alert(1)</script>"}"#;
    log.take(FROM + 7, "admin", "event.redacted", Some(redacted));
    let limits = Limits::default().with(Resource::Compositions, Some(1));
    for key in ["a", "b"] {
        let amounts = Amounts::default().with(Resource::Compositions, 1);
        let quota = Quota { limits, window_s: 3_600 };
        let payload = Encoder::encode(&Reservation { key: key.to_owned(), amounts, quota });
        log.take(FROM + 8, control::QUOTA_PARTITION, control::QUOTA_RESERVED, Some(&payload));
    }
    let amounts = Amounts::default().with(Resource::Bytes, 9);
    let settlement = Settlement { key: "a".to_owned(), amounts, outcome: Outcome::Sealed };
    let payload = Encoder::encode(&settlement);
    log.take(FROM + 9, control::QUOTA_PARTITION, control::QUOTA_SETTLED, Some(&payload));
    let run = RunId::parse(&format!("run_{:032x}", 1)).unwrap();
    let other = RunId::parse(&format!("run_{:032x}", 2)).unwrap();
    let hold = retention::Change::Hold { reason: "case 7".to_owned() };
    let erase = retention::Change::Erase(retention::Cause::Retention);
    for (run, change) in [(run, hold), (other, erase)] {
        let payload = change.payload(&run);
        let partition = control::RETENTION_PARTITION;
        log.take(FROM + 10, partition, change.event_type(), Some(&payload));
    }
    log
}

#[test]
fn what_happened_in_the_period_is_counted() {
    let report = busy().report(None);
    let Activity { decisions, reasons, refusals, .. } = &report.activity;
    assert_eq!(report.activity.accepted, 2);
    assert_eq!(decisions, &BTreeMap::from([(Decision::Allow, 1), (Decision::Deny, 1)]));
    let counted = |pairs: &[(&str, u64)]| -> BTreeMap<String, u64> {
        pairs.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect()
    };
    assert_eq!(reasons, &counted(&[("policy_denied", 1), ("severity_denied", 1)]));
    assert_eq!(refusals, &counted(&[("simulation_only", 1)]));
    assert_eq!(report.activity.approvals.count, 1);
    assert_eq!(report.activity.policy_changes.count, 2);
    let in_force: Vec<(&str, u64)> =
        report.policies.iter().map(|(name, active)| (name.as_str(), active.version)).collect();
    assert_eq!(in_force, [("base", 2)]);
    assert_eq!((report.activity.reservations, report.activity.quota_refusals), (2, 1));
    assert_eq!(report.activity.used.get(Resource::Bytes), 9);
    assert_eq!((report.activity.erased_keys.count, report.activity.holds.count), (1, 1));
    assert_eq!((report.held, report.activity.unread), (1, 1));
    assert_eq!(report.activity.redactions.listed[0].subject, "leaf 7");
    let json = Encoder::encode(&report);
    let value = parse(&json).unwrap();
    assert_eq!(value.get("schema").and_then(Value::as_str), Some(COMPLIANCE_SCHEMA));
    assert_eq!(json, Encoder::encode(&busy().report(None)));
}

#[test]
fn the_page_stands_alone_and_runs_nothing() {
    let page = busy().report(None).to_html();
    for said in ["Tenant <b>acme</b>", "Verified: all", "kept for 30 days", "case 7", "base"] {
        assert!(page.contains(said), "{said}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    for never in ["<script", "src=", "href=", "url(", "@import", "<link", "<img"] {
        assert!(!page.contains(never), "{never}");
    }
    let broken = busy().report(Some("event 3 has another hash")).to_html();
    assert!(broken.contains("does not verify: event 3 has another hash"));
    assert!(Log::new().report(None).to_html().contains("None: everything was denied."));
}

#[test]
fn lists_have_an_end_and_counts_do_not() {
    let mut log = Log::new();
    for _ in 0..=MAX_LISTED {
        log.take(FROM, "admin", "event.redacted", Some(br#"{"leaf_index":7,"reason":""}"#));
    }
    let report = log.report(None);
    assert_eq!(report.activity.redactions.count, MAX_LISTED as u64 + 1);
    assert_eq!(report.activity.redactions.listed.len(), MAX_LISTED);
    assert!(report.to_html().contains("1 more are counted, and not listed"));
}

proptest! {
    /// No event of any log makes the report panic, and every one of the period is counted.
    #[test]
    fn any_log_has_a_report(
        events in prop::collection::vec((0_usize..12, 0_usize..4, 0_u64..3, prop::option::of(any::<u8>())), 0..40),
    ) {
        let types = [
            "run.accepted", "run.sealed", "request.refused", "event.redacted", "unknown",
            control::POLICY_ACTIVATED, control::POLICY_RETIRED, control::EVIDENCE_ERASED,
            control::EVIDENCE_HELD, control::EVIDENCE_RELEASED, control::QUOTA_RESERVED,
            control::QUOTA_SETTLED,
        ];
        let partitions =
            ["runs", control::PARTITION, control::QUOTA_PARTITION, control::RETENTION_PARTITION];
        let mut log = Log::new();
        let mut expected = 0;
        for (kind, partition, moment, payload) in events {
            let payload = payload.map(|byte| format!(r#"{{"version":{byte},"name":"x"}}"#));
            let at = [1, FROM, UNTIL][usize::try_from(moment).unwrap()];
            expected += u64::from(at == FROM);
            let payload = payload.as_ref().map(|text| text.as_bytes());
            log.take(at, partitions[partition], types[kind], payload);
        }
        let report = log.report(None);
        prop_assert_eq!(report.activity.events.values().sum::<u64>(), expected);
        prop_assert!(report.activity.unread <= expected);
        prop_assert!(!Encoder::encode(&report).is_empty());
        prop_assert!(report.to_html().ends_with("</html>\n"));
    }
}
