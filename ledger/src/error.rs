//! Why the ledger cannot be used.

use std::path::{Path, PathBuf};

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The directory or a file cannot be opened, read or written.
    #[error("the store {path} cannot be {action} ({cause}): {}", remedy(action))]
    Io {
        /// What was touched.
        path: PathBuf,
        /// `created`, `opened`, `read`, `written` or `repaired`.
        action: &'static str,
        /// What the system said. It is part of the message, and so no source.
        cause: std::io::Error,
    },
    /// What had reached the disk is not there as it was written: no torn write.
    #[error(
        "the store {path} is damaged at {at}: put that back from a backup; or move the store aside, keep it as evidence, and restart `weir run`"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it, or what about it.
        at: String,
    },
    /// The ledger ends before a tree that this host signed.
    #[error(
        "the store {path} holds {size} entries, but this host has signed {signed}: it was set back to an older state; move it aside, keep it as evidence, and restart"
    )]
    RolledBack {
        /// The directory.
        path: PathBuf,
        /// Entries that are there.
        size: u64,
        /// Entries of the last checkpoint.
        signed: u64,
    },
    /// The node's key cannot be used.
    #[error(
        "the key {path} is {what}: restore it from a backup, or move the store aside to begin another"
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Segments of a build before the ledger had a Merkle tree.
    #[error(
        "the store {path} holds segments of an earlier format ({file}): move *.weirlog aside, where the weir that wrote them still reads them, and restart"
    )]
    OldFormat {
        /// The directory.
        path: PathBuf,
        /// One of them.
        file: String,
    },
    /// An excerpt of a log is not as it was made.
    #[error("{path} is not as it was made, at {at}: ask whoever gave it for another copy")]
    Torn {
        /// The file.
        path: PathBuf,
        /// Where in it, or what about it.
        at: String,
    },
    /// Entries that are wanted are pruned.
    #[error(
        "the store {path} no longer has entries {first} to {last}, which are of the period: they were pruned; export before that, or keep them longer (--keep, --keep-size)"
    )]
    Pruned {
        /// The directory.
        path: PathBuf,
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// A value that has no place in the ledger, which would be a defect.
    #[error("an entry cannot be stored ({0}): report this as a defect of weir")]
    Entry(String),
}

/// What helps against an error of the system.
fn remedy(action: &str) -> &'static str {
    match action {
        "read" => {
            "check that it is there and may be read by this user, or name another with --store"
        }
        _ => "check that it is a writable directory with free space, or name another with --store",
    }
}

/// Gives an error its place.
pub(crate) fn io(
    path: &Path,
    action: &'static str,
) -> impl FnOnce(std::io::Error) -> LedgerError + use<> {
    let path = path.to_owned();
    move |cause| LedgerError::Io {
        path,
        action,
        cause,
    }
}

/// A file that is not as it was written.
pub(crate) fn damaged(path: &Path, at: impl Into<String>) -> LedgerError {
    LedgerError::Damaged {
        path: path.to_owned(),
        at: at.into(),
    }
}

/// A file of an excerpt that is not as it was made.
pub(crate) fn torn(path: &Path, at: impl Into<String>) -> LedgerError {
    LedgerError::Torn {
        path: path.to_owned(),
        at: at.into(),
    }
}

/// A hole in the log: an entry that is not there, and was not pruned.
pub(crate) fn missing(directory: &Path, entry: u64) -> LedgerError {
    damaged(
        directory,
        format!("entry {entry}, which is missing and was not pruned"),
    )
}
