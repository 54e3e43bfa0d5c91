//! What a database keeps of a log, as verification reads it.

use crate::error::StoreError;

/// One row of the log. Bytes of another type count as missing: they do not have their hash.
pub(crate) struct EventRow<'a> {
    pub(crate) leaf: u64,
    /// The partition's number in the database.
    pub(crate) partition: i64,
    pub(crate) offset: u64,
    pub(crate) header: &'a [u8],
    /// `None` without a row for it.
    pub(crate) content: Option<ContentRow<'a>>,
}

/// What is stored beside a header; both are missing when it is erased.
#[derive(Clone, Copy, Default)]
pub(crate) struct ContentRow<'a> {
    pub(crate) salt: Option<&'a [u8]>,
    pub(crate) payload: Option<&'a [u8]>,
}

/// A partition's head.
pub(crate) struct HeadRow {
    pub(crate) id: i64,
    pub(crate) partition: String,
    pub(crate) offset: u64,
    pub(crate) event_hash: Vec<u8>,
    pub(crate) frozen: bool,
}

/// A run in the list of runs.
pub(crate) struct RunRow {
    pub(crate) run: String,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) sealed: bool,
}

/// Takes height, number and root of a kept subtree.
pub(crate) type VisitSubtree<'a> = dyn FnMut(u32, u64, &[u8]) + 'a;

/// The tables of one tenant as of one moment.
pub(crate) trait Tables {
    /// The leaf behind the last event.
    fn size(&mut self) -> Result<u64, StoreError>;

    /// Visits the events in the order of their leaves until the visitor has enough.
    /// Gives the leaf of a payload that is left over.
    fn events(
        &mut self,
        visit: &mut dyn FnMut(&EventRow<'_>) -> bool,
    ) -> Result<Option<u64>, StoreError>;

    /// The checkpoints, ascending.
    fn notes(&mut self) -> Result<Vec<(u64, String)>, StoreError>;

    fn heads(&mut self) -> Result<Vec<HeadRow>, StoreError>;

    /// Size and peaks of the tree.
    fn tree(&mut self) -> Result<Option<(u64, Vec<u8>)>, StoreError>;

    fn runs(&mut self) -> Result<Vec<RunRow>, StoreError>;

    /// Epochs and their leaves, ascending.
    fn epochs(&mut self) -> Result<Vec<(u64, u64)>, StoreError>;

    /// Correlation ids and leaves, ascending by bytes.
    fn correlations(&mut self, visit: &mut dyn FnMut(String, u64)) -> Result<(), StoreError>;

    /// Kept roots by height and number, ascending.
    fn subtrees(&mut self, visit: &mut VisitSubtree<'_>) -> Result<(), StoreError>;
}
