//! Colours: one place, few of them.

use anstyle::{AnsiColor, Style};
use pi_core::{Decision, Severity};

/// Secondary text.
pub const DIM: Style = Style::new().dimmed();
/// Headings and names.
pub const BOLD: Style = Style::new().bold();
/// Success.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Failure.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// In between.
pub const WARN: Style = AnsiColor::Yellow.on_default().bold();

/// The style of a severity.
pub const fn severity(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Magenta.on_default().bold(),
        Severity::High => BAD,
        Severity::Medium => WARN,
        Severity::Low => AnsiColor::Cyan.on_default(),
        Severity::Info => DIM,
    }
}

/// The style of a decision.
pub const fn decision(decision: Decision) -> Style {
    match decision {
        Decision::Allow => GOOD,
        Decision::Review => WARN,
        Decision::Deny => BAD,
    }
}

/// `text` in `style`.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
