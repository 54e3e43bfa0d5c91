//! Carrying out effects behind breakers.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use pi_core::canonical::{Encoder, Object, Value, parse};
use pi_core::{Digest, Name, Reason};
use pi_event_fabric::{HeaderView, RunField};
use pi_kernel::breaker::{self, Breaker, BreakerChange, BreakerState};
use pi_kernel::capability::ArtifactType;
use pi_kernel::effect::{Effect, EffectOutcome};
use pi_kernel::record::Record;

use crate::journal::{Journal, JournalError};

/// The partition of breakers.
pub const SCHEDULER: &str = "scheduler";

/// How often a change is applied again because others came first.
const MAX_CONTENTION: usize = 64;

/// The breakers of a tenant, kept in its log.
pub struct Breakers {
    journal: Journal,
    read: breaker::Breakers,
    /// The offset behind the last event that was read.
    next: u64,
}

impl Breakers {
    /// Reads the breakers from the log.
    pub fn load(journal: &Journal) -> Result<Self, JournalError> {
        let mut breakers =
            Self { journal: journal.clone(), read: breaker::Breakers::default(), next: 1 };
        breakers.refresh()?;
        Ok(breakers)
    }

    /// Reads what has changed since: other runs, here and in other processes, change
    /// the same breakers. Gives the offsets of the changes that count.
    fn refresh(&mut self) -> Result<Vec<u64>, JournalError> {
        let (partition, mut changes) = (name()?, Vec::new());
        loop {
            let page = self.journal.store().partition(&partition, self.next, 1_024)?;
            if page.is_empty() {
                return Ok(changes);
            }
            for event in page {
                let unreadable = || JournalError::Record {
                    record: format!("leaf {}", event.leaf_index),
                    problem: "its header cannot be read".to_owned(),
                };
                let view = HeaderView::parse(&event.header).ok_or_else(unreadable)?;
                self.next = view.offset + 1;
                let payload = event.content.as_ref().and_then(|(_, payload)| parse(payload).ok());
                let counts = self.read.take(view.offset, &payload.unwrap_or(Value::Null));
                changes.extend(counts.then_some(view.offset));
            }
        }
    }

    /// All breakers that ever changed, by capability.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Breaker)> {
        self.read.iter()
    }

    /// Has one attempt carried out by `carry_out`, unless the breaker is open at this
    /// moment. Both what it lets through and how that ends are in the log.
    pub fn guard(
        &mut self,
        capability: &str,
        carry_out: impl FnOnce() -> EffectOutcome,
    ) -> Result<EffectOutcome, JournalError> {
        let now = self.journal.now();
        if let Err(reason) = self.change(capability, |breaker| breaker.admit(now))? {
            return Ok(EffectOutcome::Refused(reason));
        }
        let outcome = carry_out();
        let succeeded = matches!(outcome, EffectOutcome::Done { .. });
        let now = self.journal.now();
        // Where others leave no room for it, they have said enough.
        let _ = self.change(capability, |breaker| {
            breaker.ended(succeeded, now);
            Ok(())
        })?;
        Ok(outcome)
    }

    /// Applies a change to the breaker as the log has it now, and records it when there
    /// is one. Where another change came first, this one does not count, and it is
    /// applied to what the other made of it.
    fn change(
        &mut self,
        capability: &str,
        change: impl Fn(&mut Breaker) -> Result<(), Reason>,
    ) -> Result<Result<(), Reason>, JournalError> {
        self.refresh()?;
        for _ in 0..MAX_CONTENTION {
            let (before, after) = (self.read.of(capability), self.read.last(capability));
            let mut breaker = before;
            let result = change(&mut breaker);
            // A new probe in the place of a lost one is a change, too.
            let probes = breaker.state() == BreakerState::HalfOpen && breaker != before;
            let looks = |breaker: &Breaker| (breaker.state(), breaker.failures());
            if looks(&breaker) == looks(&before) && !probes {
                return Ok(result);
            }
            let payload = Encoder::encode(&BreakerChange { after, capability, breaker: &breaker });
            let record = Record {
                schema: "pi.breaker",
                schema_version: 2,
                event_type: "breaker.changed",
                payload,
            };
            let draft = self.journal.draft(SCHEDULER, RunField::None, record)?;
            let appended = self.journal.store().append(vec![draft])?;
            let changes = self.refresh()?;
            if appended.places.iter().any(|place| changes.contains(&place.offset)) {
                return Ok(result);
            }
        }
        // Whoever cannot get a word in lets nothing through.
        Ok(Err(Reason::CircuitOpen))
    }
}

fn name() -> Result<Name, JournalError> {
    Name::new(SCHEDULER).map_err(|error| JournalError::Record {
        record: SCHEDULER.to_owned(),
        problem: error.to_string(),
    })
}

/// Effects on this machine.
pub struct LocalEffects {
    breakers: Breakers,
}

impl LocalEffects {
    /// Effects behind the breakers of a tenant.
    pub fn new(journal: &Journal) -> Result<Self, JournalError> {
        Ok(Self { breakers: Breakers::load(journal)? })
    }

    /// Carries out one attempt.
    pub fn perform(
        &mut self,
        capability: &str,
        effect: &Effect,
    ) -> Result<EffectOutcome, JournalError> {
        self.breakers.guard(capability, || match effect {
            Effect::WriteFile { path, bytes } => match write_whole(Path::new(path), bytes) {
                Ok(()) => EffectOutcome::Done {
                    artifact_type: ArtifactType::EffectReport,
                    report: written(path, bytes),
                },
                // The kind only: the system's own text differs between machines.
                Err(error) => EffectOutcome::Failed { detail: error.kind().to_string() },
            },
        })
    }
}

fn written(path: &str, bytes: &[u8]) -> Value {
    let members: [(&str, Value); 3] = [
        ("bytes", Value::from(bytes.len() as u64)),
        ("digest", Value::from(Digest::of(bytes).to_hex().as_str())),
        ("path", Value::from(path)),
    ];
    Value::Object(Object::from(members.map(|(key, value)| (key.to_owned(), value))))
}

/// Writes a file whole or not at all: beside it, synced, then renamed.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let name = path.file_name().ok_or(std::io::ErrorKind::InvalidInput)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let beside = folder.join(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let result = written
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| File::open(folder)?.sync_all());
    if result.is_err() {
        // Nothing is left beside; if it cannot be removed it is only litter.
        let _ = fs::remove_file(&beside);
    }
    result
}
