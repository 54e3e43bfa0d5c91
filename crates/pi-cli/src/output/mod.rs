//! What people and programs read.

pub mod frame;
pub mod json;
pub mod sarif;
pub mod style;
pub mod text;
