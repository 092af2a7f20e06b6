//! Takes copies of what workloads said and heard.

use std::sync::Arc;

use super::{
    Ech, Grade, Name, Namer, Source, Transport,
    asked::{Exchange, Fit},
    presented::Destination,
    resolvers::{Arrival, LOOPBACK},
    streams::Heard,
    table::Told,
    wire::{client_hello::ClientHello, dns},
};
use crate::{
    kernel::Clock,
    record::{CgroupId, Owner, Payload, PayloadKind},
};

/// Trusted resolvers of this host that are told apart.
const MOST_RELAYS: usize = 64;

/// For how long it matters who answered at a port, in nanoseconds: an exchange is over
/// by then.
const EXCHANGE_NS: u64 = 60_000_000_000;

fn is_recent(at_ns: u64, now_ns: u64) -> bool {
    now_ns.saturating_sub(at_ns) < EXCHANGE_NS
}

impl Namer {
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
        let (server, now_ns) = (payload.owner.cgroup, payload.time_ns);
        if self.servers.get_mut(&key).is_none() {
            self.servers.insert(key, Vec::new());
        }
        let Some(servers) = self.servers.get_mut(&key) else {
            return;
        };
        // Ports are used again, for other exchanges with other resolvers.
        servers.retain(|(other, at)| *other != server && is_recent(*at, now_ns));
        // Two who answer at one port are told apart; more are as doubtful.
        servers.truncate(1);
        servers.push((server, now_ns));
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
        let mut found = None;
        for netns in [payload.owner.netns, None] {
            let key = (netns, payload.local_port, payload.protocol);
            let servers = self.servers.get_mut(&key).map(|servers| &*servers);
            for (server, at) in servers.into_iter().flatten() {
                if !is_recent(*at, payload.time_ns) {
                    continue;
                }
                if found.is_some_and(|other| other != *server) {
                    return None;
                }
                found = Some(*server);
            }
        }
        unit(found?)
    }

    fn heard(
        &mut self,
        payload: &Payload<'_>,
        heard: Heard,
        clock: &Clock,
        source: impl Fn(Vec<String>, Ech) -> Source,
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
}

fn exchange(payload: &Payload<'_>, transport: Transport) -> Exchange {
    Exchange {
        socket: payload.socket,
        resolver: payload.address,
        local_port: payload.local_port,
        transport,
    }
}
