//! The ways out that the canary tries, one flow each.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream, UdpSocket},
    os::fd::AsRawFd as _,
    time::Duration,
};

use nix::{
    ifaddrs::getifaddrs,
    sys::socket::{MsgFlags, sendto},
};
use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::network::{HARDWARE, INTERFACE, has_ipv6, v4, v6};

/// Port of the peer.
pub(super) const PORT: u16 = 9;
/// Payload of a datagram, or of an IP packet.
const PAYLOAD: [u8; LENGTH as usize] = [b'w'; LENGTH as usize];
const LENGTH: u16 = 100;
/// Datagrams by each way.
const TIMES: u64 = 3;
/// Payload of a connection.
const STREAM: usize = 20_000;
const PATIENCE: Duration = Duration::from_secs(5);

/// For experiments (RFC 3692, section 1).
const EXPERIMENT: u8 = 253;
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

const UDP_HEADER: u16 = 8;
const ECHO_HEADER: usize = 8;

/// What leaves by a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Tcp,
    Connected,
    Unconnected,
    Mapped,
    Raw(u8),
    Frame,
}

/// A way out.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Name.
    pub name: &'static str,
    how: How,
    v6: bool,
}

const fn way(name: &'static str, how: How, v6: bool) -> Way {
    Way { name, how, v6 }
}

/// Every way that is tried.
pub const WAYS: [Way; 13] = [
    way("tcp", How::Tcp, false),
    way("tcp-v6", How::Tcp, true),
    way("udp-connected", How::Connected, false),
    way("udp-connected-v6", How::Connected, true),
    way("udp-unconnected", How::Unconnected, false),
    way("udp-unconnected-v6", How::Unconnected, true),
    way("udp-mapped", How::Mapped, false),
    way("icmp", How::Raw(ICMP), false),
    way("icmp-v6", How::Raw(ICMPV6), true),
    way("raw", How::Raw(EXPERIMENT), false),
    way("raw-v6", How::Raw(EXPERIMENT), true),
    way("packet", How::Frame, false),
    way("packet-v6", How::Frame, true),
];

/// What was sent by a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Name of the way.
    pub way: String,
    /// Destination, of this way alone.
    pub to: IpAddr,
    /// IP protocol.
    pub protocol: u8,
    /// Whether there was an IP socket: a packet socket passes the socket layer.
    pub socket: bool,
    /// IP bytes on the wire; of TCP, the payload only.
    pub bytes: u64,
    /// IP packets; `None` of TCP, where the kernel decides.
    pub packets: Option<u64>,
}

/// What came of trying a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tried {
    /// It was sent.
    Sent(Sent),
    /// It could not be: why.
    Failed(String),
    /// Nobody can send by it on this host: why.
    Absent(String),
}

/// Last part of the address of a way's peer.
pub(super) fn host(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX).saturating_add(10)
}

/// Sends by a way.
pub(super) fn attempt(number: usize, way: &Way) -> Tried {
    if (way.v6 || way.how == How::Mapped) && !has_ipv6() {
        return Tried::Absent("this host has no IPv6".to_owned());
    }
    match send(number, way) {
        Ok(sent) => Tried::Sent(sent),
        Err(error) => Tried::Failed(error.to_string()),
    }
}

