//! A server of `weir-traffic` in a unit of its own.

use std::process::Child;

use anyhow::Result;

use crate::{cgroup::Unit, stage::wait_ready, world::Host};

/// A running server. It ends when dropped.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    /// Dropped after the process was ended.
    _unit: Unit,
}

impl Peer {
    /// Starts it in `unit` on `host` and waits until it serves. `line` is a command
    /// line of `weir-traffic`.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(unit: Unit, host: &Host, line: &str) -> Result<Self> {
        let child = wait_ready(unit.start(host, line)?)?;
        Ok(Self { child, _unit: unit })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
