//! Entries that end soon, or have ended.

use std::cmp::Reverse;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Entry, Policy};

/// Days before its end from which an entry is warned of.
pub const WARNING_DAYS: i32 = 30;

/// An entry whose last day is near, or past.
#[derive(Clone, Copy, Debug)]
pub struct Expiring<'a> {
    /// Product that it is of; `None` for the platform.
    pub product: Option<&'a str>,
    /// The entry.
    pub entry: &'a Entry,
    /// Last day on which it declares, in UTC.
    pub last: Date,
    /// Days from today to that day: 0 on the last, below when it is past.
    pub days_left: i32,
}

impl Expiring<'_> {
    /// Whether it no longer declares.
    pub fn is_expired(&self) -> bool {
        self.days_left < 0
    }

    /// When it ceases to declare: the end of its last day.
    pub fn ends(&self) -> Option<Timestamp> {
        let next = self.last.tomorrow().ok()?;
        Some(next.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }
}

impl Policy {
    /// Entries that end within [`WARNING_DAYS`], the soonest first, then those that have
    /// ended, the latest first.
    pub fn expiring(&self, today: Date) -> Vec<Expiring<'_>> {
        let shared = self.shared().iter().map(|entry| (None, entry));
        let own = self.products().flat_map(|product| {
            let entries = product.entries().iter();
            entries.map(|entry| (Some(product.name()), entry))
        });
        let mut found: Vec<_> = shared
            .chain(own)
            .filter_map(|(product, entry)| {
                let last = entry.expires?;
                let days_left = today.until(last).ok()?.get_days();
                (days_left <= WARNING_DAYS).then_some(Expiring {
                    product,
                    entry,
                    last,
                    days_left,
                })
            })
            .collect();
        found.sort_by_key(|one| {
            let past = one.is_expired();
            let near = if past { -one.days_left } else { one.days_left };
            (past, near, Reverse(one.product.is_some()), &one.entry.id)
        });
        found
    }
}
