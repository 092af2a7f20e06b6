//! Findings that were open in the period, with what became of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::known::{self, Known};
use crate::{
    finding::{Event, Finding, FindingId, Severity},
    history::Span,
    ledger::Entry,
};

/// Findings that are followed.
const MOST: usize = 8192;
/// Events of one finding that are kept: the first, and the last.
const MOST_EVENTS: usize = 64;

/// What became of a finding, and how it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingEvent {
    /// When.
    pub time: Timestamp,
    /// What.
    pub event: Event,
    /// Who was called.
    pub severity: Severity,
    /// Flows that it had since it was opened.
    pub flows: u64,
    /// IP bytes that they sent.
    pub egress_bytes: u64,
}

/// A finding over a period. One that is closed and opened again goes on in the same
/// history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingHistory {
    /// As it was at the end of the period.
    #[serde(flatten)]
    pub finding: Finding,
    /// Whether it was open when the period began.
    pub open_before: bool,
    /// Whether it was open when the period ended.
    pub open_after: bool,
    /// The worst that it was within the period.
    pub worst: Severity,
    /// What became of it within the period, in order: the first and the last of it.
    pub events: Vec<FindingEvent>,
    /// Events between those that are not kept.
    pub more_events: u64,
    /// How often it was opened within the period.
    pub opened: u64,
    /// How often it was closed within the period.
    pub closed: u64,
    /// Who knew of it, in order: the one that counted when the period began, and those of
    /// the period, at most 16 of them, the first and the last. None hides or closes anything.
    pub acknowledgements: Vec<Known>,
}

impl FindingHistory {
    fn new(finding: Finding, open_before: bool) -> Self {
        Self {
            worst: finding.severity,
            finding,
            open_before,
            open_after: true,
            events: Vec::new(),
            more_events: 0,
            opened: 0,
            closed: 0,
            acknowledgements: Vec::new(),
        }
    }

    fn take(&mut self, time: Timestamp, event: Event, finding: &Finding) {
        self.finding = finding.clone();
        self.open_after = event != Event::Closed;
        self.worst = self.worst.max(finding.severity);
        self.opened += u64::from(event == Event::Opened);
        self.closed += u64::from(event == Event::Closed);
        if self.events.len() >= MOST_EVENTS {
            self.events.pop();
            self.more_events += 1;
        }
        self.events.push(FindingEvent {
            time,
            event,
            severity: finding.severity,
            flows: finding.flows,
            egress_bytes: finding.egress_bytes,
        });
    }
}

/// Every finding that was open in a period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FindingHistories {
    /// Pages first, then by first event and id: at most 8192.
    pub listed: Vec<FindingHistory>,
    /// Events of findings beyond those.
    pub folded_events: u64,
}

/// Findings, as entries tell of them.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Open before the period, as far as was told.
    before: BTreeMap<FindingId, Finding>,
    within: BTreeMap<FindingId, FindingHistory>,
    known: known::Gathered,
    began: bool,
    folded_events: u64,
}

impl Gathered {
    pub(super) fn take(&mut self, span: &Span, time: Timestamp, entry: &Entry) {
        if time >= span.to {
            return;
        }
        self.known.take(span, time, entry);
        let within = span.contains(time);
        if within && !self.began {
            self.began = true;
            for (id, finding) in std::mem::take(&mut self.before) {
                self.within.insert(id, FindingHistory::new(finding, true));
            }
        }
        match entry {
            Entry::OpenFindings { findings } if within => self.restated(findings),
            Entry::OpenFindings { findings } => {
                let stated = findings.iter().map(|one| (one.id, one.clone()));
                self.before = stated.collect();
            }
            Entry::FindingOpened(one) => self.event(within, time, Event::Opened, one),
            Entry::FindingUpdated(one) => self.event(within, time, Event::Updated, one),
            Entry::FindingClosed(one) => self.event(within, time, Event::Closed, one),
            _ => {}
        }
    }

    fn event(&mut self, within: bool, time: Timestamp, event: Event, finding: &Finding) {
        if !within {
            match event {
                Event::Closed => drop(self.before.remove(&finding.id)),
                _ if self.before.len() < MOST => {
                    self.before.insert(finding.id, finding.clone());
                }
                _ => {}
            }
            return;
        }
        if !self.within.contains_key(&finding.id) && self.within.len() >= MOST {
            self.folded_events += 1;
            return;
        }
        let open_before = event != Event::Opened;
        let history = self.within.entry(finding.id);
        history
            .or_insert_with(|| FindingHistory::new(finding.clone(), open_before))
            .take(time, event, finding);
    }

    /// An agent says what is open as it begins: what it does not know of any more is not.
    fn restated(&mut self, findings: &[Finding]) {
        for history in self.within.values_mut() {
            history.open_after = false;
        }
        for finding in findings {
            let room = self.within.len() < MOST;
            match self.within.get_mut(&finding.id) {
                Some(history) => {
                    history.open_after = true;
                    history.worst = history.worst.max(finding.severity);
                    history.finding = finding.clone();
                }
                None if room => {
                    let history = FindingHistory::new(finding.clone(), true);
                    self.within.insert(finding.id, history);
                }
                None => self.folded_events += 1,
            }
        }
    }

    pub(super) fn finish(mut self, span: &Span) -> FindingHistories {
        if !self.began {
            for (id, finding) in std::mem::take(&mut self.before) {
                self.within.insert(id, FindingHistory::new(finding, true));
            }
        }
        let mut listed: Vec<FindingHistory> = self.within.into_values().collect();
        for one in &mut listed {
            one.acknowledgements = self.known.of(span, one.finding.id);
        }
        listed.sort_by_key(|one| {
            let first = one.events.first().map(|event| event.time);
            (std::cmp::Reverse(one.worst), first, one.finding.id)
        });
        FindingHistories {
            listed,
            folded_events: self.folded_events,
        }
    }
}
