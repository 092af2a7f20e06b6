//! A flow that is counted at present, and what of it is stored already.

use crate::{
    kernel::Clock,
    ledger::{Appended, Entry, FlowInterval, Ledger, LedgerError},
    now::Pace,
    record::Counters,
    verdict::Judged,
};

/// In place of a slot where none counts the flow.
const NO_SLOT: u32 = u32::MAX;

/// A flow at present.
pub(super) struct OpenFlow {
    pub(super) judged: Judged,
    /// How fast it carries at present.
    pub(super) pace: Pace,
    /// Whether the ledger has another judgement than this.
    judged_anew: bool,
    slot: u32,
    /// Counts that an earlier agent stored.
    base: Counters,
    /// Counts that the ledger already has; `None` before its first entry.
    stored: Option<Counters>,
}

impl OpenFlow {
    /// A flow in a slot, of which an earlier agent has stored `earlier`.
    pub(super) fn new(judged: Judged, slot: u32, earlier: Option<Counters>) -> Self {
        Self {
            judged,
            pace: Pace::default(),
            judged_anew: false,
            slot,
            base: earlier.unwrap_or_default(),
            stored: earlier,
        }
    }

    /// What left unseen by any socket: no slot of its own counts it.
    pub(super) fn unseen(judged: Judged) -> Self {
        Self::new(judged, NO_SLOT, None)
    }

    /// Takes another judgement, which the ledger does not have yet.
    pub(super) fn judge(&mut self, judged: Judged) {
        self.judged = judged;
        self.judged_anew = true;
    }

    /// It has carried this much more.
    pub(super) fn carried(&mut self, more: &Counters, clock: &Clock) {
        let (sent, received) = (more.egress_bytes, more.ingress_bytes);
        self.pace.add(clock.boot_ns(), sent, received);
    }

    /// Counts since the flow's first sight.
    pub(super) fn counters(&self) -> Counters {
        self.judged.flow.flow.flow.record.counters
    }

    /// Counts that this agent is the first to record.
    pub(super) fn own_counters(&self) -> Counters {
        self.counters().since(&self.base)
    }

    /// Counts of an earlier agent.
    pub(super) fn base(&self) -> Counters {
        self.base
    }

    /// Adds what the flow had carried up to an earlier reading of its counters, judged as
    /// it is now: what came after will be judged otherwise.
    pub(super) fn store_until(
        &mut self,
        until: &Counters,
        ledger: &mut Ledger,
        clock: &Clock,
        recording: &str,
    ) -> Result<(), LedgerError> {
        let counters = until.since(&self.stored.unwrap_or_default());
        if counters == Counters::default() {
            return Ok(());
        }
        let mut judged = self.judged.clone();
        judged.flow.flow.flow.record.counters = *until;
        let interval = FlowInterval {
            counters,
            slot: self.slot,
            recording: recording.to_owned(),
            judged,
        };
        ledger.append(clock.now(), Entry::Flow(Box::new(interval)))?;
        self.stored = Some(*until);
        self.judged_anew = false;
        Ok(())
    }

    /// Adds what the flow has carried since its last entry; an attempt that
    /// never carried anything has one entry all the same, and so has another
    /// judgement. Without room in the ledger, the counts are stored with the next entry.
    pub(super) fn store(
        &mut self,
        ledger: &mut Ledger,
        clock: &Clock,
        recording: &str,
    ) -> Result<(), LedgerError> {
        let now = self.counters();
        if self.stored == Some(now) && !self.judged_anew {
            return Ok(());
        }
        let interval = FlowInterval {
            counters: now.since(&self.stored.unwrap_or_default()),
            slot: self.slot,
            recording: recording.to_owned(),
            judged: self.judged.clone(),
        };
        if ledger.offer(clock.now(), &Entry::Flow(Box::new(interval)))? == Appended::Kept {
            self.stored = Some(now);
            self.judged_anew = false;
        }
        Ok(())
    }

    /// As [`OpenFlow::store`], where no other entry follows.
    pub(super) fn store_last(
        &mut self,
        ledger: &mut Ledger,
        clock: &Clock,
        recording: &str,
    ) -> Result<(), LedgerError> {
        self.store(ledger, clock, recording)?;
        let now = self.counters();
        if self.stored != Some(now) {
            ledger.forgo(now.since(&self.stored.unwrap_or_default()));
        }
        Ok(())
    }
}
