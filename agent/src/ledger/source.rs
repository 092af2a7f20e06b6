//! Where entries are read from: the store of a node, or an excerpt of one in a bundle.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use weir_ledger::{Excerpt, Row};

use super::{Entry, LedgerError, typed::Typed};
use crate::policy::Archive;

/// Gives entries of a log, in order.
pub trait Source {
    /// Gives the entries that are wanted by number and type, one at a time in memory; the
    /// others are not made. Of an excerpt, those that are shown.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    fn each_of(
        &self,
        wanted: &dyn Fn(u64, &str) -> bool,
        take: &mut dyn FnMut(u64, Timestamp, &Entry),
    ) -> Result<(), LedgerError>;

    /// Gives every entry that there is.
    ///
    /// # Errors
    /// As [`Source::each_of`].
    fn each(&self, take: &mut dyn FnMut(u64, Timestamp, &Entry)) -> Result<(), LedgerError> {
        self.each_of(&|_, _| true, take)
    }

    /// The sets of allowlists that it has.
    fn archive(&self) -> Archive;
}

/// A store.
impl Source for Path {
    fn each_of(
        &self,
        wanted: &dyn Fn(u64, &str) -> bool,
        take: &mut dyn FnMut(u64, Timestamp, &Entry),
    ) -> Result<(), LedgerError> {
        let read = |give: &mut dyn FnMut(&Row<'_>)| weir_ledger::for_each_row(self, give);
        match rows(read, wanted, take)? {
            None => Ok(()),
            Some(at) => Err(LedgerError::Damaged {
                path: self.to_owned(),
                at,
            }),
        }
    }

    fn archive(&self) -> Archive {
        Archive::of(self)
    }
}

/// A store.
impl Source for PathBuf {
    fn each_of(
        &self,
        wanted: &dyn Fn(u64, &str) -> bool,
        take: &mut dyn FnMut(u64, Timestamp, &Entry),
    ) -> Result<(), LedgerError> {
        self.as_path().each_of(wanted, take)
    }

    fn archive(&self) -> Archive {
        Archive::of(self)
    }
}

/// Gives entries of rows; the first that is none, with what is wrong with it.
fn rows(
    read: impl FnOnce(&mut dyn FnMut(&Row<'_>)) -> Result<(), LedgerError>,
    wanted: &dyn Fn(u64, &str) -> bool,
    take: &mut dyn FnMut(u64, Timestamp, &Entry),
) -> Result<Option<String>, LedgerError> {
    let (mut odd, mut typed) = (None, Typed::new());
    read(&mut |row| {
        if odd.is_some() || !wanted(row.seq, row.tag()) {
            return;
        }
        let given = typed.give(row, |time, entry| take(row.seq, time, entry));
        if let Err(what) = given {
            odd = Some(format!("entry {} ({what})", row.seq));
        }
    })?;
    Ok(odd)
}

/// A bundle, unpacked into a directory.
#[derive(Clone, Debug)]
pub struct Unpacked {
    directory: PathBuf,
    log: PathBuf,
    excerpt: Excerpt,
}

impl Unpacked {
    /// Opens the bundle in a directory, of the node of this name.
    ///
    /// Nothing of it is believed for that: [`Excerpt::verify`], of [`Unpacked::excerpt`],
    /// shows that what it has is in the log.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(directory: &Path, node: &str) -> Result<Self, LedgerError> {
        let log = directory.join("log").join(short(node));
        Ok(Self {
            directory: directory.to_owned(),
            excerpt: Excerpt::open(&log)?,
            log,
        })
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The directory of the node's log in it.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The entries that are shown, and what stands for the others.
    pub fn excerpt(&self) -> &Excerpt {
        &self.excerpt
    }
}

/// The last part of a node's name, which names its directory in a bundle.
pub fn short(node: &str) -> &str {
    node.rsplit('/').next().unwrap_or(node)
}

impl Source for Unpacked {
    fn each_of(
        &self,
        wanted: &dyn Fn(u64, &str) -> bool,
        take: &mut dyn FnMut(u64, Timestamp, &Entry),
    ) -> Result<(), LedgerError> {
        let read = |give: &mut dyn FnMut(&Row<'_>)| self.excerpt.for_each_row(give);
        match rows(read, wanted, take)? {
            None => Ok(()),
            Some(at) => Err(LedgerError::Torn {
                path: self.log.clone(),
                at,
            }),
        }
    }

    fn archive(&self) -> Archive {
        Archive::of_bundle(&self.directory)
    }
}
