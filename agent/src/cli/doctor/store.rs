//! The disk below the store, the node's key, and what it last signed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use nix::sys::statvfs::{FsFlags, statvfs};
use weir_ledger::{CHECKPOINT, KeyFile, public_keys, verify_checkpoint};

use super::check::{Area, Check};
use crate::output::bytes;

const DISK: Area = Area("disk");
const KEYS: Area = Area("keys");

/// With less room, an agent soon records in memory alone.
const LITTLE: u64 = 1 << 30;

/// Looks at the store and changes nothing of it.
pub(super) fn checks(store: &Path, keep_bytes: Option<u64>) -> Vec<Check> {
    let mut checks = vec![room(store, keep_bytes)];
    checks.push(key(store));
    checks.extend(checkpoint(store));
    checks
}

fn room(store: &Path, keep_bytes: Option<u64>) -> Check {
    const WHAT: &str = "store";
    let found = existing(store).and_then(|at| Ok(statvfs(&at)?));
    let status = match found {
        Ok(status) => status,
        Err(error) => {
            return DISK.fail(
                WHAT,
                format_args!("{} cannot be looked at ({error})", store.display()),
                "run as root, or name another directory with paths.store",
            );
        }
    };
    let free = status
        .blocks_available()
        .saturating_mul(status.fragment_size());
    let has = format!("{} free for {}", bytes(free), store.display());
    if status.flags().contains(FsFlags::ST_RDONLY) {
        return DISK.fail(
            WHAT,
            format_args!("{} is on a file system that is read-only", store.display()),
            "mount it for writing, or name another directory with paths.store",
        );
    }
    let wanted = keep_bytes.map_or(LITTLE, |keep| {
        keep.saturating_sub(size_of(store)).max(LITTLE)
    });
    if free < wanted {
        let wanted = bytes(wanted);
        return DISK.warn(
            WHAT,
            has,
            format!(
                "make room for {wanted}, or keep less with ledger.keep or ledger.keep_size: \
                 without room, detail is recorded in memory alone"
            ),
        );
    }
    DISK.pass(WHAT, has)
}

/// The directory, or the nearest above it that is there.
fn existing(path: &Path) -> io::Result<PathBuf> {
    let mut at = Some(path);
    while let Some(candidate) = at {
        match fs::metadata(candidate) {
            Ok(_) => return Ok(candidate.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => at = candidate.parent(),
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Bytes of the files right in the store: segments and the log are there.
fn size_of(store: &Path) -> u64 {
    let entries = fs::read_dir(store).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| Some(entry.metadata().ok()?.len()));
    sizes.sum()
}

fn key(store: &Path) -> Check {
    const WHAT: &str = "node key";
    const RESTORE: &str = "restore it from a backup; without it, begin a store anew";
    let found = match KeyFile::look(store) {
        Ok(found) => found,
        Err(error) => return KEYS.refused(WHAT, error),
    };
    match found {
        None if store.join(CHECKPOINT).exists() => {
            KEYS.fail(WHAT, "gone, and the store has a checkpoint", RESTORE)
        }
        None => KEYS.pass(WHAT, "none yet; the first start makes one"),
        Some(key) if key.mode & 0o077 != 0 => KEYS.fail(
            WHAT,
            format_args!("others can read it (mode {:04o})", key.mode),
            format!(
                "chmod 600 {} and take another with `weir run --rotate-key`: this one may be known",
                key.path.display()
            ),
        ),
        Some(key) if key.owner != 0 => KEYS.fail(
            WHAT,
            format_args!("belongs to user {}", key.owner),
            format!("chown root {}", key.path.display()),
        ),
        Some(key) => KEYS.pass(WHAT, format_args!("{}, for root alone", key.name)),
    }
}

/// Whether the last checkpoint is of this node.
fn checkpoint(store: &Path) -> Option<Check> {
    const WHAT: &str = "checkpoint";
    const REMEDY: &str =
        "see what was done to the store: `weir evidence export` and `verify` say more";
    let text = match fs::read_to_string(store.join(CHECKPOINT)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            let found = format!("cannot be read ({error})");
            return Some(KEYS.fail(WHAT, found, "run as root"));
        }
    };
    let keys = match public_keys(store) {
        Ok(keys) => keys,
        Err(error) => return Some(KEYS.refused(WHAT, error)),
    };
    let node = keys.last().and_then(|key| key.split('+').next());
    let size = node.and_then(|node| Some((node, verify_checkpoint(&text, node, &keys)?.0)));
    Some(match size {
        Some((node, size)) => KEYS.pass(WHAT, format_args!("at entry {size}, signed by {node}")),
        None => KEYS.fail(WHAT, "not signed by a key of this node", REMEDY),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::cli::doctor::check::State;

    #[test]
    fn a_store_that_is_not_there_is_looked_at_from_above() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("not/there");
        assert_eq!(existing(&store).unwrap(), directory.path());
        assert_eq!(key(&store).found, "none yet; the first start makes one");
        assert_eq!(checkpoint(&store), None);
        let check = room(&store, Some(u64::MAX));
        assert_eq!(check.state, State::Warn, "nobody has 16 EiB");
    }

    #[test]
    fn a_key_that_others_read_fails() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("node.key");
        fs::write(&path, "PRIVATE+KEY+a.example+0+AAAA").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let check = key(directory.path());
        assert_eq!(check.state, State::Fail);
        assert!(check.found.contains("malformed"), "{check:?}");
    }

    #[test]
    fn a_checkpoint_without_its_key_fails() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(CHECKPOINT), "x").unwrap();
        assert_eq!(
            key(directory.path()).found,
            "gone, and the store has a checkpoint"
        );
        assert_eq!(checkpoint(directory.path()).unwrap().state, State::Fail);
    }
}
