//! A whole bundle, made of a record by `weir::evidence::export`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use weir::{
    evidence::{EvidenceError, Order, export, prove},
    ledger::{Entry, Ledger},
    policy::{Archive, Set},
};
use weir_evidence::{archive, digest::Digest};

use super::{holds, run};

/// Flows of the day, and bytes of each, sent and received.
const FLOWS: u64 = 100;
const BYTES: u64 = 1000;

fn flow(n: u64) -> Value {
    let counters = json!({
        "egress_bytes": BYTES - n, "egress_packets": 1, "ingress_bytes": n, "ingress_packets": 1,
    });
    let unknown =
        json!({ "value": null, "agreement": "unknown", "sources": [], "reason": "made up" });
    json!({
        "type": "flow", "counters": counters, "slot": n, "recording": "r",
        "judged": {
            "flow": {
                "flow": {
                    "flow": {
                        "record": {
                            "id": n, "scope": "exact", "cgroup": 7, "netns": 1,
                            "address": format!("203.0.113.{n}"), "port": 443, "protocol": 6,
                            "direction": "outbound", "process": null,
                            "first_ns": 1_000_000_000_000_u64, "last_ns": 1_001_000_000_000_u64,
                            "attempts": 1, "counters": counters,
                        },
                        "workload": {
                            "kind": "systemd_unit", "name": "image.service",
                            "cgroup_path": "/image.service", "unit": "image.service",
                            "slice": null,
                        },
                        "executable": { "path": "/usr/bin/worker" },
                    },
                    "names": { "names": [], "missing": "none_seen" },
                },
                "place": {
                    "hosted_in": unknown, "registered_in": unknown, "operator": unknown,
                    "anycast": unknown,
                },
                "operator_domicile": {
                    "country": null, "provider": null, "legal_entity": null, "parent": null,
                    "matched_by": null, "reviewed": null, "reason": "made up", "stated": null,
                    "anycast": null,
                },
                "encrypted_dns": null,
            },
            "product": "image", "verdict": "undeclared", "rule": null,
            "reason": "no entry of image declares it",
        },
    })
}

fn heartbeat() -> Value {
    json!({
        "type": "heartbeat", "recording": "r", "boot_id": "b", "boot_ns": 1, "open_flows": 0,
        "counters": { "egress_bytes": 0, "egress_packets": 0, "ingress_bytes": 0, "ingress_packets": 0 },
        "losses": {},
    })
}

/// A store with all of 1 November 2026: an agent, a heartbeat each minute, flows, a gap.
fn store(directory: &Path) {
    let allowlists = tempfile::tempdir().unwrap();
    let product = "product = \"image\"\ntitle = \"Image\"\nowner = \"media\"\n\
                   posture = \"external_declared\"\n[[workload]]\nunit = \"image.service\"\n";
    let claims = "report = \"Report\"\nreviewed = 2026-11-01\n[[claim]]\nid = \"image-is-disclosed\"\n\
                  statement = \"It is disclosed\"\nsection = [\"Data\"]\nproducts = [\"image\"]\n\
                  condition = \"only_declared_and_disclosed\"\n";
    fs::write(allowlists.path().join("image.toml"), product).unwrap();
    fs::write(allowlists.path().join("claims.toml"), claims).unwrap();
    let set = Set::read(allowlists.path());
    Archive::of(directory).keep(&set).unwrap();
    let at = |minute: u64, second: u64| {
        let time = format!(
            "2026-11-01T{:02}:{:02}:{second:02}Z",
            minute / 60,
            minute % 60
        );
        time.parse::<jiff::Timestamp>().unwrap()
    };
    let mut ledger = Ledger::open(directory, at(0, 0)).unwrap();
    let mut add = |time, entry: Value| {
        let entry: Entry = serde_json::from_value(entry).unwrap();
        ledger.append(time, entry).unwrap();
    };
    add(
        at(0, 0),
        json!({
            "type": "started", "recording": "r", "adopted": false, "version": "0", "boot_id": "b",
            "boot_ns": 1_000_000_000_000_u64, "allowlists": set.digest(), "databases": {},
        }),
    );
    for minute in 0..24 * 60 {
        add(at(minute, 30), heartbeat());
        if (1..=FLOWS).contains(&minute) {
            add(at(minute, 31), flow(minute));
        }
    }
    let (from, to) = (at(600, 0), at(601, 0));
    add(
        at(1439, 59),
        json!({
            "type": "gap", "from": from, "to": to, "reason": "program_detached",
            "detail": "made up", "repaired": true,
        }),
    );
    let next = "2026-11-02T00:00:30Z".parse().unwrap();
    add(next, heartbeat());
    ledger.flush().unwrap();
    ledger.checkpoint().unwrap();
}

/// A bundle of that day, unpacked, and the directory of its log.
struct Bundle {
    /// Where it was made.
    _made: tempfile::TempDir,
    packed: PathBuf,
    directory: tempfile::TempDir,
    log: PathBuf,
}

