//! Reads findings and acknowledgements out of the ledger.

use std::{collections::BTreeMap, path::Path};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Serialize;
use serde_json::Value;
use weir_ledger::LedgerError;

use crate::{
    finding::{Acknowledgement, Acknowledgements, Finding, FindingId},
    history::Span,
    ledger::Entry,
};

/// An agent says at its start and once a day what is open: so far back is read, and
/// further only if nothing was said.
const FURTHER_BACK: SignedDuration = SignedDuration::from_hours(25);

/// A finding, its end, and who knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Known {
    /// The finding as it was last.
    #[serde(flatten)]
    pub(super) finding: Finding,
    /// When it was closed; `None` while it is open.
    pub(super) closed: Option<Timestamp>,
    /// The acknowledgement that counts for it, if one does.
    pub(super) acknowledged: Option<Acknowledgement>,
}

/// What the entries so far say.
#[derive(Default)]
pub(super) struct State {
    findings: BTreeMap<FindingId, (Finding, Option<Timestamp>)>,
    acknowledged: Acknowledgements,
    /// Whether what is open was said as a whole.
    whole: bool,
}

impl State {
    pub(super) fn take(&mut self, time: Timestamp, entry: Entry) {
        match entry {
            Entry::OpenFindings { findings } => {
                self.whole = true;
                // What is not among them was closed while nobody wrote of it.
                for (_, closed) in self.findings.values_mut() {
                    closed.get_or_insert(time);
                }
                for finding in findings {
                    self.findings.insert(finding.id, (finding, None));
                }
            }
            Entry::FindingOpened(finding) | Entry::FindingUpdated(finding) => {
                self.findings.insert(finding.id, (*finding, None));
            }
            Entry::FindingClosed(finding) => {
                self.findings.insert(finding.id, (*finding, Some(time)));
            }
            Entry::Acknowledged(one) => self.acknowledged.add(one),
            Entry::OpenAcknowledgements { acknowledgements } => {
                self.acknowledged = acknowledgements.into_iter().collect();
            }
            _ => {}
        }
    }

    /// Those that were open in a period, the worst and latest first.
    pub(super) fn within(mut self, span: Span) -> Vec<Known> {
        let today = span.to.to_zoned(TimeZone::UTC).date();
        self.acknowledged.expire(today);
        let known = &self.acknowledged;
        let mut found: Vec<_> = self
            .findings
            .into_values()
            .filter(|(_, closed)| closed.is_none_or(|closed| closed >= span.from))
            .map(|(finding, closed)| Known {
                acknowledged: known.of(&finding).cloned(),
                finding,
                closed,
            })
            .collect();
        found.sort_by_key(|one| {
            let finding = &one.finding;
            (
                one.closed.is_some(),
                std::cmp::Reverse(finding.severity),
                std::cmp::Reverse(finding.last_seen),
                finding.id,
            )
        });
        found
    }
}

/// Findings that were open in a period.
pub(super) fn read(store: &Path, span: Span) -> Result<Vec<Known>, LedgerError> {
    let from = span
        .from
        .checked_sub(FURTHER_BACK)
        .unwrap_or(Timestamp::MIN);
    let from = i64::try_from(from.as_nanosecond()).unwrap_or(i64::MIN);
    let mut state = since(store, from, span.to)?;
    if !state.whole {
        state = since(store, i64::MIN, span.to)?;
    }
    Ok(state.within(span))
}

fn since(store: &Path, from_ns: i64, to: Timestamp) -> Result<State, LedgerError> {
    let mut state = State::default();
    let mut odd = None;
    weir_ledger::for_each_since(store, from_ns, |seq, time_ns: i64, entry: Value| {
        if !is_of_findings(&entry) {
            return;
        }
        let time = Timestamp::from_nanosecond(time_ns.into());
        match (time, serde_json::from_value(entry)) {
            (Ok(time), Ok(entry)) if time < to => state.take(time, entry),
            (Ok(_), Ok(_)) => {}
            (_, Err(error)) => drop(odd.get_or_insert((seq, error.to_string()))),
            (Err(error), _) => drop(odd.get_or_insert((seq, error.to_string()))),
        }
    })?;
    match odd {
        None => Ok(state),
        Some((seq, what)) => Err(LedgerError::Damaged {
            path: store.to_owned(),
            at: format!("entry {seq} ({what})"),
        }),
    }
}

fn is_of_findings(entry: &Value) -> bool {
    let kind = entry
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    kind.starts_with("finding_")
        || matches!(
            kind,
            "open_findings" | "acknowledged" | "open_acknowledgements"
        )
}
