//! What an earlier agent found and left open.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{Entry, LedgerError, log};
use crate::finding::{Finding, FindingId};

/// What a stretch of a ledger says of findings.
#[derive(Default)]
struct Said {
    /// Whether it says what was open at its beginning, so that nothing before it matters.
    whole: bool,
    open: BTreeMap<FindingId, Finding>,
    closed: BTreeSet<FindingId>,
}

impl Said {
    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::OpenFindings { findings } => {
                let open = findings.into_iter().map(|one| (one.id, one));
                *self = Self {
                    whole: true,
                    open: open.collect(),
                    closed: BTreeSet::new(),
                };
            }
            Entry::FindingOpened(one) | Entry::FindingUpdated(one) => {
                self.closed.remove(&one.id);
                self.open.insert(one.id, *one);
            }
            Entry::FindingClosed(one) => {
                self.open.remove(&one.id);
                self.closed.insert(one.id);
            }
            _ => {}
        }
    }

    /// Puts what an earlier stretch says before what is known.
    fn before(&mut self, earlier: Self) {
        for (id, finding) in earlier.open {
            if !self.closed.contains(&id) {
                self.open.entry(id).or_insert(finding);
            }
        }
        self.closed.extend(earlier.closed);
        self.whole = earlier.whole;
    }
}

/// Reads a ledger back to where it says what was open: each agent writes that when it
/// begins, and once a day.
///
/// # Errors
/// When the directory cannot be read or a segment is damaged before its end.
pub fn open_findings(directory: &Path) -> Result<Vec<Finding>, LedgerError> {
    let mut said = Said::default();
    for path in log::segments(directory)?.iter().rev() {
        let mut of_segment = Said::default();
        log::visit(path, |line| of_segment.take(line.entry))?;
        said.before(of_segment);
        if said.whole {
            break;
        }
    }
    Ok(said.open.into_values().collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::finding::{Key, Kind, Severity};

    fn finding(number: u64, flows: u64) -> Finding {
        let key = Key {
            kind: Kind::EvidenceGap,
            product: None,
            workload: None,
            destination: None,
            jurisdiction: None,
            rule: Some(number.to_string()),
        };
        let time = "2026-01-02T03:04:05Z".parse().unwrap();
        Finding {
            id: key.id(),
            key,
            severity: Severity::Ticket,
            first_seen: time,
            last_seen: time,
            flows,
            egress_bytes: 0,
            detail: "made up".to_owned(),
            detail_seen: time,
        }
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let one = (0..4u64, 0..9u64).prop_map(|(number, flows)| Box::new(finding(number, flows)));
        let all = proptest::collection::vec((0..4u64).prop_map(|n| finding(n, 1)), 0..3);
        prop_oneof![
            one.clone().prop_map(Entry::FindingOpened),
            one.clone().prop_map(Entry::FindingUpdated),
            one.prop_map(Entry::FindingClosed),
            all.prop_map(|findings| Entry::OpenFindings { findings }),
        ]
    }

    proptest! {
        /// Read backwards, stretch by stretch, it is what it is read forwards.
        #[test]
        fn stretches_say_what_the_whole_says(
            stretches in proptest::collection::vec(proptest::collection::vec(entry(), 0..6), 0..5)
        ) {
            let mut forwards = Said::default();
            let mut backwards = Said::default();
            for entry in stretches.iter().flatten() {
                forwards.take(entry.clone());
            }
            for stretch in stretches.iter().rev() {
                let mut said = Said::default();
                stretch.iter().for_each(|entry| said.take(entry.clone()));
                backwards.before(said);
                if backwards.whole {
                    break;
                }
            }
            prop_assert_eq!(backwards.open, forwards.open);
        }
    }

    #[test]
    fn entries_come_back_as_they_were() {
        let entry = Entry::FindingOpened(Box::new(finding(1, 2)));
        let json = serde_json::to_string(&entry).unwrap();
        let id = finding(1, 2).id;
        assert_eq!(
            json,
            format!(
                "{{\"type\":\"finding_opened\",\"id\":\"{id}\",\"kind\":\"evidence_gap\",\
                 \"product\":null,\"workload\":null,\"destination\":null,\"jurisdiction\":null,\
                 \"rule\":\"1\",\"severity\":\"ticket\",\"first_seen\":\"2026-01-02T03:04:05Z\",\
                 \"last_seen\":\"2026-01-02T03:04:05Z\",\"flows\":2,\"egress_bytes\":0,\
                 \"detail\":\"made up\",\"detail_seen\":\"2026-01-02T03:04:05Z\"}}"
            )
        );
        assert_eq!(serde_json::from_str::<Entry>(&json).unwrap(), entry);
    }
}