fn send(number: usize, way: &Way) -> io::Result<Sent> {
    let to = if way.v6 {
        IpAddr::V6(v6(host(number)))
    } else {
        IpAddr::V4(v4(host(number)))
    };
    let header = if way.v6 { 40 } else { 20 };
    let sent = |protocol, bytes| Sent {
        way: way.name.to_owned(),
        to,
        protocol,
        socket: way.how != How::Frame,
        bytes: bytes * TIMES,
        packets: Some(TIMES),
    };
    let datagram = u64::from(UDP_HEADER + LENGTH);
    let peer = SocketAddr::new(to, PORT);
    let any = if way.v6 || way.how == How::Mapped {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    } else {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    };
    match way.how {
        How::Tcp => {
            stream(peer)?;
            return Ok(Sent {
                bytes: STREAM as u64,
                packets: None,
                ..sent(TCP, 0)
            });
        }
        How::Connected => {
            let socket = UdpSocket::bind((any, 0))?;
            socket.connect(peer)?;
            times(|| socket.send(&PAYLOAD))?;
        }
        How::Unconnected => {
            let socket = UdpSocket::bind((any, 0))?;
            times(|| socket.send_to(&PAYLOAD, peer))?;
        }
        How::Mapped => {
            let socket = UdpSocket::bind((any, 0))?;
            let mapped = v4(host(number)).to_ipv6_mapped();
            times(|| socket.send_to(&PAYLOAD, (mapped, PORT)))?;
        }
        How::Raw(protocol) => {
            let domain = if way.v6 { Domain::IPV6 } else { Domain::IPV4 };
            let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(i32::from(protocol))))?;
            let message = if protocol == EXPERIMENT {
                PAYLOAD.to_vec()
            } else {
                echo(way.v6)
            };
            let to = SockAddr::from(SocketAddr::new(to, 0));
            times(|| socket.send_to(&message, &to))?;
            return Ok(sent(protocol, header + message.len() as u64));
        }
        How::Frame => {
            let frame = frame(to);
            packet(&frame)?;
            return Ok(sent(UDP, header + datagram));
        }
    }
    Ok(sent(UDP, header + datagram))
}

fn times(mut send: impl FnMut() -> io::Result<usize>) -> io::Result<()> {
    (0..TIMES).try_for_each(|_| send().map(drop))
}

/// The peer closes once it has everything; only then does this end.
fn stream(peer: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&peer, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&vec![b'w'; STREAM])?;
    stream.shutdown(Shutdown::Write)?;
    stream.read_to_end(&mut Vec::new()).map(drop)
}

/// An echo request (RFC 792; RFC 4443, section 4.1, where the kernel puts the
/// checksum).
fn echo(v6: bool) -> Vec<u8> {
    const ECHO: u8 = 8;
    const ECHO_V6: u8 = 128;
    let mut message = vec![if v6 { ECHO_V6 } else { ECHO }, 0, 0, 0, 0, 1, 0, 1];
    message.extend(&PAYLOAD[ECHO_HEADER..]);
    if !v6 {
        let sum = checksum(&message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    message
}

/// An Ethernet frame with a UDP datagram without a checksum of its own: the
/// peer may drop it, the host has sent it.
fn frame(to: IpAddr) -> Vec<u8> {
    let length = UDP_HEADER + LENGTH;
    let mut frame = [HARDWARE, HARDWARE].concat();
    match to {
        IpAddr::V4(to) => {
            frame.extend([0x08, 0x00]);
            let mut header = vec![0x45, 0];
            header.extend((20 + length).to_be_bytes());
            header.extend([0, 0, 0, 0, 64, UDP, 0, 0]);
            header.extend(v4(1).octets());
            header.extend(to.octets());
            let sum = checksum(&header);
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            frame.extend(header);
        }
        IpAddr::V6(to) => {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            frame.extend(length.to_be_bytes());
            frame.extend([UDP, 64]);
            frame.extend(v6(1).octets());
            frame.extend(to.octets());
        }
    }
    for word in [PORT, PORT, length, 0] {
        frame.extend(word.to_be_bytes());
    }
    frame.extend(PAYLOAD);
    frame
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let sum: u32 = bytes
        .chunks(2)
        .map(|pair| match *pair {
            [high, low] => u32::from(u16::from_be_bytes([high, low])),
            [high] => u32::from(high) << 8,
            _ => 0,
        })
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    !(u16::try_from(folded & 0xffff).unwrap_or_default())
}

fn packet(frame: &[u8]) -> io::Result<()> {
    let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
    let interface = getifaddrs()?
        .filter(|one| one.interface_name == INTERFACE)
        .find_map(|one| one.address?.as_link_addr().copied())
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the canary's interface"))?;
    times(|| {
        let sent = sendto(socket.as_raw_fd(), frame, &interface, MsgFlags::empty())?;
        Ok(sent)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 1071, section 3.
    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(
            checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]),
            !0xddf2
        );
    }

    #[test]
    fn each_way_has_a_peer_of_its_own() {
        let hosts: std::collections::BTreeSet<_> = (0..WAYS.len()).map(host).collect();
        assert_eq!(hosts.len(), WAYS.len());
    }
}
