//! For how long a review counts.

use std::fmt;

use jiff::{Span, civil::Date};
use serde::{Deserialize, Serialize};

/// For how many days after it a review of curated data counts.
///
/// Law, owners and networks change. Data that nobody has compared with its
/// source for longer than this answers nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Freshness(u16);

impl Freshness {
    /// So many days.
    pub const fn days(days: u16) -> Self {
        Self(days)
    }

    /// Whether what was reviewed on one day counts on the other. On the day of
    /// the review and on as many days after it as this says, it does. So it
    /// does on a day before the review: the past may be judged anew by data
    /// that were reviewed since.
    pub fn covers(self, reviewed: Date, day: Date) -> bool {
        day <= self.last_day(reviewed)
    }

    /// The last day on which a review counts.
    pub fn last_day(self, reviewed: Date) -> Date {
        reviewed.saturating_add(Span::new().days(i64::from(self.0)))
    }
}

impl fmt::Display for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 day"),
            days => write!(f, "{days} days"),
        }
    }
}
