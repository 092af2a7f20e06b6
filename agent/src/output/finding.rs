//! What is said of a finding.

use jiff::Timestamp;
use serde::Serialize;

use crate::finding::{Acknowledgement, Event, Finding};

/// Something became of a finding.
#[derive(Clone, Debug, Serialize)]
pub struct FindingLine<'a> {
    /// When this is said.
    pub time: Timestamp,
    /// What became of it.
    pub event: Event,
    /// The finding.
    #[serde(flatten)]
    pub finding: &'a Finding,
}

/// Somebody has said that they know of a finding.
#[derive(Clone, Debug, Serialize)]
pub struct AcknowledgedLine<'a> {
    /// When.
    pub time: Timestamp,
    /// What they said.
    #[serde(flatten)]
    pub acknowledgement: &'a Acknowledgement,
}
