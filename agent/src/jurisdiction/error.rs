//! Why a database cannot be used, and what to do about it.

use std::{io, path::PathBuf};

/// Databases that the agent cannot start with.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// No database was given.
    #[error(
        "no country database is given: pass --country-db FILE, or run `cargo xtask setup` to \
         build one"
    )]
    NoneGiven,
    /// Two databases have one name.
    #[error("two country databases are called `{0}`: name each with --country-db NAME=FILE")]
    DuplicateName(String),
    /// A file is not a database that tells countries.
    #[error("country database {path} {fault}", path = path.display())]
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
    #[error("does not exist: run `cargo xtask setup` to build one, or pass another --country-db")]
    Missing,
    /// It is a directory.
    #[error("is a directory: pass the .mmdb file in it with --country-db")]
    Directory,
    /// It is neither a file nor a directory.
    #[error("is not a regular file: pass an .mmdb file with --country-db")]
    Special,
    /// It has no bytes.
    #[error("is empty: run `cargo xtask setup` to build it anew, or pass another --country-db")]
    Empty,
    /// The operating system refused.
    #[error("cannot be read: {0}: make it readable for the agent's user")]
    Unreadable(io::Error),
    /// It is text.
    #[error("is a text file: pass a database in MaxMind format (.mmdb) with --country-db")]
    Text,
    /// It is an archive.
    #[error("is compressed: unpack it and pass the .mmdb file with --country-db")]
    Compressed,
    /// The metadata at the end of every database is not there.
    #[error(
        "has no MaxMind metadata, so it is cut off or of another format: fetch it again, or run \
         `cargo xtask setup` to build one"
    )]
    NoMetadata,
    /// It does not hold together.
    #[error("is corrupt: {0}: fetch it again, or run `cargo xtask setup` to build one")]
    Corrupt(String),
    /// It has a form and no entries.
    #[error("holds no networks: fetch it again, or run `cargo xtask setup` to build one")]
    NoNetworks,
    /// No record has a field that tells a country of hosting.
    #[error(
        "({kind}) tells no country: its records have {fields}, and none of country.iso_code, \
         country_code, country; pass a country or city database with --country-db"
    )]
    NoCountry {
        /// `database_type` of its metadata.
        kind: String,
        /// Fields of its first record.
        fields: String,
    },
}
