//! What happened, as a hash and, where somebody wants to read it, as lines.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pi_core::{Digest, Hasher};

/// Everything that happens in a simulation, in order.
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    hasher: Hasher,
    count: u64,
    kept: Option<Vec<String>>,
}

impl Trace {
    /// A trace that also keeps its lines.
    pub fn keeping() -> Self {
        Self(Arc::new(Mutex::new(Lines { kept: Some(Vec::new()), ..Lines::default() })))
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        // Nothing that holds the lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something happens.
    pub fn say(&self, line: impl Into<String>) {
        let (mut lines, line) = (self.lock(), line.into());
        lines.hasher.update(line.as_bytes()).update(b"\n");
        lines.count += 1;
        if let Some(kept) = &mut lines.kept {
            kept.push(line);
        }
    }

    /// Lines so far.
    pub fn len(&self) -> u64 {
        self.lock().count
    }

    /// Whether nothing happened yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The hash over all lines. Ends the trace.
    pub fn hash(&self) -> Digest {
        std::mem::take(&mut self.lock().hasher).finish()
    }

    /// The lines, if they were kept.
    pub fn lines(&self) -> Vec<String> {
        self.lock().kept.clone().unwrap_or_default()
    }
}
