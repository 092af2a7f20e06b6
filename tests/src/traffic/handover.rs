//! A socket that one process makes and another one uses (SCM_RIGHTS, unix(7)).

use std::{
    io::{IoSlice, IoSliceMut, copy, sink, stdin},
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    os::{
        fd::{AsRawFd as _, RawFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::Path,
};

use anyhow::{Context, Result, bail};
use nix::{
    cmsg_space,
    sys::socket::{
        ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, getsockname, recv, recvmsg,
        send, sendmsg, sendto,
    },
};

use super::{Protocol, Report, tcp};

/// Payload of a datagram, and how many.
const DATAGRAM: [u8; 100] = [b'h'; 100];
const COUNT: usize = 3;
/// Payload of a connection.
const STREAM: usize = 50_000;

/// Makes a socket and gives it to whoever connects to `through`.
pub(super) fn give(to: SocketAddr, protocol: Protocol, through: &Path) -> Result<Report> {
    let listener = UnixListener::bind(through).context("listen for the taker")?;
    println!("ready");
    let (taker, _) = listener.accept()?;
    match protocol {
        Protocol::Tcp => pass(&taker, TcpStream::connect(to)?.as_raw_fd())?,
        Protocol::Udp => {
            let any = (Ipv4Addr::UNSPECIFIED, 0);
            pass(&taker, UdpSocket::bind(any)?.as_raw_fd())?;
        }
    }
    copy(&mut stdin(), &mut sink())?;
    Ok(Report::default())
}

fn pass(taker: &UnixStream, socket: RawFd) -> Result<()> {
    let beside = [ControlMessage::ScmRights(&[socket])];
    let one = [IoSlice::new(b"!")];
    let none: Option<&()> = None;
    sendmsg(taker.as_raw_fd(), &one, &beside, MsgFlags::empty(), none)?;
    Ok(())
}

/// Takes a socket from whoever listens at `through`, and sends by it.
pub(super) fn take(to: SocketAddr, protocol: Protocol, through: &Path) -> Result<Report> {
    let giver = UnixStream::connect(through).context("find the giver")?;
    let mut byte = [0];
    let mut parts = [IoSliceMut::new(&mut byte)];
    let mut room = cmsg_space!([RawFd; 1]);
    let flags = MsgFlags::empty();
    let message = recvmsg::<()>(giver.as_raw_fd(), &mut parts, Some(&mut room), flags)?;
    let Some(ControlMessageOwned::ScmRights(sockets)) = message.cmsgs()?.next() else {
        bail!("no socket came");
    };
    let socket = *sockets.first().context("no socket came")?;
    let (sent, units) = match protocol {
        Protocol::Tcp => {
            let mut payload = tcp::header(STREAM as u64, 0).to_vec();
            payload.resize(STREAM, b'h');
            let mut left = payload.as_slice();
            while !left.is_empty() {
                left = &left[send(socket, left, flags)?..];
            }
            // The peer closes when it has everything.
            while recv(socket, &mut [0; 64], flags)? > 0 {}
            (STREAM, 1)
        }
        Protocol::Udp => {
            let to = SockaddrStorage::from(to);
            for _ in 0..COUNT {
                sendto(socket, &DATAGRAM, &to, flags)?;
            }
            (DATAGRAM.len() * COUNT, COUNT)
        }
    };
    let local: SockaddrStorage = getsockname(socket)?;
    let local = local
        .as_sockaddr_in()
        .map(|v4| SocketAddr::from((v4.ip(), v4.port())));
    Ok(Report {
        sent: sent as u64,
        units: units as u64,
        local,
        ..Report::default()
    })
}
