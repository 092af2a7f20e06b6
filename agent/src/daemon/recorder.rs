//! Drains, judges, stores and shows: the daemon's one hot path, synchronous and
//! in batches.

use std::{
    collections::{BTreeMap, HashMap},
    io,
};

use jiff::{civil::Date, tz::TimeZone};

use super::{Failure, open_flow::OpenFlow, pipeline::Pipeline, uplink::UplinkSide};
use crate::{
    attribution::Container,
    coverage::{Gap, Watch},
    kernel::{Capture, Clock},
    ledger::{Entry, Ledger, Resume},
    output::{Display, FlowEvent, GapLine, Metrics, Shown, Started, Stopped},
    record::{Change, Counters, FlowId, IdlePolicy, Observation, Scope, Seen, Sweeper},
    verdict::Judged,
};

/// Sweeps between two entries of a flow in the ledger.
const SWEEPS_PER_ENTRY: u64 = 60;
/// Sweeps between two looks for idle flows.
const SWEEPS_PER_CLOSING: u64 = 10;

/// How a recorder ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The kernel goes on if the programs are pinned.
    Continue,
    /// Recording ends, pinned or not.
    Detach,
    /// Another recording follows at once.
    Replace,
}

/// Number of a recording, as the ledger has it.
pub(super) fn recording(capture: &Capture) -> String {
    format!("{:032x}", capture.incarnation())
}

