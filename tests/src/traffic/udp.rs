//! UDP senders. A datagram that starts with [`ECHO`] is sent back by the server.

use std::{
    io::IoSlice,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    os::fd::AsRawFd,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use nix::sys::socket::{MsgFlags, SockaddrStorage, sendmsg};

use super::{Report, UdpCall};

/// First byte of a datagram that the server sends back.
pub(super) const ECHO: u8 = b'E';

const UDP_HEADER: u64 = 8;

pub(super) fn send(
    to: SocketAddr,
    bytes: usize,
    count: u64,
    echo: bool,
    call: UdpCall,
) -> Result<Report> {
    ensure!(bytes > 0, "a datagram carries at least one byte");
    let socket = socket(to)?;
    if call == UdpCall::Connected {
        socket
            .connect(to)
            .with_context(|| format!("connect to {to}"))?;
    }
    let mut payload = vec![b'w'; bytes];
    if let (true, Some(first)) = (echo, payload.first_mut()) {
        *first = ECHO;
    }
    let mut report = Report::default();
    let mut answer = vec![0; bytes];
    for _ in 0..count {
        match call {
            UdpCall::Connected => socket.send(&payload).map(drop)?,
            UdpCall::Sendto => socket.send_to(&payload, to).map(drop)?,
            UdpCall::Sendmsg => sendmsg(
                socket.as_raw_fd(),
                &[IoSlice::new(&payload)],
                &[],
                MsgFlags::empty(),
                Some(&SockaddrStorage::from(to)),
            )
            .map(drop)?,
        }
        report.units += 1;
        if echo {
            report.received += socket.recv(&mut answer).context("wait for the echo")? as u64;
        }
    }
    Ok(finish(report, &socket, to, bytes as u64))
}

pub(super) fn ports(to: SocketAddr, count: u16) -> Result<Report> {
    let socket = socket(to)?;
    for number in 0..count {
        let port = to
            .port()
            .checked_add(number)
            .context("ports end at 65535")?;
        socket.send_to(b"w", SocketAddr::new(to.ip(), port))?;
    }
    let report = Report {
        units: u64::from(count),
        ..Report::default()
    };
    Ok(finish(report, &socket, to, 1))
}

fn socket(to: SocketAddr) -> Result<UdpSocket> {
    let any = match to {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).context("bind a UDP socket")?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    Ok(socket)
}

fn finish(report: Report, socket: &UdpSocket, to: SocketAddr, bytes: u64) -> Report {
    let ip_header = if to.ip().to_canonical().is_ipv4() {
        20
    } else {
        40
    };
    Report {
        sent: report.units * bytes,
        local: socket.local_addr().ok(),
        // Larger datagrams are fragmented: their headers are the counter's to know.
        wire: (bytes + UDP_HEADER + ip_header <= 1500)
            .then_some(report.units * (bytes + UDP_HEADER + ip_header)),
        ..report
    }
}
