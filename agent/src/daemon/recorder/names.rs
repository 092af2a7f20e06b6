//! What workloads said and heard, on its way to the names of flows.

use weir_common::Loss;

use super::Recorder;
use crate::{daemon::Failure, kernel::Clock, record::Payload};

/// Kinds of loss that may have taken a name.
const TAKE_NAMES: [Loss; 3] = [
    Loss::PayloadReserve,
    Loss::PayloadCut,
    Loss::PayloadUnreadable,
];

impl Recorder<'_> {
    /// Reads every copy that waits. Before a flow is first looked at, so that it has the
    /// name that its workload was told just before.
    pub(in crate::daemon) fn hear(&mut self) -> Result<(), Failure> {
        let clock = Clock::read().map_err(Failure::Clock)?;
        self.hear_at(&clock);
        Ok(())
    }

    pub(super) fn hear_at(&mut self, clock: &Clock) {
        let pipeline = &mut self.pipeline;
        while self
            .capture
            .next_payload(|head, bytes| {
                if let Some(payload) = Payload::decode(head, bytes) {
                    pipeline.hear(&payload, clock);
                }
            })
            .is_some()
        {}
    }

    /// Notes when copies were lost.
    pub(super) fn note_lost_names(&mut self, kind: Loss, count: u64, clock: &Clock) {
        if !TAKE_NAMES.contains(&kind) {
            return;
        }
        let known = self.names_lost.entry(kind.label()).or_default();
        if count > *known {
            *known = count;
            self.pipeline.lost_names(clock);
        }
    }
}
