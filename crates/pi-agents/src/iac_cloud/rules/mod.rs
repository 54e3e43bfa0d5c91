//! The tables of rules, one file a group of services.

use pi_agent_api::Rule;

use super::check::Row;

mod aws_network;
mod aws_services;
mod aws_storage;

const TABLES: &[&[Row]] = &[aws_network::ROWS, aws_services::ROWS, aws_storage::ROWS];

#[expect(clippy::indexing_slicing, reason = "evaluated when compiling, within lengths")]
const COUNT: usize = {
    let (mut count, mut table) = (0, 0);
    while table < TABLES.len() {
        count += TABLES[table].len();
        table += 1;
    }
    count
};

/// Every rule, for the description of the agent.
#[expect(clippy::indexing_slicing, reason = "evaluated when compiling, within lengths")]
pub(super) const RULES: &[&Rule] = &{
    let mut rules = [&TABLES[0][0].rule; COUNT];
    let (mut at, mut table) = (0, 0);
    while table < TABLES.len() {
        let mut row = 0;
        while row < TABLES[table].len() {
            rules[at] = &TABLES[table][row].rule;
            at += 1;
            row += 1;
        }
        table += 1;
    }
    rules
};

/// Every row.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    TABLES.iter().flat_map(|table| table.iter())
}
