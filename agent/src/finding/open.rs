//! One finding, and what keeps it open.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FindingId, Group, Key, Severity};

/// An open deviation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Digest of the key.
    pub id: FindingId,
    /// What makes it this finding.
    #[serde(flatten)]
    pub key: Key,
    /// Who is called: the worst of what it had since it was opened.
    pub severity: Severity,
    /// First sight of what it is about.
    pub first_seen: Timestamp,
    /// Last sight.
    pub last_seen: Timestamp,
    /// Flows that it had since it was opened.
    pub flows: u64,
    /// IP bytes that they sent.
    pub egress_bytes: u64,
    /// A sentence for people: of the earliest among the worst.
    pub detail: String,
    /// Sight of what the sentence is about.
    pub detail_seen: Timestamp,
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It is new.
    Opened,
    /// It is worse, or has more than before.
    Updated,
    /// It has had nothing for the quiet time, or what it is about was put right.
    Closed,
}

/// What became of a finding, with the finding as it is now, or was at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What became of it.
    pub event: Event,
    /// The finding.
    pub finding: Finding,
}

/// A finding with what keeps it open.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) finding: Finding,
    /// Flows that it has now.
    pub(super) flows: usize,
    /// Whether what it is about stands until it is put right.
    pub(super) standing: bool,
    /// When it had nothing any more, at the earliest.
    pub(super) quiet_from: Timestamp,
    /// Whether an earlier agent opened it.
    pub(super) restored: bool,
    /// Whether it has more than was told.
    pub(super) more: bool,
}

impl Open {
    /// It is about something that was seen from and until then.
    pub(super) fn seen(&mut self, (first, last): (Timestamp, Timestamp)) {
        self.quiet_from = self.quiet_from.max(last);
        let finding = &mut self.finding;
        if last > finding.last_seen || first < finding.first_seen {
            finding.last_seen = finding.last_seen.max(last);
            finding.first_seen = finding.first_seen.min(first);
            self.more = true;
        }
    }
}

/// Findings that are kept apart, by severity.
#[derive(Debug, Default)]
pub(super) struct Apart {
    tickets: usize,
    pages: usize,
}

impl Apart {
    pub(super) fn of(&mut self, severity: Severity) -> &mut usize {
        match severity {
            Severity::Ticket => &mut self.tickets,
            Severity::Page => &mut self.pages,
        }
    }

    /// Whether one more of this severity may be kept apart. Those that became worse count
    /// where they are now, so that both together are bounded, too.
    pub(super) fn has_room(&mut self, severity: Severity, most: usize) -> bool {
        let all = self.tickets + self.pages;
        *self.of(severity) < most && all < most.saturating_mul(2)
    }

    pub(super) fn add(&mut self, finding: &Finding) {
        if !is_folded(finding) {
            *self.of(finding.severity) += 1;
        }
    }

    pub(super) fn remove(&mut self, finding: &Finding) {
        if !is_folded(finding) {
            let count = self.of(finding.severity);
            *count = count.saturating_sub(1);
        }
    }
}

/// Whether it is of many that are not kept apart.
pub(super) fn is_folded(finding: &Finding) -> bool {
    matches!(finding.key.destination, Some(Group::Many(_)))
}
