//! Check `heartbeats`: each minute was examined, the clock agrees with the time since boot,
//! and counts add up.

use jiff::Timestamp;

use super::{
    check::{Doubt, Found, failed, incomplete},
    run::Run,
};
use crate::{coverage::Reason, ledger::Entry};

/// A heartbeat is due each minute. The agent looks for it once a sweep, so that one may be
/// late; between two that are further apart than this, another is missing.
const HEARTBEAT_NS: i64 = 90_000_000_000;

/// A clock that moves by more than this against the time since boot was set, as the agent has
/// it ([`crate::coverage`]).
const STEP_NS: i128 = 500_000_000;

/// It may be adjusted by one part in so many (adjtimex(2)), which is no step.
const SLEW: i128 = 2000;

/// An agent was at work.
#[derive(Clone, Debug)]
struct Alive {
    seq: u64,
    time_ns: i64,
    boot: Option<(String, u64)>,
}

/// What has to be explained by a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hole {
    /// No heartbeat between two of one agent; and an entry by which the agent was at work
    /// meanwhile, if there is one.
    Silent(Option<u64>),
    /// The clock was set, by nanoseconds, up to this entry.
    Step(u64, i128),
}

/// Follows heartbeats.
#[derive(Debug, Default)]
pub(super) struct Heartbeats {
    beats: u64,
    flows: u64,
    run: Option<Run>,
    alive: Option<Alive>,
    /// After which entry, from when to when.
    holes: Vec<(u64, (i64, i64), Hole)>,
    gaps: Vec<(Timestamp, Timestamp, Reason)>,
    /// The first thing that is wrong.
    wrong: Option<Doubt>,
}

impl Heartbeats {
    fn run(&mut self) -> &mut Run {
        self.run.get_or_insert_with(|| Run::new(false))
    }

    fn note(&mut self, found: Result<(), Doubt>) {
        if let (None, Err(doubt)) = (&self.wrong, found) {
            self.wrong = Some(doubt);
        }
    }

    /// A flow of the period was written.
    pub(super) fn flow(&mut self, seq: u64, time_ns: i64, counts: [i128; 4]) {
        self.flows += 1;
        self.run().flow(counts);
        self.wrote(seq, time_ns);
    }

    /// An agent wrote an entry, so that it was at work, and had a heartbeat to write before.
    pub(super) fn wrote(&mut self, seq: u64, time_ns: i64) {
        let late = |alive: &mut Alive| time_ns.saturating_sub(alive.time_ns) > HEARTBEAT_NS;
        if let Some(alive) = self.alive.take_if(late) {
            let hole = Hole::Silent(Some(seq));
            self.holes.push((alive.seq, (alive.time_ns, time_ns), hole));
        }
    }

    /// Any other entry was written, of the period or before.
    pub(super) fn take(&mut self, seq: u64, time_ns: i64, entry: &Entry, of_period: bool) {
        if let Entry::Gap(gap) = entry {
            self.gaps.push((gap.from, gap.to, gap.reason));
        }
        if !of_period {
            return;
        }
        match entry {
            Entry::Started {
                boot_id, boot_ns, ..
            } => {
                self.run = Some(Run::new(true));
                self.alive = Some(Alive {
                    seq,
                    time_ns,
                    boot: boot_ns.map(|ns| (boot_id.clone(), ns)),
                });
            }
            Entry::Gap(gap) if gap.reason == Reason::StoreFull => self.run().without_room(),
            Entry::Balance(_) => {
                let found = self.run().settle(seq, time_ns);
                self.note(found);
                self.wrote(seq, time_ns);
            }
            Entry::Heartbeat {
                boot_id,
                boot_ns,
                counters,
                ..
            } => {
                self.beats += 1;
                let now = Alive {
                    seq,
                    time_ns,
                    boot: Some((boot_id.clone(), *boot_ns)),
                };
                if let Some(before) = self.alive.replace(now.clone()) {
                    let found = self.between(&before, &now);
                    self.note(found);
                }
                let found = self.run().beat(seq, time_ns, counters);
                self.note(found);
            }
            Entry::Stopped { counters, .. } => {
                let found = self.run().stop(seq, time_ns, counters);
                self.note(found);
                self.run = None;
                self.alive = None;
            }
            _ => {}
        }
    }

    /// Two heartbeats of one agent, or its beginning and the first.
    fn between(&mut self, before: &Alive, now: &Alive) -> Result<(), Doubt> {
        let moved = i128::from(now.time_ns) - i128::from(before.time_ns);
        let interval = (before.time_ns, now.time_ns);
        let boots = before.boot.as_ref().zip(now.boot.as_ref());
        let passed = boots
            .filter(|(one, other)| one.0 == other.0)
            .map(|(one, other)| i128::from(other.1) - i128::from(one.1));
        if passed.is_some_and(|passed| passed < 0) {
            return Err(failed(format!(
                "at entry {}, less time has passed since boot than at entry {}, in the same boot: \
                 entries were moved or changed",
                now.seq, before.seq
            )));
        }
        if passed.unwrap_or(moved) > i128::from(HEARTBEAT_NS) {
            self.holes.push((before.seq, interval, Hole::Silent(None)));
        }
        if let Some(passed) = passed {
            let step = moved - passed;
            if step.abs() > STEP_NS + passed / SLEW {
                let hole = Hole::Step(now.seq, step);
                self.holes.push((before.seq, interval, hole));
            }
        }
        Ok(())
    }

    fn explained(&self, (from, to): (i64, i64), reasons: &[Reason]) -> bool {
        let (from, to) = (from.min(to), from.max(to));
        self.gaps.iter().any(|(begin, end, reason)| {
            begin.as_nanosecond() <= to.into()
                && i128::from(from) <= end.as_nanosecond()
                && reasons.contains(reason)
        })
    }

    /// The check; `hidden` entries of the period are not shown.
    pub(super) fn check(&self, hidden: u64) -> Found {
        const SILENCE: &[Reason] = &[
            Reason::NotRecording,
            Reason::Replaced,
            Reason::ClockStep,
            Reason::StoreFull,
        ];
        if let Some(wrong) = self.wrong.as_ref().filter(|_| hidden == 0) {
            return Err(wrong.clone());
        }
        let mut silent = 0;
        for (seq, interval, hole) in &self.holes {
            match hole {
                Hole::Step(at, by) if !self.explained(*interval, &[Reason::ClockStep]) => {
                    return Err(failed(format!(
                        "after entry {seq}, the clock was set by {} ms up to entry {at}, and no \
                         gap says so: an entry was left out or changed",
                        by / 1_000_000
                    )));
                }
                Hole::Silent(wrote) if !self.explained(*interval, SILENCE) => match wrote {
                    Some(wrote) => {
                        return Err(failed(format!(
                            "no heartbeat for {} s after entry {seq}, though the agent wrote \
                             entry {wrote}: a heartbeat was left out",
                            (interval.1 - interval.0) / 1_000_000_000
                        )));
                    }
                    None => silent += 1,
                },
                _ => {}
            }
        }
        if silent > 0 {
            return Err(incomplete(format!(
                "{} heartbeats; {silent} times none for more than {} s, with no entry that says \
                 why",
                self.beats,
                HEARTBEAT_NS / 1_000_000_000
            )));
        }
        if hidden > 0 {
            return Err(incomplete(format!(
                "{} heartbeats, none missing; {hidden} entries are hidden, so that counts cannot \
                 be added up",
                self.beats
            )));
        }
        Ok(format!(
            "{} heartbeats, none missing, agree with the counts of {} flow entries and with the \
             time since boot",
            self.beats, self.flows
        ))
    }
}
