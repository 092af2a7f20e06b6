//! A flow that is described instead of recorded: on the command line, or in a file.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use jiff::{Timestamp, civil::Date};

use crate::{
    described::{Description, TooFar, UnknownFact, WorkloadFacts, noon},
    jurisdiction::{AsNumber, CountryCode},
    naming::{DomainName, Grade},
    policy::has_ports,
    record::{Direction, Protocol},
};

/// What is said of a flow.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "A flow that is described, not recorded")]
pub(super) struct DescribedArgs {
    /// Where it goes: 198.51.100.7:443/tcp, [2001:db8::7]:443/udp, 198.51.100.7/icmp. Whose
    /// it is says --workload, as KEY=VALUE with the keys of [[workload]], once for each.
    #[arg(long, value_name = "DESTINATION", requires = "allowlists")]
    #[arg(conflicts_with_all = ["destination", "flow"])]
    pub(super) to: Option<Endpoint>,

    /// Every [[flow]] of a file of tests instead.
    #[arg(long, value_name = "FILE", requires = "allowlists")]
    #[arg(conflicts_with_all = [
        "destination", "workload", "inbound", "name", "presented", "hosted_in", "asn", "anycast",
    ])]
    pub(super) flow: Option<PathBuf>,

    /// The other side sent first.
    #[arg(long, requires = "to")]
    pub(super) inbound: bool,

    /// A name that the workload was told for it; any number.
    #[arg(long, value_name = "NAME", requires = "to", value_parser = host_name)]
    pub(super) name: Vec<DomainName>,

    /// What those names are worth: answered, answered_untrusted or presented.
    #[arg(long, value_name = "GRADE", requires = "name", value_parser = grade)]
    pub(super) grade: Option<Grade>,

    /// A name that the workload said to it; any number.
    #[arg(long, value_name = "NAME", requires = "to", value_parser = host_name)]
    pub(super) presented: Vec<DomainName>,

    /// Country in which it stands.
    #[arg(long, value_name = "COUNTRY", requires = "to")]
    pub(super) hosted_in: Option<CountryCode>,

    /// Number of the autonomous system that announces it.
    #[arg(long, value_name = "NUMBER", requires = "to", value_parser = as_number)]
    pub(super) asn: Option<AsNumber>,

    /// Whether it is in several places at once.
    #[arg(long, value_name = "BOOL", requires = "to")]
    pub(super) anycast: Option<bool>,

    /// When: a day, or a time with its offset such as 2026-11-25T08:00:00Z; now without it.
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<At>,
}

impl DescribedArgs {
    /// The flow, where one is described here.
    pub(super) fn description(
        &self,
        workload: &[String],
    ) -> Result<Option<Description>, DescriptionError> {
        let Some(to) = self.to else {
            return Ok(None);
        };
        let mut facts = WorkloadFacts::default();
        for fact in workload {
            let Some((key, value)) = fact.split_once('=') else {
                return Err(DescriptionError::NoValue(fact.clone()));
            };
            facts.set(key, value)?;
        }
        if facts.is_empty() {
            return Err(DescriptionError::NoWorkload);
        }
        let told = self.grade.unwrap_or(Grade::Answered);
        let named = self.name.iter().map(|name| (name.clone(), told));
        let said = self.presented.iter();
        let said = said.map(|name| (name.clone(), Grade::Presented));
        Ok(Some(Description {
            workload: facts,
            address: to.address,
            port: to.port,
            protocol: to.protocol,
            direction: if self.inbound {
                Direction::Inbound
            } else {
                Direction::Outbound
            },
            names: named.chain(said).collect(),
            hosted_in: self.hosted_in,
            asn: self.asn,
            anycast: self.anycast,
        }))
    }
}

