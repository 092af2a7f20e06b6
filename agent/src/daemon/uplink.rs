//! The uplink side of a recording: follows interfaces, feeds the balance, and
//! makes records of what it finds unseen.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
    net::IpAddr,
};

use crate::{
    aside,
    balance::{self, Balance, Moved, Owner, Residual, Sums, Unseen, Via},
    coverage::{Gap, Reason},
    kernel::{Capture, CgroupDirectory, Clock, Interface, Kind, UplinkChange, interfaces, routes},
    ledger::{Appended, Entry, Ledger, LedgerError, Resume, UplinkInterval},
    record::{CgroupId, Counters, Direction, FlowId, FlowRecord, Protocol, Scope, UplinkRecord},
};

/// Which interfaces lead off the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uplinks {
    /// Those that routes and devices say do: [`balance::leading_off`].
    Routes,
    /// These.
    Named(BTreeSet<String>),
}

/// A slot of the uplink layer.
struct Slot {
    record: UplinkRecord,
    stored: Option<Counters>,
}

/// See [the module](self).
pub(super) struct UplinkSide {
    uplinks: Uplinks,
    root: CgroupDirectory,
    balance: Balance,
    slots: HashMap<u32, Slot>,
    interfaces: HashMap<u32, Interface>,
    /// Why interfaces could not be listed, if it was said already.
    unlisted: Option<String>,
    /// Cgroups that interfaces are of, for one look.
    holders: HashMap<u32, Option<u64>>,
    /// Whose flow is what.
    unseen: HashMap<(IpAddr, Protocol, Owner), FlowId>,
}

impl UplinkSide {
    pub(super) fn new(uplinks: Uplinks, root: CgroupDirectory) -> Self {
        Self {
            uplinks,
            root,
            balance: Balance::default(),
            slots: HashMap::new(),
            interfaces: HashMap::new(),
            unlisted: None,
            holders: HashMap::new(),
            unseen: HashMap::new(),
        }
    }

    /// Makes the interfaces that lead off the host those that are counted at.
    /// At the start, that an interface is covered is no finding.
    pub(super) fn follow(
        &mut self,
        capture: &mut Capture,
        (since, to): (&Clock, &Clock),
        start: bool,
    ) -> Vec<Gap> {
        let gap = |(detail, repaired)| Gap {
            from: since.now(),
            to: to.now(),
            reason: Reason::UplinkUncovered,
            detail,
            repaired,
            losses: BTreeMap::new(),
        };
        let wanted = match self.wanted() {
            Ok(wanted) => wanted,
            Err(error) => {
                let detail = format!("interfaces and routes cannot be listed: {error}");
                if self.unlisted.replace(detail.clone()) == Some(detail.clone()) {
                    return Vec::new();
                }
                return vec![gap((detail, false))];
            }
        };
        self.unlisted = None;
        if start {
            let all: Vec<_> = self.interfaces.values().cloned().collect();
            capture.clear_uplinks(&all);
        }
        capture
            .follow_uplinks(&wanted)
            .into_iter()
            .filter_map(|change| said(change, start))
            .map(gap)
            .collect()
    }

    /// The interfaces to count at. Where packets go into a tunnel is counted too:
    /// what leaves wrapped balances with it.
    fn wanted(&mut self) -> io::Result<Vec<Interface>> {
        let all = interfaces()?;
        let leading: BTreeSet<u32> = match &self.uplinks {
            Uplinks::Routes => balance::leading_off(&all, &routes()?),
            Uplinks::Named(names) => all
                .iter()
                .filter(|one| names.contains(&one.name))
                .map(|one| one.index)
                .collect(),
        };
        self.interfaces = all.iter().map(|one| (one.index, one.clone())).collect();
        for one in &all {
            if let Kind::Tunnel { port } = one.kind {
                self.balance.tunnel(port);
            }
        }
        Ok(all
            .into_iter()
            .filter(|one| leading.contains(&one.index) || matches!(one.kind, Kind::Tunnel { .. }))
            .collect())
    }

    /// A socket sent this much more.
    pub(super) fn socket(&mut self, record: &FlowRecord, more: &Counters) {
        if record.scope == Scope::Exact {
            let to = (record.address, record.protocol);
            self.balance.socket(to, record.cgroup.0, moved(more));
        } else {
            self.balance.folded(record.cgroup.0);
        }
    }

    /// The uplink layer counted on.
    pub(super) fn take(&mut self, slot: u32, record: UplinkRecord, resume: &mut Resume) {
        let now = record.counters;
        let life = (slot, record.first_ns);
        let before = match self.slots.get(&slot) {
            Some(known) => known.record.counters,
            None => {
                let stored = resume.counters.remove(&life);
                let before = stored.unwrap_or_default();
                let record = record.clone();
                self.slots.insert(slot, Slot { record, stored });
                before
            }
        };
        if !record.folded {
            let owner = Owner {
                cgroup: record.cgroup.0,
                from: record.from,
                port: record.port,
            };
            let to = (record.address, record.protocol);
            let via = match self.interfaces.get(&record.by).map(|one| one.kind) {
                Some(Kind::Tunnel { port }) => Via::Tunnel(port),
                _ => Via::Uplink,
            };
            self.balance
                .uplink(to, owner, via, whole(&now.since(&before)));
        }
        if let Some(known) = self.slots.get_mut(&slot) {
            known.record = record;
        }
    }

    /// Stores what the ledger does not have of a slot that is closed.
    pub(super) fn store(
        &mut self,
        slot: u32,
        ledger: &mut Ledger,
        clock: &Clock,
        recording: &str,
    ) -> Result<(), LedgerError> {
        match self.slots.remove(&slot) {
            Some(mut known) => known.store(slot, ledger, clock, recording),
            None => Ok(()),
        }
    }

