//! Copies of first bytes, decoded.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use weir_common::{
    PAYLOAD_ANSWER, PAYLOAD_DNS_RECEIVED, PAYLOAD_DNS_SENT, PAYLOAD_HELLO, PAYLOAD_QUERY,
    PAYLOAD_QUIC, PAYLOAD_SERVED, PayloadHead,
};

use super::{CgroupId, Protocol, decode};

/// Whose the bytes are: names hold for the workload that learned them, in the
/// network namespace in which it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owner {
    /// Cgroup of the socket.
    pub cgroup: CgroupId,
    /// Cookie of the network namespace; `None` when the socket was older than the
    /// programs.
    pub netns: Option<u64>,
}

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadKind {
    /// A DNS query in a datagram.
    Query,
    /// A DNS answer in a datagram.
    Answer,
    /// Part of a TLS stream's beginning, as sent.
    Hello,
    /// Part of a DNS stream, as sent.
    DnsSent,
    /// Part of a DNS stream, as received.
    DnsReceived,
    /// One or several datagrams, the first of which begins with a QUIC Initial
    /// packet.
    Quic,
    /// A socket answers from the port of DNS to another of this host.
    Served,
}

impl TryFrom<u8> for PayloadKind {
    type Error = u8;

    fn try_from(kind: u8) -> Result<Self, u8> {
        Ok(match kind {
            PAYLOAD_QUERY => Self::Query,
            PAYLOAD_ANSWER => Self::Answer,
            PAYLOAD_HELLO => Self::Hello,
            PAYLOAD_DNS_SENT => Self::DnsSent,
            PAYLOAD_DNS_RECEIVED => Self::DnsReceived,
            PAYLOAD_QUIC => Self::Quic,
            PAYLOAD_SERVED => Self::Served,
            other => return Err(other),
        })
    }
}

/// First bytes of something that a workload said or heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload<'b> {
    /// What it is.
    pub kind: PayloadKind,
    /// Whose.
    pub owner: Owner,
    /// Cookie of the socket, unique until the next boot.
    pub socket: u64,
    /// When, nanoseconds of `CLOCK_BOOTTIME`.
    pub time_ns: u64,
    /// The other side.
    pub address: IpAddr,
    /// Port of the other side.
    pub port: u16,
    /// Port of this side.
    pub local_port: u16,
    /// IP protocol.
    pub protocol: Protocol,
    /// Of a stream: how far from its first byte these begin.
    pub offset: u32,
    /// Whether there was more than was copied.
    pub cut: bool,
    /// Number of the interface that it came in by; 0 of what is sent.
    pub interface: u32,
    /// Size of each datagram where there are several.
    pub segment: Option<usize>,
    /// The bytes.
    pub bytes: &'b [u8],
}

impl<'b> Payload<'b> {
    /// Decodes a copy; `None` of a kind that this agent does not know.
    pub fn decode(head: &PayloadHead, bytes: &'b [u8]) -> Option<Self> {
        Some(Self {
            kind: PayloadKind::try_from(head.kind).ok()?,
            owner: Owner {
                cgroup: CgroupId(head.cgroup_id),
                netns: (head.netns_cookie != 0).then_some(head.netns_cookie),
            },
            socket: head.socket,
            time_ns: head.time_ns,
            address: decode::address(head.remote),
            port: head.remote_port,
            local_port: head.local_port,
            protocol: Protocol(head.protocol),
            offset: head.offset,
            cut: usize::try_from(head.length).is_ok_and(|length| length > bytes.len()),
            interface: head.interface,
            segment: usize::try_from(head.segment).ok().filter(|size| *size != 0),
            bytes,
        })
    }
}
