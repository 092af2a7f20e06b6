//! Every entry that might have declared a flow, and what kept each from doing so.
//!
//! For people who ask why, not for the verdict: it looks at each part of an entry by
//! itself, where the verdict stops at the first that settles the matter.

use crate::{
    jurisdiction::{CountryCode, Located},
    naming::{Grade, Name},
    policy::{Entry, Policy, Product, Territory, has_ports},
};

use super::Moment;

/// An entry, and what kept it from declaring the flow.
#[derive(Clone, Debug)]
pub struct Considered<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// The product that it is of; `None` for the platform.
    pub owner: Option<&'a Product>,
    /// Why it does not declare the flow, each reason for itself; empty where nothing
    /// keeps it.
    pub misses: Vec<String>,
}

/// The entries of the product and of the platform, but those that deny other flows, the
/// nearest first: those that the
/// fewest reasons keep from declaring the flow, and of these the first by id.
pub fn considered<'a>(
    flow: &Located,
    policy: &'a Policy,
    product: &'a Product,
    moment: Moment<'_>,
) -> Vec<Considered<'a>> {
    let own = product.entries().iter().map(|entry| (entry, Some(product)));
    let shared = policy.shared().iter().map(|entry| (entry, None));
    let look = |(entry, owner)| {
        let look = Look {
            entry,
            flow,
            policy,
            moment,
        };
        Considered {
            entry,
            owner,
            misses: look.misses(),
        }
    };
    let all = own.chain(shared).map(look);
    // What denies something else says nothing of the flow.
    let mut all: Vec<Considered<'_>> = all
        .filter(|one| !one.entry.denies() || one.misses.is_empty())
        .collect();
    all.sort_by(|a, b| (a.misses.len(), &a.entry.id).cmp(&(b.misses.len(), &b.entry.id)));
    all
}

struct Look<'a> {
    entry: &'a Entry,
    flow: &'a Located,
    policy: &'a Policy,
    moment: Moment<'a>,
}

impl Look<'_> {
    fn misses(&self) -> Vec<String> {
        let mut misses = Vec::new();
        self.traffic(&mut misses);
        self.destination(&mut misses);
        self.name(&mut misses);
        self.place(&mut misses);
        self.time(&mut misses);
        misses
    }

    fn traffic(&self, misses: &mut Vec<String>) {
        let record = &self.flow.flow.flow.record;
        let entry = self.entry;
        if entry.direction != record.direction {
            misses.push("it is for the other direction".to_owned());
        }
        if !entry.protocols.is_empty() && !entry.protocols.contains(&record.protocol) {
            let asked = listed(entry.protocols.iter());
            misses.push(format!("protocol {} is not {asked}", record.protocol));
        }
        let in_range = entry
            .ports
            .iter()
            .any(|range| (range.first..=range.last).contains(&record.port));
        let takes = entry.ports.is_empty() || (has_ports(record.protocol) && in_range);
        if !takes {
            let asked = listed(entry.ports.iter().map(|range| {
                if range.first == range.last {
                    range.first.to_string()
                } else {
                    format!("{}-{}", range.first, range.last)
                }
            }));
            misses.push(format!("port {} is not {asked}", record.port));
        }
    }

    /// Networks, autonomous systems and providers, any of which suffices.
    fn destination(&self, misses: &mut Vec<String>) {
        let Entry {
            networks,
            systems,
            providers,
            ..
        } = self.entry;
        let address = self.flow.flow.flow.record.address;
        let operator = self.flow.place.operator.value.as_ref();
        let system = operator.map(|operator| operator.asn);
        let provider = self.flow.operator_domicile.provider.as_deref();
        let by_name = |id: &String| {
            let named = self.names().find_map(|name| {
                let mut all = name.all();
                all.find_map(|name| self.policy.providers().id_by_name(name))
            });
            named == Some(id.as_str())
        };
        let named = networks.iter().any(|network| network.contains(address))
            || system.is_some_and(|system| systems.contains(&system))
            || providers
                .iter()
                .any(|id| provider == Some(id.as_str()) || by_name(id));
        if named || (networks.is_empty() && systems.is_empty() && providers.is_empty()) {
            return;
        }
        let all = networks
            .iter()
            .map(ToString::to_string)
            .chain(systems.iter().map(ToString::to_string))
            .chain(providers.iter().cloned());
        misses.push(format!("{address} is not of {}", listed(all)));
    }

    fn names(&self) -> impl Iterator<Item = &Name> {
        self.flow.flow.names.names.iter()
    }

    fn name(&self, misses: &mut Vec<String>) {
        let entry = self.entry;
        if entry.names.is_empty() {
            return;
        }
        let fits = |name: &&Name| entry.names_one_of(name.all());
        let best: Option<Grade> = self.names().filter(fits).map(|name| name.grade).max();
        let asked = listed(entry.names.iter());
        match best {
            Some(best) if best >= entry.grade => {}
            Some(best) => misses.push(format!(
                "its name is {best}, and {} is asked for",
                entry.grade
            )),
            None if self.names().next().is_none() => {
                misses.push(format!("its name is not known, and {asked} is asked for"));
            }
            None => {
                let known = listed(self.names().map(|name| &name.name));
                misses.push(format!("{known} is not {asked}"));
            }
        }
    }

    fn place(&self, misses: &mut Vec<String>) {
        let entry = self.entry;
        let country = self.flow.country();
        self.within(
            "hosted in",
            "it is hosted in",
            &entry.countries,
            country,
            misses,
        );
        let home = self.flow.operator_domicile.country;
        self.within(
            "run under the law of",
            "it is run under the law of",
            &entry.operator_domicile,
            home,
            misses,
        );
        match self.flow.anycast() {
            _ if !entry.no_anycast => {}
            Some(false) => {}
            Some(true) => misses.push("it is anycast".to_owned()),
            None => misses.push("whether it is anycast cannot be told".to_owned()),
        }
    }

    fn within(
        &self,
        what: &str,
        that: &str,
        territories: &[Territory],
        country: Option<CountryCode>,
        misses: &mut Vec<String>,
    ) {
        if territories.is_empty() {
            return;
        }
        let asked = listed(territories.iter());
        let day = self.moment.day();
        let inside = country.map(|one| (one, self.policy.is_in_any(territories, one, day)));
        match inside {
            Some((_, Some(true))) => {}
            Some((country, Some(false))) => {
                misses.push(format!("it is {what} {country}, and not of {asked}"));
            }
            _ => misses.push(format!("whether {that} {asked} cannot be told")),
        }
    }

    fn time(&self, misses: &mut Vec<String>) {
        let entry = self.entry;
        let day = self.moment.day();
        if let Some(last) = entry.expires.filter(|_| !entry.in_force(day)) {
            misses.push(format!("it expired on {last}"));
        }
        if !entry.is_open(self.moment.civil()) {
            misses.push("it is outside the entry's hours".to_owned());
        }
        if let Some(budget) = entry.budget
            && self.moment.spent.bytes(&entry.id, budget.per.begin(day)) > budget.bytes
        {
            misses.push(format!("its {budget} are used up"));
        }
    }
}

/// `a, b or c`.
fn listed<T: ToString>(items: impl Iterator<Item = T>) -> String {
    let all: Vec<String> = items.map(|item| item.to_string()).collect();
    match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => all.concat(),
    }
}
