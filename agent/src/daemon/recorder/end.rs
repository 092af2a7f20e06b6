//! The end of a recorder, and what is measured until then.

use std::collections::BTreeMap;

use super::{Ending, Recorder};
use crate::{
    daemon::Failure,
    kernel::Clock,
    ledger::{Entry, Ledger},
    output::Stopped,
};

impl Recorder<'_> {
    /// Drains and tells the final counts; detaches first, unless the kernel
    /// shall go on without this agent. Gives back the ledger.
    pub(in crate::daemon) fn finish(mut self, ending: Ending) -> Result<Ledger, Failure> {
        let clock = Clock::read().map_err(Failure::Clock)?;
        self.measure(&clock)?;
        let continues = ending == Ending::Continue && self.capture.is_pinned();
        if !continues {
            self.capture.detach()?;
        }
        let clock = Clock::read().map_err(Failure::Clock)?;
        self.hear_at(&clock);
        self.turn(&clock)?;
        self.sweep_all(&clock)?;
        self.balance(true, &clock)?;
        self.judge_again(&clock);
        if continues {
            self.keep_names(&clock, true);
        }
        // Flows that go on without this agent keep their findings open.
        self.tell_findings(true, &clock)?;
        let mut last: Vec<_> = self.open.drain().collect();
        last.sort_by_key(|(id, _)| *id);
        for (_, mut open) in last {
            self.end(&clock, &mut open)?;
        }
        self.store_uplink(&clock)?;
        let losses: BTreeMap<_, _> = self
            .capture
            .losses()?
            .into_iter()
            .map(|(kind, n)| (kind.label(), n))
            .collect();
        let entry = Entry::Stopped {
            continues,
            losses: losses
                .iter()
                .map(|(kind, n)| ((*kind).to_owned(), *n))
                .collect(),
            counters: self.ended,
        };
        // Later than all that it ends, which is of a period that lasts until then.
        let clock = Clock::read().map_err(Failure::Clock)?;
        self.ledger.append(clock.now(), entry)?;
        self.ledger.flush()?;
        self.notifier.release();
        self.notifier.reached(self.ledger.seq());
        self.ledger.checkpoint()?;
        let stopped = Stopped {
            time: clock.now(),
            continues,
            flows: self.sweeper.flows(),
            verdicts: &self.verdicts.clone(),
            egress_bytes: self.ended.egress_bytes,
            ingress_bytes: self.ended.ingress_bytes,
            balance: self.uplink.sums(),
            losses: &losses,
        };
        if ending != Ending::Replace {
            self.show(|display| display.stopped(&stopped));
        }
        Ok(self.ledger)
    }

    pub(super) fn measure(&mut self, clock: &Clock) -> Result<(), Failure> {
        self.capture.flush_log();
        self.metrics.open_flows(self.open.len());
        for (kind, count) in self.capture.losses()? {
            self.metrics.loss(kind.label(), count);
            self.note_lost_names(kind, count, clock)?;
        }
        self.metrics.naming(&self.pipeline.naming_counts());
        for stats in self.capture.program_stats() {
            self.metrics.program(&stats);
        }
        Ok(())
    }
}
