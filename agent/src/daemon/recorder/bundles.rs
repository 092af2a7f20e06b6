//! Bundles of evidence are looked after while it records.

use super::Recorder;
use crate::{
    daemon::{Failure, bundles::Writer},
    kernel::Clock,
};

impl Recorder<'_> {
    /// Looks whether a bundle is due, or is written.
    pub(in crate::daemon) fn write_bundles(&self, writer: &mut Writer) -> Result<(), Failure> {
        let clock = Clock::read().map_err(Failure::Clock)?;
        writer.look(clock.now(), &self.metrics);
        Ok(())
    }
}
