//! What the kernel wraps: the packets of a tunnel leave in others, which no
//! socket sent. They balance with what went into the tunnel.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
};

use super::{Moved, Owner};
use crate::record::Protocol;

/// Looks over which the smallest difference counts: the inner and the outer
/// packets may have been read on either side of one.
const LOOKS: usize = 3;

/// Bytes that VXLAN (RFC 7348, section 5) and Geneve without options (RFC 8926,
/// section 3) put before an inner IP packet, but for the outer IP header: UDP,
/// their own header, Ethernet.
const WRAPPING: u64 = 8 + 8 + 14;

/// Both sides of the tunnels to one UDP port.
#[derive(Debug, Default)]
struct Tunnel {
    inner: Moved,
    /// Without what wrapping added.
    outer: Moved,
    wrapping: u64,
    beyond: VecDeque<Moved>,
}

/// Both sides of every tunnel.
#[derive(Debug, Default)]
pub(super) struct Tunnels {
    ports: HashMap<u16, Tunnel>,
    inner_bytes: u64,
}

impl Tunnels {
    /// There are tunnels to this UDP port.
    pub(super) fn expect(&mut self, port: u16) {
        self.ports.entry(port).or_default();
    }

    /// A packet went into a tunnel.
    pub(super) fn inner(&mut self, port: u16, more: Moved) {
        let tunnel = self.ports.entry(port).or_default();
        tunnel.inner.add(more);
        self.inner_bytes += more.bytes;
    }

    /// A packet left the host, perhaps that of a tunnel.
    pub(super) fn outer(&mut self, to: (IpAddr, Protocol), owner: Owner, more: Moved) {
        let Some(tunnel) = self.of(to.1, owner) else {
            return;
        };
        let header = if to.0.is_ipv4() { 20 } else { 40 };
        let wrapping = (more.packets * (WRAPPING + header)).min(more.bytes);
        tunnel.outer.add(Moved {
            bytes: more.bytes - wrapping,
            packets: more.packets,
        });
        tunnel.wrapping += wrapping;
    }

    fn of(&mut self, protocol: Protocol, owner: Owner) -> Option<&mut Tunnel> {
        (protocol == Protocol::UDP)
            .then(|| self.ports.get_mut(&owner.port))
            .flatten()
    }

    /// To be called once for each look.
    pub(super) fn look(&mut self) {
        for tunnel in self.ports.values_mut() {
            let now = tunnel.outer.beyond(tunnel.inner);
            tunnel.beyond.push_back(now);
            if tunnel.beyond.len() > LOOKS {
                tunnel.beyond.pop_front();
            }
        }
    }

    /// Whether what an owner sent unseen is what went into a tunnel: nothing
    /// more left than went in.
    pub(super) fn explain(&self, protocol: Protocol, owner: Owner) -> bool {
        protocol == Protocol::UDP
            && self
                .ports
                .get(&owner.port)
                .is_some_and(|tunnel| tunnel.beyond.iter().any(Moved::is_zero))
    }

    /// Bytes that went into tunnels.
    pub(super) fn inner_bytes(&self) -> u64 {
        self.inner_bytes
    }

    /// Bytes that left wrapped, wrapping included.
    pub(super) fn wrapped_bytes(&self) -> u64 {
        self.ports
            .values()
            .filter(|tunnel| tunnel.outer.beyond(tunnel.inner).is_zero())
            .map(|tunnel| tunnel.outer.bytes + tunnel.wrapping)
            .sum()
    }
}
