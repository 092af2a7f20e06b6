//! Lines of JSON to and from a process aside.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::UnixStream,
    },
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

use super::Hello;

/// Longest line, in bytes: a path of `PATH_MAX` as numbers, and more than any answer else.
const MOST_OF_LINE: u64 = 256 * 1024;

/// Either end.
#[derive(Debug)]
pub(super) struct Channel {
    to: UnixStream,
    from: BufReader<UnixStream>,
}

impl Channel {
    fn new(stream: UnixStream) -> io::Result<Self> {
        Ok(Self {
            from: BufReader::new(stream.try_clone()?),
            to: stream,
        })
    }

    /// The end of a process aside: its standard input.
    pub(super) fn of_standard_input() -> io::Result<Self> {
        let input = io::stdin().as_fd().try_clone_to_owned()?;
        Self::new(UnixStream::from(input))
    }

    pub(super) fn say(&mut self, what: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(what)?;
        line.push(b'\n');
        self.to.write_all(&line)
    }

    /// `None` once the other end is closed.
    pub(super) fn hear<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.from).take(MOST_OF_LINE);
        if limited.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        Ok(Some(serde_json::from_slice(&line)?))
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask<T: DeserializeOwned>(&mut self, what: &impl Serialize) -> io::Result<T> {
        self.say(what)?;
        self.hear()?
            .ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "it has ended"))
    }
}

/// A process aside, started and not heard of yet. It ends when its channel is dropped.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) channel: Channel,
    pub(super) child: Child,
}

impl Started {
    /// Starts this very program, with a descriptor more if it needs one, and waits at most
    /// `patience` for each answer.
    pub(super) fn new(
        arguments: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>,
        more: Option<OwnedFd>,
        patience: Duration,
    ) -> io::Result<Self> {
        let (own, theirs) = UnixStream::pair()?;
        let child = Command::new("/proc/self/exe")
            .arg("aside")
            .args(arguments)
            .stdin(OwnedFd::from(theirs))
            .stdout(more.map_or_else(Stdio::null, Stdio::from))
            .spawn()?;
        own.set_read_timeout(Some(patience))?;
        own.set_write_timeout(Some(patience))?;
        Ok(Self {
            channel: Channel::new(own)?,
            child,
        })
    }

    /// Waits until it is ready; what the kernel could not enforce on it.
    pub(super) fn ready(&mut self) -> io::Result<Vec<String>> {
        match self.channel.hear()? {
            Some(Hello::Ready { not_enforced }) => Ok(not_enforced),
            Some(Hello::Failed(why)) => Err(io::Error::other(why)),
            None => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "it has ended at once",
            )),
        }
    }
}
