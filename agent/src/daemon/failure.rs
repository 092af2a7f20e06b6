//! Why the daemon did not start or had to stop, with its exit code.

use std::{net::SocketAddr, path::PathBuf};

use crate::{
    jurisdiction::DatabaseError,
    kernel::{CaptureError, ConfineError, Unfit},
    ledger::LedgerError,
    notify::StartError,
    policy::{ArchiveError, Rejected},
};

/// Cause and remedy in one line; the exit codes are documented in
/// `docs/exit-codes.md`.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The allowlists are invalid.
    #[error("the allowlists in {directory} are refused ({summary}): run `weir check {directory}` and mend what it lists", directory = .0.directory().display(), summary = .0.summary())]
    Allowlists(#[from] Rejected),
    /// An IP database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// This host cannot be covered.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The kernel refused the programs, or they failed.
    #[error("{0}: see docs/setup.md for what the kernel must offer")]
    Capture(#[from] CaptureError),
    /// Another agent runs.
    #[error("another agent runs on this host (pid {0}): stop it first, or leave this one")]
    Running(String),
    /// The runtime directory cannot be used.
    #[error("the lock {0} cannot be taken ({1}): run as root, or name a writable --runtime-dir")]
    Lock(PathBuf, std::io::Error),
    /// The store cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The allowlists cannot be kept in the store.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The port for metrics cannot be bound.
    #[error(
        "metrics cannot be served on {0} ({1}): free the port, or choose another with --metrics-listen"
    )]
    Metrics(SocketAddr, std::io::Error),
    /// The page cannot be served.
    #[error(
        "the page cannot be served at {0} ({1}): free the port or the path, or choose another with --page-listen"
    )]
    Page(String, std::io::Error),
    /// The control socket cannot be bound.
    #[error(
        "the control socket {0} cannot be made ({1}): name a --runtime-dir in which sockets can be, and a --control-group that there is"
    )]
    Control(PathBuf, std::io::Error),
    /// Notifications cannot begin.
    #[error("notifications cannot begin: {0}")]
    Notify(#[from] StartError),
    /// The agent cannot give up what it does not need.
    #[error(
        "the agent cannot be confined: {0}; run with --confine best-effort to go on without what this system refuses"
    )]
    Confine(ConfineError),
    /// A process aside cannot be started, or cannot be confined.
    #[error(
        "{0} cannot be started ({1}): check the limits of this process, or run with --confine best-effort"
    )]
    Aside(&'static str, std::io::Error),
    /// The system refuses a clock.
    #[error("the clock cannot be read: {0}")]
    Clock(nix::Error),
    /// The interfaces or routes cannot be read.
    #[error(
        "the interfaces or routes of this host cannot be read ({0}): mount procfs, or name the uplinks with --uplink"
    )]
    Interfaces(std::io::Error),
    /// The system refuses what every program needs.
    #[error("the system refuses a file, thread or signal ({0}): check the limits of this process")]
    Runtime(std::io::Error),
}

impl Failure {
    /// Exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Allowlists(_) => 3,
            Self::Database(_) => 4,
            Self::Unfit(_) | Self::Capture(_) => 5,
            Self::Running(_) => 6,
            Self::Ledger(_) | Self::Archive(_) => 7,
            Self::Notify(StartError::Ledger(_)) => 7,
            Self::Interfaces(_)
            | Self::Notify(StartError::System(_))
            | Self::Lock(..)
            | Self::Control(..)
            | Self::Confine(_)
            | Self::Aside(..)
            | Self::Metrics(..)
            | Self::Page(..)
            | Self::Clock(_)
            | Self::Runtime(_) => 1,
        }
    }
}
