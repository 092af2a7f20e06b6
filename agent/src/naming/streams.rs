//! Streams and datagrams of which something is being read, put together again.

use std::net::IpAddr;

use super::wire::{
    Progress,
    client_hello::{self, ClientHello},
    dns::framed,
    quic::QuicHello,
    stream::Assembler,
};
use crate::{
    bounded::Bounded,
    record::{Payload, PayloadKind},
};

/// Connections of each kind that are read at a time. Most need a single copy and
/// take no memory; the others are given up when so many newer ones have begun.
const CONNECTIONS: usize = 1024;

/// Bytes of a TLS hello, and of a DNS stream that are put together.
const HELLO_BYTES: usize = weir_common::HELLO_BYTES as usize + 1024;
const DNS_BYTES: usize = weir_common::DNS_STREAM_BYTES as usize;

/// What came of a copy.
pub(super) enum Heard {
    /// A whole hello.
    Hello(ClientHello),
    /// Nothing yet, or nothing more.
    Nothing,
    /// It is no hello.
    Malformed,
}

/// One direction of a DNS connection.
struct DnsStream {
    assembler: Assembler,
    /// Bytes whose messages were handed over.
    read: usize,
}

/// A TLS connection whose hello is being read.
struct TlsStream {
    assembler: Assembler,
    /// Where the hello begins in the stream.
    base: u32,
    done: bool,
}

/// Everything that is being read.
pub(super) struct Streams {
    dns: Bounded<(u64, bool), DnsStream>,
    tls: Bounded<u64, TlsStream>,
    quic: Bounded<(u64, IpAddr, u16), QuicHello>,
}

impl Streams {
    pub(super) fn new() -> Self {
        Self {
            dns: Bounded::new(CONNECTIONS),
            tls: Bounded::new(CONNECTIONS),
            quic: Bounded::new(CONNECTIONS),
        }
    }

    /// DNS messages that a copy completes.
    pub(super) fn dns(&mut self, payload: &Payload<'_>) -> Vec<Vec<u8>> {
        let key = (payload.socket, payload.kind == PayloadKind::DnsSent);
        if self.dns.get_mut(&key).is_none() {
            let stream = DnsStream {
                assembler: Assembler::new(0, DNS_BYTES),
                read: 0,
            };
            self.dns.insert(key, stream);
        }
        let Some(stream) = self.dns.get_mut(&key) else {
            return Vec::new();
        };
        stream.assembler.insert(payload.offset, payload.bytes);
        let unread = stream
            .assembler
            .prefix()
            .get(stream.read..)
            .unwrap_or_default();
        let mut messages = framed(unread);
        let whole = messages.by_ref().map(<[u8]>::to_vec).collect();
        stream.read += messages.consumed();
        whole
    }

    /// What a copy of a TLS stream's beginning tells.
    pub(super) fn hello(&mut self, payload: &Payload<'_>) -> Heard {
        if self.tls.get_mut(&payload.socket).is_none() {
            // Nearly always all of it is in the first copy.
            match client_hello::from_stream(payload.bytes) {
                Progress::Complete(hello) => return Heard::Hello(hello),
                Progress::Not(_) => return Heard::Malformed,
                Progress::Needs(_) => {}
            }
            let stream = TlsStream {
                assembler: Assembler::new(0, HELLO_BYTES),
                base: payload.offset,
                done: false,
            };
            self.tls.insert(payload.socket, stream);
        }
        let Some(stream) = self.tls.get_mut(&payload.socket) else {
            return Heard::Nothing;
        };
        if stream.done {
            return Heard::Nothing;
        }
        let offset = payload.offset.wrapping_sub(stream.base);
        stream.assembler.insert(offset, payload.bytes);
        let progress = client_hello::from_stream(stream.assembler.prefix());
        stream.done = !matches!(progress, Progress::Needs(_));
        if stream.assembler.conflicting() {
            return Heard::Malformed;
        }
        match progress {
            Progress::Complete(hello) => Heard::Hello(hello),
            Progress::Needs(_) => Heard::Nothing,
            Progress::Not(_) => Heard::Malformed,
        }
    }

    /// What a copy of QUIC datagrams tells.
    pub(super) fn quic(&mut self, payload: &Payload<'_>) -> Heard {
        let key = (payload.socket, payload.address, payload.port);
        let mut heard = Heard::Nothing;
        let size = payload.segment.unwrap_or(payload.bytes.len()).max(1);
        for datagram in payload.bytes.chunks(size) {
            if self.quic.get_mut(&key).is_none() {
                self.quic.insert(key, QuicHello::new());
            }
            let Some(hello) = self.quic.get_mut(&key) else {
                continue;
            };
            match hello.datagram(datagram) {
                Progress::Complete(hello) => heard = Heard::Hello(hello),
                Progress::Needs(_) => {}
                Progress::Not(_) if matches!(heard, Heard::Nothing) => heard = Heard::Malformed,
                Progress::Not(_) => {}
            }
        }
        heard
    }
}
