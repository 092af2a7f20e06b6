//! What is said of a finding.

use jiff::Timestamp;
use serde::Serialize;

use crate::finding::{Event, Finding};

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
