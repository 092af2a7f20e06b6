//! Flows as the ledger has them: the latest interval of each.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    path::Path,
};

use jiff::Timestamp;

use super::wanted::{Destination, Wanted, has_destination};
use crate::{
    cli::nearest::{Nearest, between_addresses},
    kernel::Clock,
    ledger::{Entry, FlowInterval, Ledger, LedgerError},
    naming::Name,
    record::FlowRecord,
};

/// A flow as last recorded.
#[derive(Debug)]
pub(super) struct Recorded {
    /// When that was written.
    pub(super) time: Timestamp,
    /// First and last sight; `None` where the record does not relate the kernel's clock to
    /// the time of day.
    pub(super) seen: Option<(Timestamp, Timestamp)>,
    /// SHA-256 of the allowlists that were in force; `None` where the ledger does not have
    /// the agent's beginning.
    pub(super) allowlists: Option<String>,
    pub(super) flow: Box<FlowInterval>,
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    /// The flows, the newest first; at least one.
    Flows(Vec<Recorded>),
    /// None, but some to these destinations, the nearest first.
    OtherDestinations(Vec<String>),
    /// None, but some of these workloads, the nearest first.
    OtherWorkloads(Vec<String>),
    /// None at all.
    Nothing,
}

/// Reads a ledger for the flows that are wanted, at most `most`.
pub(super) fn find(store: &Path, wanted: &Wanted, most: usize) -> Result<Found, LedgerError> {
    let mut reader = Reader::new(wanted, most);
    Ledger::each(store, |seq, time, entry| reader.take(seq, time, entry))?;
    Ok(reader.found())
}

/// What a flow is known by over all its intervals. Slot and first sight suffice, but for
/// what no slot counts.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Identity {
    recording: String,
    slot: u32,
    first_ns: u64,
    cgroup: u64,
    to: (SocketAddr, u8),
}

impl From<&FlowInterval> for Identity {
    fn from(flow: &FlowInterval) -> Self {
        let record = &flow.judged.flow.flow.flow.record;
        Self {
            recording: flow.recording.clone(),
            slot: flow.slot,
            first_ns: record.first_ns,
            cgroup: record.cgroup.0,
            to: (
                SocketAddr::new(record.address, record.port),
                record.protocol.0,
            ),
        }
    }
}

/// How new a flow is: grows from interval to interval.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    /// Number of the recording in the ledger.
    recording: usize,
    last_ns: u64,
    seq: u64,
}

/// What an agent said when it began.
struct Begun {
    order: usize,
    clock: Option<Clock>,
    allowlists: String,
}

/// Takes a ledger, entry by entry, and no more memory for a long one than for a short one.
pub(super) struct Reader<'a> {
    wanted: &'a Wanted,
    most: usize,
    begun: HashMap<String, Begun>,
    orders: HashMap<Identity, Order>,
    kept: BTreeMap<Order, (Identity, Recorded)>,
    names: Nearest<usize>,
    destinations: Nearest<((bool, u32), u16)>,
    workloads: Nearest<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(wanted: &'a Wanted, most: usize) -> Self {
        Self {
            wanted,
            most,
            begun: HashMap::new(),
            orders: HashMap::new(),
            kept: BTreeMap::new(),
            names: Nearest::new(),
            destinations: Nearest::new(),
            workloads: Nearest::new(),
        }
    }

    pub(super) fn take(&mut self, seq: u64, time: Timestamp, entry: Entry) {
        match entry {
            Entry::Started {
                recording,
                boot_ns,
                allowlists,
                ..
            } => {
                let next = self.begun.len();
                let order = self.begun.get(&recording).map_or(next, |begun| begun.order);
                let begun = Begun {
                    order,
                    clock: boot_ns.map(|boot_ns| Clock::at(boot_ns, time)),
                    allowlists,
                };
                self.begun.insert(recording, begun);
            }
            // One agent records at a time, so that what follows is judged by these.
            Entry::AllowlistsLoaded { digest, .. } => {
                for begun in self.begun.values_mut() {
                    begun.allowlists.clone_from(&digest);
                }
            }
            Entry::Flow(flow) => self.flow(seq, time, flow),
            _ => {}
        }
    }

    fn flow(&mut self, seq: u64, time: Timestamp, flow: Box<FlowInterval>) {
        let identity = Identity::from(&*flow);
        if let Some(order) = self.orders.remove(&identity) {
            self.kept.remove(&order);
        }
        if !self.wanted.is_of_workload(&flow) {
            return self.offer_workload(&flow);
        }
        if !self.wanted.goes_there(&flow) {
            return self.offer_destinations(&flow);
        }
        let record = &flow.judged.flow.flow.flow.record;
        let begun = self.begun.get(&flow.recording);
        let order = Order {
            recording: begun.map_or(self.begun.len(), |begun| begun.order),
            last_ns: record.last_ns,
            seq,
        };
        let clock = begun.and_then(|begun| begun.clock);
        let recorded = Recorded {
            time,
            seen: clock.map(|clock| {
                (
                    clock.time_of(record.first_ns),
                    clock.time_of(record.last_ns),
                )
            }),
            allowlists: begun.map(|begun| begun.allowlists.clone()),
            flow,
        };
        self.orders.insert(identity.clone(), order);
        self.kept.insert(order, (identity, recorded));
        if self.kept.len() > self.most
            && let Some((_, (oldest, _))) = self.kept.pop_first()
        {
            self.orders.remove(&oldest);
        }
    }

    fn offer_workload(&mut self, flow: &FlowInterval) {
        let name = &flow.judged.flow.flow.flow.workload.name;
        let text = self.wanted.workload.as_deref().unwrap_or_default();
        self.workloads
            .offer(strsim::osa_distance(text, name), name.clone());
    }

    fn offer_destinations(&mut self, flow: &FlowInterval) {
        let named = &flow.judged.flow.flow;
        let record = &named.flow.record;
        if !has_destination(record) {
            return;
        }
        let far = match &self.wanted.destination {
            None => return,
            Some(Destination::Name(name)) => {
                for known in named.names.names.iter().flat_map(Name::all) {
                    let far = strsim::osa_distance(name.as_str(), known.as_str());
                    self.names.offer(far, known.to_string());
                }
                // None is nearer to a name than another.
                ((false, 0), 0)
            }
            Some(Destination::Address(address)) => (between_addresses(*address, record.address), 0),
            Some(Destination::Port(address, port)) => (
                between_addresses(*address, record.address),
                port.abs_diff(record.port),
            ),
        };
        self.destinations.offer(far, endpoint(record));
    }

    pub(super) fn found(self) -> Found {
        let flows: Vec<_> = self.kept.into_values().rev().map(|(_, one)| one).collect();
        if !flows.is_empty() {
            return Found::Flows(flows);
        }
        let names = self.names.into_choices();
        if !names.is_empty() {
            return Found::OtherDestinations(names);
        }
        let destinations = self.destinations.into_choices();
        if !destinations.is_empty() {
            return Found::OtherDestinations(destinations);
        }
        let workloads = self.workloads.into_choices();
        if !workloads.is_empty() {
            return Found::OtherWorkloads(workloads);
        }
        Found::Nothing
    }
}

/// As a destination is asked for.
fn endpoint(record: &FlowRecord) -> String {
    if record.port == 0 {
        record.address.to_string()
    } else {
        SocketAddr::new(record.address, record.port).to_string()
    }
}
