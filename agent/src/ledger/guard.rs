//! Looks whether somebody else changes the files of the ledger while the agent runs.
//!
//! A file that looks otherwise from outside (device, inode, size, times) is read again: a copy
//! that took its place, or a link that a backup made to it, changes nothing of what it says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use weir_ledger::Log;

use crate::look::Stamp;

/// A file that nobody has a reason to change.
#[derive(Debug)]
struct Known {
    stamp: Option<Stamp>,
    /// Of its content; of a large file, what its sidecar says.
    digest: Option<String>,
}

/// Remembers how files were, and what was said of them.
#[derive(Debug, Default)]
pub(super) struct Guard {
    files: BTreeMap<PathBuf, Known>,
    /// Entries of the last checkpoint.
    checkpoint: u64,
    /// What is wrong, so that it is said once.
    said: BTreeSet<String>,
}

impl Guard {
    /// What is wrong and was not said yet.
    pub(super) fn look(&mut self, log: &Log) -> Vec<String> {
        let files = log.files();
        let mut found = Vec::new();
        let mut there = BTreeSet::new();
        for (segment, sidecar) in files.segments {
            found.extend(self.changed(&sidecar, digest_of));
            found.extend(self.changed(&segment, |_| digest_in(&sidecar)));
            there.extend([segment, sidecar]);
        }
        found.extend(self.changed(&files.key, digest_of));
        let mut wrong: BTreeSet<String> = exposed(&files.key).into_iter().collect();
        there.insert(files.key);
        // Segments that were pruned are nobody's matter any more.
        self.files.retain(|path, _| there.contains(path));
        wrong.extend(log.tail_fault());
        match log.check_checkpoint(self.checkpoint) {
            Ok(entries) => self.checkpoint = entries,
            Err(error) => drop(wrong.insert(error)),
        }
        found.extend(wrong.difference(&self.said).cloned());
        self.said = wrong;
        found
    }

    /// Whether a file is another than before: at the first look it is taken as it is.
    fn changed(
        &mut self,
        path: &Path,
        digest: impl FnOnce(&Path) -> Option<String>,
    ) -> Option<String> {
        let stamp = Stamp::of(path);
        let Some(known) = self.files.get_mut(path) else {
            let digest = digest(path);
            let known = Known { stamp, digest };
            self.files.insert(path.to_owned(), known);
            return None;
        };
        if std::mem::replace(&mut known.stamp, stamp) == stamp {
            return None;
        }
        let name = path.file_name()?.to_string_lossy();
        if stamp.is_none() {
            return Some(format!("{name} was taken away"));
        }
        let now = digest_of(path);
        if now.is_some() && now == known.digest {
            return None;
        }
        known.digest = now;
        Some(format!("{name} was changed"))
    }
}

/// SHA-256 of a file, in hexadecimal; `None` where it cannot be read.
fn digest_of(path: &Path) -> Option<String> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path).ok()?, &mut hash).ok()?;
    Some(format!("{:x}", hash.finalize()))
}

/// SHA-256 of a segment as its sidecar says.
fn digest_in(sidecar: &Path) -> Option<String> {
    let sidecar: weir_ledger::Sidecar = serde_json::from_slice(&fs::read(sidecar).ok()?).ok()?;
    Some(sidecar.sha256)
}

/// Whether others than its owner may use the private key, or somebody else owns it.
fn exposed(key: &Path) -> Option<String> {
    let found = fs::metadata(key).ok()?;
    let (mode, owner) = (found.mode() & 0o7777, found.uid());
    let name = key.file_name()?.to_string_lossy();
    let own = nix::unistd::geteuid().as_raw();
    (mode & 0o077 != 0 || owner != own).then(|| {
        format!("{name} has mode {mode:04o} and owner {owner}: others may sign in the node's name")
    })
}
