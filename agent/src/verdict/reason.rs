//! The sentence that says why.

use std::fmt;

use jiff::civil::Date;

use super::{
    conditions::{Conditions, OperatorHome, Windows},
    identity::Identity,
    phrase::{At, Destination, Place, Rule, Worth, each_source},
};
use crate::{
    jurisdiction::{Agreement, Located},
    naming::DomainName,
    policy::{Aspect, Doubt, Entry, InternalNetwork, Membership, Policy, Product},
};

/// What decided.
#[derive(Clone)]
pub(super) enum Why<'a> {
    NoDestination,
    ThisHost,
    Canary,
    Internal(&'a InternalNetwork),
    Contested(Vec<&'a Product>),
    Possible(&'a Product, Aspect),
    Unattributed,
    Undeclared(&'a Product, Identity<'a>),
    /// The entry, the product that it is of (`None` for the platform), and the name
    /// that was judged.
    Declared(&'a Entry, Option<&'a Product>, Identity<'a>),
    PlaceUnknown(&'a Entry, Option<&'a Product>, Identity<'a>),
    Expired(&'a Entry, Option<&'a Product>, Identity<'a>),
    Outside(&'a Entry, Option<&'a Product>, Identity<'a>),
    Denied(&'a Entry, Option<&'a Product>, Identity<'a>),
    MayBeDenied(&'a Entry, Option<&'a Product>, Identity<'a>),
    OutsideWindow(&'a Entry, Option<&'a Product>, Identity<'a>),
    /// And what it has carried.
    OverBudget(&'a Entry, Option<&'a Product>, Identity<'a>, u64),
    WeakName(&'a Entry, Option<&'a Product>, Identity<'a>),
    NameUnknown(&'a Entry, Option<&'a Product>),
    SystemUnknown(&'a Entry, Option<&'a Product>, Identity<'a>),
    /// The entry that declares one of the names, and another that is not declared.
    AnotherName(&'a Entry, Option<&'a Product>, &'a DomainName),
    /// The entry that declares the name, which may not be the one that was meant.
    Hidden(&'a Entry, Option<&'a Product>, &'a DomainName),
}

/// The sentence, written when displayed.
pub(super) struct Reason<'a> {
    pub(super) flow: &'a Located,
    pub(super) policy: &'a Policy,
    pub(super) today: Date,
    pub(super) why: Why<'a>,
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = &self.flow.flow.flow.record;
        let workload = &self.flow.flow.flow.workload;
        let destination = Destination(record);
        let place = Place(self);
        match &self.why {
            Why::NoDestination => {
                f.write_str("the destination is not known: the kernel had no room to keep it apart")
            }
            Why::ThisHost => write!(f, "{} is this host", record.address),
            Why::Canary => write!(
                f,
                "{} is the peer of the agent's canary, which sends to prove that it is recorded",
                record.address
            ),
            Why::Internal(network) => write!(
                f,
                "{} is in {}, a network of the platform ({})",
                record.address, network.cidr, network.purpose
            ),
            Why::Contested(products) => {
                let names: Vec<&str> = products.iter().map(|product| product.name()).collect();
                write!(
                    f,
                    "workload {} is claimed by {}",
                    workload.name,
                    names.join(" and ")
                )
            }
            Why::Possible(product, aspect) => {
                write!(
                    f,
                    "workload {} may be of {}, but its {} is not known",
                    workload.name,
                    product.name(),
                    aspect.noun()
                )?;
                match aspect.why_unknown(&self.flow.flow.flow) {
                    Some(why) => write!(f, " ({why})"),
                    None => Ok(()),
                }
            }
            Why::Unattributed => {
                write!(f, "no product claims workload {}", workload.name)?;
                if let Some(unknown) = &workload.unknown {
                    write!(f, " ({unknown})")?;
                }
                write!(f, "; it reached {destination} ({place})")
            }
            Why::Undeclared(product, identity) => {
                write!(
                    f,
                    "no entry of {} declares {} ({place})",
                    product.name(),
                    At(*identity, destination)
                )?;
                let names = &self.flow.flow.names;
                match names.contradiction() {
                    Some(contradiction) => write!(f, "; {contradiction}"),
                    None => Ok(()),
                }
            }
            Why::Declared(entry, owner, identity) => {
                write!(
                    f,
                    "{} declares {} ({place})",
                    Rule(entry, *owner),
                    At(*identity, destination)
                )
            }
            Why::PlaceUnknown(entry, owner, identity) => {
                write!(
                    f,
                    "{} declares {} only when {}, which cannot be told",
                    Rule(entry, *owner),
                    At(*identity, destination),
                    Conditions(entry)
                )?;
                if let Some(doubt) = self.doubt(entry) {
                    write!(f, ": {doubt}")?;
                }
                write!(f, " ({place}{})", self.operator(entry))
            }
            Why::Expired(entry, owner, identity) => {
                write!(
                    f,
                    "{} declared {}",
                    Rule(entry, *owner),
                    At(*identity, destination)
                )?;
                if let Some(last) = entry.expires {
                    write!(f, " until {last} and has expired")?;
                }
                write!(f, " ({place})")
            }
            Why::Outside(entry, owner, identity) => write!(
                f,
                "{} declares {} only when {} ({place}{})",
                Rule(entry, *owner),
                At(*identity, destination),
                Conditions(entry),
                self.operator(entry)
            ),
            Why::Denied(entry, owner, identity) => write!(
                f,
                "{} denies {} ({place}{})",
                Rule(entry, *owner),
                At(*identity, destination),
                self.operator(entry)
            ),
            Why::MayBeDenied(entry, owner, identity) => write!(
                f,
                "{} may deny {}, which would be declared, but not all that it asks for is known \
                 ({place}{})",
                Rule(entry, *owner),
                At(*identity, destination),
                self.operator(entry)
            ),
            Why::OutsideWindow(entry, owner, identity) => {
                write!(
                    f,
                    "{} declares {} only within its window, {} UTC ({place})",
                    Rule(entry, *owner),
                    At(*identity, destination),
                    Windows(entry)
                )
            }
            Why::OverBudget(entry, owner, identity, spent) => {
                write!(
                    f,
                    "{} declares {} up to ",
                    Rule(entry, *owner),
                    At(*identity, destination)
                )?;
                if let Some(budget) = entry.budget {
                    let since = budget.per.begin(self.today);
                    write!(f, "{budget}, and has carried {spent} bytes since {since}")?;
                }
                write!(f, " ({place})")
            }
            Why::WeakName(entry, owner, identity) => {
                write!(
                    f,
                    "{} declares {} only when its name is {}, and it is {} ({place})",
                    Rule(entry, *owner),
                    At(*identity, destination),
                    entry.grade,
                    Worth(*identity)
                )
            }
            Why::NameUnknown(entry, owner) => {
                write!(
                    f,
                    "{} may declare {destination}, whose name is not known",
                    Rule(entry, *owner)
                )?;
                match &self.flow.flow.names.missing {
                    Some(missing) => write!(f, ": {missing} ({place})"),
                    None => write!(f, " ({place})"),
                }
            }
            Why::SystemUnknown(entry, owner, identity) => {
                write!(
                    f,
                    "{} may declare {}, whose autonomous system cannot be told",
                    Rule(entry, *owner),
                    At(*identity, destination)
                )?;
                let operator = &self.flow.place.operator;
                if operator.agreement == Agreement::Disputed {
                    f.write_str(": ")?;
                    each_source(f, operator, |operator| operator.asn.to_string())?;
                } else if let Some(reason) = &operator.reason {
                    write!(f, ": {reason}")?;
                }
                write!(f, " ({place})")
            }
            Why::AnotherName(entry, owner, other) => write!(
                f,
                "{} declares {destination}, but the workload was told that {other} is there, \
                 too, which is not declared, and it is not known which it meant ({place})",
                Rule(entry, *owner)
            ),
            Why::Hidden(entry, owner, name) => write!(
                f,
                "{} declares {name} at {destination}, but the client hides the name that it \
                 asks for (ECH) ({place})",
                Rule(entry, *owner)
            ),
        }
    }
}

impl Reason<'_> {
    /// The operator, where the entry asks for its home.
    fn operator(&self, entry: &Entry) -> String {
        if entry.operator_domicile.is_empty() {
            return String::new();
        }
        format!("; {}", OperatorHome(self.flow))
    }

    /// Why the entry's sets cannot tell, where the country itself is known and
    /// the place does not say the same of the platform's home.
    fn doubt(&self, entry: &Entry) -> Option<Doubt> {
        let country = self.flow.country()?;
        let sets = self.policy.country_sets();
        let of_entry = sets.membership_of_any(&entry.countries, country, self.today);
        let home = self.policy.home();
        let of_home = home.map(|home| sets.membership(home, country, self.today));
        match of_entry {
            Membership::Unknown(doubt) if of_home != Some(Membership::Unknown(doubt.clone())) => {
                Some(doubt)
            }
            _ => None,
        }
    }
}
