//! What of a policy hangs on the course of time: budgets and windows.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::RandomState;
use jiff::civil::{DateTime, Time};

use super::entry::Entry;

/// Entries with a budget, and when windows open and close.
#[derive(Debug, Default)]
pub struct Limits {
    budgeted: HashMap<String, Entry, RandomState>,
    /// Times of day at which some window opens or closes.
    turns: BTreeSet<Time>,
}

impl Limits {
    pub(super) fn of<'e>(entries: impl Iterator<Item = &'e Entry>) -> Self {
        let mut limits = Self::default();
        for entry in entries {
            if entry.budget.is_some() {
                limits.budgeted.insert(entry.id.clone(), entry.clone());
            }
            for (from, to) in entry.windows.iter().filter_map(|window| window.hours) {
                limits.turns.extend([from, to]);
            }
        }
        limits
    }

    /// Whether no entry has a budget.
    pub fn without_budgets(&self) -> bool {
        self.budgeted.is_empty()
    }

    /// An entry that has a budget, by its id.
    pub fn budgeted(&self, id: &str) -> Option<&Entry> {
        self.budgeted.get(id)
    }

    /// Whether time alone may have changed a verdict between two dates and times of UTC:
    /// a day began, or a window opened or closed.
    pub fn turned(&self, before: DateTime, now: DateTime) -> bool {
        let (before, now) = (before.min(now), before.max(now));
        before.date() != now.date()
            || self
                .turns
                .iter()
                .any(|turn| before.time() < *turn && *turn <= now.time())
    }
}
