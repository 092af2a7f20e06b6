//! Which names each workload was told for which address.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{DomainName, Resolvers, Source, snapshot::Kept};
use crate::record::Owner;

/// How long a name holds beyond the lifetime that its answer states, in seconds:
/// programs keep addresses longer than they may.
pub const GRACE_S: u64 = 3600;
/// Longest lifetime that is believed, in seconds (RFC 8767, section 4).
pub const LONGEST_S: u32 = 604_800;
/// Names held in all. Each takes about 250 bytes.
pub const MOST_NAMES: usize = 131_072;
/// Names held of one workload, so that none can push out those of all others.
pub const MOST_OF_ONE: usize = 16_384;
/// Names held of one workload for one address.
pub const MOST_OF_ADDRESS: usize = 32;

const SECOND_NS: u64 = 1_000_000_000;
/// How often room is looked for among what no longer holds.
const EVERY_NS: u64 = 10 * SECOND_NS;

/// What an answer said, shared by all of its addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) name: DomainName,
    pub(super) aliases: Vec<DomainName>,
    pub(super) source: Source,
    /// Why it is worth less than an answer of a trusted resolver.
    pub(super) doubt: Option<String>,
}

/// A name that leads to an address.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) told: Arc<Told>,
    /// When it was answered last, nanoseconds of `CLOCK_BOOTTIME`.
    pub(super) answered_ns: u64,
    expires_ns: u64,
}

/// The names of one workload.
#[derive(Default)]
struct Of {
    by_address: HashMap<IpAddr, Vec<Held>>,
    /// The addresses, in the order in which their first name came.
    order: VecDeque<IpAddr>,
    held: usize,
    /// When names were last forgotten before their time.
    forgotten_ns: Option<u64>,
}

/// The names of all workloads. Every bound holds whatever they ask for.
#[derive(Default)]
pub(super) struct Table {
    owners: HashMap<Owner, Of>,
    held: usize,
    forgotten: u64,
    /// When what no longer holds was last taken away.
    expired_ns: u64,
}

impl Table {
    /// Remembers what an answer said of an address.
    pub(super) fn insert(
        &mut self,
        owner: Owner,
        address: IpAddr,
        told: &Arc<Told>,
        ttl_s: u32,
        now_ns: u64,
    ) {
        let life = u64::from(ttl_s.min(LONGEST_S)) + GRACE_S;
        let expires_ns = now_ns.saturating_add(life * SECOND_NS);
        self.put(owner, address, told, (now_ns, expires_ns));
    }

    fn put(
        &mut self,
        owner: Owner,
        address: IpAddr,
        told: &Arc<Told>,
        (now_ns, expires_ns): (u64, u64),
    ) {
        // Looking through all of them for each new one would take all the time.
        if self.held >= MOST_NAMES && now_ns.saturating_sub(self.expired_ns) >= EVERY_NS {
            self.expire(now_ns);
        }
        let full = self.held >= MOST_NAMES;
        let of = self.owners.entry(owner).or_default();
        let names = of.by_address.entry(address).or_default();
        if let Some(known) = names.iter_mut().find(|held| {
            held.told.name == told.name
                && held.told.source == told.source
                && held.told.doubt == told.doubt
        }) {
            known.told = Arc::clone(told);
            known.answered_ns = now_ns;
            known.expires_ns = known.expires_ns.max(expires_ns);
            return;
        }
        if names.is_empty() {
            of.order.push_back(address);
        }
        names.push(Held {
            told: Arc::clone(told),
            answered_ns: now_ns,
            expires_ns,
        });
        of.held += 1;
        self.held += 1;
        if names.len() > MOST_OF_ADDRESS {
            names.remove(0);
            of.held -= 1;
            self.held -= 1;
            self.forgotten += 1;
            of.forgotten_ns = Some(now_ns);
        }
        if full || of.held > MOST_OF_ONE {
            let dropped = of.drop_oldest(now_ns);
            self.held -= dropped;
            self.forgotten += dropped as u64;
        }
    }

    /// Marks what a workload was told under a name as doubtful.
    pub(super) fn doubt(&mut self, owner: Owner, name: &DomainName, why: &str) {
        let Some(of) = self.owners.get_mut(&owner) else {
            return;
        };
        for held in of.by_address.values_mut().flatten() {
            if held.told.name == *name && held.told.doubt.is_none() {
                let mut told = Told::clone(&held.told);
                told.doubt = Some(why.to_owned());
                held.told = Arc::new(told);
            }
        }
    }

