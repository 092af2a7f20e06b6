//! How the recorder fares, in a few numbers.

use super::Recorder;
use crate::daemon::service::Status;

impl Recorder<'_> {
    /// What the service manager shows of this agent.
    pub(in crate::daemon) fn status(&self) -> Status {
        Status {
            flows: self.open.len(),
            findings: self.findings.len(),
            gaps: self.gaps,
            refused: self.refused_set.is_some(),
        }
    }
}
