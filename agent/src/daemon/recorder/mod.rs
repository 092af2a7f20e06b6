//! Drains, judges, stores and shows: the daemon's one hot path, synchronous and
//! in batches.

mod acknowledge;
mod allowlists;
mod bundles;
mod databases;
mod end;
mod expiry;
mod findings;
mod flows;
mod heartbeat;
mod limits;
mod names;
mod now;
mod self_test;
mod show;
mod status;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use jiff::civil::Date;
use weir_common::Loss;

pub(super) use acknowledge::without_agent;
pub(super) use now::Look;
pub(super) use self_test::Played;

use super::{Failure, open_flow::OpenFlow, pipeline::Pipeline, uplink::UplinkSide};
use crate::{
    coverage::{Gap, Watch},
    finding::{Acknowledgements, Deviation, Findings, Limits},
    jurisdiction::Databases,
    kernel::{Capture, Clock},
    ledger::{Entry, Ledger, Resume},
    notify::Notifier,
    output::{Display, GapLine, Metrics, Started},
    record::{Counters, FlowId, IdlePolicy, Sweeper},
};

/// Sweeps between two entries of a flow in the ledger.
const SWEEPS_PER_ENTRY: u64 = 60;
/// Sweeps between two looks for idle flows.
const SWEEPS_PER_CLOSING: u64 = 10;

