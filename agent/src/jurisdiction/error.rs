//! Why a database cannot be used, and what to do about it.

use std::{io, path::PathBuf};

use super::sidecar::SidecarError;

/// Databases that the agent cannot start with.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// No database was given.
    #[error(
        "no IP database is given: pass --ip-db FILE, or install some with `weir geo update FILE…`"
    )]
    NoneGiven,
    /// Two databases have one name.
    #[error("two IP databases are called `{0}`: name each with --ip-db NAME=FILE")]
    DuplicateName(String),
    /// The directory with databases cannot be read.
    #[error("the IP databases in {path} cannot be read ({1}): make the directory readable, or name another with --ip-data", path = .0.display())]
    Directory(PathBuf, io::Error),
    /// What is said of a database beside it cannot be used.
    #[error(transparent)]
    Sidecar(#[from] SidecarError),
    /// A file is not a database that states anything that is asked.
    #[error("IP database {path} {fault}", path = path.display())]
    Unusable {
        /// The file as given.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is none.
    #[error("does not exist: name one that does")]
    Missing,
    /// It is a directory.
    #[error("is a directory: name the .mmdb file in it")]
    Directory,
    /// It is neither a file nor a directory.
    #[error("is not a regular file: name an .mmdb file")]
    Special,
    /// It has no bytes.
    #[error("is empty: fetch it again, or name another")]
    Empty,
    /// The operating system refused.
    #[error("cannot be read: {0}: make it readable for the agent's user")]
    Unreadable(io::Error),
    /// It is text.
    #[error("is a text file: name a database in MaxMind format (.mmdb)")]
    Text,
    /// It is an archive.
    #[error("is compressed: unpack it and name the .mmdb file")]
    Compressed,
    /// The metadata at the end of every database is not there.
    #[error(
        "has no MaxMind metadata, so it is cut off or of another format: fetch it again, or name \
         another"
    )]
    NoMetadata,
    /// It does not hold together.
    #[error("is corrupt: {0}: fetch it again, or name another")]
    Corrupt(String),
    /// It has a form and no entries.
    #[error("holds no networks: fetch it again, or name another")]
    NoNetworks,
    /// No record has a field that states a fact that is asked for.
    #[error(
        "({kind}) states nothing that is asked: its records have {fields}, and none of {known}; \
         name a country, city or ASN database"
    )]
    NoFacts {
        /// `database_type` of its metadata.
        kind: String,
        /// Fields of its first record.
        fields: String,
        /// Fields that are read.
        known: &'static str,
    },
}
