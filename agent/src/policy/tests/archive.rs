//! Sets outlive their directory.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::repository;
use crate::policy::{Archive, ArchiveError, Policy, Set};

/// The set of the repository, and a store.
fn kept() -> (Set, tempfile::TempDir) {
    let store = tempfile::tempdir().unwrap();
    let set = Set::read(&repository("allowlists"));
    Archive::of(store.path()).keep(&set).unwrap();
    (set, store)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_set_is_kept_whole_and_read_again_by_its_digest() {
    let (set, store) = kept();
    let archive = Archive::of(store.path());
    let digest = set.digest();
    assert_eq!(archive.digests().unwrap(), [digest.as_str()]);
    let path = archive.path_of(&digest);
    assert_eq!(mode(&path), 0o700);
    for source in set.sources() {
        let file = path.join(&source.name);
        assert_eq!(fs::read_to_string(&file).unwrap(), source.text);
        assert_eq!(mode(&file), 0o600);
    }
    let policy = archive.policy(&digest).unwrap();
    let before = Policy::load(&repository("allowlists")).unwrap();
    assert_eq!(policy.digest(), before.digest());
    assert_eq!(policy.entry_count(), before.entry_count());
}

#[test]
fn a_set_is_kept_once() {
    let (set, store) = kept();
    let archive = Archive::of(store.path());
    let path = archive.path_of(&set.digest());
    let written = || fs::metadata(&path).unwrap().modified().unwrap();
    let first = written();
    archive.keep(&set).unwrap();
    assert_eq!(written(), first);
    assert_eq!(archive.digests().unwrap().len(), 1);
}

#[test]
fn what_was_changed_is_said_and_mended_by_the_same_set() {
    let (set, store) = kept();
    let archive = Archive::of(store.path());
    let digest = set.digest();
    let path = archive.path_of(&digest);
    fs::write(path.join("platform.toml"), "").unwrap();
    match archive.policy(&digest) {
        Err(ArchiveError::Damaged { path: at, found }) => {
            assert_eq!(at, path);
            assert_eq!(found, Set::read(&path).digest());
        }
        other => panic!("{other:?}"),
    }
    // As a crash leaves it.
    fs::create_dir(store.path().join("policies/.partial")).unwrap();
    archive.keep(&set).unwrap();
    assert_eq!(archive.policy(&digest).unwrap().digest(), digest);
}

#[test]
fn what_is_not_there_is_missing_whatever_it_is_called() {
    let (_, store) = kept();
    let archive = Archive::of(store.path());
    for digest in ["", "..", "../../etc", &"0".repeat(64)] {
        let error = archive.policy(digest).unwrap_err();
        assert!(matches!(error, ArchiveError::Missing { .. }), "{error}");
        let expected = format!(
            "the store {} has no allowlists of digest {digest}: name the store that recorded \
             by them",
            store.path().display()
        );
        assert_eq!(error.to_string(), expected);
    }
}
