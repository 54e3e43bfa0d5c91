//! The rules by which an interrupted run goes on.
//!
//! The run is executed again from its beginning. What it says is compared with
//! what was recorded, record by record, and only what lies behind the end of the
//! record is appended. An effect is carried out only when nothing was recorded of
//! it: one that was announced and never concluded may have happened, so its
//! outcome is unknown and it is not repeated.
//!
//! What depended on time stands as recorded, because time is no input: an examination
//! that ran out of it is not made again, and one that runs out of it only now is no
//! difference between record and execution.

use std::collections::BTreeMap;

use pi_core::Reason;
use pi_core::canonical::{Value, parse};

use crate::effect::EffectOutcome;
use crate::record::Record;

/// Events of a run that its execution does not say itself.
pub const ASIDE: &[&str] = &["run.accepted", "run.resumed"];

/// A recorded event of the run: its type and its payload.
pub type Recorded<'a> = (&'a str, &'a [u8]);

/// The execution does not say what was recorded at a position, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Departed {
    /// The same inputs give another record now.
    #[error("record {0} is not what the same inputs give now")]
    Diverged(u64),
    /// An examination that ended then does not end in time now.
    #[error("record {0} cannot be compared: the examination did not end in time now")]
    TimedOut(u64),
}

impl Departed {
    /// The reason code.
    pub const fn reason(self) -> Reason {
        match self {
            Departed::Diverged(_) => Reason::ReplayDiverged,
            Departed::TimedOut(_) => Reason::ReplayTimedOut,
        }
    }
}

/// How far an examination came that ran out of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimedOut {
    /// Nothing is known of it.
    Wholly,
    /// So many votes were cast, over all its agents.
    After(u64),
}

/// What in a record depended on time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timed {
    /// By node and artifact.
    examinations: BTreeMap<String, BTreeMap<u64, TimedOut>>,
    stopped: bool,
    /// Votes behind the newest coverage.
    votes: u64,
}

/// Votes of one agent on one artifact.
const VOTES: u64 = 3;

impl Timed {
    /// Takes the next record of the run.
    pub fn take(&mut self, event_type: &str, payload: &[u8]) {
        match event_type {
            "coverage.issued" => self.votes = 0,
            "receipt.issued" => {}
            _ => return,
        }
        // Nearly no record has anything to say here.
        if says(payload, STOPPED) || says(payload, CANCELLED) {
            self.stopped = true;
        } else if says(payload, TIMED_OUT)
            && let Ok(record) = parse(payload)
        {
            self.examination(&record);
        }
        if event_type == "receipt.issued" {
            self.votes += VOTES;
        }
    }

    fn examination(&mut self, record: &Value) {
        let node = record.get("node").and_then(Value::as_str);
        let artifact = record.get("artifact").and_then(Value::as_u64);
        let (Some(node), Some(artifact)) = (node, artifact) else { return };
        let timed_out = match record.get("votes").and_then(Value::as_array) {
            None => TimedOut::Wholly,
            Some(votes) => {
                let cast = votes.iter().take_while(|vote| vote.as_str().is_some()).count();
                TimedOut::After(self.votes + cast as u64)
            }
        };
        // Behind the first vote that is missing, all are.
        let node = self.examinations.entry(node.to_owned()).or_default();
        node.entry(artifact).or_insert(timed_out);
    }

    /// How far the examination of an artifact for a node came, if it ran out of time.
    pub fn examination_of(&self, node: &str, artifact: u64) -> Option<TimedOut> {
        self.examinations.get(node)?.get(&artifact).copied()
    }

    /// Number of examinations that ran out of time.
    pub fn examinations(&self) -> u64 {
        self.examinations.values().map(|node| node.len() as u64).sum()
    }

    /// Whether the run was stopped: by its deadline, or by somebody.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }
}

/// Members of canonical records. Text inside of a string has its quotes escaped.
const TIMED_OUT: &[u8] = br#""status":"TIMEOUT""#;
const STOPPED: &[u8] = br#""reason":"deadline_exceeded""#;
const CANCELLED: &[u8] = br#""reason":"run_cancelled""#;

fn says(payload: &[u8], member: &[u8]) -> bool {
    payload.windows(member.len()).any(|part| part == member)
}

/// Whether a record says that an examination ran out of time.
pub fn is_late(said: &Record) -> bool {
    matches!(said.event_type, "coverage.issued" | "receipt.issued")
        && says(&said.payload, TIMED_OUT)
}

/// What becomes of an attempt at an effect that the resumed run asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Attempt {
    /// It was concluded: this came of it.
    Concluded(EffectOutcome),
    /// It was announced before the interruption, and nobody heard what came of it.
    Unknown,
    /// Nothing was recorded of it: it is carried out.
    New,
}

/// A resumed run as far as it was compared.
#[derive(Clone, Debug, Default)]
pub struct Comparing {
    position: u64,
    /// The last record that was compared announced an attempt.
    announced: bool,
}

