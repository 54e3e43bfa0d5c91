//! Defects that are put in on purpose: a simulator that does not notice them is
//! worth nothing.

/// What is broken, in a simulation that must fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// The store acknowledges what is written and not yet synced.
    AcknowledgesTooEarly,
    /// The store keeps half of a commit that was torn by a loss of power.
    KeepsTornTail,
    /// The store lets everybody append to a claimed run.
    IgnoresFences,
    /// The store takes what was submitted behind an append that failed.
    LeavesGaps,
    /// The store counts its leaves and offsets from what was not archived.
    CountsFromPages,
    /// A process carries an effect out before its announcement is durable.
    PerformsTooEarly,
    /// A process that resumes a run carries out what was announced.
    RepeatsEffects,
    /// A process that resumes a run appends all its records again.
    RecordsTwice,
    /// A process that resumes a run makes examinations again that ran out of time.
    ForgetsTimeOuts,
}

impl Defect {
    /// Every defect.
    pub const ALL: &'static [Defect] = &[
        Defect::AcknowledgesTooEarly,
        Defect::KeepsTornTail,
        Defect::IgnoresFences,
        Defect::LeavesGaps,
        Defect::CountsFromPages,
        Defect::PerformsTooEarly,
        Defect::RepeatsEffects,
        Defect::RecordsTwice,
        Defect::ForgetsTimeOuts,
    ];
}
