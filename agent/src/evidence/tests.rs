//! Bundles of made-up records.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};
use weir_evidence::{archive, digest::Digest, dsse, statement::PAYLOAD_TYPE, sums::Sums};
use weir_ledger::{Excerpt, Log, Node};

use super::*;
use crate::{
    history::{
        Span,
        sample::{Store, With as _, flow, started, time},
    },
    ledger::{Entry, Unpacked},
    policy::{Archive, Set},
    verdict::Verdict,
};

fn set(directory: &Path) -> Set {
    for name in ["image", "llm"] {
        let text = format!(
            "product = \"{name}\"\ntitle = \"T\"\nowner = \"t\"\nposture = \"external_declared\"\n\
             [[workload]]\nunit = \"{name}.service\"\n"
        );
        fs::write(directory.join(format!("{name}.toml")), text).unwrap();
    }
    Set::read(directory)
}

fn entry(value: Value) -> Entry {
    serde_json::from_value(value).unwrap()
}

fn heartbeat() -> Entry {
    entry(json!({
        "type": "heartbeat",
        "recording": "r",
        "boot_id": "b",
        "boot_ns": 1,
        "open_flows": 0,
        "counters": { "egress_bytes": 0, "egress_packets": 0, "ingress_bytes": 0, "ingress_packets": 0 },
        "losses": {},
    }))
}

/// A store from 2026-11-01 on, with two whole days and the beginning of the third.
fn store() -> Store {
    let mut store = Store::new();
    let sources = tempfile::tempdir().unwrap();
    let set = set(sources.path());
    Archive::of(store.path()).keep(&set).unwrap();
    store.add("2026-11-01T00:00:01Z", started("r", &set.digest()));
    for day in 1..=3 {
        let at = |time: &str| format!("2026-11-0{day}T{time}Z");
        store.add(&at("00:00:30"), heartbeat());
        if day < 3 {
            let one = flow(1, 100).to("203.0.113.9", 443);
            let other = flow(2, 2000).of("llm.service", Some("llm"));
            store
                .flow(&at("10:00:00"), one)
                .flow(&at("10:00:01"), other.judged(Verdict::Internal, None))
                .add(&at("23:59:30"), heartbeat());
        }
    }
    store
}

fn order(store: &Store, period: &str) -> Order {
    Order::of(store.path(), period.parse().unwrap())
}

