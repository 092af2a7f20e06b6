//! The sentence that says why.

use std::fmt;

use jiff::civil::Date;

use crate::{
    jurisdiction::{Agreement, Answers, CountryCode, Located, SourceAnswer},
    policy::{Aspect, Entry, InternalNetwork, Policy, Product, has_ports},
    record::{Direction, FlowRecord},
};

/// What decided.
pub(super) enum Why<'a> {
    NoDestination,
    ThisHost,
    Canary,
    Internal(&'a InternalNetwork),
    Contested(&'a [&'a Product]),
    Possible(&'a Product, Aspect),
    Unattributed,
    Undeclared(&'a Product),
    /// The entry and the product that it is of; `None` for the platform.
    Declared(&'a Entry, Option<&'a Product>),
    PlaceUnknown(&'a Entry, Option<&'a Product>),
    Expired(&'a Entry, Option<&'a Product>),
    Outside(&'a Entry, Option<&'a Product>),
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
            Why::Possible(product, aspect) => write!(
                f,
                "workload {} may be of {}, but its {} is not known",
                workload.name,
                product.name(),
                aspect.key()
            ),
            Why::Unattributed => {
                write!(f, "no product claims workload {}", workload.name)?;
                if let Some(unknown) = &workload.unknown {
                    write!(f, " ({unknown})")?;
                }
                write!(f, "; it reached {destination} ({place})")
            }
            Why::Undeclared(product) => {
                write!(
                    f,
                    "no entry of {} declares {destination} ({place})",
                    product.name()
                )
            }
            Why::Declared(entry, owner) => {
                write!(
                    f,
                    "{} declares {destination} ({place})",
                    Rule(entry, *owner)
                )
            }
            Why::PlaceUnknown(entry, owner) => write!(
                f,
                "{} declares {destination} only when hosted in {}, which cannot be told ({place})",
                Rule(entry, *owner),
                Admitted(entry)
            ),
            Why::Expired(entry, owner) => {
                write!(f, "{} declared {destination}", Rule(entry, *owner))?;
                if let Some(last) = entry.expires {
                    write!(f, " until {last} and has expired")?;
                }
                write!(f, " ({place})")
            }
            Why::Outside(entry, owner) => write!(
                f,
                "{} declares {destination} only when hosted in {} ({place})",
                Rule(entry, *owner),
                Admitted(entry)
            ),
        }
    }
}

/// `203.0.113.9:443/tcp outbound`.
struct Destination<'a>(&'a FlowRecord);

impl fmt::Display for Destination<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FlowRecord {
            address,
            port,
            protocol,
            direction,
            ..
        } = self.0;
        match (direction, has_ports(*protocol)) {
            (Direction::Outbound, true) if address.is_ipv6() => {
                write!(f, "[{address}]:{port}/{protocol} outbound")
            }
            (Direction::Outbound, true) => write!(f, "{address}:{port}/{protocol} outbound"),
            (Direction::Outbound, false) => write!(f, "{address}/{protocol} outbound"),
            (Direction::Inbound, true) => write!(f, "{address} to port {port}/{protocol} inbound"),
            (Direction::Inbound, false) => write!(f, "{address}/{protocol} inbound"),
        }
    }
}

/// `hosted in US, outside EEA`.
struct Place<'a>(&'a Reason<'a>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reason {
            flow,
            policy,
            today,
            ..
        } = self.0;
        let place = &flow.place;
        if let Some(country) = place.country() {
            write!(f, "hosted in {country}")?;
            let Some(home) = policy.home() else {
                return Ok(());
            };
            return match policy.third_country(country, *today) {
                Some(true) => write!(f, ", outside {home}"),
                Some(false) => write!(f, ", inside {home}"),
                None => write!(f, "; {home} has no members dated {today}"),
            };
        }
        if place.is_anycast() {
            let says =
                |source: &&SourceAnswer<bool>| source.note.is_none() && source.value == Some(true);
            let sources = place.anycast.sources.iter().filter(says);
            let sources: Vec<&str> = sources.map(|source| &*source.source).collect();
            return write!(
                f,
                "place unknown: {} is announced from several places (anycast) according to {}",
                flow.flow.flow.record.address,
                sources.join(" and ")
            );
        }
        if place.hosted_in.agreement == Agreement::Disputed {
            return disputed(f, &place.hosted_in);
        }
        f.write_str("place unknown")?;
        let reason = place.hosted_in.reason.as_ref();
        reason.map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}

fn disputed(f: &mut fmt::Formatter<'_>, hosted_in: &Answers<CountryCode>) -> fmt::Result {
    f.write_str("place disputed")?;
    for (i, answer) in hosted_in.sources.iter().enumerate() {
        write!(f, "{}{}", if i == 0 { ": " } else { ", " }, answer.source)?;
        match (answer.value, &answer.note) {
            (Some(country), None) => write!(f, " says {country}")?,
            (Some(country), Some(note)) => write!(f, " says {country}, but was {note}")?,
            (None, _) => f.write_str(" says nothing")?,
        }
    }
    Ok(())
}

/// `entry provider-a of image-generation`.
struct Rule<'a>(&'a Entry, Option<&'a Product>);

impl fmt::Display for Rule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = self.1.map_or("the platform", Product::name);
        write!(f, "entry {} of {owner}", self.0.id)
    }
}

/// `EEA or CH`.
struct Admitted<'a>(&'a Entry);

impl fmt::Display for Admitted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, territory) in self.0.countries.iter().enumerate() {
            write!(f, "{}{territory}", if i == 0 { "" } else { " or " })?;
        }
        Ok(())
    }
}
