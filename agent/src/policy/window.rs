//! Hours of the week, in UTC.

use std::fmt;

use jiff::civil::{DateTime, Time, Weekday};
use serde::{Serialize, Serializer};

/// Days of the week, Monday first, as they are written.
pub(super) const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// A set of days of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Days(u8);

impl Days {
    /// Every day.
    pub const ALL: Self = Self(0x7f);

    const fn bit(day: Weekday) -> u8 {
        1 << day.to_monday_zero_offset()
    }

    /// Adds a day; whether it was not yet among them.
    pub fn insert(&mut self, day: Weekday) -> bool {
        let before = self.0;
        self.0 |= Self::bit(day);
        self.0 != before
    }

    /// Whether the day is among them.
    pub const fn contains(self, day: Weekday) -> bool {
        self.0 & Self::bit(day) != 0
    }

    fn labels(self) -> impl Iterator<Item = &'static str> {
        DAYS.into_iter()
            .filter(move |(_, day)| self.contains(*day))
            .map(|(label, _)| label)
    }
}

/// As an array of names.
impl Serialize for Days {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.labels())
    }
}

/// `mon, wed`; nothing for every day.
impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return Ok(());
        }
        for (i, label) in self.labels().enumerate() {
            write!(f, "{}{label}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// When an entry declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Window {
    /// Days on which it begins.
    pub days: Days,
    /// From the first time on, until the second, which is not within it any more. Where
    /// the second is not later it is that of the next day. `None` for whole days.
    pub hours: Option<(Time, Time)>,
}

impl Window {
    /// Whether a date and time of UTC lies within it.
    pub fn holds(&self, at: DateTime) -> bool {
        let today = self.days.contains(at.weekday());
        let Some((from, to)) = self.hours else {
            return today;
        };
        let time = at.time();
        if from < to {
            return today && (from..to).contains(&time);
        }
        let yesterday = self.days.contains(at.weekday().previous());
        (today && time >= from) || (yesterday && time < to)
    }
}

/// `mon, tue from 22:00:00 to 06:00:00`.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.days.fmt(f)?;
        let Some((from, to)) = self.hours else {
            return Ok(());
        };
        let before = if self.days == Days::ALL { "" } else { " " };
        write!(f, "{before}from {from} to {to}")
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn window(days: &[Weekday], hours: Option<(i8, i8)>) -> Window {
        let mut set = Days::default();
        for day in days {
            assert!(set.insert(*day));
        }
        Window {
            days: set,
            hours: hours.map(|(from, to)| (time(from, 0, 0, 0), time(to, 0, 0, 0))),
        }
    }

    /// 2026-11-02 is a Monday.
    #[test]
    fn the_end_is_not_within_it() {
        let window = window(&[Weekday::Monday], Some((1, 5)));
        let at = |day, hour, minute| window.holds(date(2026, 11, day).at(hour, minute, 0, 0));
        assert!(!at(2, 0, 59));
        assert!(at(2, 1, 0));
        assert!(at(2, 4, 59));
        assert!(!at(2, 5, 0));
        assert!(!at(3, 1, 0), "Tuesday");
        assert_eq!(window.to_string(), "mon from 01:00:00 to 05:00:00");
    }

    #[test]
    fn over_midnight_it_is_of_the_day_on_which_it_begins() {
        let night = window(&[Weekday::Sunday], Some((22, 6)));
        let at = |day, hour| night.holds(date(2026, 11, day).at(hour, 0, 0, 0));
        assert!(!at(1, 21));
        assert!(at(1, 22));
        assert!(at(2, 5), "Monday morning");
        assert!(!at(2, 6));
        assert!(!at(1, 5), "Sunday morning is Saturday's");
        let day = window(&[Weekday::Monday], Some((0, 0)));
        assert!(day.holds(date(2026, 11, 2).at(23, 59, 59, 0)));
        assert!(!day.holds(date(2026, 11, 3).at(0, 0, 0, 0)));
    }

    #[test]
    fn whole_days() {
        let weekend = window(&[Weekday::Saturday, Weekday::Sunday], None);
        assert!(weekend.holds(date(2026, 11, 1).at(0, 0, 0, 0)));
        assert!(!weekend.holds(date(2026, 11, 2).at(0, 0, 0, 0)));
        assert_eq!(weekend.to_string(), "sat, sun");
        assert_eq!(
            serde_json::to_string(&weekend.days).unwrap(),
            r#"["sat","sun"]"#
        );
    }
}