impl Bundle {
    fn new() -> Self {
        let made = tempfile::tempdir().unwrap();
        let order = Order {
            store: made.path().join("store"),
            span: "2026-11-01".parse().unwrap(),
            products: [].into(),
            pseudonyms: None,
            unfinished: false,
        };
        fs::create_dir(&order.store).unwrap();
        store(&order.store);
        let (packed, _) = export(&order, made.path(), |_| ()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = fs::File::open(&packed).unwrap();
        archive::each(file, 1 << 30, |name, _, content| {
            let path = directory.path().join(name.as_str());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::io::copy(content, &mut fs::File::create(path).unwrap()).unwrap();
            Ok::<_, archive::ArchiveError>(())
        })
        .unwrap();
        let mut logs = fs::read_dir(directory.path().join("log")).unwrap();
        let log = logs.next().unwrap().unwrap().path();
        Self {
            _made: made,
            packed,
            directory,
            log,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The newest key, as signed notes have it.
    fn key(&self) -> PathBuf {
        let keys = fs::read_to_string(self.file("keys/node.pub")).unwrap();
        PathBuf::from(keys.lines().last().unwrap())
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.file(name)).unwrap()).unwrap()
    }
}

#[test]
fn a_bundle_is_read_by_all_of_them() {
    let bundle = Bundle::new();
    views(&bundle);
    statement(&bundle);
    log(&bundle);
}

/// Events, results and tables have what the log has.
fn views(bundle: &Bundle) {
    // Each address is in one /24 without an operator: one group.
    let events = bundle.file("views/flows.ocsf.jsonl");
    assert_eq!(holds("ocsf.py", &[&events]), "1 events, 0 faults");
    let results = bundle.file("views/oscal-assessment-results.json");
    assert_eq!(holds("oscal.py", &[&results]), "2 findings, 3 observations");
    let coverage = bundle.json("coverage.json");
    assert_eq!(coverage["complete"], false);
    assert_eq!(coverage["examined"]["seconds"], 24 * 3600 - 60);
    assert_eq!(coverage["unexamined"][0]["disposition"], "attach_failed");
    let all = FLOWS * BYTES;
    let table = bundle.file("views/flows.csv");
    assert_eq!(
        holds("tables.py", &[&table]),
        format!("1 rows, {all} bytes")
    );
    let files = fs::read_dir(&bundle.log).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let rows: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "parquet"))
        .collect();
    let rows: Vec<&Path> = rows.iter().map(PathBuf::as_path).collect();
    assert_eq!(
        holds("tables.py", &rows),
        format!("{FLOWS} rows, {all} bytes")
    );
}

/// The envelope is the node's, and every file is as the statement in it says.
fn statement(bundle: &Bundle) {
    let envelope = bundle.json("statement.dsse.json");
    let id = envelope["signatures"][0]["keyid"].as_str().unwrap();
    let key = bundle.file(&format!("keys/{id}.pem"));
    let said = holds("dsse.py", &[&bundle.file("statement.dsse.json"), &key]);
    let said: Value = serde_json::from_str(&said).unwrap();
    let subjects = said["subject"].as_array().unwrap();
    assert!(subjects.len() > 15, "{}", subjects.len());
    for subject in subjects {
        let name = subject["name"].as_str().unwrap();
        let digest = Digest::of(&fs::read(bundle.file(name)).unwrap());
        assert_eq!(subject["digest"]["sha256"], digest.to_string(), "{name}");
    }
    let checkpoint = holds(
        "checkpoint.py",
        &[&bundle.log.join("checkpoint"), &bundle.key()],
    );
    let tree = &said["predicate"]["tree"];
    let of_statement = format!(
        " {} {}",
        tree["size"],
        tree["root"].as_str().unwrap_or_default()
    );
    assert!(
        checkpoint.ends_with(&of_statement),
        "{checkpoint}{of_statement}"
    );
}

/// One entry of the log is proved alone.
fn log(bundle: &Bundle) {
    let proof = bundle.file("entry.tlog-proof");
    let text = prove(&bundle.packed, 100, &proof).unwrap();
    fs::write(&proof, &text).unwrap();
    let said = holds("proof.py", &[&proof, &bundle.key()]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["seq"], 100);
    // A leaf that was changed is none of the log's.
    let extra = text.lines().nth(1).unwrap();
    fs::write(&proof, text.replace(extra, "extra e30=")).unwrap();
    let refused = run("proof.py", &[&proof, &bundle.key()]);
    assert_eq!(refused.status.code(), Some(1));
    // Nothing is proved of what the log does not have.
    let beyond = prove(&bundle.packed, 1_000_000, &proof).unwrap_err();
    assert!(matches!(beyond, EvidenceError::NotShown { seq: 1_000_000 }));
    assert_eq!(beyond.exit_code(), 8);
}
