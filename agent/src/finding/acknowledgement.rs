//! Somebody knows of a finding. That hides nothing and closes nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Finding, FindingId, Severity};

/// Bytes of a reason that are taken.
pub const MOST_OF_REASON: usize = 1000;

/// Somebody has said that they know of a finding, why it may stay, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The finding.
    pub finding: FindingId,
    /// How bad it was then. A finding that becomes worse is not the one that was known.
    pub severity: Severity,
    /// Why it may stay for now.
    pub reason: String,
    /// Last day on which it counts, in UTC.
    pub until: Date,
    /// Who says so, in their own words.
    pub by: String,
    /// User id of the process that said it, as the kernel told.
    pub uid: u32,
}

/// The acknowledgements that count, the latest of each finding. They outlive a finding that
/// is closed: the same deviation has the same id when it comes again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acknowledgements(BTreeMap<FindingId, Acknowledgement>);

impl Acknowledgements {
    /// From now on this one counts for its finding.
    pub fn add(&mut self, one: Acknowledgement) {
        self.0.insert(one.finding, one);
    }

    /// Forgets those whose last day is past; whether there were any.
    pub fn expire(&mut self, today: Date) -> bool {
        let before = self.0.len();
        self.0.retain(|_, one| one.until >= today);
        self.0.len() != before
    }

    /// The one that counts for a finding as it is now.
    pub fn of(&self, finding: &Finding) -> Option<&Acknowledgement> {
        self.0
            .get(&finding.id)
            .filter(|one| finding.severity <= one.severity)
    }

    /// Those among findings for which one counts.
    pub fn among<'a>(&self, findings: impl Iterator<Item = &'a Finding>) -> BTreeSet<FindingId> {
        findings
            .filter(|finding| self.of(finding).is_some())
            .map(|finding| finding.id)
            .collect()
    }

    /// All of them, by finding.
    pub fn iter(&self) -> impl Iterator<Item = &Acknowledgement> {
        self.0.values()
    }
}

impl FromIterator<Acknowledgement> for Acknowledgements {
    fn from_iter<I: IntoIterator<Item = Acknowledgement>>(all: I) -> Self {
        let mut these = Self::default();
        all.into_iter().for_each(|one| these.add(one));
        these
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use jiff::{Timestamp, civil::date};

    use super::*;
    use crate::finding::{Key, Kind};

    fn finding(severity: Severity) -> Finding {
        let key = Key {
            kind: Kind::Undeclared,
            product: None,
            workload: None,
            destination: None,
            jurisdiction: None,
            rule: None,
        };
        Finding {
            id: key.id(),
            key,
            severity,
            first_seen: Timestamp::UNIX_EPOCH,
            last_seen: Timestamp::UNIX_EPOCH,
            flows: 1,
            egress_bytes: 0,
            detail: String::new(),
            detail_seen: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn one_counts_until_its_day_and_for_nothing_worse() {
        let ticket = finding(Severity::Ticket);
        let mut known = Acknowledgements::default();
        assert_eq!(known.of(&ticket), None);
        let mut one = Acknowledgement {
            finding: ticket.id,
            severity: Severity::Ticket,
            reason: "known".to_owned(),
            until: date(2026, 1, 2),
            by: "someone".to_owned(),
            uid: 0,
        };
        known.add(one.clone());
        assert_eq!(known.of(&ticket), Some(&one));
        assert_eq!(known.of(&finding(Severity::Page)), None);
        assert!(!known.expire(date(2026, 1, 2)));
        assert!(known.expire(date(2026, 1, 3)));
        assert_eq!(known.of(&ticket), None);
        one.severity = Severity::Page;
        known.add(one.clone());
        assert_eq!(known.of(&finding(Severity::Page)), Some(&one));
        assert_eq!(known.among([&ticket].into_iter()).len(), 1);
        let json = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Acknowledgement>(&json).unwrap(), one);
    }
}
