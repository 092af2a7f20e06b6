//! Once a minute, that the agent records, and how much so far.

use std::{collections::BTreeMap, time::Duration};

use super::Recorder;
use crate::{
    daemon::Failure,
    kernel::Clock,
    ledger::{Appended, Entry},
    record::Counters,
};

/// Time between two heartbeats.
const EVERY: Duration = Duration::from_secs(60);

/// Id of this boot of the host, or why it is not known.
pub(super) fn boot_id() -> String {
    match std::fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(id) => id.trim().to_owned(),
        Err(error) => format!("unknown: {error}"),
    }
}

impl Recorder<'_> {
    /// Adds a heartbeat if one is due, signs the ledger with it, and removes segments
    /// that are not to be kept.
    pub(super) fn beat(&mut self, clock: &Clock) -> Result<(), Failure> {
        if self.beat.is_some_and(|last| clock.since(&last) < EVERY) {
            return Ok(());
        }
        self.beat = Some(*clock);
        let entry = Entry::Heartbeat {
            recording: self.recording.clone(),
            boot_id: boot_id(),
            boot_ns: clock.boot_ns(),
            open_flows: self.open.len() as u64,
            counters: self.counted(),
            losses: self.lost()?,
        };
        let kept = self.ledger.offer(clock.now(), &entry)? == Appended::Kept;
        self.ledger.flush()?;
        self.notifier.release();
        self.notifier.reached(self.ledger.seq());
        self.ledger.checkpoint()?;
        if kept && self.ledger.is_synced() {
            self.metrics.beat(clock.now());
            self.remembered.beat(clock.now());
        }
        Ok(self.ledger.prune(clock.now())?)
    }

    /// Counts of all flows since this agent began.
    fn counted(&self) -> Counters {
        self.open
            .values()
            .fold(self.ended, |sum, open| sum + open.own_counters())
    }

    /// Every kind of loss since the recording began.
    pub(super) fn lost(&self) -> Result<BTreeMap<String, u64>, Failure> {
        let losses = self.capture.losses()?;
        Ok(losses
            .into_iter()
            .map(|(kind, count)| (kind.label().to_owned(), count))
            .collect())
    }
}
