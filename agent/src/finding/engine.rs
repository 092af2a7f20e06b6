//! What is open.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    Change, Deviation, Event, Finding, FindingId, Key, Kind, Severity,
    open::{Apart, Open, is_folded},
};
use crate::record::FlowId;

/// How findings are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a finding stays open after its last flow has ended, or is judged
    /// otherwise, while the agent looks on.
    pub quiet: Duration,
    /// Findings of each severity that are kept apart. Beyond, they fold into one of each
    /// kind and product.
    pub most_open: usize,
}

impl Default for Limits {
    /// A quarter of an hour, so that what comes every ten minutes is one finding; a
    /// thousand.
    fn default() -> Self {
        Self {
            quiet: Duration::from_secs(15 * 60),
            most_open: 1000,
        }
    }
}

/// The findings that are open. Bounded, whatever flows come.
#[derive(Debug)]
pub struct Findings {
    limits: Limits,
    open: BTreeMap<FindingId, Open>,
    /// How many are kept apart.
    apart: Apart,
    of_flow: HashMap<FlowId, Vec<FindingId>>,
    changes: Vec<Change>,
}

impl Findings {
    /// None, kept so.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: BTreeMap::new(),
            apart: Apart::default(),
            of_flow: HashMap::new(),
            changes: Vec::new(),
        }
    }

    /// Takes over what an earlier agent left open. It is quiet from now on at the earliest:
    /// nobody has looked before.
    pub fn restore(&mut self, findings: impl IntoIterator<Item = Finding>, now: Timestamp) {
        for finding in findings {
            let open = Open {
                flows: 0,
                standing: false,
                quiet_from: finding.last_seen.max(now),
                restored: true,
                more: false,
                finding,
            };
            self.put(open);
        }
    }

    /// A flow was judged, or judged again: from now on it has these deviations. `seen` are
    /// its first and last sight. An `adopted` flow was one of an earlier agent's.
    pub fn judged(
        &mut self,
        flow: FlowId,
        seen: (Timestamp, Timestamp),
        deviations: Vec<Deviation>,
        adopted: bool,
    ) {
        if deviations.is_empty() && !self.of_flow.contains_key(&flow) {
            return;
        }
        let before = self.of_flow.remove(&flow).unwrap_or_default();
        let mut now = Vec::with_capacity(deviations.len());
        for deviation in deviations {
            let id = self.see(deviation, seen);
            if now.contains(&id) {
                continue;
            }
            now.push(id);
            if let Some(open) = self.open.get_mut(&id).filter(|_| !before.contains(&id)) {
                open.flows += 1;
                if !(adopted && open.restored) {
                    open.finding.flows += 1;
                    open.more = true;
                }
            }
        }
        for id in before.iter().filter(|id| !now.contains(id)) {
            self.leave(*id, seen.1);
        }
        if !now.is_empty() {
            self.of_flow.insert(flow, now);
        }
    }

    /// A flow has carried this much more, until then.
    pub fn carried(&mut self, flow: FlowId, egress_bytes: u64, last_seen: Timestamp) {
        let Some(ids) = self.of_flow.get(&flow) else {
            return;
        };
        for id in ids {
            if let Some(open) = self.open.get_mut(id) {
                let bytes = &mut open.finding.egress_bytes;
                *bytes = bytes.saturating_add(egress_bytes);
                open.seen((last_seen, last_seen));
                open.more = true;
            }
        }
    }

    /// A flow has ended.
    pub fn ended(&mut self, flow: FlowId, last_seen: Timestamp) {
        for id in self.of_flow.remove(&flow).unwrap_or_default() {
            self.leave(id, last_seen);
        }
    }

    /// Something deviated over an interval, and is over.
    pub fn happened(&mut self, deviation: Deviation, seen: (Timestamp, Timestamp)) {
        self.see(deviation, seen);
    }

    /// From now on, exactly these deviations of a kind stand. Those that do not any more
    /// are put right, and closed.
    pub fn stand(&mut self, kind: Kind, deviations: Vec<Deviation>, now: Timestamp) {
        let mut standing = BTreeSet::new();
        for deviation in deviations {
            standing.insert(self.see(deviation, (now, now)));
        }
        let of_kind: Vec<_> = self
            .open
            .iter()
            .filter(|(_, open)| open.finding.key.kind == kind)
            .map(|(id, _)| *id)
            .collect();
        for id in of_kind {
            if standing.contains(&id) {
                if let Some(open) = self.open.get_mut(&id) {
                    open.standing = true;
                }
            } else {
                self.close(id);
            }
        }
    }

    /// Closes what has been quiet for long enough.
    pub fn settle(&mut self, now: Timestamp) {
        let quiet = SignedDuration::try_from(self.limits.quiet).unwrap_or(SignedDuration::MAX);
        let over: Vec<_> = self
            .open
            .iter()
            .filter(|(_, open)| open.flows == 0 && !open.standing)
            .filter(|(_, open)| now.duration_since(open.quiet_from) >= quiet)
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            self.close(id);
        }
    }

    /// What became of findings since the last call: those that were opened, closed or
    /// became worse; with `all`, those too that only have more.
    pub fn take_changes(&mut self, all: bool) -> Vec<Change> {
        let mut opened = BTreeSet::new();
        let mut changes = std::mem::take(&mut self.changes);
        changes.retain_mut(|change| {
            let id = change.finding.id;
            match change.event {
                Event::Opened => opened.insert(id),
                Event::Closed => opened.remove(&id),
                // What is told as new is told as it is by now.
                Event::Updated if opened.contains(&id) => return false,
                Event::Updated => true,
            };
            if change.event != Event::Closed
                && let Some(open) = self.open.get_mut(&id)
            {
                change.finding = open.finding.clone();
                open.more = false;
            }
            true
        });
        if all {
            for open in self.open.values_mut().filter(|open| open.more) {
                open.more = false;
                changes.push(Change {
                    event: Event::Updated,
                    finding: open.finding.clone(),
                });
            }
        }
        changes
    }

    /// Everything that is open, by id.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.open.values().map(|open| &open.finding)
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Flows that are not kept apart at present.
    pub fn folded_flows(&self) -> usize {
        let folded = self.open.values().filter(|open| is_folded(&open.finding));
        folded.map(|open| open.flows).sum()
    }

    /// Takes a deviation into its finding, which is opened if it is not open.
    fn see(&mut self, deviation: Deviation, seen: (Timestamp, Timestamp)) -> FindingId {
        let (key, id) = self.place(deviation.key, deviation.severity);
        let Some(open) = self.open.get_mut(&id) else {
            let finding = Finding {
                id,
                key,
                severity: deviation.severity,
                first_seen: seen.0,
                last_seen: seen.1,
                flows: 0,
                egress_bytes: 0,
                detail: deviation.detail,
                detail_seen: seen.0,
            };
            self.changes.push(Change {
                event: Event::Opened,
                finding: finding.clone(),
            });
            self.put(Open {
                finding,
                flows: 0,
                standing: false,
                quiet_from: seen.1,
                restored: false,
                more: false,
            });
            return id;
        };
        open.seen(seen);
        let finding = &mut open.finding;
        let told = |severity, seen, detail| (Reverse(severity), seen, detail);
        let known = told(finding.severity, finding.detail_seen, &finding.detail);
        if told(deviation.severity, seen.0, &deviation.detail) < known {
            finding.detail = deviation.detail;
            finding.detail_seen = seen.0;
            open.more = true;
        }
        if deviation.severity > finding.severity {
            self.apart.remove(finding);
            finding.severity = deviation.severity;
            self.apart.add(finding);
            self.changes.push(Change {
                event: Event::Updated,
                finding: finding.clone(),
            });
        }
        id
    }

    /// The finding that a deviation goes to: its own, or beyond the limit one of many.
    fn place(&mut self, key: Key, severity: Severity) -> (Key, FindingId) {
        let id = key.id();
        if self.open.contains_key(&id) || self.apart.has_room(severity, self.limits.most_open) {
            return (key, id);
        }
        let folded = key.folded(severity);
        let id = folded.id();
        (folded, id)
    }

    fn put(&mut self, open: Open) {
        self.apart.add(&open.finding);
        self.open.insert(open.finding.id, open);
    }

    fn leave(&mut self, id: FindingId, last_seen: Timestamp) {
        if let Some(open) = self.open.get_mut(&id) {
            open.flows = open.flows.saturating_sub(1);
            open.quiet_from = open.quiet_from.max(last_seen);
        }
    }

    fn close(&mut self, id: FindingId) {
        let Some(open) = self.open.remove(&id) else {
            return;
        };
        self.apart.remove(&open.finding);
        self.changes.push(Change {
            event: Event::Closed,
            finding: open.finding,
        });
    }
}
