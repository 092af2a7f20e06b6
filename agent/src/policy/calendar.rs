//! What the sets of countries say on each day, worked out once.

use std::{collections::BTreeSet, sync::Arc};

use jiff::{ToSpan as _, civil::Date};

use super::countries::{CountrySets, Territory};
use crate::{by_name::ByName, jurisdiction::CountryCode};

/// For every set, its members in each stretch of days in which nothing changes.
///
/// [`CountrySets`] answers the same, and says why; this is for the verdict, which asks
/// for every flow.
#[derive(Clone, Debug, Default)]
pub(super) struct Calendar(ByName<Vec<Stretch>>);

/// Days from one on which nothing changes.
#[derive(Clone, Debug)]
struct Stretch {
    from: Date,
    members: Countries,
    /// Countries of which it cannot be told.
    unknown: Countries,
}

/// A bit for every country.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Countries([u64; CountryCode::INDEXES.div_ceil(64)]);

impl Countries {
    fn insert(&mut self, country: CountryCode) {
        let at = country.index();
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    fn contains(&self, country: CountryCode) -> bool {
        let at = country.index();
        let word = self.0.get(at / 64).copied().unwrap_or_default();
        word >> (at % 64) & 1 == 1
    }
}

impl Calendar {
    /// Asks the sets for every country on every day on which an answer may change.
    pub(super) fn of(sets: &CountrySets) -> Self {
        let days = sets.days_that_matter();
        let stretches = |name: &Arc<str>| {
            let set = Territory::Set(Arc::clone(name));
            let mut stretches: Vec<Stretch> = Vec::new();
            for day in &days {
                let stretch = Stretch::of(sets, &set, *day);
                let same = stretches.last().is_some_and(|last| {
                    last.members == stretch.members && last.unknown == stretch.unknown
                });
                if !same {
                    stretches.push(stretch);
                }
            }
            stretches
        };
        let mut calendar = ByName::default();
        for name in sets.names() {
            calendar.or_insert_with(name, || stretches(name));
        }
        Self(calendar)
    }

    /// Whether the country is of at least one of the territories on that day; `None`
    /// when that cannot be told.
    pub(super) fn contains_any(
        &self,
        territories: &[Territory],
        country: CountryCode,
        day: Date,
    ) -> Option<bool> {
        let mut answer = Some(false);
        for territory in territories {
            match self.contains(territory, country, day) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => answer = None,
            }
        }
        answer
    }

    fn contains(&self, territory: &Territory, country: CountryCode, day: Date) -> Option<bool> {
        let name = match territory {
            Territory::Country(one) => return Some(*one == country),
            Territory::Set(name) => name,
        };
        let stretches = self.0.get(name)?;
        let after = stretches.partition_point(|stretch| stretch.from <= day);
        let stretch = stretches.get(after.checked_sub(1)?)?;
        if stretch.unknown.contains(country) {
            return None;
        }
        Some(stretch.members.contains(country))
    }
}

impl Stretch {
    fn of(sets: &CountrySets, set: &Territory, from: Date) -> Self {
        let mut stretch = Self {
            from,
            members: Countries::default(),
            unknown: Countries::default(),
        };
        for country in CountryCode::all() {
            match sets.contains(set, country, from) {
                Some(true) => stretch.members.insert(country),
                Some(false) => {}
                None => stretch.unknown.insert(country),
            }
        }
        stretch
    }
}

impl CountrySets {
    /// Days on which an answer may become another than on the day before, and the
    /// first of all days.
    fn days_that_matter(&self) -> BTreeSet<Date> {
        let after = |day: Date| day.saturating_add(1.day());
        let periods = self.names().filter_map(|name| self.periods(name)).flatten();
        let changes = periods.flat_map(|period| {
            let stale = self.fresh_for().map(|f| after(f.last_day(period.reviewed)));
            [Some(period.from), period.to.map(after), stale]
        });
        changes.flatten().chain([Date::MIN]).collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::policy::{Policy, Source};

    /// On the days around every change, and on the first and the last of all.
    #[test]
    fn it_says_what_the_sets_say() {
        let text = include_str!("../../../allowlists/jurisdictions.toml");
        let product = "product = \"a\"\ntitle = \"A\"\nowner = \"t\"\nposture = \"internal_only\"\n\
                       [[workload]]\nunit = \"a.service\"\n";
        let policy = Policy::from_sources(vec![
            Source::from_text("jurisdictions.toml", text),
            Source::from_text("a.toml", product),
        ])
        .unwrap();
        let sets = policy.country_sets();
        let calendar = Calendar::of(sets);
        let changes = sets.days_that_matter();
        assert!(changes.len() > 5, "{changes:?}");
        let around = changes
            .iter()
            .flat_map(|day| [-1, 0, 1].map(|days| day.saturating_add(days.days())));
        for day in around.chain([Date::MAX]) {
            for set in sets.names() {
                let set = Territory::Set(Arc::clone(set));
                for country in CountryCode::all() {
                    assert_eq!(
                        calendar.contains(&set, country, day),
                        sets.contains(&set, country, day),
                        "{country} in {set} on {day}"
                    );
                }
            }
        }
        let nobody = Territory::Set(Arc::from("NOBODY"));
        let norway = Territory::Country("NO".parse().unwrap());
        let ask = |of: &[Territory]| {
            let day = "2026-11-24".parse().unwrap();
            let found = calendar.contains_any(of, "NO".parse().unwrap(), day);
            assert_eq!(found, sets.contains_any(of, "NO".parse().unwrap(), day));
            found
        };
        assert_eq!(ask(std::slice::from_ref(&nobody)), None);
        assert_eq!(
            ask(&[nobody, norway]),
            Some(true),
            "one that holds it suffices"
        );
        assert_eq!(ask(&[]), Some(false));
    }
}