    /// Marks as doubtful what was answered by whom is not trusted any more.
    pub(super) fn withdraw(&mut self, resolvers: &Resolvers) {
        let all = self
            .owners
            .values_mut()
            .flat_map(|of| of.by_address.values_mut());
        for held in all.flatten().filter(|held| held.told.doubt.is_none()) {
            if let Some(why) = resolvers.withdrawn(&held.told.source) {
                let mut told = Told::clone(&held.told);
                told.doubt = Some(why);
                held.told = Arc::new(told);
            }
        }
    }

    /// Names that a workload was told for an address and that hold now.
    pub(super) fn names(&self, owner: Owner, address: IpAddr, now_ns: u64) -> Vec<&Held> {
        // A socket older than the programs has no known namespace, but its
        // workload is the same.
        let unknown = Owner {
            netns: None,
            ..owner
        };
        let owners = [Some(owner), owner.netns.map(|_| unknown)];
        owners
            .into_iter()
            .flatten()
            .filter_map(|owner| self.owners.get(&owner)?.by_address.get(&address))
            .flatten()
            .filter(|held| held.expires_ns > now_ns)
            .collect()
    }

    /// Whether names of this workload were forgotten before their time.
    pub(super) fn has_forgotten(&self, owner: Owner) -> bool {
        self.owners
            .get(&owner)
            .is_some_and(|of| of.forgotten_ns.is_some())
    }

    /// Workloads of which names are held.
    pub(super) fn owners(&self) -> impl Iterator<Item = Owner> {
        self.owners.keys().copied()
    }

    /// Every name, and what was told once for all of its addresses.
    pub(super) fn keep(&self) -> (Vec<Told>, Vec<Kept>) {
        let mut numbers: HashMap<*const Told, u32> = HashMap::new();
        let (mut told, mut held) = (Vec::new(), Vec::new());
        for (owner, of) in &self.owners {
            for (address, one) in of
                .by_address
                .iter()
                .flat_map(|(a, n)| n.iter().map(move |n| (a, n)))
            {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                let number = *numbers.entry(Arc::as_ptr(&one.told)).or_insert_with(|| {
                    told.push(Told::clone(&one.told));
                    next
                });
                held.push(Kept {
                    owner: *owner,
                    address: *address,
                    told: number,
                    answered_ns: one.answered_ns,
                    expires_ns: one.expires_ns,
                });
            }
        }
        held.sort_by_key(|kept| (kept.answered_ns, kept.owner, kept.address));
        (told, held)
    }

    /// Takes over what an earlier agent kept, within the same bounds.
    pub(super) fn restore(&mut self, told: Vec<Told>, held: Vec<Kept>) {
        let told: Vec<Arc<Told>> = told.into_iter().map(Arc::new).collect();
        for kept in held {
            let number = usize::try_from(kept.told).unwrap_or(usize::MAX);
            let Some(told) = told.get(number) else {
                continue;
            };
            self.put(
                kept.owner,
                kept.address,
                told,
                (kept.answered_ns, kept.expires_ns),
            );
        }
    }

    /// Takes away what no longer holds.
    pub(super) fn expire(&mut self, now_ns: u64) {
        self.expired_ns = now_ns;
        self.owners.retain(|_, of| {
            of.expire(now_ns);
            !of.by_address.is_empty()
        });
        self.held = self.owners.values().map(|of| of.held).sum();
    }

    /// How many names are held.
    pub(super) fn len(&self) -> usize {
        self.held
    }

    /// How many were forgotten before their time.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

impl Of {
    fn expire(&mut self, now_ns: u64) {
        self.by_address.retain(|_, names| {
            names.retain(|held| held.expires_ns > now_ns);
            !names.is_empty()
        });
        self.held = self.by_address.values().map(Vec::len).sum();
        let by_address = &self.by_address;
        self.order
            .retain(|address| by_address.contains_key(address));
        if self.forgotten_ns.is_some_and(|at| {
            now_ns.saturating_sub(at) > (u64::from(LONGEST_S) + GRACE_S) * SECOND_NS
        }) {
            self.forgotten_ns = None;
        }
    }

    /// Forgets the names of the address that was added longest ago; says how
    /// many.
    fn drop_oldest(&mut self, now_ns: u64) -> usize {
        while let Some(address) = self.order.pop_front() {
            if let Some(names) = self.by_address.remove(&address) {
                self.held -= names.len();
                self.forgotten_ns = Some(now_ns);
                return names.len();
            }
        }
        0
    }
}
