//! Gives flows their names.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::Arc,
};

use super::{
    Grade, Missing, Name, Named, Names, Resolvers, Snapshot, Source,
    asked::Asked,
    presented::{Destination, Presented},
    streams::Streams,
    table::{Held, Table},
};
use crate::{
    attribution::Attributed,
    bounded::Bounded,
    kernel::Clock,
    record::{CgroupId, Direction, FlowRecord, Owner, Protocol, Scope},
};

/// Exchanges with resolvers of this host of which the answering socket is remembered.
const REMEMBERED_SERVERS: usize = 16_384;

/// Workloads of which it is remembered that copies were refused to them.
const REMEMBERED_LOSERS: usize = 8192;

/// How long a loss may have taken a name from flows that begin, in nanoseconds.
const LOSS_MATTERS_NS: u64 = 3_600_000_000_000;

/// Who answers in an exchange on this host.
type Exchanged = (Option<u64>, u16, Protocol);

/// Counts of what was read, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamingCounts {
    /// Questions of workloads.
    pub queries: u64,
    /// Answers to questions.
    pub answers: u64,
    /// Answers that nobody asked for.
    pub unasked: u64,
    /// Answers that contradict another to the same question.
    pub conflicting: u64,
    /// Messages that are not what their port or first bytes say.
    pub malformed: u64,
    /// TLS hellos with a name.
    pub hellos: u64,
    /// TLS hellos without a name.
    pub nameless_hellos: u64,
    /// Names held at present.
    pub held: u64,
    /// Names that were forgotten before their time, for want of room.
    pub forgotten: u64,
}

/// Gives flows their names. Synchronous and bounded in memory, whatever workloads and
/// their peers send.
pub struct Namer {
    pub(super) resolvers: Arc<Resolvers>,
    /// Cookie of the network namespace that this host is in.
    pub(super) host: Option<u64>,
    /// Since when names are recorded, nanoseconds of `CLOCK_BOOTTIME`.
    began_ns: u64,
    lost_ns: Option<u64>,
    lost_of: Bounded<CgroupId, u64>,
    pub(super) asked: Asked,
    pub(super) streams: Streams,
    pub(super) table: Table,
    pub(super) presented: Presented,
    /// With the time at which they answered last.
    pub(super) servers: Bounded<Exchanged, Vec<(CgroupId, u64)>>,
    pub(super) relays: HashMap<Owner, Arc<str>>,
    pub(super) changed: HashSet<Owner>,
    pub(super) counts: NamingCounts,
}

impl Namer {
    /// Trusts these resolvers. `host` is the cookie of the network namespace that the
    /// agent is in.
    pub fn new(resolvers: Arc<Resolvers>, host: Option<u64>, began_ns: u64) -> Self {
        Self {
            resolvers,
            host,
            began_ns,
            lost_ns: None,
            lost_of: Bounded::new(REMEMBERED_LOSERS),
            asked: Asked::new(),
            streams: Streams::new(),
            table: Table::default(),
            presented: Presented::new(),
            servers: Bounded::new(REMEMBERED_SERVERS),
            relays: HashMap::new(),
            changed: HashSet::new(),
            counts: NamingCounts::default(),
        }
    }

    /// Everything that is known of names, to be kept.
    pub fn keep(&self, recording: &str, clock: &Clock, complete: bool) -> Snapshot {
        let (told, held) = self.table.keep();
        let said = self.presented.all();
        let mut said: Vec<_> = said
            .map(|(destination, said)| (*destination, said.names.clone(), said.more))
            .collect();
        said.sort_by_key(|(to, ..)| (to.owner, to.address, to.port, to.protocol));
        let mut relays: Vec<_> = self.relays.clone().into_iter().collect();
        relays.sort();
        Snapshot {
            recording: recording.to_owned(),
            saved_ns: clock.boot_ns(),
            began_ns: self.began_ns,
            complete,
            told,
            held,
            said,
            relays,
        }
    }

    /// Takes over what an earlier agent of the same recording kept. If it did not end
    /// with it, names may have been lost since.
    pub fn restore(&mut self, kept: Snapshot, now_ns: u64) {
        self.table.restore(kept.told, kept.held);
        self.table.withdraw(&self.resolvers);
        for (destination, names, more) in kept.said {
            self.presented.restore(destination, names, more);
        }
        let resolvers = &self.resolvers;
        let relays = kept.relays.into_iter();
        self.relays
            .extend(relays.filter(|(_, unit)| resolvers.is_local_resolver(unit)));
        self.began_ns = kept.began_ns;
        if !kept.complete {
            self.lost_ns = Some(now_ns);
        }
    }

    /// Copies of what workloads said were lost; of one, if it is known whose.
    pub fn lost(&mut self, of: Option<CgroupId>, now_ns: u64) {
        match of {
            Some(cgroup) => self.lost_of.insert(cgroup, now_ns),
            None => self.lost_ns = Some(now_ns),
        }
    }

    /// Workloads of which more is known than at the last call.
    pub fn take_changed(&mut self) -> HashSet<Owner> {
        std::mem::take(&mut self.changed)
    }

