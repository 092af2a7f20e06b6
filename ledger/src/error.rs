//! Why the ledger cannot be used.

use std::path::{Path, PathBuf};

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The directory or a file cannot be opened, read or written.
    #[error(
        "the store {path} cannot be {action} ({source}): check that it is a writable directory with free space, or name another with --store"
    )]
    Io {
        /// What was touched.
        path: PathBuf,
        /// `created`, `opened`, `read`, `written` or `repaired`.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// What had reached the disk is not there as it was written: no torn write.
    #[error(
        "the store file {path} is damaged at {at}: move the store aside, keep it as evidence, and restart"
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
    /// A value that has no place in the ledger, which would be a defect.
    #[error("an entry cannot be stored ({0}): report this as a defect of weir")]
    Entry(String),
}

/// Gives an error its place.
pub(crate) fn io(
    path: &Path,
    action: &'static str,
) -> impl FnOnce(std::io::Error) -> LedgerError + use<> {
    let path = path.to_owned();
    move |source| LedgerError::Io {
        path,
        action,
        source,
    }
}

/// A file that is not as it was written.
pub(crate) fn damaged(path: &Path, at: impl Into<String>) -> LedgerError {
    LedgerError::Damaged {
        path: path.to_owned(),
        at: at.into(),
    }
}
