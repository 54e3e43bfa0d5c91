//! Quotas: how much of what a tenant may use within a window of time.
//!
//! Before it runs, a composition reserves what it may use; afterwards it settles, and
//! what it did not use is free again. Both are events of the tenant's log. Whether a
//! reservation is granted follows from those before it in the log, and from the limits
//! that it names itself. Two servers over one log therefore agree without asking each
//! other: each appends its reservation, folds the log up to there ([`Usage::apply`]),
//! and reads the verdict.
//!
//! The window slides: what was used counts until it is older than the window. It is
//! forgotten in slices of a 64th of the window, always late and never early, so that
//! memory is bounded and nothing is granted twice around a boundary.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, ToCanonical, Value};
use pi_core::{Reason, Timestamp};
use pi_event_fabric::control;

pub use pi_event_fabric::control::QUOTA_PARTITION as PARTITION;

/// Seconds of the shortest window.
pub const MIN_WINDOW_S: u64 = 1;
/// Seconds of the longest window: 31 days.
pub const MAX_WINDOW_S: u64 = 31 * 24 * 3_600;

/// Reservations that are not settled yet, at most.
pub const MAX_IN_FLIGHT: usize = 10_000;
/// Bytes of a key at most.
pub const MAX_KEY_BYTES: usize = 128;
/// Verdicts that are remembered.
const MAX_VERDICTS: usize = 4_096;
/// Slices of a window.
const SLICES: u64 = 64;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Bytes of inputs.
    Bytes,
    /// Compositions that were submitted.
    Compositions,
    /// Compositions that were executed.
    Executions,
    /// Nodes of executed compositions.
    Nodes,
    /// Workers that executed them.
    Workers,
}

impl Resource {
    /// Everything that is counted, in the order of the names.
    pub const ALL: [Resource; 5] = [
        Resource::Bytes,
        Resource::Compositions,
        Resource::Executions,
        Resource::Nodes,
        Resource::Workers,
    ];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Resource::Bytes => "bytes",
            Resource::Compositions => "compositions",
            Resource::Executions => "executions",
            Resource::Nodes => "nodes",
            Resource::Workers => "workers",
        }
    }
}

/// A value for each resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Each<T>([T; Resource::ALL.len()]);

/// How much of each resource.
pub type Amounts = Each<u64>;
/// How much of each resource at most; `None` is no limit.
pub type Limits = Each<Option<u64>>;

impl<T: Copy> Each<T> {
    /// A value for each resource.
    pub fn of(value: impl FnMut(Resource) -> T) -> Self {
        Self(Resource::ALL.map(value))
    }

    /// The value of one resource.
    pub fn get(&self, resource: Resource) -> T {
        let Self([bytes, compositions, executions, nodes, workers]) = *self;
        match resource {
            Resource::Bytes => bytes,
            Resource::Compositions => compositions,
            Resource::Executions => executions,
            Resource::Nodes => nodes,
            Resource::Workers => workers,
        }
    }

    /// The same with another value of one resource.
    #[must_use]
    pub fn with(self, resource: Resource, value: T) -> Self {
        Self::of(|other| if other == resource { value } else { self.get(other) })
    }

    fn read(json: &Value, item: impl Fn(&Value) -> Option<T>) -> Option<Self> {
        let members = json.as_object()?;
        let mut values = Vec::with_capacity(Resource::ALL.len());
        for resource in Resource::ALL {
            values.push(item(members.get(resource.as_str())?)?);
        }
        let values = <[T; Resource::ALL.len()]>::try_from(values).ok()?;
        (members.len() == Resource::ALL.len()).then_some(Self(values))
    }
}

impl Amounts {
    /// Reads the recorded form.
    pub fn from_value(json: &Value) -> Option<Self> {
        Self::read(json, Value::as_u64)
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self::of(|resource| self.get(resource).saturating_add(other.get(resource)))
    }

    fn minus(&self, other: &Self) -> Self {
        Self::of(|resource| self.get(resource).saturating_sub(other.get(resource)))
    }
}

