//! Whether files have changed, seen from outside.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// How files looked at one moment. Another look that gives another result says that
/// some have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look(BTreeMap<PathBuf, Option<Stamp>>);

impl Look {
    /// Looks at files, and at those that links lead to.
    pub(crate) fn at(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let stamped = paths.into_iter().map(|path| {
            let stamp = Stamp::of(&path);
            (path, stamp)
        });
        Self(stamped.collect())
    }

    /// How one file looked; `None` where there was none.
    pub(crate) fn stamp(&self, path: &Path) -> Option<Stamp> {
        self.0.get(path).copied().flatten()
    }
}

/// What changes when a file is replaced or written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    file: (u64, u64),
    bytes: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// `None` where there is no file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        Some(Self {
            file: (found.dev(), found.ino()),
            bytes: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_file_that_is_replaced_written_to_or_gone_looks_otherwise() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let look = || Look::at([path.clone()]);
        let none = look();
        assert_eq!(none.stamp(&path), None);
        fs::write(&path, "one").unwrap();
        let first = look();
        assert_ne!(first, none);
        assert_eq!(first, look());
        let other = directory.path().join("other");
        fs::write(&other, "two").unwrap();
        fs::rename(&other, &path).unwrap();
        let second = look();
        assert_ne!(second, first);
        fs::write(&path, "longer").unwrap();
        assert_ne!(look(), second);
        fs::remove_file(&path).unwrap();
        assert_eq!(look(), none);
    }
}
