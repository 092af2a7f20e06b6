//! The decoded record of one flow.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

/// Id of a cgroup v2: the inode number of its directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CgroupId(pub u64);

impl fmt::Display for CgroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Number of a flow in this run of the agent, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FlowId(pub u64);

/// Who sent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The workload: an egress that it initiated.
    Outbound,
    /// The other side: what leaves is an answer.
    Inbound,
}

/// IP protocol number, as IANA assigns them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Protocol(pub u8);

impl Protocol {
    /// Internet Control Message Protocol (RFC 792).
    pub const ICMP: Self = Self(1);
    /// Transmission Control Protocol (RFC 9293).
    pub const TCP: Self = Self(6);
    /// User Datagram Protocol (RFC 768).
    pub const UDP: Self = Self(17);
    /// ICMP for IPv6 (RFC 4443).
    pub const ICMPV6: Self = Self(58);
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ICMP => f.pad("icmp"),
            Self::TCP => f.pad("tcp"),
            Self::UDP => f.pad("udp"),
            Self::ICMPV6 => f.pad("icmpv6"),
            Self(number) => f.pad(&format!("ip-{number}")),
        }
    }
}

/// What a record speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One destination of one workload.
    Exact,
    /// Everything of one workload for which the kernel had no room left: bytes
    /// are exact, the destination is not known.
    Folded,
    /// Everything for which not even a folded flow could be made.
    Sink,
    /// What left the host without having been seen at a socket: a guest's, or a
    /// frame past the IP layer.
    Unseen,
}

/// Process that made or last connected the socket when the flow was first seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    /// Process id in the initial PID namespace.
    pub pid: u32,
    /// User id in the initial user namespace.
    pub uid: u32,
    /// Command name as the kernel keeps it, at most 15 bytes.
    pub comm: String,
    /// Start of the process, nanoseconds since boot: with `pid`, an identity
    /// that is not reused. 0 when unknown.
    pub start_ns: u64,
}

/// Cumulative counts of one flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// IP bytes sent, after segmentation.
    pub egress_bytes: u64,
    /// IP packets sent, after segmentation.
    pub egress_packets: u64,
    /// IP bytes received.
    pub ingress_bytes: u64,
    /// IP packets received.
    pub ingress_packets: u64,
}

impl Counters {
    /// What was counted since an earlier reading.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            egress_bytes: self.egress_bytes.saturating_sub(before.egress_bytes),
            egress_packets: self.egress_packets.saturating_sub(before.egress_packets),
            ingress_bytes: self.ingress_bytes.saturating_sub(before.ingress_bytes),
            ingress_packets: self.ingress_packets.saturating_sub(before.ingress_packets),
        }
    }
}

impl std::ops::Add for Counters {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            egress_bytes: self.egress_bytes + other.egress_bytes,
            egress_packets: self.egress_packets + other.egress_packets,
            ingress_bytes: self.ingress_bytes + other.ingress_bytes,
            ingress_packets: self.ingress_packets + other.ingress_packets,
        }
    }
}

/// What the uplink layer counted for one owner and destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UplinkRecord {
    /// Cgroup of the sender's socket; 0 where there was none.
    pub cgroup: CgroupId,
    /// Number of the interface it was forwarded from; 0 where it was not.
    pub from: u32,
    /// Number of the interface it left by.
    pub by: u32,
    /// Destination; the unspecified address of what is not IP, or folded.
    pub address: IpAddr,
    /// Destination port, 0 where it is not told apart; the `EtherType` where
    /// `protocol` is 0.
    pub port: u16,
    /// IP protocol; 0 of what is not IP.
    pub protocol: Protocol,
    /// Whether it stands for all destinations for which there was no room.
    pub folded: bool,
    /// First sight, nanoseconds of `CLOCK_BOOTTIME`.
    pub first_ns: u64,
    /// Cumulative counts. Nothing comes in here: the ingress counters hold what
    /// fragmentation added to the egress counters.
    pub counters: Counters,
}

/// One flow as the kernel recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowRecord {
    /// Number in this run.
    pub id: FlowId,
    /// Exact, folded or sink.
    pub scope: Scope,
    /// Cgroup of the socket; 0 for [`Scope::Sink`].
    pub cgroup: CgroupId,
    /// Cookie of the network namespace; `None` when the socket was older than
    /// the programs.
    pub netns: Option<u64>,
    /// Address of the other side, IPv4-mapped IPv6 already taken apart. The
    /// unspecified address unless `scope` is [`Scope::Exact`].
    pub address: IpAddr,
    /// Outbound: remote port. Inbound: local port. 0 where there are none.
    pub port: u16,
    /// IP protocol.
    pub protocol: Protocol,
    /// Interface that the packets were forwarded from, where no socket of this
    /// host sent them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<String>,
    /// Who sent first.
    pub direction: Direction,
    /// Who used it first; `None` when the socket was older than the programs or
    /// belongs to the kernel.
    pub process: Option<Process>,
    /// First sight, nanoseconds of `CLOCK_BOOTTIME`.
    pub first_ns: u64,
    /// Last sweep in which a counter had changed, same clock.
    pub last_ns: u64,
    /// Calls of `connect`, which includes those that failed.
    pub attempts: u32,
    /// Cumulative counts.
    pub counters: Counters,
}
