//! How far a way out has come in the ledger: the file `notify/NAME.json` of the store, written
//! wholly or not at all.
//!
//! With the ledger it is the queue: what waits is what the ledger has after the position.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::finding::FindingId;

/// Directory in the store.
const DIRECTORY: &str = "notify";

/// Version of the form.
const VERSION: u32 = 1;

/// A place in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    version: u32,
    /// The last entry that is done with.
    pub(super) position: u64,
    /// How many of the next deliveries that are no pages are left out, for lack of room.
    pub(super) skip: u64,
    /// Findings that are open and pages, as far as was told.
    pub(super) pages: BTreeSet<FindingId>,
}

impl Cursor {
    /// At an entry; these findings are pages by then.
    pub(super) fn at(position: u64, pages: BTreeSet<FindingId>) -> Self {
        Self {
            version: VERSION,
            position,
            skip: 0,
            pages,
        }
    }

    /// The same, with so many of the next deliveries left out.
    pub(super) fn skipping(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// The same in a ledger that ends at an entry: what was told of before a crash and did not
    /// come to the disk is not there.
    pub(super) fn within(mut self, seq: u64) -> Self {
        self.position = self.position.min(seq);
        self
    }

    /// What an earlier agent left; `None` if the way out is new.
    ///
    /// # Errors
    /// It cannot be read, or is not what an agent wrote.
    pub(super) fn read(store: &Path, name: &str) -> io::Result<Option<Self>> {
        let bytes = match fs::read(path(store, name)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let cursor: Self = serde_json::from_slice(&bytes)?;
        match cursor.version {
            VERSION => Ok(Some(cursor)),
            other => Err(io::Error::other(format!("it is of version {other}"))),
        }
    }

    /// Puts it in the place of the one before, on disk when this returns.
    ///
    /// # Errors
    /// The file system's.
    pub(super) fn write(&self, store: &Path, name: &str) -> io::Result<()> {
        let directory = store.join(DIRECTORY);
        fs::create_dir_all(&directory)?;
        let temporary = directory.join(format!("{name}.new"));
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(&temporary, path(store, name))?;
        File::open(directory)?.sync_all()
    }

    /// Removes those of ways out that there are no more: should one come back, it begins
    /// anew.
    ///
    /// # Errors
    /// The file system's.
    pub(super) fn retain(store: &Path, names: &[&str]) -> io::Result<()> {
        let files = match fs::read_dir(store.join(DIRECTORY)) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for file in files {
            let path = file?.path();
            let name = path.file_stem().and_then(|name| name.to_str());
            if name.is_none_or(|name| !names.contains(&name)) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

fn path(store: &Path, name: &str) -> PathBuf {
    store.join(DIRECTORY).join(format!("{name}.json"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_place_is_kept_and_what_is_damaged_is_said() {
        let store = tempfile::tempdir().unwrap();
        assert_eq!(Cursor::read(store.path(), "a").unwrap(), None);
        let pages = BTreeSet::from([FindingId::try_from("0123456789abcdef".to_owned()).unwrap()]);
        let mut cursor = Cursor::at(7, pages);
        cursor.write(store.path(), "a").unwrap();
        cursor.skip = 3;
        cursor.write(store.path(), "a").unwrap();
        cursor.write(store.path(), "b").unwrap();
        assert_eq!(Cursor::read(store.path(), "a").unwrap(), Some(cursor));
        assert_eq!(
            fs::read_to_string(path(store.path(), "a")).unwrap(),
            "{\"version\":1,\"position\":7,\"skip\":3,\"pages\":[\"0123456789abcdef\"]}"
        );
        Cursor::retain(store.path(), &["a"]).unwrap();
        assert_eq!(Cursor::read(store.path(), "b").unwrap(), None);
        fs::write(path(store.path(), "a"), b"{\"version\":1,").unwrap();
        assert!(Cursor::read(store.path(), "a").is_err());
    }
}
