//! The ledger over restarts, and when there is no room.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;

use super::*;
use crate::record::{CgroupId, Counters, Protocol, UplinkRecord};

fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

fn counters(bytes: u64) -> Counters {
    Counters {
        egress_bytes: bytes,
        egress_packets: 1,
        ..Counters::default()
    }
}

fn started(recording: &str, adopted: bool) -> Entry {
    Entry::Started {
        recording: recording.to_owned(),
        adopted,
        version: "0".to_owned(),
        boot_id: "b".to_owned(),
        boot_ns: None,
        allowlists: String::new(),
        databases: BTreeMap::new(),
        build: None,
        confinement: None,
    }
}

fn uplink(recording: &str, slot: u32, first_ns: u64, bytes: u64) -> Entry {
    Entry::Uplink(Box::new(UplinkInterval {
        counters: counters(1),
        slot,
        recording: recording.to_owned(),
        record: UplinkRecord {
            cgroup: CgroupId(1),
            from: 0,
            by: 2,
            address: "203.0.113.9".parse().unwrap(),
            port: 443,
            protocol: Protocol::TCP,
            folded: false,
            first_ns,
            counters: counters(bytes),
        },
    }))
}

fn sealing() -> Options {
    Options {
        seal_age_ns: 0,
        background: false,
        ..Options::default()
    }
}

fn filled(directory: &Path, options: Options, entries: Vec<Entry>) {
    let mut ledger = Ledger::open_with(directory, now(), options).unwrap();
    for entry in entries {
        ledger.append(now(), entry).unwrap();
        ledger.flush().unwrap();
    }
}

#[test]
fn entries_come_back_over_restarts_after_the_key() {
    let directory = tempfile::tempdir().unwrap();
    filled(
        directory.path(),
        Options::default(),
        vec![started("r", false)],
    );
    filled(
        directory.path(),
        Options::default(),
        vec![uplink("r", 1, 2, 3)],
    );
    let entries = Ledger::read(directory.path()).unwrap();
    let kinds: Vec<_> = entries
        .iter()
        .map(|(seq, time, entry)| {
            (
                *seq,
                *time,
                serde_json::to_value(entry).unwrap()["type"].clone(),
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            (1, now(), "node_key".into()),
            (2, now(), "started".into()),
            (3, now(), "uplink".into())
        ]
    );
    assert_eq!(entries[2].2, uplink("r", 1, 2, 3));
}

#[test]
fn a_torn_end_is_cut_off_and_recorded() {
    let directory = tempfile::tempdir().unwrap();
    filled(
        directory.path(),
        Options::default(),
        vec![started("r", false)],
    );
    let tail = directory.path().join("tail-00000000000000000001.weirtail");
    let mut bytes = std::fs::read(&tail).unwrap();
    bytes.extend([7; 11]);
    std::fs::write(&tail, bytes).unwrap();
    drop(Ledger::open(directory.path(), now()).unwrap());
    let entries = Ledger::read(directory.path()).unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[2], (3, now(), Entry::Repaired { bytes: 11 }));
}

#[test]
fn what_a_recording_has_is_known_without_reading_it_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let loss = |count| {
        Entry::Gap(crate::coverage::Gap {
            from: now(),
            to: now(),
            reason: crate::coverage::Reason::Loss,
            detail: String::new(),
            repaired: true,
            losses: BTreeMap::from([("k".to_owned(), count)]),
        })
    };
    filled(
        path,
        sealing(),
        vec![
            started("old", false),
            uplink("old", 9, 9, 9),
            started("r", false),
            uplink("r", 1, 10, 100),
            loss(2),
        ],
    );
    filled(
        path,
        Options::default(),
        vec![
            started("r", true),
            uplink("r", 1, 20, 200),
            uplink("r", 2, 30, 300),
            loss(3),
        ],
    );
    let meant = Resume {
        counters: [((1, 20), counters(200)), ((2, 30), counters(300))].into(),
        losses: BTreeMap::from([("k".to_owned(), 5)]),
    };
    // What is sealed is not read: it could not be.
    for entry in std::fs::read_dir(path).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|e| e == "parquet") {
            std::fs::rename(&file, file.with_extension("away")).unwrap();
        }
    }
    let ledger = Ledger::open(path, now()).unwrap();
    assert_eq!(ledger.resume("r"), meant);
    assert_eq!(ledger.resume("old"), Resume::default());
    drop(ledger);
    // Without what is kept of it, it is read all the same.
    for entry in std::fs::read_dir(path).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|e| e == "away") {
            std::fs::rename(&file, file.with_extension("parquet")).unwrap();
        }
    }
    std::fs::remove_file(path.join("resume")).unwrap();
    assert_eq!(Ledger::open(path, now()).unwrap().resume("r"), meant);
}

#[test]
fn pruning_is_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        keep_bytes: Some(0),
        ..sealing()
    };
    let mut ledger = Ledger::open_with(directory.path(), now(), options).unwrap();
    ledger.append(now(), started("r", false)).unwrap();
    ledger.flush().unwrap();
    ledger.prune(now()).unwrap();
    drop(ledger);
    let entries = Ledger::read(directory.path()).unwrap();
    let pruned: Vec<_> = entries
        .iter()
        .filter_map(|(_, _, entry)| match entry {
            Entry::Pruned { first, last, .. } => Some((*first, *last)),
            _ => None,
        })
        .collect();
    assert_eq!(pruned, [(1, 1), (2, 2)]);
}

#[test]
fn a_file_in_place_of_the_directory_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, "").unwrap();
    let error = Ledger::open(&path, now()).unwrap_err().to_string();
    assert!(error.ends_with("or name another with --store"), "{error}");
}
