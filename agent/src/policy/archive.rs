//! Every set that was in force, whole, as it was written.
//!
//! `policies/<digest>/` in the store holds the files of one set under their own names, so
//! that whoever reads a verdict of last year can read by what it was reached, and check with
//! standard tools that it is this text: see [`super::digest`].

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::{Policy, Rejected, Set, Source};

/// Directory in the store.
const POLICIES: &str = "policies";
/// Directory in a bundle.
const IN_BUNDLE: &str = "policy";

/// Why a set cannot be kept, or read again.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file system refuses.
    #[error(
        "the store {} cannot be {action} ({source}): check that it is a writable directory with free space", path.display()
    )]
    Io {
        /// What was touched.
        path: PathBuf,
        /// `read` or `written`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It is not there.
    #[error(
        "the store {} has no allowlists of digest {digest}: name the store that recorded by them",
        store.display()
    )]
    Missing {
        /// The store.
        store: PathBuf,
        /// What was asked for.
        digest: String,
    },
    /// Its text is not what was kept.
    #[error(
        "the allowlists in {} are not those that were kept there (their digest is {found}): take them from a copy of the store, and keep these as evidence",
        path.display()
    )]
    Damaged {
        /// Where they are.
        path: PathBuf,
        /// Digest of what is there.
        found: String,
    },
    /// They were valid for an earlier build, and are not for this one.
    #[error(
        "the allowlists in {} are refused by this build ({}): read them with the build that recorded by them",
        .0.directory().display(), .0.summary()
    )]
    Refused(Rejected),
}

/// The sets that a store has kept, or a bundle has.
#[derive(Clone, Debug)]
pub struct Archive {
    store: PathBuf,
    /// Name of the directory of the sets.
    name: &'static str,
}

impl Archive {
    /// Those of a store.
    pub fn of(store: &Path) -> Self {
        Self {
            store: store.to_owned(),
            name: POLICIES,
        }
    }

    /// Those of an unpacked bundle.
    pub fn of_bundle(bundle: &Path) -> Self {
        Self {
            store: bundle.to_owned(),
            name: IN_BUNDLE,
        }
    }

    /// Where a set of this digest is, or would be.
    pub fn path_of(&self, digest: &str) -> PathBuf {
        self.store.join(self.name).join(digest)
    }

    /// Keeps a set, unless it is there already: wholly on disk, or not at all. One that is
    /// there and damaged is written anew.
    ///
    /// # Errors
    /// The file system's.
    pub fn keep(&self, set: &Set) -> Result<(), ArchiveError> {
        let digest = set.digest();
        match self.read(&digest) {
            Ok(_) => return Ok(()),
            Err(ArchiveError::Missing { .. }) => {}
            Err(error) => tracing::warn!(%error, "allowlists in the store are written anew"),
        }
        let path = self.path_of(&digest);
        write(&self.store, &path, set.sources()).map_err(|source| ArchiveError::Io {
            path,
            action: "written",
            source,
        })
    }

    /// The text of a set that was in force, checked against its digest.
    ///
    /// # Errors
    /// It is not there, it cannot be read, or it is not what was kept.
    pub fn read(&self, digest: &str) -> Result<Set, ArchiveError> {
        let missing = || ArchiveError::Missing {
            store: self.store.clone(),
            digest: digest.to_owned(),
        };
        // Nothing but a digest, so that it names nothing beside the archive.
        if digest.len() != 64 || !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(missing());
        }
        let path = self.path_of(digest);
        match fs::metadata(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
            Err(source) => {
                let action = "read";
                return Err(ArchiveError::Io {
                    path,
                    action,
                    source,
                });
            }
        }
        let set = Set::read(&path);
        let found = set.digest();
        if found == digest {
            Ok(set)
        } else {
            Err(ArchiveError::Damaged { path, found })
        }
    }

    /// The policy that a set of this digest is: by it, what was judged then is judged
    /// again alike.
    ///
    /// # Errors
    /// As [`Archive::read`]; or this build refuses it.
    pub fn policy(&self, digest: &str) -> Result<Policy, ArchiveError> {
        self.read(digest)?.compile().map_err(ArchiveError::Refused)
    }

    /// Digests of every set that was kept, in order.
    ///
    /// # Errors
    /// The file system's.
    pub fn digests(&self) -> Result<Vec<String>, ArchiveError> {
        let path = self.store.join(self.name);
        let unreadable = |source| ArchiveError::Io {
            path: path.clone(),
            action: "read",
            source,
        };
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut digests = Vec::new();
        for entry in entries {
            let name = entry.map_err(unreadable)?.file_name();
            let name = name.to_string_lossy();
            if !name.contains('.') {
                digests.push(name.into_owned());
            }
        }
        digests.sort();
        Ok(digests)
    }
}

/// Writes the files under a name that nobody reads, then gives them theirs at once.
fn write(store: &Path, path: &Path, sources: &[Source]) -> io::Result<()> {
    let policies = store.join(POLICIES);
    let private = || {
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        builder
    };
    private().recursive(true).create(&policies)?;
    File::open(store)?.sync_all()?;
    // Of an earlier try, or of what was damaged.
    let partial = policies.join(".partial");
    remove(&partial)?;
    private().create(&partial)?;
    for source in sources {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(partial.join(&source.name))?;
        file.write_all(source.text.as_bytes())?;
        file.sync_all()?;
    }
    File::open(&partial)?.sync_all()?;
    remove(path)?;
    fs::rename(&partial, path)?;
    File::open(&policies)?.sync_all()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
