//! What the record says beside flows, findings and gaps.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{balance::Sums, history::Span, ledger::Entry, record::Counters};

/// Items of each list that are kept.
const MOST: usize = 256;

/// Heartbeats of a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Heartbeats {
    /// How many.
    pub count: u64,
    /// The first.
    pub first: Option<Timestamp>,
    /// The last.
    pub last: Option<Timestamp>,
    /// Minutes of the period, counted from its beginning, in which there was one.
    pub minutes: u64,
    /// Minutes of the period that began.
    pub of_minutes: u64,
}

/// Both layers compared: what left the host by its uplinks against what sockets sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Balanced {
    /// Since when: the beginning of the period, or the first comparison that there is.
    pub from: Timestamp,
    /// The last comparison.
    pub to: Timestamp,
    /// The sums between the two.
    #[serde(flatten)]
    pub sums: Sums,
}

impl Balanced {
    /// What left by an uplink and was seen at a socket, or was wrapped by a tunnel.
    pub fn accounted(&self) -> u64 {
        self.sums
            .uplink_bytes
            .saturating_sub(self.sums.unseen_bytes)
    }
}

/// A set of allowlists that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedSet {
    /// When.
    pub time: Timestamp,
    /// SHA-256 of what could be read of it.
    pub digest: String,
    /// The first error.
    pub error: Option<String>,
}

/// Proofs that every way out is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SelfTests {
    /// How often the canary sent.
    pub runs: u64,
    /// How often all that it sent was recorded.
    pub held: u64,
    /// Ways that once were not recorded as sent.
    pub failed: BTreeSet<String>,
    /// Ways of the last run.
    pub ways: u64,
}

/// What else the record says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Heartbeats.
    pub heartbeats: Heartbeats,
    /// Both layers compared; `None` where nobody did.
    pub balance: Option<Balanced>,
    /// Counts of the uplink layer.
    pub uplink: Counters,
    /// What the kernel could not do, by kind, as the gaps of the period tell.
    pub losses: BTreeMap<String, u64>,
    /// What the host could not cover, with the reason.
    pub not_covered: BTreeMap<String, String>,
    /// Versions of the agent that recorded.
    pub versions: BTreeSet<String>,
    /// Sets of allowlists that were refused: at most 256.
    pub refused_sets: Vec<RefusedSet>,
    /// Files that should have become an IP database and could not, with the reason: at
    /// most 256.
    pub refused_databases: Vec<(Timestamp, String, String)>,
    /// Proofs that every way out is recorded.
    pub self_tests: SelfTests,
    /// Bytes of a torn end that were cut off.
    pub repaired_bytes: u64,
    /// Ranges of entries that were removed for age or room: at most 256.
    pub pruned: Vec<(u64, u64)>,
    /// When the node took another key.
    pub keys_rotated: Vec<Timestamp>,
    /// Entries of the period.
    pub entries: u64,
}

/// Facts, as entries tell of them.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    facts: Facts,
    last_minute: Option<i64>,
    /// The last comparison of the agent that runs.
    compared: Option<Sums>,
    /// Whether that agent began in what was read.
    began: bool,
}

impl Gathered {
    pub(super) fn take(&mut self, span: &Span, time: Timestamp, entry: &Entry) {
        if time >= span.to {
            return;
        }
        let within = span.contains(time);
        match entry {
            Entry::Started { .. } => (self.compared, self.began) = (None, true),
            Entry::Balance(sums) => self.balance(within, time, *sums),
            // As the agent found it that recorded at the beginning, and each one after.
            Entry::NotCovered(found) => {
                if !within {
                    self.facts.not_covered.clear();
                }
                self.facts.not_covered.extend(found.clone());
            }
            _ => {}
        }
        if let Entry::Started { version, .. } = entry {
            if !within {
                self.facts.versions.clear();
            }
            if self.facts.versions.len() < MOST {
                self.facts.versions.insert(version.clone());
            }
        }
        if within {
            self.facts.entries += 1;
            self.take_within(span, time, entry);
        }
    }

    fn take_within(&mut self, span: &Span, time: Timestamp, entry: &Entry) {
        let facts = &mut self.facts;
        match entry {
            Entry::Heartbeat { .. } => {
                let beats = &mut facts.heartbeats;
                beats.count += 1;
                beats.first = beats.first.or(Some(time));
                beats.last = Some(time);
                let minute = time.duration_since(span.from).as_mins();
                if self.last_minute.is_none_or(|last| last < minute) {
                    self.last_minute = Some(minute);
                    beats.minutes += 1;
                }
            }
            Entry::Uplink(one) => facts.uplink = facts.uplink + one.counters,
            Entry::AllowlistsRefused { digest, errors, .. } if facts.refused_sets.len() < MOST => {
                facts.refused_sets.push(RefusedSet {
                    time,
                    digest: digest.clone(),
                    error: errors.first().cloned(),
                });
            }
            Entry::DatabaseRefused { name, error } if facts.refused_databases.len() < MOST => {
                let refused = (time, name.clone(), error.clone());
                facts.refused_databases.push(refused);
            }
            Entry::SelfTest { ways } => {
                let tests = &mut facts.self_tests;
                let failed = ways.iter().filter(|way| !way.holds());
                tests.runs += 1;
                tests.held += u64::from(!ways.is_empty() && ways.iter().all(|way| way.holds()));
                tests.failed.extend(failed.map(|way| way.way.clone()));
                tests.ways = ways.len() as u64;
            }
            Entry::Repaired { bytes } => facts.repaired_bytes += bytes,
            Entry::Pruned { first, last, .. } if facts.pruned.len() < MOST => {
                facts.pruned.push((*first, *last));
            }
            Entry::KeyRotated { .. } if facts.keys_rotated.len() < MOST => {
                facts.keys_rotated.push(time);
            }
            _ => {}
        }
    }

    /// The sums run over one agent; what counts is what they grew by in the period.
    fn balance(&mut self, within: bool, time: Timestamp, sums: Sums) {
        let before = match self.compared {
            Some(before) => Some(before),
            None if self.began => Some(Sums::default()),
            None => None,
        };
        self.compared = Some(sums);
        if !within {
            return;
        }
        let balance = self.facts.balance.get_or_insert(Balanced {
            from: time,
            to: time,
            sums: Sums::default(),
        });
        balance.to = time;
        let Some(before) = before else {
            return;
        };
        let grown = |now: u64, before: u64| now.saturating_sub(before);
        let all = &mut balance.sums;
        all.uplink_bytes += grown(sums.uplink_bytes, before.uplink_bytes);
        all.wrapped_bytes += grown(sums.wrapped_bytes, before.wrapped_bytes);
        all.unseen_bytes += grown(sums.unseen_bytes, before.unseen_bytes);
        all.missing_bytes += grown(sums.missing_bytes, before.missing_bytes);
    }

    /// A gap of the period told of losses.
    pub(super) fn lost(&mut self, losses: &BTreeMap<String, u64>) {
        for (kind, count) in losses {
            *self.facts.losses.entry(kind.clone()).or_default() += count;
        }
    }

    pub(super) fn finish(mut self, span: &Span) -> Facts {
        let minute = SignedDuration::from_mins(1).as_nanos();
        let whole = (span.duration().as_nanos() + minute - 1) / minute;
        self.facts.heartbeats.of_minutes = u64::try_from(whole).unwrap_or(u64::MAX);
        self.facts
    }
}
