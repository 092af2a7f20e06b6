//! What the course of time makes of verdicts: budgets that are used up, windows that
//! close, days that begin.

use super::Recorder;
use crate::{
    daemon::Failure,
    kernel::Clock,
    output::FlowEvent,
    record::{Counters, FlowId, Scope},
};

impl Recorder<'_> {
    /// Counts what a flow has sent since an earlier reading towards the budget of the
    /// entry that declares it. What the budget does not cover any more is judged again, and
    /// an interval of its own.
    pub(super) fn spend(
        &mut self,
        id: FlowId,
        before: &Counters,
        clock: &Clock,
    ) -> Result<(), Failure> {
        // Each turn uses up the budget of another entry.
        while let Some(open) = self.open.get_mut(&id) {
            let more = open.counters().since(before).egress_bytes;
            if more == 0 || !self.pipeline.spend(&open.judged, more, clock) {
                break;
            }
            open.store_until(before, &mut self.ledger, clock, &self.recording)?;
            let Some(judged) = self.pipeline.judge_again(&open.judged, clock, true) else {
                break;
            };
            open.judge(judged);
        }
        Ok(())
    }

    /// Judges every flow again if a day has begun or a window has opened or closed since
    /// the last look. What was counted before keeps its verdict. Comes before counters are
    /// read, so that what they have counted since counts for what holds now.
    pub(super) fn turn(&mut self, clock: &Clock) -> Result<(), Failure> {
        let before = self.looked.replace(*clock);
        if !before.is_some_and(|before| self.pipeline.turned(&before, clock)) {
            return Ok(());
        }
        let known = |scope| scope != Scope::Sink;
        let mut all: Vec<_> = self.open.keys().copied().collect();
        all.sort_unstable();
        for id in all {
            let Some(open) = self.open.get_mut(&id) else {
                continue;
            };
            if !known(open.judged.flow.flow.flow.record.scope) {
                continue;
            }
            let Some(judged) = self.pipeline.judge_again(&open.judged, clock, true) else {
                continue;
            };
            if (judged.verdict, &judged.rule) != (open.judged.verdict, &open.judged.rule) {
                let counted = open.counters();
                open.store_until(&counted, &mut self.ledger, clock, &self.recording)?;
            }
            open.judge(judged);
            self.show_flow(id, FlowEvent::Updated, clock);
        }
        Ok(())
    }
}