impl Limits {
    /// Whether nothing is limited, so that nothing needs to be reserved.
    pub fn is_unlimited(&self) -> bool {
        Resource::ALL.iter().all(|resource| self.get(*resource).is_none())
    }

    /// Reads the recorded form.
    pub fn from_value(json: &Value) -> Option<Self> {
        Self::read(json, |value| match value {
            Value::Null => Some(None),
            value => value.as_u64().map(Some),
        })
    }
}

impl<T: ToCanonical + Copy> ToCanonical for Each<T> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| {
            for resource in Resource::ALL {
                o.field(resource.as_str(), &self.get(resource));
            }
        });
    }
}

/// What a tenant may use within any window of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How much of each resource.
    pub limits: Limits,
    /// Seconds of the window.
    pub window_s: u64,
}

impl Quota {
    /// No limits.
    pub fn unlimited() -> Self {
        Self { limits: Limits::default(), window_s: 3_600 }
    }

    /// What a new tenant gets when nobody says anything else: in an hour 100
    /// compositions of 64 nodes, and 8 GiB of inputs.
    pub fn standard() -> Self {
        let limits = Limits::of(|resource| match resource {
            Resource::Compositions | Resource::Executions => Some(100),
            Resource::Nodes => Some(6_400),
            Resource::Bytes => Some(8 << 30),
            Resource::Workers => None,
        });
        Self { limits, window_s: 3_600 }
    }

    /// Whether the window has an allowed length.
    pub fn is_valid(&self) -> bool {
        (MIN_WINDOW_S..=MAX_WINDOW_S).contains(&self.window_s)
    }

    /// Reads the recorded form.
    pub fn from_value(json: &Value) -> Option<Self> {
        let limits = Limits::from_value(json.get("limits")?)?;
        let quota = Self { limits, window_s: json.get("window_s")?.as_u64()? };
        quota.is_valid().then_some(quota)
    }
}

impl ToCanonical for Quota {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Quota { limits, window_s } = self;
        encoder.object(|o| {
            o.field("limits", limits).field("window_s", window_s);
        });
    }
}

/// The intent to use: the payload of `quota.reserved`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// What names it in the tenant: its settlement has the same key.
    pub key: String,
    /// What may be used.
    pub amounts: Amounts,
    /// The quota under which it is asked.
    pub quota: Quota,
}

impl Reservation {
    /// The type of its event.
    pub const EVENT_TYPE: &'static str = control::QUOTA_RESERVED;
    /// The schema of its payload.
    pub const SCHEMA: &'static str = "pi.quota.reserved";

    fn from_value(json: &Value) -> Option<Self> {
        Some(Self {
            key: json.get("key")?.as_str().filter(|key| key.len() <= MAX_KEY_BYTES)?.to_owned(),
            amounts: Amounts::from_value(json.get("amounts")?)?,
            quota: Quota::from_value(json.get("quota")?)?,
        })
    }
}

impl ToCanonical for Reservation {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Reservation { key, amounts, quota } = self;
        encoder.object(|o| {
            o.field("amounts", amounts).field("key", key).field("quota", quota);
        });
    }
}

/// What became of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The run ended with a decision.
    Sealed,
    /// The request was refused.
    Refused,
    /// The run ended without a decision.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 3] = [Outcome::Sealed, Outcome::Refused, Outcome::Failed];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Sealed => "sealed",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        }
    }
}

/// What was used in the end: the payload of `quota.settled`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The key of the reservation.
    pub key: String,
    /// What was used. More than was reserved counts as well.
    pub amounts: Amounts,
    /// What became of it.
    pub outcome: Outcome,
}

impl Settlement {
    /// The type of its event.
    pub const EVENT_TYPE: &'static str = control::QUOTA_SETTLED;
    /// The schema of its payload.
    pub const SCHEMA: &'static str = "pi.quota.settled";