    /// Forgets what no longer holds.
    pub fn prune(&mut self, clock: &Clock) {
        self.table.expire(clock.boot_ns());
        let table = &self.table;
        let owners: HashSet<Owner> = table.owners().collect();
        self.relays.retain(|owner, _| owners.contains(owner));
    }

    /// What was read so far.
    pub fn counts(&self) -> NamingCounts {
        NamingCounts {
            held: self.table.len() as u64,
            forgotten: self.table.forgotten(),
            ..self.counts
        }
    }

    /// The flow with its names. Those that it bears already stay its names: they
    /// held when it began.
    pub fn name(&mut self, flow: Attributed, before: Option<&Names>, clock: &Clock) -> Named {
        let names = self.names(&flow.record, before, clock);
        Named { flow, names }
    }

    fn names(&mut self, record: &FlowRecord, before: Option<&Names>, clock: &Clock) -> Names {
        let sought = record.direction == Direction::Outbound
            && matches!(record.scope, Scope::Exact | Scope::Unseen);
        if !sought {
            return Names::none(Missing::NotSought);
        }
        let owner = Owner {
            cgroup: record.cgroup,
            netns: record.netns,
        };
        let now_ns = clock.boot_ns();
        let mut names = before.map(|b| b.names.clone()).unwrap_or_default();
        for name in &mut names {
            name.withdraw(&self.resolvers);
        }
        let held = self.table.names(owner, record.address, now_ns);
        let own = !held.is_empty();
        if own {
            // What the workload was told itself comes in the place of what a resolver was.
            names.retain(|name| !name.is_relayed());
        }
        add(
            &mut names,
            held.into_iter().map(|h| answered(h, None, clock)),
        );
        if !own && !names.iter().any(Name::is_answered) {
            let relayed = self.relayed(owner, record.address, clock);
            add(&mut names, relayed);
        }
        let destination = Destination {
            owner,
            address: record.address,
            port: record.port,
            protocol: record.protocol,
        };
        let mut more = false;
        if let Some(said) = self.presented.said(&destination) {
            add(&mut names, said.names.iter().cloned());
            more = said.more;
        }
        names.sort();
        let missing = if names.iter().any(Name::is_answered) && !more {
            None
        } else if more {
            Some(Missing::Forgotten)
        } else {
            self.missing(record, owner, names.is_empty())
        };
        Names { names, missing }
    }

    /// Names that a trusted resolver of this host was told, on the host itself:
    /// programs may ask it by other ways than DNS.
    fn relayed(&self, owner: Owner, address: IpAddr, clock: &Clock) -> Vec<Name> {
        if owner.netns != self.host {
            return Vec::new();
        }
        let relays = self.relays.iter().flat_map(|(relay, unit)| {
            let held = self.table.names(*relay, address, clock.boot_ns());
            held.into_iter()
                .map(move |h| answered(h, Some(unit), clock))
        });
        relays.collect()
    }

    /// Why no answer is known.
    fn missing(&mut self, record: &FlowRecord, owner: Owner, none: bool) -> Option<Missing> {
        let own = self.lost_of.get_mut(&owner.cgroup).copied();
        let lost = [self.lost_ns, own]
            .into_iter()
            .flatten()
            .any(|lost| record.first_ns.saturating_sub(lost) < LOSS_MATTERS_NS);
        let older = match &record.process {
            Some(process) => process.start_ns < self.began_ns,
            None => record.scope == Scope::Exact,
        };
        if lost {
            Some(Missing::Lost)
        } else if self.table.has_forgotten(owner) {
            Some(Missing::Forgotten)
        } else if older {
            Some(Missing::OlderProcess)
        } else {
            none.then_some(Missing::NoneSeen)
        }
    }
}

fn answered(held: &Held, relay: Option<&Arc<str>>, clock: &Clock) -> Name {
    let told = &*held.told;
    let mut source = told.source.clone();
    if let Source::Dns { asked_by, .. } = &mut source {
        *asked_by = relay.cloned();
    }
    Name {
        name: told.name.clone(),
        grade: if told.doubt.is_none() {
            Grade::Answered
        } else {
            Grade::AnsweredUntrusted
        },
        aliases: told.aliases.clone(),
        source,
        time: clock.time_of(held.answered_ns),
        doubt: told.doubt.clone(),
    }
}

/// Names kept with one flow.
const MOST_OF_FLOW: usize = 48;

/// Adds names; one that is there already is renewed.
fn add(names: &mut Vec<Name>, more: impl IntoIterator<Item = Name>) {
    for name in more {
        let full = names.len() >= MOST_OF_FLOW;
        let known = names
            .iter_mut()
            .find(|known| known.name == name.name && known.source == name.source);
        match known {
            Some(known) => {
                // A doubt that arose stays.
                let doubt = known.doubt.take().or(name.doubt.clone());
                *known = name;
                known.grade = if doubt.is_some() && known.grade == Grade::Answered {
                    Grade::AnsweredUntrusted
                } else {
                    known.grade
                };
                known.doubt = doubt;
            }
            None if full => {}
            None => names.push(name),
        }
    }
}
