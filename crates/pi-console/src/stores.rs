//! The logs of all tenants.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use pi_core::Name;
use pi_store::{DataFolder, EventStore, SqliteStore, StoreError};

/// Opens the log of a tenant, and knows whether logs can be reached at all.
pub trait Stores: Send + Sync {
    /// The log of a tenant.
    ///
    /// # Errors
    /// The log cannot be reached.
    fn of(&self, tenant: &Name) -> Result<Arc<dyn EventStore>, StoreError>;

    /// What keeps the logs, in one word.
    fn kind(&self) -> &'static str;
}

/// One SQLite file a tenant, of which a bounded number are open at once.
pub struct SqliteStores {
    folder: DataFolder,
    open: Mutex<Open>,
}

struct Open {
    most: usize,
    clock: u64,
    stores: BTreeMap<Name, (u64, Arc<dyn EventStore>)>,
}

impl SqliteStores {
    /// The logs in a folder; `most` are kept open when nobody uses them.
    pub fn new(folder: DataFolder, most: usize) -> Self {
        let open = Open { most: most.max(1), clock: 0, stores: BTreeMap::new() };
        Self { folder, open: Mutex::new(open) }
    }

    /// Logs that are kept open now.
    pub fn kept_open(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).stores.len()
    }
}

impl Stores for SqliteStores {
    fn of(&self, tenant: &Name) -> Result<Arc<dyn EventStore>, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.clock += 1;
        let now = open.clock;
        if let Some((used, store)) = open.stores.get_mut(tenant) {
            *used = now;
            return Ok(Arc::clone(store));
        }
        let store: Arc<dyn EventStore> = Arc::new(SqliteStore::open(&self.folder, tenant)?);
        if open.stores.len() >= open.most {
            let oldest = open.stores.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                // Whoever still uses it keeps it open for as long.
                open.stores.remove(&oldest);
            }
        }
        open.stores.insert(tenant.clone(), (now, Arc::clone(&store)));
        Ok(store)
    }

    fn kind(&self) -> &'static str {
        "sqlite"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;

    #[test]
    fn few_logs_are_kept_open_and_the_same_one_twice() {
        let folder = tempfile::tempdir().unwrap();
        let stores = SqliteStores::new(DataFolder::open(folder.path()).unwrap(), 3);
        let name = |number: usize| Name::new(format!("tenant-{number}")).unwrap();
        for number in 0..20 {
            stores.of(&name(number)).unwrap();
        }
        assert_eq!(stores.kept_open(), 3);
        let (one, again) = (stores.of(&name(19)).unwrap(), stores.of(&name(19)).unwrap());
        assert!(Arc::ptr_eq(&one, &again));
    }
}