    fn from_value(json: &Value) -> Option<Self> {
        let word = json.get("outcome")?.as_str()?;
        Some(Self {
            key: json.get("key")?.as_str()?.to_owned(),
            amounts: Amounts::from_value(json.get("amounts")?)?,
            outcome: Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == word)?,
        })
    }
}

impl ToCanonical for Settlement {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Settlement { key, amounts, outcome } = self;
        encoder.object(|o| {
            o.field("amounts", amounts).field("key", key).field("outcome", outcome.as_str());
        });
    }
}

/// Why a reservation is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A limit would be exceeded.
    #[error(
        "{used} of {limit} {} are used within {window_s} s, and {asked} more are asked; {}",
        resource.as_str(),
        frees(*retry_after_s)
    )]
    Exceeded {
        /// What there is not enough of.
        resource: Resource,
        /// How much there is at most.
        limit: u64,
        /// How much is reserved and used.
        used: u64,
        /// How much is asked.
        asked: u64,
        /// Seconds of the window.
        window_s: u64,
        /// Seconds until enough is free; none when more is asked than the limit.
        retry_after_s: Option<u64>,
    },
    /// Too many reservations are not settled.
    #[error("{MAX_IN_FLIGHT} reservations are not settled yet, which is the most there can be")]
    InFlight,
    /// A reservation of this key is not settled.
    #[error("a reservation with the key `{0}` is not settled yet")]
    Repeated(String),
}

fn frees(retry_after_s: Option<u64>) -> String {
    match retry_after_s {
        Some(seconds) => format!("enough is free in {seconds} s"),
        None => "no window has that many".to_owned(),
    }
}

impl Refusal {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        Reason::QuotaExceeded
    }

    /// Seconds until it may be tried again, when that is known.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Refusal::Exceeded { retry_after_s, .. } => *retry_after_s,
            Refusal::InFlight | Refusal::Repeated(_) => None,
        }
    }
}

/// Why an event cannot be folded in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuotaError {
    /// Its type is unknown to this build.
    #[error("the event type `{0}` of the quota is unknown")]
    UnknownEvent(String),
    /// Its payload cannot be read.
    #[error("an event `{0}` of the quota cannot be read")]
    Unreadable(String),
    /// It was folded in already.
    #[error("the event at offset {0} of the quota was read before")]
    Order(u64),
}

impl QuotaError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            QuotaError::UnknownEvent(_) => Reason::UnknownSchema,
            QuotaError::Unreadable(_) | QuotaError::Order(_) => Reason::LogCorrupt,
        }
    }
}

/// What a tenant has reserved and used: a fold over its partition `quota`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The last offset that was folded in.
    offset: u64,
    /// The window that the slices divide.
    window_s: u64,
    /// By the microsecond at which the slice ends.
    slices: BTreeMap<u64, Amounts>,
    in_flight: BTreeMap<String, Held>,
    verdicts: BTreeMap<u64, Result<(), Refusal>>,
}

/// A granted reservation that is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    slice: u64,
    amounts: Amounts,
}

/// Microseconds of a window, and of its slices.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Span {
    window: u64,
    slice: u64,
}

impl Span {
    fn new(window_s: u64) -> Self {
        let window = window_s.saturating_mul(1_000_000);
        Self { window, slice: (window / SLICES).max(1) }
    }

    /// The end of the slice that holds a moment.
    fn slice(self, at: u64) -> u64 {
        (at / self.slice).saturating_add(1).saturating_mul(self.slice)
    }

    /// When a slice no longer counts.
    fn leaves(self, end: u64) -> u64 {
        end.saturating_add(self.window)
    }

    fn counts(self, end: u64, now: Timestamp) -> bool {
        let now = now.as_micros();
        self.leaves(end) > now && end <= self.leaves(now).saturating_add(self.slice)
    }

    /// Whether a slice is less than two windows away, on either side.
    fn remembers(self, end: u64, now: Timestamp) -> bool {
        let now = now.as_micros();
        let until = self.leaves(self.leaves(now)).saturating_add(self.slice);
        self.leaves(self.leaves(end)) > now && end <= until
    }
}

