//! What workloads said and heard, on its way to the names of flows.

use std::path::Path;

use weir_common::Loss;

use super::Recorder;
use crate::{
    daemon::Failure,
    kernel::Clock,
    record::{CgroupId, Payload},
};

/// Kinds of loss that may have taken a name of any workload.
const TAKE_NAMES: [Loss; 3] = [
    Loss::PayloadReserve,
    Loss::PayloadCut,
    Loss::PayloadUnreadable,
];

impl Recorder<'_> {
    /// Reads every copy that waits. That is done before a new flow is judged, too, so that
    /// it has the name that its workload was told just before.
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

    /// Notes when copies were lost, and whose where that is known.
    pub(super) fn note_lost_names(
        &mut self,
        kind: Loss,
        count: u64,
        clock: &Clock,
    ) -> Result<(), Failure> {
        let known = self.names_lost.entry(kind.label()).or_default();
        if count <= *known {
            return Ok(());
        }
        *known = count;
        if TAKE_NAMES.contains(&kind) {
            self.pipeline.lost_names(None, clock);
        } else if kind == Loss::PayloadBudget {
            for (cgroup, refused) in self.capture.over_budget()? {
                let known = self.refused.entry(cgroup).or_default();
                if refused > *known {
                    *known = refused;
                    self.pipeline.lost_names(Some(CgroupId(cgroup)), clock);
                }
            }
        }
        Ok(())
    }

    /// Keeps names over a restart of the agent in this store.
    pub(in crate::daemon) fn keeping_names_in(mut self, store: &Path) -> Self {
        self.store = Some(store.to_owned());
        self
    }

    /// Keeps what is known of names, if the recording goes on without this agent.
    pub(super) fn keep_names(&self, clock: &Clock, complete: bool) {
        let Some(store) = self.store.as_ref().filter(|_| self.capture.is_pinned()) else {
            return;
        };
        let kept = self.pipeline.keep_names(&self.recording, clock, complete);
        if let Err(error) = kept.write(store) {
            // Recording goes on; an agent to come will find names in doubt.
            tracing::error!(%error, "names are not kept");
        }
    }
}
