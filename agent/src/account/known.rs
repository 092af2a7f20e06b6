//! Acknowledgements: who knew of a finding in the period.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::Offset};
use serde::Serialize;

use crate::{
    finding::{Acknowledgement, FindingId},
    history::Span,
    ledger::Entry,
};

/// Acknowledgements of one finding that are kept: the first, and the last.
const MOST: usize = 16;

/// Somebody knew of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Known {
    /// When it was said; `None` of what was said before the period.
    pub time: Option<Timestamp>,
    /// What was said.
    #[serde(flatten)]
    pub acknowledgement: Acknowledgement,
}

/// Acknowledgements, as entries tell of them.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Those that count as the period begins, the latest of each finding.
    before: BTreeMap<FindingId, Acknowledgement>,
    within: BTreeMap<FindingId, Vec<Known>>,
}

impl Gathered {
    pub(super) fn take(&mut self, span: &Span, time: Timestamp, entry: &Entry) {
        match entry {
            Entry::Acknowledged(one) if span.contains(time) => {
                let known = self.within.entry(one.finding).or_default();
                if known.len() >= MOST {
                    known.pop();
                }
                known.push(Known {
                    time: Some(time),
                    acknowledgement: one.clone(),
                });
            }
            Entry::Acknowledged(one) if time < span.from => {
                self.before.insert(one.finding, one.clone());
            }
            // What is told again within the period is known by then.
            Entry::OpenAcknowledgements { acknowledgements } if time < span.from => {
                let told = acknowledgements.iter().cloned();
                self.before = told.map(|one| (one.finding, one)).collect();
            }
            _ => {}
        }
    }

    /// Who knew of a finding: at the beginning of the period, and from then on, in order.
    pub(super) fn of(&mut self, span: &Span, finding: FindingId) -> Vec<Known> {
        let first_day = Offset::UTC.to_datetime(span.from).date();
        let before = self.before.remove(&finding);
        let before = before.filter(|one| counts(one, first_day));
        let known = before.map(|acknowledgement| Known {
            time: None,
            acknowledgement,
        });
        let within = self.within.remove(&finding).unwrap_or_default();
        known.into_iter().chain(within).collect()
    }
}

/// Whether it counts on a day.
fn counts(one: &Acknowledgement, day: Date) -> bool {
    one.until >= day
}
