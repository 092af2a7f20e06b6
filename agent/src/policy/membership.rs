//! Whether a country is of a set, and why that cannot be told.

use std::{fmt, sync::Arc};

use jiff::civil::Date;

use crate::jurisdiction::{CountryCode, Freshness};

/// Whether a country is of a territory on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Membership {
    /// It is.
    Member,
    /// It is not.
    Outside,
    /// That cannot be told.
    Unknown(Doubt),
}

/// Why it cannot be told whether a country is of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The set has no period for the day.
    NoPeriod {
        /// The set.
        set: Arc<str>,
        /// The day.
        day: Date,
    },
    /// The period of the day was reviewed too long before it.
    Stale {
        /// The set.
        set: Arc<str>,
        /// Day of the last review.
        reviewed: Date,
        /// For how long a review counts.
        fresh_for: Freshness,
    },
    /// The country is of the set on a condition.
    Conditional {
        /// The set.
        set: Arc<str>,
        /// The country.
        country: CountryCode,
        /// For whom it is of the set.
        condition: Arc<str>,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPeriod { set, day } => write!(f, "{set} has no members dated {day}"),
            Self::Stale {
                set,
                reviewed,
                fresh_for,
            } => write!(
                f,
                "{set} was last reviewed on {reviewed}, which counts for {fresh_for}"
            ),
            Self::Conditional {
                set,
                country,
                condition,
            } => write!(f, "{country} is of {set} on a condition: {condition}"),
        }
    }
}

impl Membership {
    /// Yes, no, or `None` when that cannot be told.
    pub fn known(&self) -> Option<bool> {
        match self {
            Self::Member => Some(true),
            Self::Outside => Some(false),
            Self::Unknown(_) => None,
        }
    }
}
