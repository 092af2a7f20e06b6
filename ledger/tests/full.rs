//! A file system without room: a real one, of two mebibytes. Needs root.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use serde_json::json;
use weir_ledger::{Appended, Log, Options, for_each};

/// Gone with this.
struct Small(tempfile::TempDir);

impl Small {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let none: Option<&Path> = None;
        let size = Some("size=2m");
        mount(
            none,
            directory.path(),
            Some("tmpfs"),
            MsFlags::empty(),
            size,
        )
        .unwrap();
        Self(directory)
    }

    /// Takes all the room that is left.
    fn fill(&self) -> PathBuf {
        let path = self.0.path().join("filler");
        let mut file = fs::File::create(&path).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        path
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // If it cannot be unmounted, the directory cannot be removed either.
        let _ = umount2(self.0.path(), MntFlags::MNT_DETACH);
    }
}

#[test]
fn entries_wait_are_refused_and_go_on_when_there_is_room() {
    let small = Small::new();
    let store = small.0.path();
    let options = Options {
        waiting_bytes: 100_000,
        background: false,
        ..Options::default()
    };
    let (mut log, _) = Log::open(store, options.clone(), |_, _| {}).unwrap();
    let entry = |n: u64| json!({"type": "gap", "n": n, "detail": "x".repeat(1000)});
    let mut kept = Vec::new();
    let mut add = |log: &mut Log, n: u64| {
        let time = i64::try_from(n).unwrap();
        let appended = log.append(time, entry(n)).unwrap();
        if appended == Appended::Kept {
            kept.push(n);
        }
        log.flush().unwrap();
        log.checkpoint().unwrap();
        appended
    };
    assert_eq!(add(&mut log, 0), Appended::Kept);
    let filler = small.fill();
    // What is reserved is used up first; then memory is.
    let mut n = 0;
    loop {
        n += 1;
        if add(&mut log, n) == Appended::Refused {
            break;
        }
    }
    assert!(n > 1000, "{n}: not even what was reserved");
    assert!(!log.is_synced());
    log.seal().unwrap();
    fs::remove_file(filler).unwrap();
    assert_eq!(
        add(&mut log, n + 1),
        Appended::Refused,
        "memory is full until a flush"
    );
    assert_eq!(log.relieved().unwrap().refused, 2);
    assert_eq!(add(&mut log, n + 2), Appended::Kept);
    assert!(log.is_synced());
    drop(log);
    let mut found = Vec::new();
    for_each(store, |_, _, entry| {
        found.push(entry["n"].as_u64().unwrap());
    })
    .unwrap();
    assert_eq!(found, kept);
    let (log, opened) = Log::open(store, options, |_, _| {}).unwrap();
    assert_eq!((log.seq(), opened.torn), (kept.len() as u64, 0));
}
