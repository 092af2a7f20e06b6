//! UDP by ways beside `send`, `sendto` and `sendmsg`.

use std::{
    io::IoSlice,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    os::fd::AsRawFd as _,
};

use anyhow::{Context, Result};
use nix::sys::socket::{
    ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg, sendmsg, setsockopt,
    sockopt::UdpGsoSegment,
};

use super::{Report, uring};

/// System calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Datagrams {
    /// All by one `sendmmsg`.
    Sendmmsg,
    /// All by one `send` that the kernel cuts up (`UDP_SEGMENT`, udp(7)).
    Segmented,
    /// All by one `sendmsg`, with the segment size beside it.
    SegmentedMessage,
    /// A socket that may broadcast.
    Broadcast,
    /// An IPv6 socket, to an IPv4-mapped address.
    Mapped,
    /// By io_uring.
    IoUring,
    /// By io_uring, without a copy of the payload.
    ZeroCopy,
    /// Packets that begin as QUIC version 1 does (RFC 9000, section 17.2).
    Quic,
}

pub(super) fn send(to: SocketAddr, bytes: usize, count: usize, call: Datagrams) -> Result<Report> {
    let any = match to {
        SocketAddr::V4(_) if call != Datagrams::Mapped => {
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
        }
        _ => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).context("bind a UDP socket")?;
    let payload = vec![b'w'; bytes];
    let storage = SockaddrStorage::from(to);
    let segment = u16::try_from(bytes).context("segments end at 65535 bytes")?;
    match call {
        Datagrams::Sendmmsg => {
            let slices = vec![[IoSlice::new(&payload)]; count];
            let mut headers = MultiHeaders::preallocate(count, None);
            let to = vec![Some(storage); count];
            let none: [ControlMessage<'_>; 0] = [];
            let flags = MsgFlags::empty();
            sendmmsg(socket.as_raw_fd(), &mut headers, &slices, &to, none, flags)?;
        }
        Datagrams::Segmented => {
            setsockopt(&socket, UdpGsoSegment, &i32::from(segment)).context("UDP_SEGMENT")?;
            socket.send_to(&payload.repeat(count), to)?;
        }
        Datagrams::SegmentedMessage => {
            let all = payload.repeat(count);
            let beside = [ControlMessage::UdpGsoSegments(&segment)];
            let slices = [IoSlice::new(&all)];
            let flags = MsgFlags::empty();
            sendmsg(socket.as_raw_fd(), &slices, &beside, flags, Some(&storage))?;
        }
        Datagrams::Broadcast => {
            socket.set_broadcast(true)?;
            plain(&socket, &payload, count, to)?;
        }
        Datagrams::Mapped => {
            let mapped = match to {
                SocketAddr::V4(v4) => SocketAddr::from((v4.ip().to_ipv6_mapped(), v4.port())),
                SocketAddr::V6(_) => to,
            };
            plain(&socket, &payload, count, mapped)?;
        }
        Datagrams::IoUring | Datagrams::ZeroCopy => {
            let zero_copy = call == Datagrams::ZeroCopy;
            uring::datagrams(socket.try_clone()?, to, &payload, count, zero_copy)?;
        }
        Datagrams::Quic => {
            // Long header, version 1, connection ids of 8 bytes.
            let mut initial = vec![0xc3, 0, 0, 0, 1, 8];
            initial.extend([7; 8]);
            initial.resize(bytes.max(1200), 0);
            plain(&socket, &initial, count, to)?;
        }
    }
    Ok(Report {
        sent: (bytes * count) as u64,
        units: count as u64,
        local: socket.local_addr().ok(),
        ..Report::default()
    })
}

fn plain(socket: &UdpSocket, payload: &[u8], count: usize, to: SocketAddr) -> Result<()> {
    for _ in 0..count {
        socket.send_to(payload, to)?;
    }
    Ok(())
}