/// Why a description says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DescriptionError {
    #[error("whose flow it is is not said: add --workload, such as --workload unit=image.service")]
    NoWorkload,
    #[error("`{0}` says no value: write KEY=VALUE, such as unit=image.service")]
    NoValue(String),
    #[error("{0}: {help}", help = .0.help())]
    Fact(#[from] UnknownFact),
}

/// `198.51.100.7:443/tcp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
}

/// A text that is no destination with its protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum EndpointError {
    #[error("write it as 198.51.100.7:443/tcp, [2001:db8::7]:443/udp or 198.51.100.7/icmp")]
    Form,
    #[error("a protocol is tcp, udp, icmp or an IANA number such as ip-47")]
    Protocol,
    #[error(
        "after the `/` stands the protocol, no prefix length: write tcp, udp, icmp or an IANA \
         number such as ip-47"
    )]
    Network,
    #[error("no flow has port 0: write one from 1 to 65535")]
    PortZero,
    #[error("{0} has ports: write the address with one")]
    NoPort(Protocol),
    #[error("{0} has no ports: write the address alone")]
    Port(Protocol),
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (place, protocol) = text.rsplit_once('/').ok_or(EndpointError::Form)?;
        let (address, port) = match (place.parse::<SocketAddr>(), place.parse::<IpAddr>()) {
            (Ok(place), _) => (place.ip(), Some(place.port())),
            (_, Ok(address)) => (address, None),
            _ => return Err(EndpointError::Form),
        };
        let address = address.to_canonical();
        let protocol = match protocol {
            "tcp" => Protocol::TCP,
            "udp" => Protocol::UDP,
            "icmp" if address.is_ipv6() => Protocol::ICMPV6,
            "icmp" => Protocol::ICMP,
            number if number.parse::<u32>().is_ok() => return Err(EndpointError::Network),
            other => {
                let number = other.strip_prefix("ip-").and_then(|text| text.parse().ok());
                Protocol(number.ok_or(EndpointError::Protocol)?)
            }
        };
        match (port, has_ports(protocol)) {
            (None, true) => Err(EndpointError::NoPort(protocol)),
            (Some(_), false) => Err(EndpointError::Port(protocol)),
            (Some(0), true) => Err(EndpointError::PortZero),
            (port, _) => Ok(Self {
                address,
                port: port.unwrap_or(0),
                protocol,
            }),
        }
    }
}

/// A time; of a day, its noon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At(pub(super) Timestamp);

/// A text that is no time.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum AtError {
    #[error(transparent)]
    TooFar(#[from] TooFar),
    #[error(transparent)]
    Form(#[from] jiff::Error),
}

impl FromStr for At {
    type Err = AtError;

    fn from_str(text: &str) -> Result<Self, AtError> {
        if let Ok(day) = text.parse::<Date>()
            && text.len() == "2026-11-25".len()
        {
            return Ok(Self(noon(day)?));
        }
        Ok(Self(text.parse()?))
    }
}

/// The name of one host.
fn host_name(text: &str) -> Result<DomainName, String> {
    let name = text
        .parse::<DomainName>()
        .map_err(|error| error.to_string())?;
    if text.contains('*') {
        return Err("this is a pattern: write the name that the workload used".to_owned());
    }
    Ok(name)
}

/// A number that an autonomous system can have (RFC 7607, RFC 7300).
fn as_number(text: &str) -> Result<AsNumber, String> {
    let number = text
        .parse::<AsNumber>()
        .map_err(|error| error.to_string())?;
    if matches!(number.0, 0 | u32::MAX) {
        return Err("no autonomous system has it: write 1 to 4294967294".to_owned());
    }
    Ok(number)
}

fn grade(text: &str) -> Result<Grade, String> {
    let all = [Grade::Answered, Grade::AnsweredUntrusted, Grade::Presented];
    let found = all.into_iter().find(|grade| grade.label() == text);
    found.ok_or_else(|| {
        let labels = all.map(Grade::label).join(", ");
        format!("a grade is one of {labels}")
    })
}
