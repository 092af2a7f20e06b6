//! Compares the two layers: what sockets sent against what left the host, for
//! each destination, in IP bytes on the wire.
//!
//! Whatever left without having been seen at a socket is given to the owner
//! that the uplink layer knows, and judged like any flow.

mod destination;
mod forward;
mod route;
mod tunnel;

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

use serde::{Deserialize, Serialize};

pub use destination::{Moved, Owner, Residual, Unseen, Via};
pub use forward::{holder_of, within};
pub use route::leading_off;

use crate::record::Protocol;
use destination::Destination;
use tunnel::Tunnels;

/// Looks without a change after which a destination's counts are compared:
/// before, the two layers may have been read on either side of a packet.
const QUIET: u64 = 2;
/// Looks without a change after which a destination is forgotten.
const FORGOTTEN: u64 = 3600;

/// Destinations that are kept apart; beyond, they are forgotten as soon as they
/// are compared.
const MOST_DESTINATIONS: usize = 262_144;

/// The sums of both layers, in IP bytes on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Left the host by an uplink.
    pub uplink_bytes: u64,
    /// Of that, wrapped by a tunnel of the kernel's: no socket sent it so.
    #[serde(default)]
    pub wrapped_bytes: u64,
    /// Of that, seen at no socket.
    pub unseen_bytes: u64,
    /// Sent by sockets to destinations that were reached by an uplink, and not
    /// seen there: dropped between the layers, or sent another way.
    pub missing_bytes: u64,
}

/// Both layers' counts of each destination.
#[derive(Debug, Default)]
pub struct Balance {
    destinations: HashMap<(IpAddr, Protocol), Destination>,
    look: u64,
    /// Cgroups of which sockets have sent to destinations that are not known.
    folded: BTreeSet<u64>,
    tunnels: Tunnels,
    /// Sums of destinations that are forgotten.
    past: Sums,
    /// Those of which something was told, until [`Balance::forgotten`].
    forgotten: Vec<((IpAddr, Protocol), Owner)>,
}

impl Balance {
    /// There are tunnels of the kernel's, which wrap into UDP to this port.
    pub fn tunnel(&mut self, port: u16) {
        self.tunnels.expect(port);
    }

    /// A socket of a cgroup sent this much more.
    pub fn socket(&mut self, to: (IpAddr, Protocol), cgroup: u64, more: Moved) {
        if more.is_zero() || to.0.is_loopback() {
            return;
        }
        let look = self.look;
        self.destinations
            .entry(to)
            .or_default()
            .socket(cgroup, more, look);
    }

    /// Sockets of a cgroup sent to destinations that are not known: what leaves
    /// in its name cannot be called unseen any more.
    pub fn folded(&mut self, cgroup: u64) {
        self.folded.insert(cgroup);
    }

    /// This much more left by an uplink, or went into a tunnel.
    pub fn uplink(&mut self, to: (IpAddr, Protocol), owner: Owner, via: Via, more: Moved) {
        if more.is_zero() {
            return;
        }
        match via {
            Via::Uplink => self.tunnels.outer(to, owner, more),
            Via::Tunnel(port) => self.tunnels.inner(port, more),
        }
        let look = self.look;
        self.destinations
            .entry(to)
            .or_default()
            .uplink(owner, more, look);
    }

    /// What has left unseen by any socket and was not told before: cumulative
    /// per owner. To be called after each sweep; at the `end`, nothing is held
    /// back for being in motion.
    pub fn look(&mut self, end: bool) -> Vec<((IpAddr, Protocol), Unseen)> {
        self.look += 1;
        let now = self.look;
        self.tunnels.look();
        let mut unseen = Vec::new();
        for (to, destination) in &mut self.destinations {
            let quiet = destination.quiet_for(now) == QUIET;
            if end || quiet || destination.is_clear() {
                let found =
                    destination.unseen(&self.folded, |owner| self.tunnels.explain(to.1, owner));
                unseen.extend(found.into_iter().map(|one| (*to, one)));
            }
        }
        let quiet = if self.destinations.len() > MOST_DESTINATIONS {
            QUIET + 1
        } else {
            FORGOTTEN
        };
        let (past, forgotten) = (&mut self.past, &mut self.forgotten);
        self.destinations.retain(|to, destination| {
            let keep = destination.quiet_for(now) < quiet;
            if !keep {
                *past = add(*past, destination.sums());
                forgotten.extend(destination.told().map(|owner| (*to, owner)));
            }
            keep
        });
        unseen
    }

    /// What was told as unseen and will not be told of again: its counts are final.
    pub fn forgotten(&mut self) -> Vec<((IpAddr, Protocol), Owner)> {
        std::mem::take(&mut self.forgotten)
    }

    /// Destinations for which sockets sent more than left, beyond what is
    /// tolerated; each again when it has doubled. To be called after
    /// [`Balance::look`].
    pub fn residuals(&mut self, end: bool) -> Vec<((IpAddr, Protocol), Residual)> {
        let now = self.look;
        self.destinations
            .iter_mut()
            .filter(|(_, destination)| end || destination.quiet_for(now) == QUIET)
            .filter_map(|(to, destination)| Some((*to, destination.residual()?)))
            .collect()
    }

    /// The sums since this agent began.
    pub fn sums(&self) -> Sums {
        let mut sums = self
            .destinations
            .values()
            .map(Destination::sums)
            .fold(self.past, add);
        // Both sides of a tunnel are among the destinations.
        let wrapped = self.tunnels.wrapped_bytes();
        sums.uplink_bytes = sums.uplink_bytes.saturating_sub(self.tunnels.inner_bytes());
        sums.unseen_bytes = sums.unseen_bytes.saturating_sub(wrapped);
        sums.wrapped_bytes = wrapped;
        sums
    }
}

fn add(a: Sums, b: Sums) -> Sums {
    Sums {
        uplink_bytes: a.uplink_bytes + b.uplink_bytes,
        wrapped_bytes: a.wrapped_bytes + b.wrapped_bytes,
        unseen_bytes: a.unseen_bytes + b.unseen_bytes,
        missing_bytes: a.missing_bytes + b.missing_bytes,
    }
}

#[cfg(test)]
mod tests;
