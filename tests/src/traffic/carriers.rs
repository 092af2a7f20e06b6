//! Processes that carry what others send: a proxy, a VPN, an emulated guest.

use std::{
    io::{copy, sink, stdin},
    net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket},
    os::fd::AsRawFd as _,
    thread,
};

use anyhow::{Context, Result};
use nix::{
    ifaddrs::getifaddrs,
    sys::socket::{MsgFlags, sendto},
};
use socket2::{Domain, Socket, Type};
use tappers::{Interface, Tap, Tun};

use super::Report;

/// Ethernet address of the guest: locally administered (IEEE 802).
const GUEST: [u8; 6] = [0x02, 0, 0, 0, 0, 0x06];
const PAYLOAD: u16 = 200;

/// Takes one connection, makes another, and passes on what comes on either.
pub(super) fn relay(listen: SocketAddr, to: SocketAddr) -> Result<Report> {
    let listener = TcpListener::bind(listen).context("listen for the client")?;
    println!("ready");
    let (client, _) = listener.accept()?;
    let server = TcpStream::connect(to).with_context(|| format!("connect to {to}"))?;
    let local = server.local_addr()?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let upwards = thread::spawn(move || copy(&mut from_client, &mut to_server));
    let (mut from_server, mut to_client) = (server, client);
    let received = copy(&mut from_server, &mut to_client)?;
    to_client.shutdown(Shutdown::Both).ok();
    let sent = upwards.join().ok().context("the relay panicked")?;
    copy(&mut stdin(), &mut sink())?;
    Ok(Report {
        // The server closed, and so what was left of the client's side fails.
        sent: sent.unwrap_or_default(),
        received,
        units: 1,
        local: Some(local),
        ..Report::default()
    })
}

/// Wraps each packet that is routed to a TUN into a datagram, until its standard
/// input ends.
pub(super) fn vpn(name: &str, to: SocketAddr) -> Result<Report> {
    let tun = Tun::new_named(Interface::new(name)?).context("open the TUN")?;
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect(to)?;
    let local = socket.local_addr()?;
    println!("ready");
    thread::spawn(move || {
        let mut packet = [0; 2000];
        while let Ok(length) = tun.recv(&mut packet) {
            if socket.send(&packet[..length]).is_err() {
                return;
            }
        }
    });
    copy(&mut stdin(), &mut sink())?;
    Ok(Report {
        local: Some(local),
        ..Report::default()
    })
}

/// Holds a TAP and, at the first line of its standard input, sends datagrams from
/// `from` as the guest behind it would; until the input ends.
pub(super) fn guest(
    name: &str,
    gateway: &str,
    from: SocketAddrV4,
    to: SocketAddrV4,
    count: usize,
) -> Result<Report> {
    let tap = Tap::new_named(Interface::new(name)?).context("open the TAP")?;
    println!("ready");
    stdin().read_line(&mut String::new())?;
    let frame = frame(hardware(gateway)?, from, to);
    for _ in 0..count {
        tap.send(&frame)?;
    }
    println!("sent");
    copy(&mut stdin(), &mut sink())?;
    Ok(Report {
        sent: u64::from(PAYLOAD) * count as u64,
        units: count as u64,
        local: Some(from.into()),
        ..Report::default()
    })
}

/// Sends datagrams by a packet socket, at the first line of its standard input:
/// frames to a gateway that is asked for no route. Until the input ends.
pub(super) fn frames(
    interface: &str,
    gateway: &str,
    from: SocketAddrV4,
    to: SocketAddrV4,
    count: usize,
) -> Result<Report> {
    let socket = Socket::new(Domain::PACKET, Type::RAW, None).context("open a packet socket")?;
    let by = getifaddrs()?
        .filter(|one| one.interface_name == interface)
        .find_map(|one| one.address?.as_link_addr().copied())
        .with_context(|| format!("no interface {interface}"))?;
    println!("ready");
    stdin().read_line(&mut String::new())?;
    let frame = frame(hardware(gateway)?, from, to);
    for _ in 0..count {
        sendto(socket.as_raw_fd(), &frame, &by, MsgFlags::empty())?;
    }
    println!("sent");
    copy(&mut stdin(), &mut sink())?;
    Ok(Report {
        sent: u64::from(PAYLOAD) * count as u64,
        units: count as u64,
        local: Some(from.into()),
        ..Report::default()
    })
}

fn hardware(text: &str) -> Result<[u8; 6]> {
    let bytes: Vec<u8> = text
        .split(':')
        .map(|part| u8::from_str_radix(part, 16))
        .collect::<Result<_, _>>()
        .context("an Ethernet address")?;
    bytes.try_into().ok().context("an Ethernet address")
}

/// Ethernet (IEEE 802.3), IPv4 (RFC 791), UDP without a checksum (RFC 768).
fn frame(gateway: [u8; 6], from: SocketAddrV4, to: SocketAddrV4) -> Vec<u8> {
    let udp = 8 + PAYLOAD;
    let mut ip = vec![0x45, 0];
    ip.extend((20 + udp).to_be_bytes());
    ip.extend([0, 0, 0, 0, 64, 17, 0, 0]);
    ip.extend(from.ip().octets());
    ip.extend(to.ip().octets());
    let sum: u32 = ip
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]))
        .sum();
    let check = !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap_or_default();
    ip[10..12].copy_from_slice(&check.to_be_bytes());
    let mut frame = [gateway, GUEST].concat();
    frame.extend([0x08, 0x00]);
    frame.extend(ip);
    for word in [from.port(), to.port(), udp, 0] {
        frame.extend(word.to_be_bytes());
    }
    frame.extend([b'g'; PAYLOAD as usize]);
    frame
}
