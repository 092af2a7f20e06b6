//! TCP by ways beside `connect` and `write`.

use std::{
    fs::File,
    io::{Read as _, Seek as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    os::fd::AsFd,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use nix::{
    fcntl::{SpliceFFlags, splice},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        sendfile::sendfile64,
        socket::{setsockopt, sockopt::TcpFastOpenConnect},
    },
    unistd::pipe,
};
use socket2::{Domain, Protocol, Socket, Type};

use super::{Report, tcp, uring};

/// Ways to connect or to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Stream {
    /// Connects without waiting, then polls.
    NonBlocking,
    /// Data in the SYN (RFC 7413).
    FastOpen,
    /// Multipath TCP (RFC 8684).
    Multipath,
    /// From a pipe by `splice`.
    Splice,
    /// From a file by `sendfile`.
    Sendfile,
    /// By io_uring, from connecting on.
    IoUring,
    /// Forks and executes another program that inherits the socket.
    Inherited,
}

pub(super) fn send(to: SocketAddr, bytes: u64, by: Stream) -> Result<Report> {
    ensure!(
        bytes >= tcp::HEADER,
        "a connection carries at least {} bytes",
        tcp::HEADER
    );
    let mut payload = tcp::header(bytes, 0).to_vec();
    payload.resize(usize::try_from(bytes)?, b'w');
    if by == Stream::IoUring {
        uring::stream(to, payload)?;
        return Ok(Report {
            sent: bytes,
            units: 1,
            ..Report::default()
        });
    }
    let mut stream = connect(to, by).with_context(|| format!("connect to {to}"))?;
    match by {
        Stream::Splice => spliced(&stream, &payload)?,
        Stream::Sendfile => from_file(&stream, &payload)?,
        Stream::Inherited => inherited(&stream, &payload)?,
        Stream::NonBlocking | Stream::FastOpen | Stream::Multipath | Stream::IoUring => {
            stream.write_all(&payload)?;
        }
    }
    let local = stream.local_addr()?;
    stream.read_to_end(&mut Vec::new()).context("the end")?;
    stream.shutdown(Shutdown::Both).ok();
    Ok(Report {
        sent: bytes,
        units: 1,
        local: Some(local),
        ..Report::default()
    })
}

fn connect(to: SocketAddr, by: Stream) -> Result<TcpStream> {
    let protocol = match by {
        Stream::Multipath => Protocol::MPTCP,
        _ => Protocol::TCP,
    };
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(protocol))?;
    match by {
        Stream::FastOpen => {
            setsockopt(&socket, TcpFastOpenConnect, &true)?;
            socket.connect(&to.into())?;
        }
        Stream::NonBlocking => {
            socket.set_nonblocking(true)?;
            // EINPROGRESS is what is asked for.
            let _ = socket.connect(&to.into());
            let mut wait = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
            poll(&mut wait, PollTimeout::from(2000_u16))?;
            if let Some(error) = socket.take_error()? {
                return Err(error.into());
            }
            socket.set_nonblocking(false)?;
        }
        _ => socket.connect(&to.into())?,
    }
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    Ok(stream)
}

fn spliced(stream: &TcpStream, payload: &[u8]) -> Result<()> {
    let (from, to) = pipe()?;
    let mut to = File::from(to);
    // A pipe holds 16 pages; smaller parts never wait.
    for part in payload.chunks(32 * 1024) {
        to.write_all(part)?;
        let mut left = part.len();
        while left > 0 {
            left -= splice(&from, None, stream, None, left, SpliceFFlags::empty())?;
        }
    }
    Ok(())
}

fn from_file(stream: &TcpStream, payload: &[u8]) -> Result<()> {
    let mut file = memory_file()?;
    file.write_all(payload)?;
    file.rewind()?;
    let mut left = payload.len();
    while left > 0 {
        left -= sendfile64(stream, &file, None, left)?;
    }
    Ok(())
}

fn memory_file() -> Result<File> {
    let flags = nix::sys::memfd::MFdFlags::MFD_CLOEXEC;
    Ok(File::from(nix::sys::memfd::memfd_create(
        c"payload", flags,
    )?))
}

/// `cat` writes to the socket that it has as its standard output.
fn inherited(stream: &TcpStream, payload: &[u8]) -> Result<()> {
    let socket = stream.as_fd().try_clone_to_owned()?;
    let mut child = std::process::Command::new("cat")
        .stdin(std::process::Stdio::piped())
        .stdout(socket)
        .spawn()
        .context("start cat")?;
    child
        .stdin
        .take()
        .context("cat without a pipe")?
        .write_all(payload)?;
    ensure!(child.wait()?.success(), "cat failed");
    Ok(())
}
