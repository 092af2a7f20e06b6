//! Takes one frame apart: who, whom, and how many packets it will be on a wire.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Count, Key};

const VNET_HEADER: usize = 10;
const ETHERNET_HEADER: usize = 14;
const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const TCP: u8 = 6;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;
const UDP: u8 = 17;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION_OPTIONS: u8 = 60;

/// What an IP header says.
struct Ip<'a> {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    /// Bytes of the whole packet.
    length: u64,
    /// Bytes of IP and extension headers.
    header: usize,
    /// A fragment other than the first: no transport header follows.
    continued: bool,
    transport: &'a [u8],
}

/// What tells to which packet a reset is the answer (RFC 9293, section 3.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tcp {
    /// The packet acknowledges up to here.
    Acknowledges(u32),
    /// A reset that acknowledges nothing: the answer to a packet that belongs to no
    /// connection and acknowledges up to here.
    ResetOf(u32),
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Whose it is.
    pub(super) key: Key,
    /// What it counts.
    pub(super) count: Count,
    /// What TCP says in it, where that is of use.
    pub(super) tcp: Option<Tcp>,
}

/// Reads a frame that the kernel delivered with a `virtio_net_hdr` in front;
/// `None` for what is not IP.
pub(super) fn parse(frame: &[u8]) -> Option<Frame> {
    let segment = u64::from(u16::from_ne_bytes(bytes(frame, 4)?));
    let kind = u16::from_be_bytes(bytes(frame, VNET_HEADER + 12)?);
    let network = frame.get(VNET_HEADER + ETHERNET_HEADER..)?;
    let ip = match kind {
        ETHERTYPE_IPV4 => ipv4(network)?,
        ETHERTYPE_IPV6 => ipv6(network)?,
        _ => return None,
    };
    let (source, destination) = ports(&ip);
    let key = Key {
        source: SocketAddr::new(ip.source, source),
        destination: SocketAddr::new(ip.destination, destination),
        protocol: ip.protocol,
    };
    Some(Frame {
        key,
        count: count(&ip, segment),
        tcp: tcp(&ip),
    })
}

fn tcp(ip: &Ip<'_>) -> Option<Tcp> {
    if ip.protocol != TCP || ip.continued {
        return None;
    }
    let flags = *ip.transport.get(13)?;
    let number = |at| bytes(ip.transport, at).map(u32::from_be_bytes);
    match (flags & ACK != 0, flags & RST != 0) {
        (true, _) => number(8).map(Tcp::Acknowledges),
        (false, true) => number(4).map(Tcp::ResetOf),
        (false, false) => None,
    }
}

fn count(ip: &Ip<'_>, segment: u64) -> Count {
    let transport = match ip.protocol {
        TCP => ip
            .transport
            .get(12)
            .map_or(0, |offset| usize::from(offset >> 4) * 4),
        UDP => 8,
        _ => 0,
    };
    let headers = (ip.header + transport) as u64;
    let packets = match segment {
        0 => 1,
        segment => ip.length.saturating_sub(headers).div_ceil(segment).max(1),
    };
    Count {
        bytes: ip.length + (packets - 1) * headers,
        packets,
    }
}

fn ports(ip: &Ip<'_>) -> (u16, u16) {
    let read = |at| bytes(ip.transport, at).map_or(0, u16::from_be_bytes);
    match ip.protocol {
        TCP | UDP if !ip.continued => (read(0), read(2)),
        _ => (0, 0),
    }
}

fn ipv4(packet: &[u8]) -> Option<Ip<'_>> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let offset = u16::from_be_bytes(bytes(packet, 6)?) & 0x1fff;
    Some(Ip {
        source: IpAddr::V4(Ipv4Addr::from(bytes::<4>(packet, 12)?)),
        destination: IpAddr::V4(Ipv4Addr::from(bytes::<4>(packet, 16)?)),
        protocol: *packet.get(9)?,
        length: u64::from(u16::from_be_bytes(bytes(packet, 2)?)),
        header,
        continued: offset > 0,
        transport: packet.get(header..)?,
    })
}

