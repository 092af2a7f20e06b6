//! The parts of which sentences are made.

use std::fmt;

use super::{identity::Identity, reason::Reason};
use crate::{
    jurisdiction::{Agreement, Answers, CountryCode, SourceAnswer},
    policy::{Entry, Membership, Product, has_ports},
    record::{Direction, FlowRecord},
};

/// `api.provider.example at 203.0.113.9:443/tcp outbound`.
pub(super) struct At<'a>(pub(super) Identity<'a>, pub(super) Destination<'a>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.name() {
            Some(name) => write!(f, "{name} at {}", self.1),
            None => self.1.fmt(f),
        }
    }
}

/// What a name is worth, and why not more.
pub(super) struct Worth<'a>(pub(super) Identity<'a>);

impl fmt::Display for Worth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Identity::Nameless => f.write_str("not known"),
            Identity::Told(told) | Identity::Hidden(told) | Identity::Said(_, Some(told)) => {
                told.grade.fmt(f)?;
                told.doubt
                    .as_ref()
                    .map_or(Ok(()), |doubt| write!(f, ": {doubt}"))
            }
            Identity::Said(said, None) => {
                write!(f, "{}: no answer gave it", said.grade)
            }
        }
    }
}

/// `203.0.113.9:443/tcp outbound`.
#[derive(Clone, Copy)]
pub(super) struct Destination<'a>(pub(super) &'a FlowRecord);

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
pub(super) struct Place<'a>(pub(super) &'a Reason<'a>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reason {
            flow,
            policy,
            today,
            ..
        } = self.0;
        let place = &flow.place;
        if let Some(dns) = &flow.encrypted_dns {
            write!(f, "{dns}, ")?;
        }
        if let Some(country) = flow.country() {
            write!(f, "hosted in {country}")?;
            let Some(home) = policy.home() else {
                return Ok(());
            };
            return match policy.country_sets().membership(home, country, *today) {
                Membership::Outside => write!(f, ", outside {home}"),
                Membership::Member => write!(f, ", inside {home}"),
                Membership::Unknown(doubt) => write!(f, "; {doubt}"),
            };
        }
        if flow.anycast() == Some(true) {
            let says =
                |source: &&SourceAnswer<bool>| source.note.is_none() && source.value == Some(true);
            let sources = place.anycast.sources.iter().filter(says);
            let mut sources: Vec<&str> = sources.map(|source| &*source.source).collect();
            if sources.is_empty() {
                sources.push("providers.toml");
            }
            return write!(
                f,
                "place unknown: {} is announced from several places (anycast) according to {}",
                flow.flow.flow.record.address,
                sources.join(" and ")
            );
        }
        if place.hosted_in.agreement == Agreement::Disputed {
            f.write_str("place disputed: ")?;
            return each_source(f, &place.hosted_in, CountryCode::to_string);
        }
        f.write_str("place unknown")?;
        let reason = place.hosted_in.reason.as_ref();
        reason.map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}

/// `test says DE, second says NO, old says nothing`.
pub(super) fn each_source<T>(
    f: &mut fmt::Formatter<'_>,
    answers: &Answers<T>,
    shown: impl Fn(&T) -> String,
) -> fmt::Result {
    for (i, answer) in answers.sources.iter().enumerate() {
        write!(f, "{}{}", if i == 0 { "" } else { ", " }, answer.source)?;
        match (answer.value.as_ref().map(&shown), &answer.note) {
            (Some(value), None) => write!(f, " says {value}")?,
            (Some(value), Some(note)) => write!(f, " says {value}, but was {note}")?,
            (None, _) => f.write_str(" says nothing")?,
        }
    }
    Ok(())
}

/// `entry provider-a of image-generation`.
pub(super) struct Rule<'a>(pub(super) &'a Entry, pub(super) Option<&'a Product>);

impl fmt::Display for Rule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = self.1.map_or("the platform", Product::name);
        write!(f, "entry {} of {owner}", self.0.id)
    }
}