impl Comparing {
    /// Takes what the run says next and what was recorded there. Gives the record
    /// back when it lies behind the end of what was recorded and must be appended.
    pub fn take(
        &mut self,
        recorded: Option<Recorded<'_>>,
        said: Record,
    ) -> Result<Option<Record>, Departed> {
        let Some((event_type, payload)) = recorded else {
            self.announced = false;
            return Ok(Some(said));
        };
        if (event_type, payload) != (said.event_type, said.payload.as_slice()) {
            let departed = if is_late(&said) { Departed::TimedOut } else { Departed::Diverged };
            return Err(departed(self.position));
        }
        self.position += 1;
        self.announced = said.event_type == "effect.announced";
        Ok(None)
    }

    /// What becomes of the attempt that was said last, where `recorded` follows it.
    /// While there are records left, nothing is carried out.
    pub fn attempt(&self, recorded: Option<Recorded<'_>>) -> Result<Attempt, Departed> {
        match recorded {
            None if self.announced => Ok(Attempt::Unknown),
            None => Ok(Attempt::New),
            Some(("effect.concluded", payload)) => parse(payload)
                .ok()
                .and_then(|value| EffectOutcome::from_value(&value))
                .map(Attempt::Concluded)
                .ok_or(Departed::Diverged(self.position)),
            Some(_) => Err(Departed::Diverged(self.position)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(event_type: &'static str, payload: &str) -> Record {
        Record { schema: "s", schema_version: 1, event_type, payload: payload.as_bytes().to_vec() }
    }

    #[test]
    fn what_lies_behind_the_record_is_new() {
        let mut comparing = Comparing::default();
        let said = record("receipt.issued", "{}");
        assert_eq!(comparing.take(Some(("receipt.issued", b"{}")), said.clone()), Ok(None));
        assert_eq!(comparing.take(None, said.clone()), Ok(Some(said.clone())));
        assert_eq!(
            comparing.take(Some(("receipt.issued", b"[]")), said),
            Err(Departed::Diverged(1))
        );
    }

    #[test]
    fn what_runs_out_of_time_only_now_is_no_divergence() {
        let mut comparing = Comparing::default();
        let late = record("receipt.issued", r#"{"status":"TIMEOUT"}"#);
        let recorded = ("receipt.issued", &br#"{"status":"SUCCESS"}"#[..]);
        assert_eq!(comparing.take(Some(recorded), late.clone()), Err(Departed::TimedOut(0)));
        assert_eq!(comparing.take(None, late.clone()), Ok(Some(late)));
    }

    #[test]
    fn a_time_out_is_found_behind_the_votes_before_it() {
        let mut timed = Timed::default();
        let receipt = |status: &str, votes: &str| {
            format!(r#"{{"artifact":7,"node":"n","status":"{status}","votes":{votes}}}"#)
        };
        timed.take("coverage.issued", br#"{"artifact":7,"node":"n","status":"SUCCESS"}"#);
        timed.take("receipt.issued", receipt("SUCCESS", r#"["a","b","c"]"#).as_bytes());
        timed.take("receipt.issued", receipt("TIMEOUT", r#"["a",null,null]"#).as_bytes());
        timed.take("receipt.issued", receipt("TIMEOUT", "[null,null,null]").as_bytes());
        timed.take("coverage.issued", br#"{"artifact":8,"node":"n","status":"TIMEOUT"}"#);
        let node = br#"{"artifact":null,"node":"n","status":"TIMEOUT","votes":[]}"#;
        timed.take("receipt.issued", node);
        assert_eq!(timed.examination_of("n", 7), Some(TimedOut::After(4)));
        assert_eq!(timed.examination_of("n", 8), Some(TimedOut::Wholly));
        assert_eq!((timed.examinations(), timed.is_stopped()), (2, false));
        timed.take("receipt.issued", br#"{"node":"n","reason":"run_cancelled"}"#);
        assert!(timed.is_stopped());
    }

    #[test]
    fn an_announced_attempt_is_not_carried_out_again() {
        let mut comparing = Comparing::default();
        let announced = || record("effect.announced", "{}");
        assert_eq!(comparing.attempt(None), Ok(Attempt::New));
        comparing.take(None, announced()).unwrap();
        assert_eq!(comparing.attempt(None), Ok(Attempt::New), "announced by this process");
        comparing.take(Some(("effect.announced", b"{}")), announced()).unwrap();
        assert_eq!(comparing.attempt(None), Ok(Attempt::Unknown));
        let unknown = br#"{"outcome":"unknown"}"#;
        let concluded = comparing.attempt(Some(("effect.concluded", unknown)));
        assert_eq!(concluded, Ok(Attempt::Concluded(EffectOutcome::Unknown)));
    }

    #[test]
    fn nothing_is_carried_out_while_records_are_left() {
        let comparing = Comparing::default();
        for left in [("receipt.issued", &b"{}"[..]), ("effect.concluded", b""), ("x", b"{}")] {
            assert_eq!(comparing.attempt(Some(left)), Err(Departed::Diverged(0)));
        }
    }
}
