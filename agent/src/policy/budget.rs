//! How much an entry may carry.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

/// Units of bytes, the largest first: decimal ones (SI) and binary ones (IEC 80000-13).
pub(super) const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1000),
    ("B", 1),
];

/// A stretch of the calendar, in UTC, over which bytes are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetPeriod {
    /// From midnight to midnight.
    Day,
    /// From the first of a month to that of the next.
    Month,
}

impl BudgetPeriod {
    /// As it is written.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// First day of the period that a day belongs to.
    pub fn begin(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Month => day.first_of_month(),
        }
    }
}

/// Most that the flows of an entry may carry together: IP bytes that leave the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Budget {
    /// Egress bytes that are declared.
    pub bytes: u64,
    /// Over which time.
    pub per: BudgetPeriod,
}

/// `10 GB per day`: in the largest unit that says it in whole numbers.
impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |(_, size): &&(&str, u64)| self.bytes.is_multiple_of(*size);
        let (unit, size) = UNITS.iter().find(whole).unwrap_or(&("B", 1));
        write!(f, "{} {unit} per {}", self.bytes / size, self.per.label())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn periods_are_of_the_calendar() {
        let day = date(2026, 2, 28);
        assert_eq!(BudgetPeriod::Day.begin(day), day);
        assert_eq!(BudgetPeriod::Month.begin(day), date(2026, 2, 1));
    }

    #[test]
    fn the_largest_whole_unit_is_shown() {
        let shown = |bytes| {
            let per = BudgetPeriod::Day;
            Budget { bytes, per }.to_string()
        };
        assert_eq!(shown(10_000_000_000), "10 GB per day");
        assert_eq!(shown(10 << 30), "10 GiB per day");
        assert_eq!(shown(1500), "1500 B per day");
        assert_eq!(shown(1_500_000), "1500 kB per day");
    }
}
