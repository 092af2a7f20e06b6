//! Which resolvers are trusted, and whether an answer is theirs.

use std::{collections::HashSet, net::IpAddr};

use super::Source;
use crate::record::Owner;

/// Number of the loopback interface in every network namespace
/// (`LOOPBACK_IFINDEX`, `include/net/net_namespace.h`).
pub(super) const LOOPBACK: u32 = 1;

/// Resolvers that the configuration trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolvers {
    /// Addresses of resolvers on other hosts.
    remote: HashSet<IpAddr>,
    /// Addresses of resolvers on this host, each with the unit that answers there.
    local: Vec<(IpAddr, String)>,
}

/// What an answer came by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// Number of the interface.
    pub(super) interface: u32,
    /// Who received it.
    pub(super) owner: Owner,
    /// Cookie of the network namespace that this host is in.
    pub(super) host: Option<u64>,
}

impl Resolvers {
    /// None at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts a resolver on another host.
    pub fn trust(&mut self, address: IpAddr) {
        self.remote.insert(address);
    }

    /// Trusts a resolver on this host as long as it is this unit that answers.
    pub fn trust_unit(&mut self, address: IpAddr, unit: &str) {
        self.local.push((address, unit.to_owned()));
    }

    /// Whether a unit of this host is a trusted resolver.
    pub fn is_local_resolver(&self, unit: &str) -> bool {
        self.local.iter().any(|(_, trusted)| trusted == unit)
    }

    /// Whether there is any on this host.
    pub fn any_local(&self) -> bool {
        !self.local.is_empty()
    }

    /// Why an answer is not to be trusted; `None` if it is.
    pub(super) fn doubt(&self, source: &Source, arrival: Arrival) -> Option<String> {
        let Source::Dns {
            resolver,
            served_by,
            ..
        } = source
        else {
            return None;
        };
        let mut local = self
            .local
            .iter()
            .filter(|(address, _)| address == resolver)
            .peekable();
        let on_host = local.peek().is_some();
        if on_host && arrival.interface == LOOPBACK {
            if arrival.host.is_none() || arrival.owner.netns != arrival.host {
                return Some(format!(
                    "{resolver} is trusted on the host, and this answer came within another \
                     network namespace"
                ));
            }
            let Some(unit) = served_by else {
                return Some(format!("it was not seen who answered at {resolver}"));
            };
            if local.any(|(_, trusted)| **trusted == **unit) {
                return None;
            }
            return Some(format!(
                "{unit} answered at {resolver}, which is not trusted"
            ));
        }
        // From another namespace or host, a resolver of this host is as any other.
        if on_host && !resolver.is_loopback() {
            return None;
        }
        if !self.remote.contains(resolver) {
            return Some(format!("{resolver} is not a trusted resolver"));
        }
        if arrival.interface == LOOPBACK {
            return Some(format!(
                "{resolver} is a trusted resolver of another host, but this answer came over \
                 the loopback interface; if it is on this host, name its unit"
            ));
        }
        None
    }

    /// Why an answer that was trusted no longer is; `None` if it still is.
    pub(super) fn withdrawn(&self, source: &Source) -> Option<String> {
        let Source::Dns {
            resolver,
            served_by,
            asked_by,
            ..
        } = source
        else {
            return None;
        };
        if let Some(unit) = asked_by
            && !self.is_local_resolver(unit)
        {
            return Some(format!("{unit} is not a trusted resolver of this host"));
        }
        let mut local = self
            .local
            .iter()
            .filter(|(address, _)| address == resolver)
            .map(|(_, unit)| unit);
        // Nobody of this host is known to have served what came from another.
        let trusted = match served_by {
            Some(server) => local.any(|unit| **unit == **server),
            None => {
                self.remote.contains(resolver)
                    || (!resolver.is_loopback() && local.next().is_some())
            }
        };
        (!trusted).then(|| format!("{resolver} is not a trusted resolver"))
    }
}