/// The bytes of a bundle, and what its statement says.
fn exported(order: &Order) -> (Vec<u8>, Predicate) {
    let out = tempfile::tempdir().unwrap();
    let (path, predicate) = export(order, out.path(), |_| ()).unwrap_or_else(|e| panic!("{e}"));
    let left: Vec<_> = fs::read_dir(out.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside the bundle");
    (fs::read(path).unwrap(), predicate)
}

fn files(bundle: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    archive::each(bundle, 1 << 30, |name, _, content| {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        files.insert(name.to_string(), bytes);
        Ok::<_, archive::ArchiveError>(())
    })
    .unwrap();
    files
}

fn unpacked(bundle: &[u8]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in files(bundle) {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    directory
}

/// What the log in a bundle shows: number and type.
fn shown(bundle: &[u8], node: &str) -> Vec<(u64, String)> {
    let directory = unpacked(bundle);
    let bundle = Unpacked::open(directory.path(), node).unwrap();
    let mut shown = Vec::new();
    let tree = bundle
        .excerpt()
        .verify_rows(|row| shown.push((row.seq, row.tag().to_owned())))
        .unwrap();
    assert!(tree.end() >= shown.len() as u64);
    shown
}

#[test]
fn a_bundle_holds_every_file_by_digest_and_signature() {
    let store = store();
    let (bundle, predicate) = exported(&order(&store, "2026-11-02"));
    let mut files = files(&bundle);
    let envelope = files.remove("statement.dsse.json").unwrap();
    let sums = files.remove("SHA256SUMS").unwrap();
    let list = Sums::read(str::from_utf8(&sums).unwrap()).unwrap();
    let found: Vec<_> = files
        .iter()
        .map(|(name, bytes)| (name.parse().unwrap(), Digest::of(bytes)))
        .collect();
    let said: Vec<_> = list.iter().map(|(n, d)| (n.clone(), d)).collect();
    assert_eq!(said, found);
    let envelope: dsse::Envelope = serde_json::from_slice(&envelope).unwrap();
    let node = Node::existing(store.path()).unwrap();
    let key = node.signing_key().unwrap().verifying_key();
    let payload = envelope.open(PAYLOAD_TYPE, &[key]).unwrap();
    let statement: weir_evidence::statement::Statement<Predicate> =
        serde_json::from_slice(&payload).unwrap();
    assert_eq!(statement.predicate, predicate);
    assert_eq!(statement.subject.len(), found.len() + 1);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let log = format!("log/{}", crate::ledger::short(node.name()));
    for name in [
        "claims.json",
        "previous.json",
        "report.html",
        "summary.json",
        "verify.py",
        "README.txt",
    ] {
        assert!(names.contains(&name), "{name}");
    }
    for name in [
        "checkpoint",
        "previous.checkpoint",
        "consistency.proof",
        "hidden.jsonl",
    ] {
        assert!(names.contains(&format!("{log}/{name}").as_str()), "{name}");
    }
}

/// The first day ends with entry 7, the heartbeat of the second; so the second begins there.
#[test]
fn a_period_is_shown_with_its_beginning_and_the_heartbeat_that_closes_it() {
    let store = store();
    let (bundle, first) = exported(&order(&store, "2026-11-01"));
    assert_eq!((first.entries.first, first.entries.last), (1, 7));
    assert_eq!(first.previous, None);
    assert_eq!(shown(&bundle, &first.node).len(), 7);
    let (bundle, second) = exported(&order(&store, "2026-11-02"));
    assert_eq!((second.entries.first, second.entries.last), (7, 11));
    assert_eq!(second.previous, Some(first.tree));
    let entries = shown(&bundle, &second.node);
    let text: Vec<_> = entries.iter().map(|(n, t)| (*n, t.as_str())).collect();
    assert_eq!(
        text,
        [
            (1, "node_key"),
            (2, "started"),
            (6, "heartbeat"),
            (7, "heartbeat"),
            (8, "flow"),
            (9, "flow"),
            (10, "heartbeat"),
            (11, "heartbeat"),
        ]
    );
    let summary: Value = serde_json::from_slice(&files(&bundle)["summary.json"]).unwrap();
    assert_eq!(summary["complete"], false, "nothing was written for hours");
    let directory = unpacked(&bundle);
    let log = directory
        .path()
        .join("log")
        .join(crate::ledger::short(&second.node));
    let proof: Vec<[u8; 32]> = fs::read_to_string(log.join("consistency.proof"))
        .unwrap()
        .lines()
        .map(|line| base64::Engine::decode(&base64::prelude::BASE64_STANDARD, line).unwrap())
        .map(|hash| hash.try_into().unwrap())
        .collect();
    let tree = |tree: &Tree| (tree.size, *tree.root.bytes());
    let (new, old) = (tree(&second.tree), tree(&first.tree));
    assert!(weir_ledger::continues(&proof, new, old));
    assert!(!weir_ledger::continues(&proof, new, (old.0, new.1)));
    let previous = fs::read_to_string(log.join("previous.checkpoint")).unwrap();
    let keys = fs::read_to_string(directory.path().join("keys/node.pub")).unwrap();
    let keys: Vec<String> = keys.lines().map(str::to_owned).collect();
    assert_eq!(
        weir_ledger::verify_checkpoint(&previous, &second.node, &keys),
        Some(old)
    );
}

#[test]
fn the_same_period_gives_the_same_bytes_however_the_store_goes_on() {
    let mut store = store();
    let before = exported(&order(&store, "2026-11-02")).0;
    for minute in 1..50 {
        store.add(&format!("2026-11-03T01:{minute:02}:00Z"), heartbeat());
    }
    assert!(
        before == exported(&order(&store, "2026-11-02")).0,
        "after more entries"
    );
    // The store as it was, sealed.
    let copy = tempfile::tempdir().unwrap();
    copy_to(store.path(), copy.path());
    let options = weir_ledger::Options {
        background: false,
        ..weir_ledger::Options::default()
    };
    let (mut log, _) = Log::open(copy.path(), options, |_, _| ()).unwrap();
    log.seal().unwrap();
    let mut sealed = order(&store, "2026-11-02");
    copy.path().clone_into(&mut sealed.store);
    assert!(before == exported(&sealed).0, "after sealing");
}

fn copy_to(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let path = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&path).unwrap();
            copy_to(&entry.path(), &path);
        } else {
            fs::copy(entry.path(), path).unwrap();
        }
    }
}

#[test]
fn what_is_not_there_or_not_over_is_refused() {
    let store = store();
    let refused = |period: &str| {
        let out = tempfile::tempdir().unwrap();
        let error = export(&order(&store, period), out.path(), |_| ()).unwrap_err();
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
        (error.exit_code(), error.to_string())
    };
    assert_eq!(
        refused("2026-10"),
        (8, "nothing of 2026-10 is recorded: the record begins at 2026-11-01T00:00:00Z; ask for a later period".to_owned())
    );
    assert_eq!(
        refused("2026-11-03"),
        (8, "2026-11-03 is not closed: that takes a heartbeat at or after 2026-11-04T00:00:00Z, and the last entry is of 2026-11-03T00:00:30Z; let the agent run past it (it writes one each minute), or ask for what there is with --unfinished".to_owned())
    );
    let mut unfinished = order(&store, "2026-11-03");
    unfinished.unfinished = true;
    let (_, predicate) = exported(&unfinished);
    assert!(!predicate.closed);
    assert_eq!((predicate.entries.first, predicate.entries.last), (11, 11));
}