/// The state of a running daemon.
pub(super) struct Recorder<'a> {
    capture: Capture,
    sweeper: Sweeper,
    pipeline: Pipeline,
    ledger: Ledger,
    metrics: Metrics,
    display: Option<&'a mut dyn Display>,
    watch: Watch,
    uplink: UplinkSide,
    resume: Resume,
    /// Number of the recording, in hexadecimal.
    recording: String,
    open: HashMap<FlowId, OpenFlow>,
    ended: Counters,
    verdicts: BTreeMap<&'static str, u64>,
    sweeps: u64,
    day: Option<Date>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(
        capture: Capture,
        pipeline: Pipeline,
        (ledger, resume): (Ledger, Resume),
        (watch, uplink): (Watch, UplinkSide),
        metrics: Metrics,
        display: Option<&'a mut dyn Display>,
    ) -> Self {
        Self {
            watch,
            uplink,
            resume,
            recording: recording(&capture),
            capture,
            sweeper: Sweeper::default(),
            pipeline,
            ledger,
            metrics,
            display,
            open: HashMap::new(),
            ended: Counters::default(),
            verdicts: BTreeMap::new(),
            sweeps: 0,
            day: None,
        }
    }

    /// Recording is live.
    pub(super) fn started(
        &mut self,
        started: &Started<'_>,
        gaps: Vec<Gap>,
        clock: &Clock,
    ) -> Result<(), Failure> {
        let uncovered = self.follow_uplinks(clock, true)?;
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .unwrap_or_else(|error| format!("unknown: {error}"));
        let entry = Entry::Started {
            recording: self.recording.clone(),
            adopted: started.adopted,
            version: started.version.to_owned(),
            boot_id: boot_id.trim().to_owned(),
            allowlists: self.pipeline.policy_digest().to_owned(),
            databases: started
                .databases
                .iter()
                .map(|database| (database.name.clone(), database.sha256.clone()))
                .collect(),
        };
        self.ledger.append(clock.now(), entry)?;
        self.ledger.flush()?;
        self.show(|display| display.started(started));
        for gap in gaps.into_iter().chain(uncovered) {
            self.gap(gap, clock)?;
        }
        for observation in self.sweeper.adopt(&self.capture, clock)? {
            self.take(observation, clock)?;
        }
        Ok(())
    }

    fn follow_uplinks(&mut self, since: &Clock, start: bool) -> Result<Vec<Gap>, Failure> {
        self.uplink
            .follow(&mut self.capture, since, start)
            .map_err(Failure::Interfaces)
    }

    /// The record may be incomplete.
    fn gap(&mut self, gap: Gap, clock: &Clock) -> Result<(), Failure> {
        self.metrics.gap(&gap);
        let line = GapLine {
            time: clock.now(),
            gap: &gap,
        };
        self.show(|display| display.gap(&line));
        Ok(self.ledger.append(clock.now(), Entry::Gap(gap))?)
    }

    /// Looks at the slots that the kernel told of.
    pub(super) fn first_sights(&mut self) -> Result<(), Failure> {
        let clock = Clock::read().map_err(Failure::Clock)?;
        while let Some(slot) = self.capture.next_first_sight() {
            if let Some(observation) = self.sweeper.look(&self.capture, slot, &clock) {
                self.take(observation, &clock)?;
            }
        }
        Ok(())
    }

    /// Looks at every slot; now and then stores counts and closes idle flows.
    pub(super) fn sweep(&mut self) -> Result<(), Failure> {
        let clock = Clock::read().map_err(Failure::Clock)?;
        self.sweeps += 1;
        for observation in self.sweeper.sweep(&self.capture, &clock)? {
            self.take(observation, &clock)?;
        }
        self.balance(false, &clock);
        self.judge_again(&clock);
        if self.sweeps.is_multiple_of(SWEEPS_PER_CLOSING) {
            let closed =
                self.sweeper
                    .close_idle(&mut self.capture, &clock, IdlePolicy::default())?;
            for observation in closed {
                self.take(observation, &clock)?;
            }
            // Before that, a crash would lose the counts with the slots.
            self.ledger.flush()?;
            self.sweeper.give_back(&mut self.capture)?;
        }
        if self.watch.is_due(&clock) {
            let since = self.watch.last();
            for gap in self.follow_uplinks(&since, false)? {
                self.gap(gap, &clock)?;
            }
            for gap in self.watch.look(&mut self.capture, clock)? {
                self.gap(gap, &clock)?;
            }
        }
        if self.sweeps.is_multiple_of(SWEEPS_PER_ENTRY) {
            for open in self.open.values_mut() {
                open.store(&mut self.ledger, &clock, &self.recording)?;
            }
            self.store_uplink(&clock)?;
            let cgroups = self
                .open
                .values()
                .map(|o| o.judged.flow.flow.flow.record.cgroup.0);
            self.pipeline.prune(&cgroups.collect());
        }
        self.measure()?;
        Ok(self.ledger.flush()?)
    }

    /// Drains and tells the final counts; detaches first, unless the kernel
    /// shall go on without this agent. Gives back the ledger.
    pub(super) fn finish(mut self, ending: Ending) -> Result<Ledger, Failure> {
        self.measure()?;
        let continues = ending == Ending::Continue && self.capture.is_pinned();
        if !continues {
            self.capture.detach()?;
        }
        let clock = Clock::read().map_err(Failure::Clock)?;
        for observation in self.sweeper.sweep(&self.capture, &clock)? {
            self.take(observation, &clock)?;
        }
        self.balance(true, &clock);
        self.judge_again(&clock);
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
        self.ledger.append(clock.now(), entry)?;
        self.ledger.flush()?;
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

    fn take(&mut self, observation: Observation, clock: &Clock) -> Result<(), Failure> {
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
                let earlier = self.resume.counters.remove(&(slot, record.first_ns));
                let judged = self.pipeline.judge(record, today(clock));
                if earlier.is_none() {
                    self.metrics.first_seen(&judged);
                }
                let open = OpenFlow::new(judged, slot, earlier);
                let base = open.base();
                self.open.insert(id, open);
                base
            }
        };
        let Some(open) = self.open.get(&id) else {
            return Ok(());
        };
        let more = now.since(&before);
        self.metrics.carried(&open.judged, &more);
        self.uplink
            .socket(&open.judged.flow.flow.flow.record, &more);
        if event == FlowEvent::Final {
            if let Some(mut open) = self.open.remove(&id) {
                self.end(clock, &mut open)?;
            }
        } else {
            self.show_flow(id, event, clock);
        }
        Ok(())
    }

    fn store_uplink(&mut self, clock: &Clock) -> Result<(), Failure> {
        let (ledger, recording) = (&mut self.ledger, &self.recording);
        self.uplink.store_all(ledger, clock, recording)?;
        let sums = self.uplink.sums();
        Ok(self.ledger.append(clock.now(), Entry::Balance(sums))?)
    }

    /// Compares the layers, and judges what left unseen by any socket.
    fn balance(&mut self, end: bool, clock: &Clock) {
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
                    let judged = self.pipeline.judge(record, today(clock));
                    if new {
                        self.metrics.first_seen(&judged);
                    }
                    self.open.insert(id, OpenFlow::unseen(judged));
                    (Counters::default(), FlowEvent::FirstSeen)
                }
            };
            if let Some(open) = self.open.get(&id) {
                self.metrics.carried(&open.judged, &now.since(&before));
            }
            self.show_flow(id, event, clock);
        }
        self.metrics.balance(&self.uplink.sums());
    }

    /// The flow's counts are final.
    fn end(&mut self, clock: &Clock, open: &mut OpenFlow) -> Result<(), Failure> {
        open.store(&mut self.ledger, clock, &self.recording)?;
        self.ended = self.ended + open.own_counters();
        *self
            .verdicts
            .entry(open.judged.verdict.label())
            .or_default() += 1;
        let third_country = self.pipeline.third_country(&open.judged, today(clock));
        let shown = shown(FlowEvent::Final, clock, &open.judged, third_country);
        self.show(|display| display.flow(&shown));
        Ok(())
    }

    /// Names of containers come later than their first packet, and a new day
    /// can end an entry.
    fn judge_again(&mut self, clock: &Clock) {
        let today = today(clock);
        let new_day = self.day.replace(today).is_some_and(|day| day != today);
        let doubtful: Vec<_> = self
            .open
            .iter()
            .filter(|(_, open)| may_be_known_better(&open.judged, new_day))
            .map(|(id, _)| *id)
            .collect();
        for id in doubtful {
            let Some(open) = self.open.get_mut(&id) else {
                continue;
            };
            if let Some(judged) = self.pipeline.judge_again(&open.judged, today, new_day) {
                open.judged = judged;
                self.show_flow(id, FlowEvent::Updated, clock);
            }
        }
    }

    fn measure(&mut self) -> Result<(), Failure> {
        self.capture.flush_log();
        self.metrics.open_flows(self.open.len());
        for (kind, count) in self.capture.losses()? {
            self.metrics.loss(kind.label(), count);
        }
        for stats in self.capture.program_stats() {
            self.metrics.program(&stats);
        }
        Ok(())
    }

    fn show_flow(&mut self, id: FlowId, event: FlowEvent, clock: &Clock) {
        let (Some(open), Some(display)) = (self.open.get(&id), self.display.as_deref_mut()) else {
            return;
        };
        let third_country = self.pipeline.third_country(&open.judged, today(clock));
        let written = display.flow(&shown(event, clock, &open.judged, third_country));
        self.written(written);
    }

    fn show(&mut self, say: impl FnOnce(&mut dyn Display) -> io::Result<()>) {
        if let Some(display) = self.display.as_deref_mut() {
            let written = say(display);
            self.written(written);
        }
    }

    /// Recording goes on when nobody looks any more.
    fn written(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            tracing::warn!(%error, "the display is gone; recording goes on without it");
            self.display = None;
        }
    }
}

fn may_be_known_better(judged: &Judged, new_day: bool) -> bool {
    let flow = &judged.flow.flow.flow;
    let nameless = |c: &Container| c.name.is_none();
    flow.record.scope != Scope::Sink
        && (new_day
            || flow.workload.container.as_ref().is_some_and(nameless)
            || flow.workload.cgroup_path.is_none())
}

fn shown<'a>(
    event: FlowEvent,
    clock: &Clock,
    judged: &'a Judged,
    third_country: Option<bool>,
) -> Shown<'a> {
    let record = &judged.flow.flow.flow.record;
    let seen = (
        clock.time_of(record.first_ns),
        clock.time_of(record.last_ns),
    );
    Shown {
        event,
        time: clock.now(),
        seen,
        judged,
        third_country,
    }
}

/// Policy is dated in UTC.
fn today(clock: &Clock) -> Date {
    clock.now().to_zoned(TimeZone::UTC).date()
}