/// Slots of which the observations are in memory at the same time.
const SLOTS_AT_ONCE: u16 = 4096;

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
    /// When interfaces were last looked at.
    followed: Clock,
    /// When this agent began.
    began: Clock,
    /// When the canary last proved every way.
    proven: Option<Clock>,
    resume: Resume,
    /// Number of the recording, in hexadecimal.
    recording: String,
    /// Boxed: a table keeps room for twice its entries.
    open: HashMap<FlowId, Box<OpenFlow>>,
    /// Cgroups that have served others on this host.
    relays: HashSet<u64>,
    /// Losses so far of what names come from.
    names_lost: BTreeMap<&'static str, u64>,
    /// Copies refused so far to cgroups that had used up their budget.
    refused: HashMap<u64, u64>,
    /// Where names are kept over a restart of the agent.
    store: Option<PathBuf>,
    /// Gaps that this agent has told of.
    gaps: u64,
    ended: Counters,
    verdicts: BTreeMap<&'static str, u64>,
    sweeps: u64,
    /// When the ledger had a heartbeat last.
    beat: Option<Clock>,
    /// When it was last looked whether time alone has changed a verdict.
    looked: Option<Clock>,
    /// Day on which entries that end soon were last warned of.
    warned: Option<Date>,
    /// Digest of the set of allowlists that was refused, as long as it is what there is
    /// to be read.
    refused_set: Option<String>,
    findings: Findings,
    acknowledged: Acknowledgements,
    notifier: Notifier,
    /// For those who look.
    remembered: now::Remembered,
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
        // Those of before were told of then.
        let names_lost = Loss::ALL
            .into_iter()
            .filter_map(|kind| Some((kind.label(), *resume.losses.get(kind.label())?)))
            .collect();
        Self {
            followed: watch.last(),
            began: watch.last(),
            proven: None,
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
            relays: HashSet::new(),
            names_lost,
            refused: HashMap::new(),
            store: None,
            gaps: 0,
            ended: Counters::default(),
            verdicts: BTreeMap::new(),
            sweeps: 0,
            beat: None,
            looked: None,
            warned: None,
            refused_set: None,
            findings: Findings::new(Limits::default()),
            acknowledged: Acknowledgements::default(),
            notifier: Notifier::none(),
            remembered: now::Remembered::default(),
        }
    }

    /// Recording is live.
    pub(super) fn started(
        &mut self,
        started: &Started<'_>,
        (not_covered, gaps): (BTreeMap<String, String>, Vec<Gap>),
        clock: &Clock,
    ) -> Result<(), Failure> {
        let uncovered = self.follow_uplinks(clock, true)?;
        self.followed = *clock;
        let entry = Entry::Started {
            recording: self.recording.clone(),
            adopted: started.adopted,
            version: started.version.to_owned(),
            boot_id: heartbeat::boot_id(),
            boot_ns: Some(clock.boot_ns()),
            allowlists: self.pipeline.policy_digest().to_owned(),
            databases: started
                .databases
                .iter()
                .map(|database| (database.name.clone(), database.sha256.clone()))
                .collect(),
            build: started.build.cloned(),
            confinement: started.confinement.cloned(),
        };
        self.ledger.append(clock.now(), entry)?;
        let not_covered = Entry::NotCovered(not_covered);
        self.ledger.append(clock.now(), not_covered)?;
        self.store_open_findings(clock)?;
        self.store_acknowledgements(clock)?;
        self.ledger.flush()?;
        // From now on, files are compared with what they are now.
        let tampering = self.ledger.tampering();
        let tampered: Vec<_> = self.watch.began(tampering).collect();
        self.show(|display| display.started(started));
        self.measure_findings(clock);
        // The agent begins with a set that is valid.
        self.find_refused(None, clock);
        self.warn_of_expiry(clock, true)?;
        for gap in gaps.into_iter().chain(uncovered).chain(tampered) {
            self.gap(gap, clock)?;
        }
        for observation in self.sweeper.adopt(&self.capture, clock)? {
            self.take(observation, clock)?;
        }
        self.tell_findings(false, clock)
    }

    /// IP databases in force.
    pub(super) fn databases(&self) -> Arc<Databases> {
        Arc::clone(self.pipeline.databases())
    }

    fn follow_uplinks(&mut self, since: &Clock, start: bool) -> Result<Vec<Gap>, Failure> {
        let now = Clock::read().map_err(Failure::Clock)?;
        Ok(self.uplink.follow(&mut self.capture, (since, &now), start))
    }

    /// Interfaces or routes have changed.
    pub(super) fn interfaces_changed(&mut self) -> Result<(), Failure> {
        let clock = Clock::read().map_err(Failure::Clock)?;
        let since = std::mem::replace(&mut self.followed, clock);
        for gap in self.follow_uplinks(&since, false)? {
            self.gap(gap, &clock)?;
        }
        Ok(())
    }

    /// The record may be incomplete.
    fn gap(&mut self, gap: Gap, clock: &Clock) -> Result<(), Failure> {
        self.tell_gap(&gap, clock);
        Ok(self.ledger.append(clock.now(), Entry::Gap(gap))?)
    }

    fn tell_gap(&mut self, gap: &Gap, clock: &Clock) {
        self.gaps += 1;
        self.metrics.gap(gap);
        self.remembered.gap(gap, self.began.now());
        let found = Deviation::of_gap(gap);
        self.findings.happened(found, (gap.from, gap.to));
        let line = GapLine {
            time: clock.now(),
            gap,
        };
        self.show(|display| display.gap(&line));
    }

    /// Writes what waits. That there is no room is found while it lasts; the gap is told
    /// of when it is over and written.
    fn flush(&mut self, clock: &Clock) -> Result<(), Failure> {
        self.ledger.flush()?;
        self.notifier.release();
        for gap in self.ledger.relieved() {
            self.tell_gap(&gap, clock);
        }
        if let Some(gap) = self.ledger.without_room()? {
            let found = Deviation::of_gap(&gap);
            self.findings.happened(found, (gap.from, gap.to));
        }
        Ok(())
    }

    /// Looks at the slots that the kernel told of.
    pub(super) fn first_sights(&mut self) -> Result<(), Failure> {
        let clock = Clock::read().map_err(Failure::Clock)?;
        self.turn(&clock)?;
        while let Some(slot) = self.capture.next_first_sight() {
            if let Some(observation) = self.sweeper.look(&self.capture, slot, &clock) {
                self.take(observation, &clock)?;
            }
        }
        // Whoever is called for it does not wait for the next sweep.
        self.tell_findings(false, &clock)
    }

    /// Looks at every slot; now and then stores counts and closes idle flows.
    pub(super) fn sweep(&mut self) -> Result<(), Failure> {
        let clock = Clock::read().map_err(Failure::Clock)?;
        self.sweeps += 1;
        self.hear_at(&clock);
        self.turn(&clock)?;
        self.sweep_all(&clock)?;
        self.balance(false, &clock)?;
        self.judge_again(&clock);
        self.warn_of_expiry(&clock, false)?;
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
            self.interfaces_changed()?;
            let tampering = self.ledger.tampering();
            for gap in self.watch.look(&mut self.capture, clock, tampering)? {
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
            let cgroups: HashSet<u64> = cgroups.collect();
            self.relays.retain(|cgroup| cgroups.contains(cgroup));
            self.refused.retain(|cgroup, _| cgroups.contains(cgroup));
            self.pipeline.prune(&cgroups, &clock);
            self.keep_names(&clock, false);
        }
        self.findings.settle(clock.now());
        let all = self.sweeps.is_multiple_of(SWEEPS_PER_ENTRY);
        self.tell_findings(all, &clock)?;
        self.measure(&clock)?;
        self.beat(&clock)?;
        let databases = self.pipeline.databases().describe();
        self.metrics.database_ages(databases, clock.now());
        self.flush(&clock)
    }

    fn sweep_all(&mut self, clock: &Clock) -> Result<(), Failure> {
        let used = self.capture.used_slots()?;
        for first in (0..used).step_by(usize::from(SLOTS_AT_ONCE)) {
            let end = used.min(first.saturating_add(SLOTS_AT_ONCE.into()));
            for observation in self.sweeper.sweep_part(&self.capture, clock, first..end) {
                self.take(observation, clock)?;
            }
        }
        Ok(())
    }
}