#[test]
fn an_excerpt_hides_flows_of_others_and_proves_the_same_log() {
    let store = store();
    let (_, whole) = exported(&order(&store, "2026-11-02"));
    let mut excerpt = order(&store, "2026-11-02");
    excerpt.products = ["llm".to_owned()].into();
    let (bundle, predicate) = exported(&excerpt);
    assert_eq!(predicate.tree, whole.tree);
    let flows: Vec<_> = shown(&bundle, &predicate.node)
        .into_iter()
        .filter(|(_, tag)| tag == "flow")
        .collect();
    assert_eq!(flows, [(9, "flow".to_owned())]);
    excerpt.products = ["lllm".to_owned()].into();
    let out = tempfile::tempdir().unwrap();
    let error = export(&excerpt, out.path(), |_| ()).unwrap_err();
    assert_eq!(
        (error.exit_code(), error.to_string()),
        (
            2,
            "no allowlists of 2026-11-02 have a product `lllm`: ask for image, llm".to_owned()
        )
    );
}

#[test]
fn pseudonyms_stand_for_workloads_and_the_log_still_holds() {
    let store = store();
    let (_, whole) = exported(&order(&store, "2026-11-02"));
    let mut veiled = order(&store, "2026-11-02");
    let key = PseudonymKey::of(b"sixteen bytes or more").unwrap();
    let pseudonym = format!("pseudonym:{}", key.pseudonym("llm.service"));
    veiled.pseudonyms = Some(key);
    let (bundle, predicate) = exported(&veiled);
    assert_eq!(predicate.tree, whole.tree);
    for (name, bytes) in files(&bundle) {
        let text = String::from_utf8_lossy(&bytes);
        let says = text.contains("llm.service") || text.contains("worker");
        assert!(!says || name.starts_with("policy/"), "{name}");
    }
    let directory = unpacked(&bundle);
    let bundle = Unpacked::open(directory.path(), &predicate.node).unwrap();
    assert_eq!(
        bundle.excerpt().verify().unwrap().root(),
        *whole.tree.root.bytes()
    );
    let mut workloads = Vec::new();
    let span: Span = "2026-11-02".parse().unwrap();
    crate::history::intervals(&bundle, &span, |interval| {
        workloads.push(interval.flow.judged.flow.flow.flow.workload.name.clone());
    })
    .unwrap();
    assert_eq!(workloads[1], pseudonym);
}

/// Whatever byte of the log in a bundle is another, it is refused, or says the same.
#[test]
fn no_changed_byte_of_the_log_goes_by() {
    let store = store();
    let (bundle, predicate) = exported(&order(&store, "2026-11-02"));
    let directory = unpacked(&bundle);
    let log = directory
        .path()
        .join("log")
        .join(crate::ledger::short(&predicate.node));
    let said = || {
        let mut rows = Vec::new();
        let tree = Excerpt::open(&log)?.verify_rows(|row| {
            rows.push((row.seq, row.time_ns, row.entry()));
        })?;
        Ok::<_, weir_ledger::LedgerError>((tree.root(), rows))
    };
    let whole = said().unwrap();
    assert_eq!(whole.0, *predicate.tree.root.bytes());
    for entry in fs::read_dir(&log).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let is_range = path.ends_with("hidden.jsonl");
        for at in (0..bytes.len()).step_by(if is_range { 1 } else { 17 }) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).unwrap();
            if let Ok((root, rows)) = said() {
                // Another root is not the one that is signed.
                assert!(
                    root != whole.0 || rows == whole.1,
                    "{} {at}",
                    path.display()
                );
                assert!(!is_range || root != whole.0, "hidden.jsonl {at}");
            }
        }
        fs::write(&path, &bytes).unwrap();
    }
    let at = time("2026-11-02T10:00:00Z");
    assert!(
        whole
            .1
            .iter()
            .any(|(_, ns, _)| i128::from(*ns) == at.as_nanosecond())
    );
}

#[test]
fn bundles_that_are_due_are_written_once() {
    let store = store();
    let directory = tempfile::tempdir().unwrap();
    let due = |now| write_due(store.path(), directory.path(), Schedule::Day, time(now)).unwrap();
    let written = due("2026-11-04T00:00:00Z");
    assert_eq!(written.bundles.len(), 2);
    assert_eq!(written.waiting, ["2026-11-03".parse().unwrap()]);
    assert_eq!(written.lost.len(), 0);
    for (day, name) in ["2026-11-01", "2026-11-02"].iter().zip(&written.bundles) {
        let bundle = fs::read(directory.path().join(name)).unwrap();
        assert!(bundle == exported(&order(&store, day)).0, "{day}");
    }
    assert_eq!(due("2026-11-04T00:00:00Z").bundles, [""; 0]);
}
