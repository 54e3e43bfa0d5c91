//! The tables as verification reads them.

use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::error::StoreError;
use crate::verify::tables::{ContentRow, EventRow, HeadRow, RunRow, Tables, VisitSubtree};

/// A snapshot of a database: a connection inside a transaction.
pub(super) struct Snapshot<'a>(pub(super) &'a Connection);

impl Tables for Snapshot<'_> {
    fn size(&mut self) -> Result<u64, StoreError> {
        let sql = "SELECT COALESCE(MAX(leaf) + 1, 0) FROM events";
        Ok(self.0.query_row(sql, [], |row| row.get(0))?)
    }

    fn events(
        &mut self,
        visit: &mut dyn FnMut(&EventRow<'_>) -> bool,
    ) -> Result<Option<u64>, StoreError> {
        // Two cursors in step cost less than a join.
        let mut events =
            self.0.prepare("SELECT leaf, partition, offset, header FROM events ORDER BY leaf")?;
        let mut contents =
            self.0.prepare("SELECT leaf, salt, payload FROM payloads ORDER BY leaf")?;
        let mut events = events.query([])?;
        let mut contents = contents.query([])?;
        while let Some(row) = events.next()? {
            let leaf = column(row, 0)?;
            // The contents of another leaf: this one's are missing.
            let content = match contents.next()? {
                Some(content) if column::<u64>(content, 0)? == leaf => {
                    Some(ContentRow { salt: blob(content, 1), payload: blob(content, 2) })
                }
                _ => None,
            };
            let header = blob(row, 3).unwrap_or_default();
            let (partition, offset) = (column(row, 1)?, column(row, 2)?);
            if !visit(&EventRow { leaf, partition, offset, header, content }) {
                return Ok(None);
            }
        }
        contents.next()?.map(|row| column(row, 0)).transpose()
    }

    fn notes(&mut self) -> Result<Vec<(u64, String)>, StoreError> {
        let mut statement = self.0.prepare("SELECT size, note FROM checkpoints ORDER BY size")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn heads(&mut self) -> Result<Vec<HeadRow>, StoreError> {
        let mut statement =
            self.0.prepare("SELECT id, partition, offset, event_hash, frozen FROM heads")?;
        let mut rows = statement.query([])?;
        let mut heads = Vec::new();
        while let Some(row) = rows.next()? {
            heads.push(HeadRow {
                id: column(row, 0)?,
                partition: column(row, 1)?,
                offset: column(row, 2)?,
                event_hash: column(row, 3)?,
                frozen: column(row, 4)?,
            });
        }
        Ok(heads)
    }

    fn tree(&mut self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let sql = "SELECT size, peaks FROM head";
        Ok(self.0.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    fn runs(&mut self) -> Result<Vec<RunRow>, StoreError> {
        let mut statement =
            self.0.prepare("SELECT run, first_leaf, last_leaf, sealed FROM runs")?;
        let mut rows = statement.query([])?;
        let mut runs = Vec::new();
        while let Some(row) = rows.next()? {
            runs.push(RunRow {
                run: column(row, 0)?,
                first: column(row, 1)?,
                last: column(row, 2)?,
                sealed: column(row, 3)?,
            });
        }
        Ok(runs)
    }

    fn epochs(&mut self) -> Result<Vec<(u64, u64)>, StoreError> {
        let mut statement = self.0.prepare("SELECT epoch, leaf FROM epochs ORDER BY epoch")?;
        let mut rows = statement.query([])?;
        let mut epochs = Vec::new();
        while let Some(row) = rows.next()? {
            epochs.push((column(row, 0)?, column(row, 1)?));
        }
        Ok(epochs)
    }

    fn correlations(&mut self, visit: &mut dyn FnMut(String, u64)) -> Result<(), StoreError> {
        let sql = "SELECT correlation, leaf FROM correlations ORDER BY correlation, leaf";
        let mut statement = self.0.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(column(row, 0)?, column(row, 1)?);
        }
        Ok(())
    }

    fn subtrees(&mut self, visit: &mut VisitSubtree<'_>) -> Result<(), StoreError> {
        let sql = "SELECT height, number, root FROM subtrees ORDER BY height, number";
        let mut statement = self.0.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let root: Vec<u8> = column(row, 2)?;
            visit(column(row, 0)?, column(row, 1)?, &root);
        }
        Ok(())
    }
}

/// A column of the right type; another type is damage.
fn column<T: rusqlite::types::FromSql>(row: &Row<'_>, index: usize) -> Result<T, StoreError> {
    row.get(index).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// The bytes of a column; `None` for NULL and for any other type, which then does
/// not have its hash.
fn blob<'a>(row: &'a Row<'_>, index: usize) -> Option<&'a [u8]> {
    row.get_ref(index).ok()?.as_blob_or_null().ok().flatten()
}
