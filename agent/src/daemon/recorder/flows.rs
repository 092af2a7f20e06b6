//! What becomes of an observation: judged, balanced, stored and shown.

use std::collections::HashSet;

use super::{
    Recorder,
    show::{is_relay, shown},
};
use crate::{
    attribution::Container,
    daemon::{Failure, open_flow::OpenFlow},
    kernel::Clock,
    ledger::Entry,
    output::FlowEvent,
    record::{Change, Counters, Direction, FlowId, Observation, Owner, Scope, Seen},
    verdict::Judged,
};

impl Recorder<'_> {
    pub(super) fn take(&mut self, observation: Observation, clock: &Clock) -> Result<(), Failure> {
        let Observation { change, slot, seen } = observation;
        let record = match seen {
            Seen::Flow(record) => record,
            Seen::Uplink(record) => {
                let closed = change == Change::Closed;
                self.uplink.take(slot, record, &mut self.resume);
                if closed {
                    let (ledger, recording) = (&mut self.ledger, &self.recording);
                    self.uplink.store(slot, ledger, clock, recording)?;
                }
                return Ok(());
            }
        };
        if record.direction == Direction::Inbound && record.address.is_loopback() {
            self.relays.insert(record.cgroup.0);
        }
        let id = record.id;
        let now = record.counters;
        let event = match change {
            Change::Opened => FlowEvent::FirstSeen,
            Change::Updated => FlowEvent::Updated,
            Change::Closed => FlowEvent::Final,
        };
        let before = match self.open.get_mut(&id) {
            Some(open) => {
                let kept = &mut open.judged.flow.flow.flow.record;
                let before = kept.counters;
                *kept = record;
                before
            }
            None => {
                // Whatever its workload was told before it is in the buffer by now.
                self.hear_at(clock);
                let earlier = self.resume.counters.remove(&(slot, record.first_ns));
                let judged = self.pipeline.judge(record, clock);
                if earlier.is_none() {
                    self.metrics.first_seen(&judged);
                }
                let open = OpenFlow::new(judged, slot, earlier);
                let base = open.base();
                self.open.insert(id, Box::new(open));
                self.find(id, earlier.is_some(), clock);
                base
            }
        };
        self.spend(id, &before, clock)?;
        let Some(open) = self.open.get_mut(&id) else {
            return Ok(());
        };
        let more = now.since(&before);
        open.carried(&more, clock);
        self.metrics.carried(&open.judged, &more);
        self.uplink
            .socket(&open.judged.flow.flow.flow.record, &more);
        self.find_more(id, &more, clock);
        if event == FlowEvent::Final {
            self.find_ended(id, clock);
            if let Some(mut open) = self.open.remove(&id) {
                self.end(clock, &mut open)?;
            }
        } else {
            self.show_flow(id, event, clock);
        }
        Ok(())
    }

    pub(super) fn store_uplink(&mut self, clock: &Clock) -> Result<(), Failure> {
        let (ledger, recording) = (&mut self.ledger, &self.recording);
        self.uplink.store_all(ledger, clock, recording)?;
        let sums = self.uplink.sums();
        Ok(self.ledger.append(clock.now(), Entry::Balance(sums))?)
    }

    /// Compares the layers, and judges what left unseen by any socket.
    pub(super) fn balance(&mut self, end: bool, clock: &Clock) -> Result<(), Failure> {
        let sweeper = &mut self.sweeper;
        for (new, record) in self.uplink.look(end, clock, || sweeper.number()) {
            let id = record.id;
            let now = record.counters;
            let (before, event) = match self.open.get_mut(&id) {
                Some(open) => {
                    let before = open.counters();
                    let kept = &mut open.judged.flow.flow.flow.record;
                    kept.counters = now;
                    kept.last_ns = record.last_ns;
                    (before, FlowEvent::Updated)
                }
                None => {
                    let judged = self.pipeline.judge(record, clock);
                    if new {
                        self.metrics.first_seen(&judged);
                    }
                    self.open.insert(id, Box::new(OpenFlow::unseen(judged)));
                    self.find(id, false, clock);
                    (Counters::default(), FlowEvent::FirstSeen)
                }
            };
            self.spend(id, &before, clock)?;
            if let Some(open) = self.open.get_mut(&id) {
                let more = now.since(&before);
                open.carried(&more, clock);
                self.metrics.carried(&open.judged, &more);
                self.find_more(id, &more, clock);
            }
            self.show_flow(id, event, clock);
        }
        for id in self.uplink.ended() {
            self.find_ended(id, clock);
            if let Some(mut open) = self.open.remove(&id) {
                self.end(clock, &mut open)?;
            }
        }
        let since = self.watch.last();
        for gap in self.uplink.residuals(end, &since, clock) {
            self.gap(gap, clock)?;
        }
        self.metrics.balance(&self.uplink.sums());
        Ok(())
    }

    /// The flow's counts are final.
    pub(super) fn end(&mut self, clock: &Clock, open: &mut OpenFlow) -> Result<(), Failure> {
        open.store_last(&mut self.ledger, clock, &self.recording)?;
        self.ended = self.ended + open.own_counters();
        self.remembered
            .ended(open.judged.product.as_ref(), open.own_counters());
        *self
            .verdicts
            .entry(open.judged.verdict.label())
            .or_default() += 1;
        let third_country = self.pipeline.third_country(&open.judged, clock);
        let relay = is_relay(&self.relays, &open.judged);
        let shown = shown(
            FlowEvent::Final,
            clock,
            &open.judged,
            (third_country, relay),
        );
        self.show(|display| display.flow(&shown));
        Ok(())
    }

    /// Names of containers and destinations come later than their first packet.
    pub(super) fn judge_again(&mut self, clock: &Clock) {
        let renamed = self.pipeline.renamed();
        let doubtful: Vec<_> = self
            .open
            .iter()
            .filter_map(|(id, open)| {
                let anyway = is_of(&open.judged, &renamed);
                (anyway || may_be_known_better(&open.judged)).then_some((*id, anyway))
            })
            .collect();
        for (id, anyway) in doubtful {
            self.judge_one_again(id, anyway, clock);
        }
    }

    /// Other databases are in force. What comes out as it was is not shown.
    pub(super) fn judge_all_again(&mut self, clock: &Clock) {
        let known = |open: &OpenFlow| open.judged.flow.flow.flow.record.scope != Scope::Sink;
        let all = self.open.iter().filter(|(_, open)| known(open));
        let all: Vec<_> = all.map(|(id, _)| *id).collect();
        for id in all {
            self.judge_one_again(id, true, clock);
        }
    }

    fn judge_one_again(&mut self, id: FlowId, in_any_case: bool, clock: &Clock) {
        let Some(open) = self.open.get_mut(&id) else {
            return;
        };
        let judged = self.pipeline.judge_again(&open.judged, clock, in_any_case);
        if let Some(judged) = judged {
            open.judge(judged);
            self.find(id, false, clock);
            self.show_flow(id, FlowEvent::Updated, clock);
        }
    }
}

/// Whether a flow is of one of the workloads.
fn is_of(judged: &Judged, owners: &HashSet<Owner>) -> bool {
    if owners.is_empty() {
        return false;
    }
    let record = &judged.flow.flow.flow.record;
    let (cgroup, netns) = (record.cgroup, record.netns);
    // What a resolver of this host was told may name the flows of others.
    [netns, None]
        .into_iter()
        .any(|netns| owners.contains(&Owner { cgroup, netns }))
}

pub(super) fn may_be_known_better(judged: &Judged) -> bool {
    let flow = &judged.flow.flow.flow;
    let nameless = |c: &Container| c.name.is_none();
    flow.record.scope != Scope::Sink
        && (flow.workload.container.as_ref().is_some_and(nameless)
            || flow.workload.cgroup_path.is_none())
}