    /// Stores what the ledger does not have of any slot.
    pub(super) fn store_all(
        &mut self,
        ledger: &mut Ledger,
        clock: &Clock,
        recording: &str,
    ) -> Result<(), LedgerError> {
        for (slot, known) in &mut self.slots {
            known.store(*slot, ledger, clock, recording)?;
        }
        Ok(())
    }

    /// Records of what left unseen, each with whether it is new.
    pub(super) fn look(
        &mut self,
        end: bool,
        clock: &Clock,
        mut number: impl FnMut() -> FlowId,
    ) -> Vec<(bool, FlowRecord)> {
        let found = self.balance.look(end);
        // Who holds an interface is asked once for all that comes from it.
        self.holders.clear();
        found
            .into_iter()
            .map(|((address, protocol), unseen)| {
                let known = self.unseen.get(&(address, protocol, unseen.owner)).copied();
                let id = known.unwrap_or_else(&mut number);
                self.unseen.insert((address, protocol, unseen.owner), id);
                let record = self.record(id, address, protocol, unseen, clock);
                (known.is_none(), record)
            })
            .collect()
    }

    /// Flows of unseen packets whose counts are final.
    pub(super) fn ended(&mut self) -> Vec<FlowId> {
        self.balance
            .forgotten()
            .into_iter()
            .filter_map(|((address, protocol), owner)| {
                self.unseen.remove(&(address, protocol, owner))
            })
            .collect()
    }

    /// Destinations for which the layers disagree beyond what is tolerated. To be
    /// called after [`UplinkSide::look`].
    pub(super) fn residuals(&mut self, end: bool, since: &Clock, to: &Clock) -> Vec<Gap> {
        self.balance
            .residuals(end)
            .into_iter()
            .map(|((address, protocol), Residual { sent, missing })| Gap {
                from: since.now(),
                to: to.now(),
                reason: Reason::Residual,
                detail: format!(
                    "{address} {protocol}: of {} bytes that sockets sent, {} bytes in {} packets \
                     were not seen at an uplink",
                    sent.bytes, missing.bytes, missing.packets
                ),
                repaired: false,
                losses: BTreeMap::new(),
            })
            .collect()
    }

    /// Sums of both layers.
    pub(super) fn sums(&self) -> Sums {
        self.balance.sums()
    }

    /// Cgroup of whoever sends from behind an interface.
    fn holder(&mut self, index: u32) -> Option<u64> {
        if let Some(known) = self.holders.get(&index) {
            return *known;
        }
        let found = self.interfaces.get(&index).and_then(|one| {
            let path =
                aside::holder_of(&one.name).or_else(|| aside::within(one.peer_namespace?))?;
            self.root.id_of(path.trim_start_matches('/').as_ref())
        });
        self.holders.insert(index, found);
        found
    }

    fn record(
        &mut self,
        id: FlowId,
        address: IpAddr,
        protocol: Protocol,
        unseen: Unseen,
        clock: &Clock,
    ) -> FlowRecord {
        let Unseen { owner, moved } = unseen;
        let from = (owner.from != 0).then(|| {
            let known = self.interfaces.get(&owner.from);
            known.map_or_else(
                || format!("interface {}", owner.from),
                |one| one.name.clone(),
            )
        });
        let holder = if owner.cgroup == 0 && owner.from != 0 {
            self.holder(owner.from)
        } else {
            None
        };
        FlowRecord {
            id,
            scope: Scope::Unseen,
            cgroup: CgroupId(holder.unwrap_or(owner.cgroup)),
            netns: None,
            address,
            port: owner.port,
            protocol,
            forwarded_from: from,
            direction: Direction::Outbound,
            process: None,
            first_ns: clock.boot_ns(),
            last_ns: clock.boot_ns(),
            attempts: 0,
            counters: Counters {
                egress_bytes: moved.bytes,
                egress_packets: moved.packets,
                ..Counters::default()
            },
        }
    }
}

impl Slot {
    fn store(
        &mut self,
        slot: u32,
        ledger: &mut Ledger,
        clock: &Clock,
        recording: &str,
    ) -> Result<(), LedgerError> {
        let now = self.record.counters;
        if self.stored == Some(now) {
            return Ok(());
        }
        let interval = UplinkInterval {
            counters: now.since(&self.stored.unwrap_or_default()),
            slot,
            recording: recording.to_owned(),
            record: self.record.clone(),
        };
        if ledger.offer(clock.now(), &Entry::Uplink(Box::new(interval)))? == Appended::Kept {
            self.stored = Some(now);
        }
        Ok(())
    }
}

/// What is to be said of a change, and whether it is put right.
fn said(change: UplinkChange, start: bool) -> Option<(String, bool)> {
    match change {
        UplinkChange::Covered(_) if start => None,
        UplinkChange::Covered(one) => {
            Some((format!("{} leads off the host since then", one.name), true))
        }
        UplinkChange::Repaired(one) => Some((format!("{} had lost its program", one.name), true)),
        UplinkChange::Refused(one, error) => {
            Some((format!("{}: the kernel refuses: {error}", one.name), false))
        }
        UplinkChange::Left(name) => {
            tracing::info!(name, "an interface leads off the host no more");
            None
        }
    }
}

/// What the uplink layer counted, as it was before fragmentation.
fn whole(counters: &Counters) -> Moved {
    Moved {
        bytes: counters.egress_bytes.saturating_sub(counters.ingress_bytes),
        packets: counters
            .egress_packets
            .saturating_sub(counters.ingress_packets),
    }
}

fn moved(counters: &Counters) -> Moved {
    Moved {
        bytes: counters.egress_bytes,
        packets: counters.egress_packets,
    }
}