fn sum(slices: &[(u64, Amounts)]) -> Amounts {
    slices.iter().fold(Amounts::default(), |sum, (_, amounts)| sum.plus(amounts))
}

/// The slice after which no more than `rest` of a resource is used.
fn frees_at(slices: &[(u64, Amounts)], resource: Resource, used: u64, rest: u64) -> Option<u64> {
    let mut used = used;
    slices.iter().find_map(|(end, amounts)| {
        used = used.saturating_sub(amounts.get(resource));
        (used <= rest).then_some(*end)
    })
}

impl Usage {
    /// The last offset that was folded in; 0 before the first.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What is reserved and used within a window that ends now.
    pub fn used(&self, now: Timestamp, window_s: u64) -> Amounts {
        sum(&self.counted(now, window_s))
    }

    /// The reservations that are not settled yet.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// The slices that count now, oldest first. A clock may lag behind another one: what
    /// lies up to a window ahead counts as well.
    fn counted(&self, now: Timestamp, window_s: u64) -> Vec<(u64, Amounts)> {
        let span = Span::new(window_s);
        let slices = self.slices.iter().map(|(end, amounts)| (self.moved(*end, span), *amounts));
        slices.filter(|(end, _)| span.counts(*end, now)).collect()
    }

    /// Where a slice lies when time is divided for another window: in the slice in which
    /// it ends, so that it counts no shorter than before.
    fn moved(&self, end: u64, span: Span) -> u64 {
        if span == Span::new(self.window_s) { end } else { span.slice(end.saturating_sub(1)) }
    }

    /// Whether this much may be reserved now. It costs nothing and writes nothing: who is
    /// over the quota is refused here, before the log hears of it.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, now: Timestamp, quota: &Quota, asked: &Amounts) -> Result<(), Refusal> {
        let (window_s, span) = (quota.window_s, Span::new(quota.window_s));
        let held = |held: &&Held| span.remembers(self.moved(held.slice, span), now);
        if self.in_flight.len() >= MAX_IN_FLIGHT
            && self.in_flight.values().filter(held).count() >= MAX_IN_FLIGHT
        {
            return Err(Refusal::InFlight);
        }
        let counted = self.counted(now, window_s);
        let used = sum(&counted);
        for resource in Resource::ALL {
            let (asked, used) = (asked.get(resource), used.get(resource));
            let Some(limit) = quota.limits.get(resource) else { continue };
            // Nothing of it is asked: what others use does not matter.
            if asked == 0 || used.checked_add(asked).is_some_and(|sum| sum <= limit) {
                continue;
            }
            let rest = limit.checked_sub(asked);
            let frees_at = rest.and_then(|rest| frees_at(&counted, resource, used, rest));
            let wait = |end: u64| span.leaves(end).saturating_sub(now.as_micros());
            let retry_after_s = frees_at.map(|end| wait(end).div_ceil(1_000_000));
            return Err(Refusal::Exceeded {
                resource,
                limit,
                used,
                asked,
                window_s,
                retry_after_s,
            });
        }
        Ok(())
    }

    /// The verdict of the reservation at an offset, if it is among the last ones.
    pub fn grant(&self, offset: u64) -> Option<&Result<(), Refusal>> {
        self.verdicts.get(&offset)
    }

    /// Folds in the event at an offset, recorded at a moment. Events whose payload was
    /// erased are left out. The verdict of a reservation is read by [`Usage::grant`].
    ///
    /// # Errors
    /// The event is of an unknown type, cannot be read, or lies before another one that
    /// was folded in. Nothing changes.
    pub fn apply(
        &mut self,
        offset: u64,
        recorded_at: Timestamp,
        event_type: &str,
        payload: &Value,
    ) -> Result<(), QuotaError> {
        if offset <= self.offset {
            return Err(QuotaError::Order(offset));
        }
        let unreadable = || QuotaError::Unreadable(event_type.to_owned());
        match event_type {
            Reservation::EVENT_TYPE => {
                let reservation = Reservation::from_value(payload).ok_or_else(unreadable)?;
                let verdict = self.reserve(recorded_at, reservation);
                self.verdicts.insert(offset, verdict);
                if self.verdicts.len() > MAX_VERDICTS {
                    self.verdicts.pop_first();
                }
            }
            Settlement::EVENT_TYPE => {
                self.settle(Settlement::from_value(payload).ok_or_else(unreadable)?);
            }
            _ => return Err(QuotaError::UnknownEvent(event_type.to_owned())),
        }
        self.offset = offset;
        Ok(())
    }

    fn reserve(&mut self, at: Timestamp, reservation: Reservation) -> Result<(), Refusal> {
        let Reservation { key, amounts, quota } = reservation;
        let span = Span::new(quota.window_s);
        self.divide(span, quota.window_s);
        self.slices.retain(|end, _| span.remembers(*end, at));
        self.in_flight.retain(|_, held| self.slices.contains_key(&held.slice));
        if self.in_flight.contains_key(&key) {
            return Err(Refusal::Repeated(key));
        }
        self.check(at, &quota, &amounts)?;
        let slice = span.slice(at.as_micros());
        self.add(slice, &amounts);
        self.in_flight.insert(key, Held { slice, amounts });
        Ok(())
    }

    fn add(&mut self, slice: u64, amounts: &Amounts) {
        let sum = self.slices.entry(slice).or_default();
        *sum = sum.plus(amounts);
    }

    /// A reservation that nobody knows was refused, or is older than the window.
    fn settle(&mut self, Settlement { key, amounts, .. }: Settlement) {
        let Some(held) = self.in_flight.remove(&key) else { return };
        if let Some(sum) = self.slices.get_mut(&held.slice) {
            *sum = sum.minus(&held.amounts).plus(&amounts);
        }
    }

    /// Divides time anew when the window changed.
    fn divide(&mut self, span: Span, window_s: u64) {
        if self.window_s == window_s {
            return;
        }
        for (end, amounts) in std::mem::take(&mut self.slices) {
            self.add(self.moved(end, span), &amounts);
        }
        let mut in_flight = std::mem::take(&mut self.in_flight);
        for held in in_flight.values_mut() {
            held.slice = self.moved(held.slice, span);
        }
        self.in_flight = in_flight;
        self.window_s = window_s;
    }
}

