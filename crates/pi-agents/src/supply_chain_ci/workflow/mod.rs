//! GitHub Actions workflows and composite actions over the data tree.

pub mod expression;
pub mod flow;
pub mod model;
pub mod script;
pub mod uses;
