//! What is said of the allowlists.

use std::path::Path;

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use crate::policy::{Diagnostic, Expiring};

/// The allowlists in force.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AllowlistsLine<'a> {
    /// Where they were read.
    pub directory: &'a Path,
    /// SHA-256 of the set.
    pub digest: &'a str,
    /// Number of products.
    pub products: usize,
    /// Number of entries.
    pub entries: usize,
}

/// What came of reading the allowlists anew.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AllowlistsEvent<'a> {
    /// A set came into force.
    Loaded {
        /// SHA-256 of the one that was in force.
        replaced: &'a str,
    },
    /// A set is refused whole; the one in force stays.
    Refused {
        /// SHA-256 of what could be read of it.
        digest: &'a str,
        /// The first errors.
        errors: &'a [Diagnostic],
        /// How many more there are.
        more_errors: usize,
    },
    /// The set in force is again what is there to be read, after another was refused.
    Reverted {
        /// SHA-256 of what was refused last.
        refused: &'a str,
    },
}

/// Something is to be said of the allowlists.
#[derive(Clone, Debug, Serialize)]
pub struct AllowlistsChange<'a> {
    /// When this is said.
    pub time: Timestamp,
    /// What came of reading them.
    #[serde(flatten)]
    pub event: AllowlistsEvent<'a>,
    /// Those in force from now on.
    pub in_force: AllowlistsLine<'a>,
}

/// An entry that ends soon, or has ended.
#[derive(Clone, Debug, Serialize)]
pub struct ExpiringEntry<'a> {
    /// Product that it is of; `None` for the platform.
    pub product: Option<&'a str>,
    /// Its id.
    pub entry: &'a str,
    /// Who answers for it.
    pub owner: &'a str,
    /// Last day on which it declares, in UTC.
    pub last_day: Date,
    /// Days to that; below 0 when it is past.
    pub days_left: i32,
}

impl<'a> From<&Expiring<'a>> for ExpiringEntry<'a> {
    fn from(one: &Expiring<'a>) -> Self {
        Self {
            product: one.product,
            entry: &one.entry.id,
            owner: &one.entry.owner,
            last_day: one.last,
            days_left: one.days_left,
        }
    }
}

/// Entries that end soon, or have ended; said once a day.
#[derive(Clone, Debug, Serialize)]
pub struct ExpiringLine<'a> {
    /// When this is said.
    pub time: Timestamp,
    /// The soonest first, then those that have ended, the latest first.
    pub entries: &'a [ExpiringEntry<'a>],
    /// How many more there are.
    pub more_entries: usize,
}
