//! A node with a made-up record of some hours, and its bundles.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use weir::{
    evidence::{Order, export},
    history::Interval,
    ledger::{Entry, FlowInterval, Ledger},
    policy::{Archive, Policy, Set},
    record::Counters,
    replay::Replay,
};

/// Three consecutive periods; the record begins at the end of the first.
pub(crate) const PERIODS: [&str; 3] = [
    "2026-10-31T22:00:00Z..2026-11-01T00:00:00Z",
    "2026-11-01T00:00:00Z..2026-11-01T02:00:00Z",
    "2026-11-01T02:00:00Z..2026-11-01T04:00:00Z",
];

/// Minutes from the first start on; the last is after the last period.
const MINUTES: u64 = 245;

const IMAGE: &str = r#"product = "image"
title = "Image"
owner = "team"
posture = "external_declared"
[[workload]]
unit = "image.service"
[[allow]]
id = "image-web"
cidr = ["198.51.100.0/24"]
ports = [443]
protocol = "tcp"
purpose = "p"
owner = "o"
data_categories = ["prompts"]
legal_basis = "contract"
approved_by = "dpo"
approved_on = 2026-10-01
expires = 2027-12-31
"#;

const LLM: &str = r#"product = "llm"
title = "LLM"
owner = "team"
posture = "internal_only"
[[workload]]
unit = "llm.service"
"#;

/// An entry of the record, with its time.
pub(crate) type Written = (Timestamp, Value);

fn begin() -> Timestamp {
    "2026-10-31T23:58:00Z".parse().unwrap()
}

fn boot_ns(minute: u64) -> u64 {
    (1000 + 60 * minute) * 1_000_000_000
}

fn sent(bytes: u64, packets: u64) -> Counters {
    Counters {
        egress_bytes: bytes,
        egress_packets: packets,
        ingress_bytes: 0,
        ingress_packets: 0,
    }
}

/// A directory with its allowlists.
fn set() -> (tempfile::TempDir, Set) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("image.toml"), IMAGE).unwrap();
    fs::write(directory.path().join("llm.toml"), LLM).unwrap();
    let set = Set::read(directory.path());
    (directory, set)
}

/// Interval `minute` of the only flow, judged by the policy.
fn flow(policy: &Policy, time: Timestamp, minute: u64) -> Value {
    let bytes = 100 + minute;
    let before: u64 = (1..minute).map(|minute| 100 + minute).sum();
    let record = json!({
        "id": 1, "scope": "exact", "cgroup": 7, "netns": 1,
        "address": "198.51.100.9", "port": 443, "protocol": 6, "direction": "outbound",
        "process": { "pid": 4711, "uid": 1000, "comm": "worker", "start_ns": 1 },
        "first_ns": boot_ns(0), "last_ns": boot_ns(minute), "attempts": 1,
        "counters": sent(before + bytes, minute),
    });
    let judged = json!({
        "flow": {
            "flow": {
                "flow": {
                    "record": record,
                    "workload": {
                        "kind": "systemd_unit", "name": "image.service", "slice": "system.slice",
                        "cgroup_path": "/system.slice/image.service", "unit": "image.service",
                    },
                    "executable": { "path": "/usr/bin/worker" },
                },
                "names": { "names": [], "missing": "none_seen" },
            },
            "place": weir::jurisdiction::Place::unknown("no database holds it"),
            "operator_domicile": weir::jurisdiction::Domicile::unknown("none".to_owned()),
            "encrypted_dns": null,
        },
        "product": null, "verdict": "internal", "rule": null, "reason": "",
    });
    let mut flow: FlowInterval = serde_json::from_value(json!({
        "counters": sent(bytes, 1), "slot": 1, "recording": "r", "judged": judged,
    }))
    .unwrap();
    let interval = Interval {
        time,
        first_seen: begin(),
        last_seen: time,
        flow: &flow,
    };
    flow.judged = Replay::new(policy, None).judge(&interval);
    serde_json::to_value(Entry::Flow(Box::new(flow))).unwrap()
}

