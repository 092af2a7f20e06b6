//! Packets below TCP and UDP.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use socket2::{Domain, Protocol, Socket, Type};

use super::Report;

/// A protocol number for experiments (RFC 3692).
const EXPERIMENT: u8 = 253;

/// Bytes behind the IP header.
const PAYLOAD: usize = 64;

/// Ways to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Packets {
    /// Echo requests by a datagram socket (icmp(7)).
    Ping,
    /// Echo requests by a raw socket.
    RawPing,
    /// A protocol that nobody speaks.
    Unknown,
    /// An IP header of the sender's own making (`IP_HDRINCL`, raw(7)).
    HeaderIncluded,
    /// UDP behind hop-by-hop and destination options (RFC 8200, section 4).
    ExtensionHeaders,
}

pub(super) fn send(to: IpAddr, count: usize, by: Packets) -> Result<Report> {
    let domain = Domain::for_address(SocketAddr::new(to, 0));
    let icmp = if to.is_ipv4() {
        Protocol::ICMPV4
    } else {
        Protocol::ICMPV6
    };
    let (kind, protocol) = match by {
        Packets::Ping => (Type::DGRAM, icmp),
        Packets::RawPing => (Type::RAW, icmp),
        Packets::Unknown | Packets::HeaderIncluded => {
            (Type::RAW, Protocol::from(i32::from(EXPERIMENT)))
        }
        // Takes headers as they are (raw(7)).
        Packets::ExtensionHeaders => (Type::RAW, Protocol::from(libc::IPPROTO_RAW)),
    };
    let socket = Socket::new(domain, kind, Some(protocol)).context("open the socket")?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    let packet = match (by, to) {
        (Packets::HeaderIncluded, IpAddr::V4(to)) => {
            socket.set_header_included_v4(true)?;
            with_header(to)
        }
        (Packets::HeaderIncluded, IpAddr::V6(_)) => bail!("IPv4 only"),
        (Packets::ExtensionHeaders, IpAddr::V4(_)) => bail!("IPv6 only"),
        (Packets::ExtensionHeaders, IpAddr::V6(to)) => with_extension_headers(to),
        (Packets::Unknown, _) => vec![7; PAYLOAD],
        (Packets::Ping | Packets::RawPing, _) => echo_request(to),
    };
    for _ in 0..count {
        socket.send_to(&packet, &SocketAddr::new(to, 0).into())?;
        if by == Packets::Ping {
            let mut answer = Vec::with_capacity(2 * PAYLOAD);
            socket
                .recv(answer.spare_capacity_mut())
                .context("wait for the answer")?;
        }
    }
    Ok(Report {
        sent: (packet.len() * count) as u64,
        units: count as u64,
        ..Report::default()
    })
}

/// Type, code, checksum, identifier and number (RFC 792, RFC 4443). Of ICMP
/// the sender makes the checksum, of ICMPv6 the kernel.
fn echo_request(to: IpAddr) -> Vec<u8> {
    let kind = if to.is_ipv4() { 8 } else { 128 };
    let mut packet = vec![kind, 0, 0, 0, 0x12, 0x34, 0, 1];
    packet.resize(PAYLOAD, 0);
    let sum: u32 = packet
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]))
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let check = !u16::try_from(folded & 0xffff).unwrap_or(0);
    if to.is_ipv4() {
        packet[2..4].copy_from_slice(&check.to_be_bytes());
    }
    packet
}

/// An IPv4 header (RFC 791, section 3.1); the kernel fills in length, checksum,
/// source and identification.
fn with_header(to: Ipv4Addr) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, EXPERIMENT, 0, 0, 0, 0, 0, 0];
    packet.extend(to.octets());
    packet.resize(20 + PAYLOAD, 7);
    packet
}

/// An IPv6 header with options that say nothing (PadN), UDP to port 53 behind
/// them. The kernel fills in nothing: the source is that of the test's host.
fn with_extension_headers(to: Ipv6Addr) -> Vec<u8> {
    const HOP_BY_HOP: u8 = 0;
    const DESTINATION_OPTIONS: u8 = 60;
    const UDP: u8 = 17;
    /// A header and [`PAYLOAD`].
    const DATAGRAM: u16 = 8 + 64;
    let source = Ipv6Addr::new(0x2001, 0xdb8, 0x77, 0, 0, 0, 0, 0x10);
    let length = 8 + 8 + DATAGRAM;
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([HOP_BY_HOP, 64]);
    packet.extend(source.octets());
    packet.extend(to.octets());
    packet.extend([DESTINATION_OPTIONS, 0, 1, 4, 0, 0, 0, 0]);
    packet.extend([UDP, 0, 1, 4, 0, 0, 0, 0]);
    for word in [5353, 53, DATAGRAM, 0] {
        packet.extend(word.to_be_bytes());
    }
    packet.resize(packet.len() + PAYLOAD, 7);
    packet
}
