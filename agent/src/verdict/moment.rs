//! When a flow is judged, and what was carried before.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::Offset,
};

/// All that a verdict takes from the course of time: the same moment gives the same
/// verdict, whenever it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// Date and time of day in UTC: worked out once for all that is judged then.
    civil: DateTime,
    /// What entries with a budget have carried by then.
    pub spent: &'a Spent,
}

impl<'a> Moment<'a> {
    /// At this time, when entries with a budget have carried so much.
    pub fn new(time: Timestamp, spent: &'a Spent) -> Self {
        Self {
            civil: Offset::UTC.to_datetime(time),
            spent,
        }
    }

    /// The day, in UTC, as everything in the policy that is dated.
    pub fn day(&self) -> Date {
        self.civil.date()
    }

    /// Date and time of day, in UTC.
    pub fn civil(&self) -> DateTime {
        self.civil
    }
}

/// What each entry with a budget has carried so far in its current period.
///
/// Holds one number for each entry that it was ever told of; [`Spent::retain`] forgets
/// those that are gone. The default has carried nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    by_entry: HashMap<String, Carried, RandomState>,
}

/// Bytes within one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Carried {
    /// First day of the period.
    period: Date,
    bytes: u64,
}

impl Spent {
    /// Egress bytes that the entry, by its id, has carried in the period that begins on
    /// this day.
    pub fn bytes(&self, entry: &str, period: Date) -> u64 {
        self.by_entry
            .get(entry)
            .filter(|carried| carried.period == period)
            .map_or(0, |carried| carried.bytes)
    }

    /// Adds egress bytes to those of the period that begins on this day. A later period
    /// takes the place of an earlier one; what belongs to a period that is past is not
    /// counted.
    pub fn add(&mut self, entry: &str, period: Date, bytes: u64) {
        match self.by_entry.get_mut(entry) {
            Some(carried) if carried.period == period => {
                carried.bytes = carried.bytes.saturating_add(bytes);
            }
            Some(carried) if carried.period > period => {}
            Some(carried) => *carried = Carried { period, bytes },
            None => {
                let carried = Carried { period, bytes };
                self.by_entry.insert(entry.to_owned(), carried);
            }
        }
    }

    /// Forgets the entries of which `keep` says so, by id.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.by_entry.retain(|id, _| keep(id));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_day_is_that_of_utc() {
        let spent = Spent::default();
        let time = "2026-11-01T01:30:00+02:00".parse().unwrap();
        let moment = Moment::new(time, &spent);
        assert_eq!(moment.day(), date(2026, 10, 31));
        assert_eq!(moment.civil(), date(2026, 10, 31).at(23, 30, 0, 0));
    }

    #[test]
    fn a_period_is_counted_for_itself() {
        let (first, second) = (date(2026, 11, 1), date(2026, 11, 2));
        let mut spent = Spent::default();
        spent.add("a", first, 5);
        spent.add("a", first, 7);
        spent.add("b", first, 1);
        assert_eq!(spent.bytes("a", first), 12);
        assert_eq!(spent.bytes("a", second), 0, "the next has carried nothing");
        spent.add("a", second, 3);
        spent.add("a", first, 100);
        assert_eq!(spent.bytes("a", second), 3);
        assert_eq!(spent.bytes("a", first), 0, "it is past");
        spent.add("a", second, u64::MAX);
        assert_eq!(spent.bytes("a", second), u64::MAX);
        spent.retain(|id| id == "b");
        assert_eq!((spent.bytes("a", second), spent.bytes("b", first)), (0, 1));
    }
}
