//! Both layers' counts of one destination.

use std::collections::{BTreeMap, BTreeSet};

use super::Sums;

/// Bytes and packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// IP bytes on the wire.
    pub bytes: u64,
    /// IP packets on the wire.
    pub packets: u64,
}

impl Moved {
    /// Whether nothing moved.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn add(&mut self, more: Self) {
        self.bytes += more.bytes;
        self.packets += more.packets;
    }

    /// What is left of it after something else.
    pub(super) fn beyond(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(other.bytes),
            packets: self.packets.saturating_sub(other.packets),
        }
    }

    fn at_most(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.min(other.bytes),
            packets: self.packets.min(other.packets),
        }
    }
}

/// Where the uplink layer counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Where packets leave the host.
    Uplink,
    /// Where they go into a tunnel of the kernel's, which wraps them into UDP to
    /// this port.
    Tunnel(u16),
}

/// Sockets sent more to a destination than left for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Residual {
    /// By sockets.
    pub sent: Moved,
    /// Of that, not seen where packets leave the host.
    pub missing: Moved,
}

/// Share of what sockets sent to a destination that may be missing at the
/// uplinks, one in this many: the kernel drops a packet now and then.
const TOLERATED_SHARE: u64 = 100;
/// Bytes that may be missing for a destination, whatever was sent: a few
/// packets, as while the neighbour is not known yet.
const TOLERATED_BYTES: u64 = 6_000;

/// Whose packets the uplink layer counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    /// Cgroup of the socket; 0 where there was none.
    pub cgroup: u64,
    /// Number of the interface it was forwarded from; 0 where it was not.
    pub from: u32,
    /// Destination port, 0 where it is not told apart; the `EtherType` where the
    /// protocol is 0.
    pub port: u16,
}

/// What an owner sent past every socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// Whose.
    pub owner: Owner,
    /// How much, cumulative.
    pub moved: Moved,
}

/// See [the module](self).
#[derive(Debug, Default)]
pub(super) struct Destination {
    /// By cgroup. Nearly every destination has one: a map would take many times
    /// its size.
    sockets: Vec<(u64, Moved)>,
    uplink: BTreeMap<Owner, Moved>,
    told: BTreeMap<Owner, Moved>,
    told_missing: u64,
    /// Look at which something last moved.
    moved_at: u64,
}

impl Destination {
    pub(super) fn socket(&mut self, cgroup: u64, more: Moved, look: u64) {
        match self.sockets.iter_mut().find(|(known, _)| *known == cgroup) {
            Some((_, sum)) => sum.add(more),
            None => {
                self.sockets.reserve_exact(1);
                self.sockets.push((cgroup, more));
            }
        }
        self.moved_at = look;
    }

    pub(super) fn uplink(&mut self, owner: Owner, more: Moved, look: u64) {
        self.uplink.entry(owner).or_default().add(more);
        self.moved_at = look;
    }

    pub(super) fn quiet_for(&self, look: u64) -> u64 {
        look.saturating_sub(self.moved_at)
    }

    fn totals(&self) -> (Moved, Moved) {
        let sum = |all: &mut dyn Iterator<Item = &Moved>| {
            all.fold(Moved::default(), |mut sum, one| {
                sum.add(*one);
                sum
            })
        };
        (
            sum(&mut self.uplink.values()),
            sum(&mut self.sockets.iter().map(|(_, moved)| moved)),
        )
    }

    /// Whether so much more left than sockets sent that no packet in motion can
    /// be the reason.
    pub(super) fn is_clear(&self) -> bool {
        let (uplink, sockets) = self.totals();
        uplink.bytes / 2 > sockets.bytes && sockets.bytes == 0
    }

    /// What each owner sent past every socket, if it is more than was told.
    ///
    /// A forwarded packet may have been seen at a socket of another network
    /// namespace: only what all sockets together did not send is unseen. It is
    /// given first to those whose own sockets sent less than left in their name.
    ///
    /// Owners among `folded` sent to destinations that are not known, this one
    /// perhaps; so did, perhaps, the containers behind an interface. What is
    /// explained otherwise is not unseen.
    pub(super) fn unseen(
        &mut self,
        folded: &BTreeSet<u64>,
        explained: impl Fn(Owner) -> bool,
    ) -> Vec<Unseen> {
        let (uplink, sockets) = self.totals();
        let mut rest = uplink.beyond(sockets);
        let mut found = Vec::new();
        // Owners with a cgroup come last in the order of keys: ask them first.
        for (owner, moved) in self.uplink.iter().rev() {
            if rest.bytes == 0 {
                break;
            }
            if folded.contains(&owner.cgroup) || owner.cgroup == 0 && !folded.is_empty() {
                continue;
            }
            let own = if owner.cgroup == 0 {
                Moved::default()
            } else {
                let known = self
                    .sockets
                    .iter()
                    .find(|(known, _)| *known == owner.cgroup);
                known.map(|(_, moved)| *moved).unwrap_or_default()
            };
            let excess = moved.beyond(own).at_most(rest);
            if excess.bytes == 0 {
                continue;
            }
            rest = rest.beyond(excess);
            if explained(*owner) {
                continue;
            }
            if self.told.get(owner).is_none_or(|told| *told != excess) {
                self.told.insert(*owner, excess);
                found.push(Unseen {
                    owner: *owner,
                    moved: excess,
                });
            }
        }
        found
    }

    /// Owners of which something was told as unseen.
    pub(super) fn told(&self) -> impl Iterator<Item = Owner> {
        self.told.keys().copied()
    }

    /// What sockets sent and no uplink saw, if it is beyond what is tolerated and
    /// twice what was told before. Only of a destination that is reached by an
    /// uplink: others are not meant to be seen there.
    pub(super) fn residual(&mut self) -> Option<Residual> {
        let (uplink, sent) = self.totals();
        let missing = sent.beyond(uplink);
        let tolerated = TOLERATED_BYTES.max(sent.bytes / TOLERATED_SHARE);
        if uplink.is_zero() || missing.bytes <= tolerated.max(self.told_missing * 2) {
            return None;
        }
        self.told_missing = missing.bytes;
        Some(Residual { sent, missing })
    }

    pub(super) fn sums(&self) -> Sums {
        let (uplink, sockets) = self.totals();
        if uplink.is_zero() {
            return Sums::default();
        }
        Sums {
            uplink_bytes: uplink.bytes,
            wrapped_bytes: 0,
            unseen_bytes: uplink.beyond(sockets).bytes,
            missing_bytes: sockets.beyond(uplink).bytes,
        }
    }
}
