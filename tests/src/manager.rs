//! A service manager's end of sd_notify(3): a datagram socket that agents are told of.

use std::{collections::BTreeMap, io::ErrorKind, os::unix::net::UnixDatagram, path::PathBuf};

use anyhow::{Context, Result, bail};

use crate::{agent::PATIENCE, run::Run};

/// One message: its assignments by name.
pub type Message = BTreeMap<String, String>;

/// The socket.
#[derive(Debug)]
pub struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    /// Binds it in the run's directory.
    ///
    /// # Errors
    /// It cannot be bound.
    pub fn new(run: &Run) -> Result<Self> {
        let path = run.directory().join("notify");
        let socket = UnixDatagram::bind(&path).context("bind the socket of a service manager")?;
        Ok(Self { socket, path })
    }

    /// The environment of a service, with a watchdog of so many microseconds if any.
    pub fn environment(&self, watchdog_usec: Option<u64>) -> Vec<(String, String)> {
        let socket = self.path.to_string_lossy().into_owned();
        let watchdog = watchdog_usec.map(|limit| ("WATCHDOG_USEC".to_owned(), limit.to_string()));
        [("NOTIFY_SOCKET".to_owned(), socket)]
            .into_iter()
            .chain(watchdog)
            .collect()
    }

    /// Waits for the next message.
    ///
    /// # Errors
    /// None comes in time, or it is no list of assignments.
    pub fn next(&self) -> Result<Message> {
        self.socket.set_read_timeout(Some(PATIENCE))?;
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes).context("no message comes")?;
        message(&bytes[..length])
    }

    /// Waits for the next message that has this assignment; it is the last of those that
    /// are given back.
    ///
    /// # Errors
    /// As [`Manager::next`].
    pub fn until(&self, name: &str, value: &str) -> Result<Vec<Message>> {
        let mut found = Vec::new();
        loop {
            let message = self.next().with_context(|| format!("{name}={value}"))?;
            let last = message.get(name).is_some_and(|found| found == value);
            found.push(message);
            if last {
                return Ok(found);
            }
        }
    }

    /// Waits for the next message that has this assignment.
    ///
    /// # Errors
    /// As [`Manager::next`].
    pub fn next_with(&self, name: &str, value: &str) -> Result<Message> {
        let mut found = self.until(name, value)?;
        found.pop().context("no message")
    }

    /// Everything that waits to be read.
    ///
    /// # Errors
    /// As [`Manager::next`].
    pub fn rest(&self) -> Result<Vec<Message>> {
        self.socket.set_nonblocking(true)?;
        let mut found = Vec::new();
        let mut bytes = [0; 4096];
        loop {
            match self.socket.recv(&mut bytes) {
                Ok(length) => found.push(message(&bytes[..length])?),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error).context("read what waits"),
            }
        }
        self.socket.set_nonblocking(false)?;
        Ok(found)
    }
}

fn message(bytes: &[u8]) -> Result<Message> {
    let text = std::str::from_utf8(bytes).context("a message is no text")?;
    let mut message = Message::new();
    for line in text.lines() {
        let (name, value) = line.split_once('=').context("a line assigns nothing")?;
        if message.insert(name.to_owned(), value.to_owned()).is_some() {
            bail!("{name} is assigned twice in {text:?}");
        }
    }
    Ok(message)
}
