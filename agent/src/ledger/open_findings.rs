//! What an earlier agent found and left open.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Entry, LedgerError};
use crate::finding::{Acknowledgement, Finding};

/// Findings that are open, and the last acknowledgement of each finding, followed entry by
/// entry: by the finding's id, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OpenFindings(BTreeMap<String, String>, BTreeMap<String, String>);

impl OpenFindings {
    /// Follows an entry.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<(), LedgerError> {
        let of_findings = matches!(
            entry,
            Entry::OpenFindings { .. }
                | Entry::FindingOpened(_)
                | Entry::FindingUpdated(_)
                | Entry::FindingClosed(_)
                | Entry::Acknowledged(_)
                | Entry::OpenAcknowledgements { .. }
        );
        if of_findings {
            let value = serde_json::to_value(entry)
                .map_err(|error| LedgerError::Entry(error.to_string()))?;
            self.take_value(&value);
        }
        Ok(())
    }

    /// Follows an entry as a value.
    pub(super) fn take_value(&mut self, entry: &Value) {
        match entry["type"].as_str() {
            Some("open_findings") => {
                self.0.clear();
                for finding in entry["findings"].as_array().into_iter().flatten() {
                    self.open(finding);
                }
            }
            Some("finding_opened" | "finding_updated") => self.open(entry),
            Some("finding_closed") => {
                if let Some(id) = entry["id"].as_str() {
                    self.0.remove(id);
                }
            }
            Some("acknowledged") => self.acknowledge(entry),
            Some("open_acknowledgements") => {
                self.1.clear();
                for one in entry["acknowledgements"].as_array().into_iter().flatten() {
                    self.acknowledge(one);
                }
            }
            _ => {}
        }
    }

    fn acknowledge(&mut self, one: &Value) {
        if let Some(id) = one["finding"].as_str() {
            let mut one = one.clone();
            if let Some(fields) = one.as_object_mut() {
                fields.remove("type");
            }
            self.1.insert(id.to_owned(), one.to_string());
        }
    }

    fn open(&mut self, finding: &Value) {
        if let Some(id) = finding["id"].as_str() {
            let mut finding = finding.clone();
            if let Some(fields) = finding.as_object_mut() {
                fields.remove("type");
            }
            self.0.insert(id.to_owned(), finding.to_string());
        }
    }

    /// The findings, by id.
    pub(super) fn list(&self) -> Result<Vec<Finding>, LedgerError> {
        parsed(&self.0)
    }

    /// The acknowledgements, by finding.
    pub(super) fn acknowledgements(&self) -> Result<Vec<Acknowledgement>, LedgerError> {
        parsed(&self.1)
    }
}

fn parsed<T: DeserializeOwned>(texts: &BTreeMap<String, String>) -> Result<Vec<T>, LedgerError> {
    texts
        .values()
        .map(|json| serde_json::from_str(json))
        .collect::<Result<_, _>>()
        .map_err(|error| LedgerError::Entry(error.to_string()))
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
        /// Followed as they are or as values, they are those of a plain map.
        #[test]
        fn what_is_open_is_what_was_not_closed(entries in proptest::collection::vec(entry(), 0..20)) {
            let (mut typed, mut values) = (OpenFindings::default(), OpenFindings::default());
            let mut naive = BTreeMap::new();
            for entry in &entries {
                typed.take(entry).unwrap();
                values.take_value(&serde_json::to_value(entry).unwrap());
                match entry.clone() {
                    Entry::OpenFindings { findings } => {
                        naive = findings.into_iter().map(|one| (one.id, one)).collect();
                    }
                    Entry::FindingOpened(one) | Entry::FindingUpdated(one) => {
                        naive.insert(one.id, *one);
                    }
                    Entry::FindingClosed(one) => drop(naive.remove(&one.id)),
                    _ => {}
                }
            }
            prop_assert_eq!(&typed, &values);
            let mut listed = typed.list().unwrap();
            listed.sort_by_key(|one| one.id);
            prop_assert_eq!(listed, naive.into_values().collect::<Vec<_>>());
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

    #[test]
    fn the_last_acknowledgement_of_each_finding_is_known() {
        let one = |number, reason: &str| Acknowledgement {
            finding: finding(number, 1).id,
            severity: Severity::Ticket,
            reason: reason.to_owned(),
            until: jiff::civil::date(2026, 1, 2),
            by: "someone".to_owned(),
            uid: 0,
        };
        let entries = [
            Entry::Acknowledged(one(1, "first")),
            Entry::Acknowledged(one(2, "other")),
            Entry::Acknowledged(one(1, "second")),
        ];
        let (mut typed, mut values) = (OpenFindings::default(), OpenFindings::default());
        for entry in &entries {
            typed.take(entry).unwrap();
            values.take_value(&serde_json::to_value(entry).unwrap());
        }
        assert_eq!(typed, values);
        let mut known = typed.acknowledgements().unwrap();
        known.sort_by(|a, b| a.reason.cmp(&b.reason));
        assert_eq!(known, [one(2, "other"), one(1, "second")]);
        typed
            .take(&Entry::OpenAcknowledgements {
                acknowledgements: vec![one(2, "other")],
            })
            .unwrap();
        assert_eq!(typed.acknowledgements().unwrap(), [one(2, "other")]);
    }
}