fn ipv6(packet: &[u8]) -> Option<Ip<'_>> {
    let mut ip = Ip {
        source: IpAddr::V6(Ipv6Addr::from(bytes::<16>(packet, 8)?)),
        destination: IpAddr::V6(Ipv6Addr::from(bytes::<16>(packet, 24)?)),
        protocol: *packet.get(6)?,
        length: 40 + u64::from(u16::from_be_bytes(bytes(packet, 4)?)),
        header: 40,
        continued: false,
        transport: packet.get(40..)?,
    };
    while let HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION_OPTIONS = ip.protocol {
        let length = match ip.protocol {
            FRAGMENT => {
                ip.continued |= u16::from_be_bytes(bytes(ip.transport, 2)?) & 0xfff8 != 0;
                8
            }
            _ => (usize::from(*ip.transport.get(1)?) + 1) * 8,
        };
        ip.protocol = *ip.transport.first()?;
        ip.header += length;
        ip.transport = ip.transport.get(length..)?;
    }
    Some(ip)
}

fn bytes<const N: usize>(from: &[u8], at: usize) -> Option<[u8; N]> {
    from.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// Frame with a segment size, an ethertype and an IP packet.
    fn frame(segment: u16, ethertype: u16, packet: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; VNET_HEADER + 12];
        frame
            .get_mut(4..6)
            .unwrap()
            .copy_from_slice(&segment.to_ne_bytes());
        frame.extend(ethertype.to_be_bytes());
        frame.extend(packet);
        frame
    }

    fn tcp4(length: u16) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, TCP, 0, 0];
        packet
            .get_mut(2..4)
            .unwrap()
            .copy_from_slice(&length.to_be_bytes());
        packet.extend([198, 51, 100, 1, 203, 0, 113, 9]);
        packet.extend([0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x18]);
        packet
    }

    #[test]
    fn a_packet_is_counted_by_its_length_field() {
        let Frame { key, count, tcp } = parse(&frame(0, ETHERTYPE_IPV4, &tcp4(1500))).unwrap();
        assert_eq!(tcp, Some(Tcp::Acknowledges(0)));
        assert_eq!(key.source, "198.51.100.1:40000".parse().unwrap());
        assert_eq!(key.destination, "203.0.113.9:443".parse().unwrap());
        assert_eq!(
            count,
            Count {
                bytes: 1500,
                packets: 1
            }
        );
    }

    #[test]
    fn a_reset_that_acknowledges_nothing_says_what_it_answers() {
        let mut packet = tcp4(40);
        packet
            .get_mut(24..28)
            .unwrap()
            .copy_from_slice(&[0, 0, 1, 2]);
        *packet.get_mut(33).unwrap() = RST;
        let frame = parse(&frame(0, ETHERTYPE_IPV4, &packet)).unwrap();
        assert_eq!(frame.tcp, Some(Tcp::ResetOf(258)));
    }

    #[test]
    fn a_packet_to_be_segmented_counts_every_header() {
        // 52 bytes of headers, 3000 of payload, 1448 in a segment: three packets.
        let Frame { count, .. } = parse(&frame(1448, ETHERTYPE_IPV4, &tcp4(3052))).unwrap();
        assert_eq!(
            count,
            Count {
                bytes: 3000 + 3 * 52,
                packets: 3
            }
        );
    }

    #[test]
    fn extension_headers_are_passed_over() {
        let mut packet = vec![0x60, 0, 0, 0, 0, 26, HOP_BY_HOP, 64];
        packet.extend(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1).octets());
        packet.extend(Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 9).octets());
        packet.extend([FRAGMENT, 0, 1, 4, 0, 0, 0, 0, UDP, 0, 0, 1, 0, 0, 0, 7]);
        packet.extend([0x9c, 0x40, 0, 53, 0, 10, 0, 0, 1, 2]);
        let Frame { key, count, tcp } = parse(&frame(0, ETHERTYPE_IPV6, &packet)).unwrap();
        assert_eq!(tcp, None);
        assert_eq!((key.protocol, key.destination.port()), (UDP, 53));
        assert_eq!(
            count,
            Count {
                bytes: 66,
                packets: 1
            }
        );
    }

    #[test]
    fn what_is_not_ip_or_cut_short_is_passed_over() {
        assert!(parse(&frame(0, 0x0806, &tcp4(60))).is_none());
        assert!(parse(&frame(0, ETHERTYPE_IPV4, &[0x45, 0])).is_none());
        assert!(parse(&[0; 5]).is_none());
    }
}
