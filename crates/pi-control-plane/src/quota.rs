//! Quotas: how much of what a tenant may use within a window of time.

use pi_core::canonical::{Encoder, ToCanonical, Value};

/// Seconds of the shortest window.
pub const MIN_WINDOW_S: u64 = 1;
/// Seconds of the longest window: 31 days.
pub const MAX_WINDOW_S: u64 = 31 * 24 * 3_600;

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
