//! What is asked for: a destination, a workload.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use crate::{
    ledger::FlowInterval,
    naming::{DomainName, Name, NameFault},
    record::{FlowRecord, Scope},
};

/// A destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// An address, whatever the port.
    Address(IpAddr),
    /// A port of an address.
    Port(IpAddr, u16),
    /// A name, or an alias on the way to the address.
    Name(DomainName),
}

impl FromStr for Destination {
    type Err = NameFault;

    /// Reads `203.0.113.9`, `203.0.113.9:443`, `[2001:db8::9]:443` or a name.
    fn from_str(text: &str) -> Result<Self, NameFault> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Address(address.to_canonical()));
        }
        match text.parse::<SocketAddr>() {
            Ok(place) => Ok(Self::Port(place.ip().to_canonical(), place.port())),
            Err(_) => text.parse().map(Self::Name),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Port(address, port) => SocketAddr::new(*address, *port).fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// All that is asked for of a flow.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) destination: Option<Destination>,
    /// Part of the workload's name or cgroup path, or its product.
    pub(super) workload: Option<String>,
}

impl Wanted {
    pub(super) fn is_of_workload(&self, flow: &FlowInterval) -> bool {
        let Some(text) = &self.workload else {
            return true;
        };
        let workload = &flow.judged.flow.flow.flow.workload;
        let path = workload.cgroup_path.as_deref();
        workload.name.contains(text)
            || path.is_some_and(|path| path.contains(text))
            || flow.judged.product.as_ref() == Some(text)
    }

    pub(super) fn goes_there(&self, flow: &FlowInterval) -> bool {
        let named = &flow.judged.flow.flow;
        let record = &named.flow.record;
        match &self.destination {
            None => true,
            Some(Destination::Address(address)) => {
                has_destination(record) && record.address == *address
            }
            Some(Destination::Port(address, port)) => {
                has_destination(record) && record.address == *address && record.port == *port
            }
            Some(Destination::Name(name)) => {
                let mut all = named.names.names.iter().flat_map(Name::all);
                all.any(|known| known == name)
            }
        }
    }
}

/// Whether the record is of one destination.
pub(super) fn has_destination(record: &FlowRecord) -> bool {
    matches!(record.scope, Scope::Exact | Scope::Unseen)
}
