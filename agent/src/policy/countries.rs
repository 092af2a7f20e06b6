//! Sets of countries with the dates on which they hold.

use std::{collections::BTreeMap, fmt, sync::Arc};

use jiff::civil::Date;
use serde::Serialize;

use crate::jurisdiction::CountryCode;

/// What an entry may name where it names a place of hosting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Territory {
    /// One country.
    Country(CountryCode),
    /// A set of `jurisdictions.toml`.
    Set(Arc<str>),
}

impl fmt::Display for Territory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Country(code) => code.fmt(f),
            Self::Set(name) => f.pad(name),
        }
    }
}

impl Serialize for Territory {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A set's members for a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// First day.
    pub from: Date,
    /// Last day; `None` while it lasts.
    pub to: Option<Date>,
    /// Members.
    pub members: Vec<Territory>,
    /// The text of law that says so.
    pub source: String,
    /// Day on which somebody last compared this with the source.
    pub reviewed: Date,
}

impl Period {
    /// Whether the day is one of this period.
    pub fn holds_on(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|last| day <= last)
    }

    /// Whether some day is of both periods.
    pub fn meets(&self, other: &Self) -> bool {
        self.to.is_none_or(|last| other.from <= last)
            && other.to.is_none_or(|last| self.from <= last)
    }
}

/// Every set by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountrySets {
    sets: BTreeMap<Arc<str>, Vec<Period>>,
}

impl CountrySets {
    /// Adds a period of a set.
    pub(super) fn insert(&mut self, name: &str, period: Period) {
        let periods = self.sets.entry(Arc::from(name)).or_default();
        periods.push(period);
        periods.sort_by_key(|period| period.from);
    }

    /// The periods of a set, by their first day.
    pub fn periods(&self, name: &str) -> Option<&[Period]> {
        self.sets.get(name).map(Vec::as_slice)
    }

    /// Whether the country is of the territory on that day; `None` when the set,
    /// or one that it is made of, has no period for the day.
    pub fn contains(&self, territory: &Territory, country: CountryCode, day: Date) -> Option<bool> {
        match territory {
            Territory::Country(one) => Some(*one == country),
            Territory::Set(name) => {
                let period = self
                    .periods(name)?
                    .iter()
                    .find(|period| period.holds_on(day))?;
                self.contains_any(&period.members, country, day)
            }
        }
    }

    /// Whether the country is of at least one of the territories on that day;
    /// `None` when that cannot be told.
    pub fn contains_any(
        &self,
        territories: &[Territory],
        country: CountryCode,
        day: Date,
    ) -> Option<bool> {
        let mut certain = true;
        for territory in territories {
            match self.contains(territory, country, day) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => certain = false,
            }
        }
        certain.then_some(false)
    }

    /// Names of the sets on a circle of sets that name each other, if `name` is
    /// on one.
    pub(super) fn circle(&self, name: &str) -> Option<Vec<Arc<str>>> {
        self.walk(name, name, &mut Vec::new())
    }

    fn walk(&self, goal: &str, at: &str, path: &mut Vec<Arc<str>>) -> Option<Vec<Arc<str>>> {
        for period in self.sets.get(at)? {
            for member in &period.members {
                let Territory::Set(next) = member else {
                    continue;
                };
                if &**next == goal {
                    let mut circle = path.clone();
                    circle.push(Arc::clone(next));
                    return Some(circle);
                }
                if path.contains(next) {
                    continue;
                }
                path.push(Arc::clone(next));
                let found = self.walk(goal, next, path);
                if found.is_some() {
                    return found;
                }
                path.pop();
            }
        }
        None
    }
}
