//! Entries, and what can be said about them when they are read.

use std::str::FromStr;

use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Digest, Name, RunId, Timestamp};

use super::Redactor;

/// What an entry is about, and so how it goes out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drift {
    /// What a person prefers; changes with the person.
    User,
    /// What was said about earlier work; changes with more of it.
    Feedback,
    /// Facts of a project; change with its files.
    Project,
}

impl Drift {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Drift::User => "user",
            Drift::Feedback => "feedback",
            Drift::Project => "project",
        }
    }
}

/// A word that is no drift type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a drift type is user, feedback or project")]
pub struct UnknownDrift;

impl FromStr for Drift {
    type Err = UnknownDrift;
    fn from_str(word: &str) -> Result<Self, UnknownDrift> {
        match word {
            "user" => Ok(Drift::User),
            "feedback" => Ok(Drift::Feedback),
            "project" => Ok(Drift::Project),
            _ => Err(UnknownDrift),
        }
    }
}

/// What an entry was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, such as a path.
    pub name: String,
    /// Its digest when the entry was written.
    pub digest: Digest,
}

/// An entry to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryDraft {
    /// The name under which it is replaced.
    pub key: String,
    /// The text.
    pub body: String,
    /// What it is about.
    pub drift: Drift,
    /// The run that it belongs to.
    pub run: Option<RunId>,
    /// What it was made from.
    pub source: Option<Source>,
    /// When.
    pub written_at: Timestamp,
}

impl EntryDraft {
    /// With every free text redacted.
    pub(super) fn redacted(mut self, redact: Redactor) -> Self {
        self.key = redact(&self.key);
        self.body = redact(&self.body);
        if let Some(source) = &mut self.source {
            source.name = redact(&source.name);
        }
        self
    }

    /// The hash over all of it, body included.
    pub(super) fn hash(&self, tenant: &Name) -> Digest {
        Digest::of_canonical(&Hashed(tenant, self))
    }
}

/// An entry as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the order of all writes.
    pub sequence: u64,
    /// The hash that was stored with it and that it has.
    pub hash: Digest,
    /// What was written.
    pub draft: EntryDraft,
}

/// Whether the source of an entry is still what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The source has the digest that it had.
    Current,
    /// The source has another.
    Stale,
    /// The source is gone.
    SourceMissing,
    /// The entry names no source.
    NoSource,
}

impl Freshness {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Freshness::Current => "current",
            Freshness::Stale => "stale",
            Freshness::SourceMissing => "source_missing",
            Freshness::NoSource => "no_source",
        }
    }
}

/// How long ago an entry was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// Less than a minute.
    Fresh,
    /// Less than an hour.
    Hour,
    /// Less than a day.
    Day,
    /// A day or more.
    Older,
    /// Later than now: a clock was wrong.
    Future,
}

impl Age {
    /// The age at `now` of what was written at `then`.
    pub fn between(then: Timestamp, now: Timestamp) -> Age {
        const MINUTE: u64 = 60 * 1_000_000;
        const HOUR: u64 = 60 * MINUTE;
        const DAY: u64 = 24 * HOUR;
        match now.as_micros().checked_sub(then.as_micros()) {
            None => Age::Future,
            Some(..MINUTE) => Age::Fresh,
            Some(..HOUR) => Age::Hour,
            Some(..DAY) => Age::Day,
            Some(_) => Age::Older,
        }
    }

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Age::Fresh => "fresh",
            Age::Hour => "hour",
            Age::Day => "day",
            Age::Older => "older",
            Age::Future => "future",
        }
    }
}

impl Entry {
    /// Whether the source is still what it was. `digest` gives the digest that a
    /// source has now, or nothing when it is gone.
    pub fn freshness(&self, digest: impl FnOnce(&str) -> Option<Digest>) -> Freshness {
        let Some(source) = &self.draft.source else { return Freshness::NoSource };
        match digest(&source.name) {
            None => Freshness::SourceMissing,
            Some(now) if now == source.digest => Freshness::Current,
            Some(_) => Freshness::Stale,
        }
    }

    /// How long ago it was written, at `now`.
    pub fn age(&self, now: Timestamp) -> Age {
        Age::between(self.draft.written_at, now)
    }
}

struct Hashed<'a>(&'a Name, &'a EntryDraft);

impl ToCanonical for Hashed<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Hashed(tenant, EntryDraft { key, body, drift, run, source, written_at }) = self;
        encoder.object(|o| {
            o.field("body", body)
                .field("drift", drift.as_str())
                .field("key", key)
                .field("run", run)
                .field("schema", "pi.memory.entry/1")
                .field("source", source)
                .field("tenant", *tenant)
                .field("written_at", written_at);
        });
    }
}

impl ToCanonical for Source {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Source { name, digest } = self;
        encoder.object(|o| {
            o.field("digest", digest).field("name", name);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_sharp_borders() {
        let second = |seconds: u64| Timestamp::from_micros(seconds * 1_000_000);
        let day = 86_400;
        for (then, now, age) in [
            (100, 100, Age::Fresh),
            (100, 159, Age::Fresh),
            (100, 160, Age::Hour),
            (100, 3_699, Age::Hour),
            (100, 3_700, Age::Day),
            (100, 99 + day, Age::Day),
            (100, 100 + day, Age::Older),
            (100, 99, Age::Future),
        ] {
            assert_eq!(Age::between(second(then), second(now)), age, "{then} {now}");
        }
    }

    #[test]
    fn words_of_drift_are_read_back() {
        for drift in [Drift::User, Drift::Feedback, Drift::Project] {
            assert_eq!(drift.as_str().parse(), Ok(drift));
        }
        assert_eq!("other".parse::<Drift>(), Err(UnknownDrift));
    }
}
