//! How far databases disagree, counted.

use std::net::IpAddr;

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    jurisdiction::{CountryCode, Databases},
    policy::Policy,
};

/// Destinations, and bytes sent to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Amount {
    pub(super) destinations: u64,
    pub(super) bytes: u64,
}

impl Amount {
    pub(super) fn add(&mut self, bytes: u64) {
        self.destinations += 1;
        self.bytes += bytes;
    }
}

/// Two databases, over the destinations of which both say something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Pair {
    /// Names.
    pub(super) sources: [String; 2],
    /// Both name a country of hosting.
    pub(super) countries: Amount,
    /// And not the same.
    pub(super) countries_differ: Amount,
    /// One of them inside the platform's home and the other outside; `None`
    /// without a home.
    pub(super) sides_differ: Option<Amount>,
    /// Both name an autonomous system.
    pub(super) systems: Amount,
    /// And not the same.
    pub(super) systems_differ: Amount,
}

/// Counts pair by pair.
pub(super) struct Tally<'a> {
    databases: &'a Databases,
    policy: Option<&'a Policy>,
    today: Date,
    pub(super) pairs: Vec<Pair>,
    pub(super) total: Amount,
}

impl<'a> Tally<'a> {
    pub(super) fn new(databases: &'a Databases, policy: Option<&'a Policy>, today: Date) -> Self {
        let names: Vec<&str> = databases.describe().map(|one| one.name.as_str()).collect();
        let home = policy.and_then(|policy| policy.home());
        let mut pairs = Vec::new();
        for (index, first) in names.iter().enumerate() {
            for second in names.iter().skip(index + 1) {
                pairs.push(Pair {
                    sources: [(*first).to_owned(), (*second).to_owned()],
                    countries: Amount::default(),
                    countries_differ: Amount::default(),
                    sides_differ: home.map(|_| Amount::default()),
                    systems: Amount::default(),
                    systems_differ: Amount::default(),
                });
            }
        }
        Self {
            databases,
            policy,
            today,
            pairs,
            total: Amount::default(),
        }
    }

    /// Counts a destination. Answers that are too old to count for a verdict are
    /// compared all the same.
    pub(super) fn take(&mut self, address: IpAddr, bytes: u64) {
        self.total.add(bytes);
        let place = self.databases.place(address, self.today);
        let country = |name: &str| {
            let sources = &mut place.hosted_in.sources.iter();
            sources.find(|one| *one.source == *name)?.value
        };
        let system = |name: &str| {
            let sources = &mut place.operator.sources.iter();
            let found = sources.find(|one| *one.source == *name)?;
            Some(found.value.as_ref()?.asn)
        };
        let outside = |country: CountryCode| self.policy?.third_country(country, self.today);
        for pair in &mut self.pairs {
            let [first, second] = &pair.sources;
            if let (Some(a), Some(b)) = (country(first), country(second)) {
                pair.countries.add(bytes);
                if a != b {
                    pair.countries_differ.add(bytes);
                    if let (Some(sides), Some(a), Some(b)) =
                        (&mut pair.sides_differ, outside(a), outside(b))
                        && a != b
                    {
                        sides.add(bytes);
                    }
                }
            }
            if let (Some(a), Some(b)) = (system(first), system(second)) {
                pair.systems.add(bytes);
                if a != b {
                    pair.systems_differ.add(bytes);
                }
            }
        }
    }
}
