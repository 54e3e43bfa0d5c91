//! The tables as verification reads them.

use pi_core::Name;

use super::session::{Session, column, long, number};
use crate::error::StoreError;
use crate::verify::tables::{ContentRow, EventRow, HeadRow, RunRow, Tables, VisitSubtree};

/// Rows that are read at once.
const PAGE: i64 = 2_000;

/// A snapshot of a tenant's rows: a connection inside a transaction.
pub(super) struct Snapshot<'a> {
    pub(super) session: &'a mut Session,
    pub(super) tenant: &'a Name,
}

impl Tables for Snapshot<'_> {
    fn size(&mut self) -> Result<u64, StoreError> {
        let sql = "SELECT COALESCE(MAX(leaf) + 1, 0) FROM pi.events WHERE tenant = $1";
        let row = self.session.first(sql, &[&self.tenant.as_str()])?;
        row.map_or(Ok(0), |row| number(&row, 0))
    }

    fn events(
        &mut self,
        visit: &mut dyn FnMut(&EventRow<'_>) -> bool,
    ) -> Result<Option<u64>, StoreError> {
        let sql =
            "SELECT e.leaf, e.\"partition\", e.\"offset\", e.header, p.leaf, p.salt, p.payload
                   FROM pi.events e LEFT JOIN pi.payloads p ON p.tenant = $1 AND p.leaf = e.leaf
                   WHERE e.tenant = $1 AND e.leaf >= $2 ORDER BY e.leaf LIMIT $3";
        let mut from = 0i64;
        loop {
            let rows = self.session.query(sql, &[&self.tenant.as_str(), &from, &PAGE])?;
            for row in &rows {
                let leaf = number(row, 0)?;
                let content = match column::<Option<i64>>(row, 4)? {
                    Some(_) => Some(ContentRow { salt: column(row, 5)?, payload: column(row, 6)? }),
                    None => None,
                };
                let (partition, offset) = (column(row, 1)?, number(row, 2)?);
                let header = column(row, 3)?;
                if !visit(&EventRow { leaf, partition, offset, header, content }) {
                    return Ok(None);
                }
                from = long(leaf.saturating_add(1));
            }
            if rows.is_empty() {
                break;
            }
        }
        let sql = "SELECT MIN(p.leaf) FROM pi.payloads p WHERE p.tenant = $1 AND NOT EXISTS
                   (SELECT 1 FROM pi.events e WHERE e.tenant = $1 AND e.leaf = p.leaf)";
        let row = self.session.first(sql, &[&self.tenant.as_str()])?;
        let left: Option<i64> = row.map_or(Ok(None), |row| column(&row, 0))?;
        Ok(left.map(|leaf| u64::try_from(leaf).unwrap_or(u64::MAX)))
    }

    fn notes(&mut self) -> Result<Vec<(u64, String)>, StoreError> {
        let sql = "SELECT size, note FROM pi.checkpoints WHERE tenant = $1 ORDER BY size";
        let rows = self.session.query(sql, &[&self.tenant.as_str()])?;
        rows.iter().map(|row| Ok((number(row, 0)?, column(row, 1)?))).collect()
    }

    fn heads(&mut self) -> Result<Vec<HeadRow>, StoreError> {
        let sql = "SELECT id, \"partition\", \"offset\", event_hash, frozen FROM pi.heads
                   WHERE tenant = $1";
        let rows = self.session.query(sql, &[&self.tenant.as_str()])?;
        let head = |row| {
            Ok(HeadRow {
                id: column(row, 0)?,
                partition: column(row, 1)?,
                offset: number(row, 2)?,
                event_hash: column(row, 3)?,
                frozen: column(row, 4)?,
            })
        };
        rows.iter().map(head).collect()
    }

    fn tree(&mut self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let sql = "SELECT size, peaks FROM pi.head WHERE tenant = $1";
        let row = self.session.first(sql, &[&self.tenant.as_str()])?;
        row.map(|row| Ok((number(&row, 0)?, column(&row, 1)?))).transpose()
    }

    fn runs(&mut self) -> Result<Vec<RunRow>, StoreError> {
        let sql = "SELECT run, first_leaf, last_leaf, sealed FROM pi.runs WHERE tenant = $1";
        let rows = self.session.query(sql, &[&self.tenant.as_str()])?;
        let run = |row| {
            Ok(RunRow {
                run: column(row, 0)?,
                first: number(row, 1)?,
                last: number(row, 2)?,
                sealed: column(row, 3)?,
            })
        };
        rows.iter().map(run).collect()
    }

    fn epochs(&mut self) -> Result<Vec<(u64, u64)>, StoreError> {
        let sql = "SELECT epoch, leaf FROM pi.epochs WHERE tenant = $1 ORDER BY epoch";
        let rows = self.session.query(sql, &[&self.tenant.as_str()])?;
        rows.iter().map(|row| Ok((number(row, 0)?, number(row, 1)?))).collect()
    }

    fn correlations(&mut self, visit: &mut dyn FnMut(String, u64)) -> Result<(), StoreError> {
        let sql = "SELECT correlation, leaf FROM pi.correlations WHERE tenant = $1
                   ORDER BY correlation, leaf";
        for row in self.session.query(sql, &[&self.tenant.as_str()])? {
            visit(column(&row, 0)?, number(&row, 1)?);
        }
        Ok(())
    }

    fn subtrees(&mut self, visit: &mut VisitSubtree<'_>) -> Result<(), StoreError> {
        let sql = "SELECT height, number, root FROM pi.subtrees WHERE tenant = $1
                   ORDER BY height, number";
        for row in self.session.query(sql, &[&self.tenant.as_str()])? {
            let height: i32 = column(&row, 0)?;
            let height = u32::try_from(height)
                .map_err(|_| StoreError::Damaged(format!("{height} is no height")))?;
            visit(height, number(&row, 1)?, column(&row, 2)?);
        }
        Ok(())
    }
}