#[cfg(test)]
mod tests {
    use pi_core::canonical::parse;
    use pi_event_fabric::catalogue;
    use proptest::prelude::*;

    use super::*;

    const HOUR: u64 = 3_600;

    fn compositions(count: u64) -> Amounts {
        Amounts::default().with(Resource::Compositions, count)
    }

    fn quota(limit: u64, window_s: u64) -> Quota {
        Quota { limits: Limits::default().with(Resource::Compositions, Some(limit)), window_s }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// Appends to a log that is only folded.
    #[derive(Default)]
    struct Log(Usage);

    impl Log {
        fn take(
            &mut self,
            at: Timestamp,
            event_type: &str,
            schema: &str,
            payload: &dyn ToCanonical,
        ) -> u64 {
            let bytes = Encoder::encode(payload);
            catalogue::registry().check(schema, 1, &bytes).unwrap();
            let offset = self.0.offset() + 1;
            self.0.apply(offset, at, event_type, &parse(&bytes).unwrap()).unwrap();
            offset
        }

        fn reserve(
            &mut self,
            now: Timestamp,
            key: &str,
            count: u64,
            quota: Quota,
        ) -> Result<(), Refusal> {
            let amounts = compositions(count);
            let reservation = Reservation { key: key.to_owned(), amounts, quota };
            let expected = self.0.check(now, &quota, &amounts);
            let offset = self.take(now, Reservation::EVENT_TYPE, Reservation::SCHEMA, &reservation);
            let verdict = self.0.grant(offset).unwrap().clone();
            if !matches!(verdict, Err(Refusal::Repeated(_))) {
                assert_eq!(verdict, expected, "the check and the log disagree");
            }
            verdict
        }

        fn settle(&mut self, now: Timestamp, key: &str, count: u64) {
            let (key, amounts) = (key.to_owned(), compositions(count));
            let settlement = Settlement { key, amounts, outcome: Outcome::Sealed };
            self.take(now, Settlement::EVENT_TYPE, Settlement::SCHEMA, &settlement);
        }
    }

    #[test]
    fn a_refusal_says_everything() {
        let mut log = Log::default();
        log.reserve(at(100_000), "a", 8, quota(10, HOUR)).unwrap();
        let refusal = log.reserve(at(100_010), "b", 3, quota(10, HOUR)).unwrap_err();
        assert_eq!(refusal.reason(), Reason::QuotaExceeded);
        assert_eq!(
            refusal.to_string(),
            "8 of 10 compositions are used within 3600 s, and 3 more are asked; \
             enough is free in 3603 s"
        );
        assert_eq!(refusal.retry_after_s(), Some(3_603));
        log.reserve(at(100_010 + 3_603), "b", 3, quota(10, HOUR)).unwrap();
        let refusal = log.reserve(at(110_000), "c", 11, quota(10, HOUR)).unwrap_err();
        assert!(refusal.to_string().ends_with("no window has that many"), "{refusal}");
        log.reserve(at(110_001), "d", 2, quota(10, HOUR)).unwrap();
        log.reserve(at(110_001), "e", 0, quota(0, HOUR)).unwrap();
    }

    #[test]
    fn there_is_no_second_burst_around_a_boundary() {
        let mut log = Log::default();
        for (number, second) in [3_599, 3_600, 3_601, 7_000].into_iter().enumerate() {
            let verdict = log.reserve(at(second), &format!("k{number}"), 10, quota(10, HOUR));
            assert_eq!(verdict.is_ok(), number == 0, "{second}");
        }
        // A slice later at most, all of it is free again.
        log.reserve(at(3_599 + HOUR + HOUR / SLICES + 1), "z", 10, quota(10, HOUR)).unwrap();
    }

    #[test]
    fn what_was_not_used_is_free_and_what_was_is_not() {
        let mut log = Log::default();
        log.reserve(at(10_000), "a", 10, quota(10, HOUR)).unwrap();
        assert!(log.reserve(at(10_001), "b", 1, quota(10, HOUR)).is_err());
        log.settle(at(10_002), "b", 7);
        log.settle(at(10_002), "a", 4);
        assert_eq!(log.0.used(at(10_003), HOUR), compositions(4));
        assert_eq!(log.0.in_flight(), 0);
        log.settle(at(10_003), "a", 9);
        log.reserve(at(10_004), "a", 6, quota(10, HOUR)).unwrap();
        // More than was reserved counts as well.
        log.settle(at(10_005), "a", 20);
        assert_eq!(log.0.used(at(10_006), HOUR), compositions(24));
    }

    #[test]
    fn keys_name_one_reservation_at_a_time() {
        let mut log = Log::default();
        log.reserve(at(1), "a", 1, quota(10, 60)).unwrap();
        let repeated = log.reserve(at(2), "a", 1, quota(10, 60)).unwrap_err();
        assert_eq!(repeated, Refusal::Repeated("a".to_owned()));
        assert_eq!(log.0.used(at(2), 60), compositions(1));
        log.reserve(at(200), "a", 1, quota(10, 60)).unwrap();
    }

    #[test]
    fn what_is_not_settled_has_an_end() {
        let mut log = Log::default();
        for number in 0..MAX_IN_FLIGHT {
            log.reserve(at(5), &format!("k{number}"), 1, quota(u64::MAX, 60)).unwrap();
        }
        let refusal = log.reserve(at(6), "one-more", 1, quota(u64::MAX, 60)).unwrap_err();
        assert_eq!(refusal, Refusal::InFlight);
        assert!(log.0.verdicts.len() <= MAX_VERDICTS);
        assert!(log.0.grant(1).is_none());
        // The forgotten ones are nobody's any more.
        log.take(
            at(500),
            Reservation::EVENT_TYPE,
            Reservation::SCHEMA,
            &Reservation {
                key: "later".to_owned(),
                amounts: compositions(1),
                quota: quota(10, 60),
            },
        );
        assert_eq!(log.0.in_flight(), 1);
    }

    #[test]
    fn another_window_keeps_what_is_known() {
        let mut log = Log::default();
        log.reserve(at(100_000), "a", 10, quota(10, HOUR)).unwrap();
        assert!(log.reserve(at(100_030), "b", 1, quota(10, 60)).is_err());
        log.settle(at(100_031), "a", 9);
        log.reserve(at(100_032), "b", 1, quota(10, 60)).unwrap();
        assert!(log.reserve(at(100_033), "c", 1, quota(10, HOUR)).is_err());
    }

    #[test]
    fn unknown_unreadable_and_repeated_events_are_refused() {
        let (mut usage, empty) = (Usage::default(), parse(b"{}").unwrap());
        let reason = |usage: &mut Usage, offset, event_type| {
            usage.apply(offset, at(1), event_type, &empty).unwrap_err().reason()
        };
        assert_eq!(reason(&mut usage, 1, "quota.lent"), Reason::UnknownSchema);
        assert_eq!(reason(&mut usage, 1, Reservation::EVENT_TYPE), Reason::LogCorrupt);
        assert_eq!(reason(&mut usage, 1, Settlement::EVENT_TYPE), Reason::LogCorrupt);
        assert_eq!(reason(&mut usage, 0, Settlement::EVENT_TYPE), Reason::LogCorrupt);
        assert_eq!(usage, Usage::default());
    }

    proptest! {
        /// Within no window more is granted than the limit, whoever asks when.
        #[test]
        fn no_window_exceeds_its_limit(
            limit in 1_u64..40,
            window_s in 1_u64..400,
            steps in prop::collection::vec((0_u64..90_000_000, 1_u64..12, 0_u64..12, any::<bool>()), 1..60),
        ) {
            let mut log = Log::default();
            let mut now = 0;
            // When, how much.
            let mut granted: Vec<(u64, u64)> = Vec::new();
            for (number, (wait, asked, used, settles)) in steps.into_iter().enumerate() {
                now += wait;
                let (key, moment) = (format!("k{number}"), Timestamp::from_micros(now));
                if log.reserve(moment, &key, asked, quota(limit, window_s)).is_ok() {
                    let used = used.min(asked);
                    if settles {
                        log.settle(moment, &key, used);
                    }
                    granted.push((now, if settles { used } else { asked }));
                }
                let from = now.saturating_sub(window_s * 1_000_000);
                let within = |(when, _): &&(u64, u64)| *when > from || from == 0;
                let sum: u64 = granted.iter().filter(within).map(|(_, count)| count).sum();
                prop_assert!(sum <= limit, "{sum} of {limit}");
            }
        }

        /// Clocks that jump and windows that change: the fold stays deterministic, its
        /// memory bounded, and in the end everything is free.
        #[test]
        fn any_history_folds_the_same_within_bounds(
            steps in prop::collection::vec((0_u64..1 << 51, 0_u8..9, any::<u64>(), 0_usize..3), 0..80),
        ) {
            let (mut log, mut again) = (Log::default(), Log::default());
            for (micros, key, count, kind) in steps {
                let (moment, key) = (Timestamp::from_micros(micros), format!("k{key}"));
                for log in [&mut log, &mut again] {
                    match kind {
                        0 => log.settle(moment, &key, count),
                        kind => drop(log.reserve(moment, &key, count, quota(u64::MAX, [1, 60, MAX_WINDOW_S][kind]))),
                    }
                }
                prop_assert_eq!(&log.0, &again.0);
                prop_assert!(log.0.slices.len() as u64 <= 4 * SLICES + 4);
                prop_assert!(log.0.in_flight() <= 9);
            }
            let later = Timestamp::from_micros(1 << 52);
            prop_assert_eq!(log.0.used(later, MAX_WINDOW_S), Amounts::default());
        }
    }
}
