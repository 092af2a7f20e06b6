//! Takes copies of what workloads said and heard, and gives flows their names.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::Arc,
};

use super::{
    Grade, Missing, Name, Named, Names, Resolvers, Snapshot, Source, Transport,
    asked::{Asked, Exchange, Fit},
    presented::{Destination, Presented},
    resolvers::{Arrival, LOOPBACK},
    streams::{Heard, Streams},
    table::{Held, Table, Told},
    wire::{client_hello::ClientHello, dns},
};
use crate::{
    attribution::Attributed,
    bounded::Bounded,
    kernel::Clock,
    record::{CgroupId, Direction, FlowRecord, Owner, Payload, PayloadKind, Protocol, Scope},
};

/// Exchanges with resolvers of this host of which the answering socket is remembered.
const REMEMBERED_SERVERS: usize = 16_384;

/// Workloads of which it is remembered that copies were refused to them.
const REMEMBERED_LOSERS: usize = 8192;

/// Trusted resolvers of this host that are told apart.
const MOST_RELAYS: usize = 64;

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
    resolvers: Arc<Resolvers>,
    /// Cookie of the network namespace that this host is in.
    host: Option<u64>,
    /// Since when names are recorded, nanoseconds of `CLOCK_BOOTTIME`.
    began_ns: u64,
    lost_ns: Option<u64>,
    lost_of: Bounded<CgroupId, u64>,
    asked: Asked,
    streams: Streams,
    table: Table,
    presented: Presented,
    servers: Bounded<Exchanged, Vec<CgroupId>>,
    relays: HashMap<Owner, Arc<str>>,
    changed: HashSet<Owner>,
    counts: NamingCounts,
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

    /// Takes what was copied. `unit` tells the systemd unit of a cgroup.
    pub fn take(
        &mut self,
        payload: &Payload<'_>,
        clock: &Clock,
        unit: &mut dyn FnMut(CgroupId) -> Option<Arc<str>>,
    ) {
        match payload.kind {
            PayloadKind::Query => self.query(payload, payload.bytes, Transport::Udp),
            PayloadKind::Answer => self.answer(payload, payload.bytes, Transport::Udp, unit),
            PayloadKind::Served => self.served(payload),
            PayloadKind::DnsSent | PayloadKind::DnsReceived => {
                for message in self.streams.dns(payload) {
                    if payload.kind == PayloadKind::DnsSent {
                        self.query(payload, &message, Transport::Tcp);
                    } else {
                        self.answer(payload, &message, Transport::Tcp, unit);
                    }
                }
            }
            PayloadKind::Hello => {
                let heard = self.streams.hello(payload);
                self.heard(payload, heard, clock, |alpn, ech| Source::Tls { alpn, ech });
            }
            PayloadKind::Quic => {
                let heard = self.streams.quic(payload);
                self.heard(payload, heard, clock, |alpn, ech| Source::Quic {
                    alpn,
                    ech,
                });
            }
        }
    }

    fn query(&mut self, payload: &Payload<'_>, message: &[u8], transport: Transport) {
        match dns::query(message) {
            Ok(question) => {
                self.counts.queries += 1;
                let exchange = exchange(payload, transport);
                self.asked.ask(exchange, question, payload.time_ns);
            }
            Err(_) => self.counts.malformed += 1,
        }
    }

    fn answer(
        &mut self,
        payload: &Payload<'_>,
        message: &[u8],
        transport: Transport,
        unit: &mut dyn FnMut(CgroupId) -> Option<Arc<str>>,
    ) {
        let Ok(answer) = dns::answer(message) else {
            self.counts.malformed += 1;
            return;
        };
        let exchange = exchange(payload, transport);
        let fit = self.asked.answer(exchange, &answer, payload.time_ns);
        match fit {
            Fit::Unasked => {
                self.counts.unasked += 1;
                return;
            }
            Fit::First | Fit::Again => self.counts.answers += 1,
            Fit::Conflicting => self.counts.conflicting += 1,
        }
        let owner = payload.owner;
        let source = Source::Dns {
            resolver: payload.address,
            transport,
            served_by: self.server(payload, unit),
            asked_by: None,
        };
        let arrival = Arrival {
            interface: payload.interface,
            owner,
            host: self.host,
        };
        let mut doubt = self.resolvers.doubt(&source, arrival);
        if fit == Fit::Conflicting {
            let forged = format!(
                "{} gave one answer to the question for {} and another after it",
                payload.address, answer.question.name
            );
            self.table.doubt(owner, &answer.question.name, &forged);
            doubt = Some(forged);
        }
        if doubt.is_none()
            && self.resolvers.any_local()
            && self.relays.len() < MOST_RELAYS
            && let Some(unit) = unit(owner.cgroup)
            && self.resolvers.is_local_resolver(&unit)
        {
            self.relays.insert(owner, unit);
        }
        self.learn(owner, &answer, source, doubt, payload.time_ns);
    }

    /// Remembers what an answer says.
    fn learn(
        &mut self,
        owner: Owner,
        answer: &dns::Answer,
        source: Source,
        doubt: Option<String>,
        now_ns: u64,
    ) {
        let told = Arc::new(Told {
            name: answer.question.name.clone(),
            aliases: answer.chain.clone(),
            source,
            doubt,
        });
        for (address, ttl) in &answer.addresses {
            self.table.insert(owner, *address, &told, *ttl, now_ns);
        }
        for hint in &answer.service {
            let mut told = Told::clone(&told);
            if hint.target != told.name && !told.aliases.contains(&hint.target) {
                told.aliases.push(hint.target.clone());
            }
            let told = Arc::new(told);
            for address in &hint.addresses {
                self.table.insert(owner, *address, &told, hint.ttl, now_ns);
            }
        }
        self.changed.insert(owner);
    }

    fn served(&mut self, payload: &Payload<'_>) {
        let key = (payload.owner.netns, payload.port, payload.protocol);
        let server = payload.owner.cgroup;
        match self.servers.get_mut(&key) {
            Some(servers) if servers.contains(&server) => {}
            // Two who answer at one port are told apart; more are as doubtful.
            Some(servers) if servers.len() < 2 => servers.push(server),
            Some(_) => {}
            None => self.servers.insert(key, vec![server]),
        }
    }

    /// Unit of the socket of this host that answers in an exchange; `None` if it is not
    /// one or several do.
    fn server(
        &mut self,
        payload: &Payload<'_>,
        unit: &mut dyn FnMut(CgroupId) -> Option<Arc<str>>,
    ) -> Option<Arc<str>> {
        if payload.interface != LOOPBACK {
            return None;
        }
        // The answering socket may be older than the programs.
        let netns = [payload.owner.netns, None];
        let mut servers = netns
            .into_iter()
            .filter_map(|netns| {
                let key = (netns, payload.local_port, payload.protocol);
                self.servers.get_mut(&key).map(|servers| servers.clone())
            })
            .flatten();
        let one = servers.next()?;
        servers.all(|other| other == one).then(|| unit(one))?
    }

    fn heard(
        &mut self,
        payload: &Payload<'_>,
        heard: Heard,
        clock: &Clock,
        source: impl Fn(Vec<String>, super::Ech) -> Source,
    ) {
        let ClientHello {
            server_name,
            alpn,
            ech,
        } = match heard {
            Heard::Hello(hello) => hello,
            Heard::Nothing => return,
            Heard::Malformed => {
                self.counts.malformed += 1;
                return;
            }
        };
        let Some(name) = server_name.name().cloned() else {
            self.counts.nameless_hellos += 1;
            return;
        };
        self.counts.hellos += 1;
        let destination = Destination {
            owner: payload.owner,
            address: payload.address,
            port: payload.port,
            protocol: payload.protocol,
        };
        let name = Name {
            name,
            grade: Grade::Presented,
            aliases: Vec::new(),
            source: source(alpn, ech),
            time: clock.time_of(payload.time_ns),
            doubt: None,
        };
        if self.presented.say(destination, name) {
            self.changed.insert(payload.owner);
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
        let held = self.table.names(owner, record.address, now_ns);
        let own = !held.is_empty();
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

fn exchange(payload: &Payload<'_>, transport: Transport) -> Exchange {
    Exchange {
        socket: payload.socket,
        resolver: payload.address,
        local_port: payload.local_port,
        transport,
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
