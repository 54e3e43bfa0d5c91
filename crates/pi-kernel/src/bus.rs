//! The artifact bus: what nodes hand over, in slots that never change.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, Value};
use pi_core::{Digest, id};

use crate::capability::ArtifactType;

/// A value that is still being put together.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {
    /// Its type.
    pub artifact_type: ArtifactType,
    /// The value.
    pub value: Value,
}

impl Payload {
    /// Freezes the value; nothing turns it back (ART-1).
    pub fn freeze(self) -> Frozen {
        let Payload { artifact_type, value } = self;
        let bytes = Encoder::encode(&value);
        let fingerprint = Digest::of(&bytes);
        Frozen { artifact_type, value, size: bytes.len() as u64, fingerprint }
    }
}

/// A frozen value with the digest of its canonical form. It can be read:
///
/// ```
/// # use pi_core::Value;
/// # use pi_kernel::{bus::Payload, capability::ArtifactType::Inventory};
/// let frozen = Payload { artifact_type: Inventory, value: Value::from("a") }.freeze();
/// assert_eq!(frozen.value(), &Value::from("a"));
/// ```
///
/// Nothing assigns to it (E-1):
///
/// ```compile_fail
/// # use pi_core::Value;
/// # use pi_kernel::{bus::Payload, capability::ArtifactType::Inventory};
/// let mut frozen = Payload { artifact_type: Inventory, value: Value::from("a") }.freeze();
/// frozen.value = Value::from("b");
/// ```
///
/// And what it lends cannot be written to:
///
/// ```compile_fail
/// # use pi_core::Value;
/// # use pi_kernel::{bus::Payload, capability::ArtifactType::Inventory};
/// let mut frozen = Payload { artifact_type: Inventory, value: Value::from("a") }.freeze();
/// *frozen.value() = Value::from("b");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Frozen {
    artifact_type: ArtifactType,
    value: Value,
    size: u64,
    fingerprint: Digest,
}

impl Frozen {
    /// Its type.
    pub fn artifact_type(&self) -> ArtifactType {
        self.artifact_type
    }

    /// The value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Bytes of the canonical form.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Digest of the canonical form (ART-2).
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }
}

/// A frozen value on the bus.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    id: String,
    producer: String,
    version: u64,
    frozen: Frozen,
}

impl Slot {
    /// The id, derived from family, version and content.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The worker that produced it.
    pub fn producer(&self) -> &str {
        &self.producer
    }

    /// Its place in the family, from 1.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The value.
    pub fn frozen(&self) -> &Frozen {
        &self.frozen
    }
}

/// The slots of one run.
#[derive(Clone, Debug, Default)]
pub struct Bus {
    slots: Vec<Slot>,
    families: BTreeMap<(ArtifactType, String), Vec<usize>>,
}

impl Bus {
    /// Registers a frozen value in a new slot; slots before it stay as they are
    /// (ART-4).
    pub fn write(&mut self, producer: &str, frozen: Frozen) -> usize {
        let key = (frozen.artifact_type, producer.to_owned());
        let family = self.families.entry(key).or_default();
        let version = family.len() as u64 + 1;
        let parts: [&[u8]; 4] = [
            frozen.artifact_type.as_str().as_bytes(),
            producer.as_bytes(),
            &version.to_be_bytes(),
            frozen.fingerprint.as_bytes(),
        ];
        let index = self.slots.len();
        family.push(index);
        self.slots.push(Slot {
            id: id::derive("slot", &parts),
            producer: producer.to_owned(),
            version,
            frozen,
        });
        index
    }

    /// The slot with this number.
    pub fn slot(&self, index: usize) -> Option<&Slot> {
        self.slots.get(index)
    }

    /// The slot with this id.
    pub fn read(&self, id: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.id == id)
    }

    /// The versions of the family `{artifact_type}:{producer}`, oldest first
    /// (ART-5).
    pub fn lineage(&self, artifact_type: ArtifactType, producer: &str) -> Vec<&Slot> {
        let family = self.families.get(&(artifact_type, producer.to_owned()));
        family.into_iter().flatten().filter_map(|index| self.slots.get(*index)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(text: &str) -> Frozen {
        Payload { artifact_type: ArtifactType::Inventory, value: Value::from(text) }.freeze()
    }

    #[test]
    fn writing_again_makes_a_new_version() {
        let mut bus = Bus::default();
        let first = bus.write("w", payload("a"));
        let before = bus.slot(first).unwrap().clone();
        let second = bus.write("w", payload("a"));
        assert_eq!(bus.slot(first), Some(&before));
        assert_ne!(bus.slot(second).unwrap().id(), before.id());
        let versions: Vec<u64> =
            bus.lineage(ArtifactType::Inventory, "w").iter().map(|slot| slot.version()).collect();
        assert_eq!(versions, [1, 2]);
        assert_eq!(bus.read(before.id()), Some(&before));
    }
}
