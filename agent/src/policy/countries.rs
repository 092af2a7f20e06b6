//! Sets of countries with the dates on which they hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use jiff::civil::Date;
use serde::Serialize;

use super::membership::{Doubt, Membership};
use crate::jurisdiction::{CountryCode, Freshness};

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
    /// Countries that are of the set on a condition which no flow can show.
    pub conditional: Vec<Conditional>,
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

/// A country that is of a set for some of those in it only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditional {
    /// The country.
    pub country: CountryCode,
    /// For whom it is of the set.
    pub condition: Arc<str>,
}

/// Every set by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountrySets {
    sets: BTreeMap<Arc<str>, Vec<Period>>,
    /// For how long a review counts; `None` for ever.
    fresh_for: Option<Freshness>,
}

impl CountrySets {
    /// No sets yet, and for how long a review of one will count.
    pub(super) fn new(fresh_for: Option<Freshness>) -> Self {
        Self {
            sets: BTreeMap::new(),
            fresh_for,
        }
    }

    /// Adds a period of a set.
    pub(super) fn insert(&mut self, name: &str, period: Period) {
        let periods = self.sets.entry(Arc::from(name)).or_default();
        periods.push(period);
        periods.sort_by_key(|period| period.from);
    }

    /// Names of the sets.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.sets.keys()
    }

    /// The periods of a set, by their first day.
    pub fn periods(&self, name: &str) -> Option<&[Period]> {
        self.sets.get(name).map(Vec::as_slice)
    }

    /// For how long the review of a period counts; `None` when the file sets no
    /// limit.
    pub fn fresh_for(&self) -> Option<Freshness> {
        self.fresh_for
    }

    /// Whether the country is of the territory on that day; `None` when that
    /// cannot be told: see [`CountrySets::membership`].
    pub fn contains(&self, territory: &Territory, country: CountryCode, day: Date) -> Option<bool> {
        self.membership(territory, country, day).known()
    }

    /// Whether the country is of at least one of the territories on that day;
    /// `None` when that cannot be told.
    pub fn contains_any(
        &self,
        territories: &[Territory],
        country: CountryCode,
        day: Date,
    ) -> Option<bool> {
        self.membership_of_any(territories, country, day).known()
    }

    /// Whether the country is of the territory on that day. Unknown when the
    /// set, or one that it is made of, has no period for the day or one whose
    /// review has grown too old, or has the country on a condition.
    pub fn membership(&self, territory: &Territory, country: CountryCode, day: Date) -> Membership {
        self.ask(territory, country, day, self.fresh_for)
    }

    /// Whether the country is of at least one of the territories on that day;
    /// where that is unknown, the first doubt.
    pub fn membership_of_any(
        &self,
        territories: &[Territory],
        country: CountryCode,
        day: Date,
    ) -> Membership {
        self.ask_any(territories, country, day, self.fresh_for)
    }

    fn ask(
        &self,
        territory: &Territory,
        country: CountryCode,
        day: Date,
        fresh_for: Option<Freshness>,
    ) -> Membership {
        let name = match territory {
            Territory::Country(one) if *one == country => return Membership::Member,
            Territory::Country(_) => return Membership::Outside,
            Territory::Set(name) => name,
        };
        let mut periods = self.periods(name).unwrap_or_default().iter();
        let Some(period) = periods.find(|period| period.holds_on(day)) else {
            let set = Arc::clone(name);
            return Membership::Unknown(Doubt::NoPeriod { set, day });
        };
        if let Some(fresh_for) = fresh_for
            && !fresh_for.covers(period.reviewed, day)
        {
            return Membership::Unknown(Doubt::Stale {
                set: Arc::clone(name),
                reviewed: period.reviewed,
                fresh_for,
            });
        }
        let members = self.ask_any(&period.members, country, day, fresh_for);
        let mut conditional = period.conditional.iter();
        match conditional.find(|conditional| conditional.country == country) {
            Some(found) if members != Membership::Member => {
                Membership::Unknown(Doubt::Conditional {
                    set: Arc::clone(name),
                    country,
                    condition: Arc::clone(&found.condition),
                })
            }
            _ => members,
        }
    }

    fn ask_any(
        &self,
        territories: &[Territory],
        country: CountryCode,
        day: Date,
        fresh_for: Option<Freshness>,
    ) -> Membership {
        let mut doubt = None;
        for territory in territories {
            match self.ask(territory, country, day, fresh_for) {
                Membership::Member => return Membership::Member,
                Membership::Outside => {}
                Membership::Unknown(this) => doubt = doubt.or(Some(this)),
            }
        }
        doubt.map_or(Membership::Outside, Membership::Unknown)
    }

    /// A day from `first` to `last` on which the members of one territory hold
    /// the country, if there is one; `last` is `None` for no end.
    ///
    /// Reviews are taken to count: this is about what is written.
    pub(super) fn day_with(
        &self,
        territories: &[Territory],
        country: CountryCode,
        (first, last): (Date, Option<Date>),
    ) -> Option<Date> {
        let member =
            |day: &Date| self.ask_any(territories, country, *day, None) == Membership::Member;
        self.days_of_change(first, last).into_iter().find(member)
    }

    /// Whether the country is certainly of none of the territories on that day,
    /// and may be of one on no later day, as the sets are written.
    pub(super) fn never_from(
        &self,
        territories: &[Territory],
        country: CountryCode,
        day: Date,
    ) -> bool {
        let on = |day: Date| self.ask_any(territories, country, day, None);
        on(day) == Membership::Outside
            && self.days_of_change(day, None).into_iter().all(|later| {
                matches!(
                    on(later),
                    Membership::Outside | Membership::Unknown(Doubt::NoPeriod { .. })
                )
            })
    }

    /// The first day, and each day until the last on which a period begins.
    /// Between them no set gains a member.
    fn days_of_change(&self, first: Date, last: Option<Date>) -> BTreeSet<Date> {
        let begins = self.sets.values().flatten().map(|period| period.from);
        begins
            .filter(|day| first < *day && last.is_none_or(|last| *day <= last))
            .chain([first])
            .collect()
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
