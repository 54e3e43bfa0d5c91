//! The logs of all tenants.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pi_core::Name;

use crate::{DataFolder, Database, EventStore, SqliteStore, StoreError};

/// Opens the log of a tenant.
type Open = dyn Fn(&Name) -> Result<Arc<dyn EventStore>, StoreError> + Send + Sync;

/// The logs of all tenants, of which a bounded number are open at once.
pub struct Logs {
    kind: &'static str,
    open: Box<Open>,
    kept: Mutex<Kept>,
}

struct Kept {
    most: usize,
    clock: u64,
    stores: BTreeMap<Name, (u64, Arc<dyn EventStore>)>,
}

impl Logs {
    /// One SQLite file a tenant in a folder; `most` are kept open when nobody uses them.
    pub fn sqlite(folder: DataFolder, most: usize) -> Self {
        let open = move |tenant: &Name| -> Result<Arc<dyn EventStore>, StoreError> {
            Ok(Arc::new(SqliteStore::open(&folder, tenant)?))
        };
        Self::new("sqlite", Box::new(open), most)
    }

    /// The tenants of a PostgreSQL database; `most` are kept open when nobody uses them.
    pub fn postgres(database: Database, most: usize) -> Self {
        let open = move |tenant: &Name| -> Result<Arc<dyn EventStore>, StoreError> {
            Ok(Arc::new(database.open(tenant)?))
        };
        Self::new("postgres", Box::new(open), most)
    }

    fn new(kind: &'static str, open: Box<Open>, most: usize) -> Self {
        let kept = Kept { most: most.max(1), clock: 0, stores: BTreeMap::new() };
        Self { kind, open, kept: Mutex::new(kept) }
    }

    /// The log of a tenant.
    ///
    /// # Errors
    /// The log cannot be reached.
    pub fn of(&self, tenant: &Name) -> Result<Arc<dyn EventStore>, StoreError> {
        if let Some(store) = self.kept().find(tenant) {
            return Ok(store);
        }
        // Others do not wait while this one opens.
        let opened = (self.open)(tenant)?;
        let mut kept = self.kept();
        if let Some(store) = kept.find(tenant) {
            return Ok(store);
        }
        let oldest = kept.keep(tenant, Arc::clone(&opened));
        drop(kept);
        drop(oldest);
        Ok(opened)
    }

    /// What keeps the logs, in one word.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Logs that are kept open now.
    pub fn kept_open(&self) -> usize {
        self.kept().stores.len()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn find(&mut self, tenant: &Name) -> Option<Arc<dyn EventStore>> {
        self.clock += 1;
        let (used, store) = self.stores.get_mut(tenant)?;
        *used = self.clock;
        Some(Arc::clone(store))
    }

    /// Keeps a log open, and gives back the one that was used least lately when there are
    /// too many. Whoever still uses it keeps it open for as long.
    fn keep(&mut self, tenant: &Name, store: Arc<dyn EventStore>) -> Option<Arc<dyn EventStore>> {
        let mut given_up = None;
        if self.stores.len() >= self.most {
            let oldest = self.stores.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                given_up = self.stores.remove(&oldest).map(|(_, store)| store);
            }
        }
        self.stores.insert(tenant.clone(), (self.clock, store));
        given_up
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;

    #[test]
    fn few_logs_are_kept_open_and_the_same_one_twice() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::sqlite(DataFolder::open(folder.path()).unwrap(), 3);
        let name = |number: usize| Name::new(format!("tenant-{number}")).unwrap();
        for number in 0..20 {
            logs.of(&name(number)).unwrap();
        }
        assert_eq!(logs.kept_open(), 3);
        let (one, again) = (logs.of(&name(19)).unwrap(), logs.of(&name(19)).unwrap());
        assert!(Arc::ptr_eq(&one, &again));
    }
}
