//! Infrastructure as code: resources of clouds against rules.
//!
//! Resources come evaluated from [`pi_artifacts::terraform`]; [`model`] follows
//! paths and references, [`check`] judges the rows of [`rules`], so that one
//! row states one defect in one place.

use pi_agent_api::Agent;

mod alarms;
mod check;
mod model;
mod network;
mod policy;
mod predicates;
mod rules;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests;
mod twins;

pub mod cloud_config_auditor;
pub mod iac_scanner;

/// The agents of this domain.
pub const AGENTS: &[&dyn Agent] =
    &[&cloud_config_auditor::CloudConfigAuditor, &iac_scanner::IacScanner];
