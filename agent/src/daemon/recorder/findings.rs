//! What deviates becomes findings, and is told of.

use std::time::Duration;

use super::Recorder;
use crate::{
    daemon::{Failure, pipeline::today},
    finding::{Deviation, Event, Finding, Findings, Group, Kind, Limits},
    kernel::Clock,
    ledger::Entry,
    notify::Notifier,
    output::{Beside, FindingLine},
    record::{Counters, FlowId},
};

impl Recorder<'_> {
    /// Takes over the findings that an earlier agent left open.
    pub(in crate::daemon) fn with_findings(mut self, open: Vec<Finding>, quiet: Duration) -> Self {
        self.findings = Findings::new(Limits {
            quiet,
            ..Limits::default()
        });
        self.findings.restore(open, self.began.now());
        self
    }

    /// Has findings told by these ways out, too.
    pub(in crate::daemon) fn with_notifier(mut self, notifier: Notifier) -> Self {
        self.notifier = notifier;
        self
    }

    /// A flow was judged, or judged again. An `adopted` one was of an earlier agent's.
    pub(super) fn find(&mut self, id: FlowId, adopted: bool, clock: &Clock) {
        let Some(open) = self.open.get(&id) else {
            return;
        };
        let known = self.pipeline.circumstances(&open.judged, clock);
        let deviations = Deviation::of_flow(&open.judged, &known);
        let record = &open.judged.flow.flow.flow.record;
        let seen = (
            clock.time_of(record.first_ns),
            clock.time_of(record.last_ns),
        );
        self.findings.judged(id, seen, deviations, adopted);
    }

    /// A flow has carried more.
    pub(super) fn find_more(&mut self, id: FlowId, more: &Counters, clock: &Clock) {
        if *more == Counters::default() {
            return;
        }
        if let Some(open) = self.open.get(&id) {
            let last = open.judged.flow.flow.flow.record.last_ns;
            let last = clock.time_of(last);
            self.findings.carried(id, more.egress_bytes, last);
        }
    }

    /// A flow's counts are final.
    pub(super) fn find_ended(&mut self, id: FlowId, clock: &Clock) {
        if let Some(open) = self.open.get(&id) {
            let last = open.judged.flow.flow.flow.record.last_ns;
            self.findings.ended(id, clock.time_of(last));
        }
    }

    /// The allowlists on disk are refused for this reason, or they are not.
    pub(super) fn find_refused(&mut self, why: Option<&str>, clock: &Clock) {
        let found = why.map(Deviation::of_refused_allowlists);
        let found = found.into_iter().collect();
        self.findings
            .stand(Kind::AllowlistsRefused, found, clock.now());
    }

    /// Tells what became of findings; with `all`, also what they have more.
    pub(super) fn tell_findings(&mut self, all: bool, clock: &Clock) -> Result<(), Failure> {
        let changes = self.findings.take_changes(all);
        if changes.is_empty() {
            return Ok(());
        }
        for change in changes {
            let line = FindingLine {
                time: clock.now(),
                event: change.event,
                finding: &change.finding,
            };
            self.metrics.finding(&line);
            self.show(|display| display.finding(&line));
            let finding = Box::new(change.finding);
            let entry = match change.event {
                Event::Opened => Entry::FindingOpened(finding),
                Event::Updated => Entry::FindingUpdated(finding),
                Event::Closed => Entry::FindingClosed(finding),
            };
            self.append_told(clock, &entry)?;
        }
        self.measure_findings(clock);
        self.tell_notices()
    }

    /// Adds an entry that ways out may be told of.
    pub(super) fn append_told(&mut self, clock: &Clock, entry: &Entry) -> Result<(), Failure> {
        let kept = self.ledger.offer(clock.now(), entry)?;
        let seq = self.ledger.seq();
        self.notifier.entry(kept, seq, clock.now(), entry);
        Ok(())
    }

    /// Has ways out told, which is not before the disk has the entries.
    pub(super) fn tell_notices(&mut self) -> Result<(), Failure> {
        if self.notifier.is_held() {
            self.ledger.flush()?;
            self.notifier.release();
        }
        Ok(())
    }

    pub(super) fn measure_findings(&self, clock: &Clock) {
        let policy = self.pipeline.policy();
        let today = today(clock);
        let domicile = |finding: &Finding| match &finding.key.destination {
            Some(Group::Provider(id)) => {
                let provider = policy.providers().get(id)?;
                let home = provider.domicile_on(today).ok();
                Some((&*provider.id, home?.to_string()))
            }
            _ => None,
        };
        let beside = Beside {
            folded: self.findings.folded_flows(),
            acknowledged: &self.acknowledged.among(self.findings.open()),
            domiciles: self.findings.open().filter_map(domicile).collect(),
        };
        self.metrics.open_findings(self.findings.open(), &beside);
        self.notifier
            .open(self.findings.open(), &beside, clock.now());
    }

    /// Says in the ledger what is open, so that nobody has to read further back.
    pub(super) fn store_open_findings(&mut self, clock: &Clock) -> Result<(), Failure> {
        let findings = self.findings.open().cloned().collect();
        let entry = Entry::OpenFindings { findings };
        Ok(self.ledger.append(clock.now(), entry)?)
    }
}