/// Everything that an honest agent writes, but for the node's key.
pub(crate) fn honest() -> Vec<Written> {
    let (_directory, set) = set();
    let policy = set.compile().unwrap();
    let mut entries = vec![(
        begin(),
        json!({
            "type": "started", "recording": "r", "adopted": false, "version": "0",
            "boot_id": "b", "boot_ns": boot_ns(0), "allowlists": set.digest(),
            "databases": { "geo": "00" },
            "build": { "executable": "e".repeat(64), "programs": "b".repeat(64) },
        }),
    )];
    let mut total = Counters::default();
    for minute in 0..MINUTES {
        let time = begin() + SignedDuration::from_secs(60 * i64::try_from(minute).unwrap());
        if minute > 0 {
            entries.push((time, flow(&policy, time, minute)));
            total = total + sent(100 + minute, 1);
        }
        entries.push((
            time,
            json!({ "type": "balance", "uplink_bytes": 0, "unseen_bytes": 0, "missing_bytes": 0 }),
        ));
        entries.push((
            time,
            json!({
                "type": "heartbeat", "recording": "r", "boot_id": "b",
                "boot_ns": boot_ns(minute), "open_flows": 1, "counters": total, "losses": {},
            }),
        ));
    }
    entries
}

/// A node's store and its bundles.
pub(crate) struct Node {
    pub(crate) store: tempfile::TempDir,
    out: tempfile::TempDir,
}

impl Node {
    /// A node that has written these entries; with the key of another, if one is given.
    pub(crate) fn new(entries: Vec<Written>, key_of: Option<&Self>) -> Self {
        let store = tempfile::tempdir().unwrap();
        if let Some(other) = key_of {
            let key = fs::read(other.store.path().join("node.key")).unwrap();
            fs::write(store.path().join("node.key"), key).unwrap();
        }
        let (_directory, set) = set();
        Archive::of(store.path()).keep(&set).unwrap();
        let first = begin() - SignedDuration::from_secs(1);
        let mut ledger = Ledger::open(store.path(), first).unwrap();
        for (time, entry) in entries {
            let entry = serde_json::from_value(entry).unwrap();
            ledger.append(time, entry).unwrap();
        }
        ledger.flush().unwrap();
        ledger.checkpoint().unwrap();
        let out = tempfile::tempdir().unwrap();
        Self { store, out }
    }

    /// The bundle of a period.
    pub(crate) fn bundle(&self, period: &str) -> PathBuf {
        self.shown(period, &[])
    }

    /// The bundle of a period with flows of these products only, if there are any.
    pub(crate) fn shown(&self, period: &str, products: &[&str]) -> PathBuf {
        let order = Order {
            store: self.store.path().to_owned(),
            span: period.parse().unwrap(),
            products: products.iter().map(|name| (*name).to_owned()).collect(),
            pseudonyms: None,
            unfinished: false,
        };
        let out = self
            .out
            .path()
            .join(products.join("-") + "-" + &period[..13].replace(':', ""));
        fs::create_dir_all(&out).unwrap();
        export(&order, &out, |_| ()).unwrap().0
    }

    /// Id of its key.
    pub(crate) fn key_id(&self) -> String {
        weir_evidence::dsse::key_id(&self.key().verifying_key())
    }

    /// Its key.
    pub(crate) fn key(&self) -> ed25519_dalek::SigningKey {
        let node = weir_ledger::Node::existing(self.store.path()).unwrap();
        node.signing_key().unwrap()
    }

    /// A place for a file beside its bundles.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.out.path().join(name)
    }
}

/// The python of set-up, or the one that the variable names.
pub(crate) fn python() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/python/bin/python");
    std::env::var_os("XTASK_PYTHON").map_or_else(own, PathBuf::from)
}
