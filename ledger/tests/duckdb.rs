//! Segments, as a public tool reads them.
//!
//! `verify.py` reads rows with DuckDB and makes the leaves and the root of the tree again by
//! the documentation alone. `cargo xtask setup` installs DuckDB.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};
use weir_ledger::{Log, Options};

/// Python with DuckDB: the one that the variable names, or that of set-up.
fn python() -> PathBuf {
    std::env::var_os("XTASK_PYTHON").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/python/bin/python"),
        PathBuf::from,
    )
}

fn verify(store: &Path) -> Output {
    let python = python();
    Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify.py"))
        .arg(store)
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "{} cannot be started ({error}): cargo xtask setup",
                python.display()
            )
        })
}

fn flow(n: u64) -> Value {
    json!({
        "type": "flow",
        "counters": {"egress_bytes": n, "egress_packets": 1, "ingress_bytes": 2 * n, "ingress_packets": 1},
        "slot": n % 7,
        "recording": "00ff",
        "judged": {
            "flow": {
                "flow": {
                    "flow": {
                        "record": {
                            "id": n, "scope": "exact", "cgroup": 7, "netns": if n.is_multiple_of(3) { Value::Null } else { json!(4_026_531_840u64) },
                            "address": format!("203.0.113.{}", n % 250), "port": 443, "protocol": 6, "direction": "outbound",
                            "process": if n.is_multiple_of(5) { Value::Null } else { json!({"pid": 4711, "comm": "wörker \"\\\u{1}\u{7f}"}) },
                            // Beyond what a column takes.
                            "first_ns": if n == 9 { u64::MAX } else { 1000 + n }, "last_ns": 2000 + n, "attempts": 1,
                            "counters": {"egress_bytes": n + 50, "egress_packets": 1, "ingress_bytes": 2 * n, "ingress_packets": 1},
                        },
                        "workload": {"name": format!("service-{}.service", n % 4)},
                        "executable": {"path": "/usr/bin/worker"},
                    },
                    "names": {"names": [{"name": "api.example", "grade": "answered"}]},
                },
                "place": {"hosted_in": {"value": "DE"}},
                "operator_domicile": {"provider": "example"},
            },
            "product": "images",
            "verdict": "declared",
            "reason": format!("entry declares 203.0.113.{}", n % 250),
        },
    })
}

/// Two segments of 600 entries each.
fn store() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let (mut log, _) = Log::open(directory.path(), Options::default(), |_, _| {}).unwrap();
    for n in 1..=1200u64 {
        let entry = match n % 40 {
            0 => json!({"type": "gap", "detail": "é", "losses": {"b": n, "a": u64::MAX}}),
            _ => flow(n),
        };
        log.append(1_790_812_800_000_000_000 + i64::try_from(n).unwrap(), entry)
            .unwrap();
        if n.is_multiple_of(600) {
            log.flush().unwrap();
            log.seal().unwrap();
        }
    }
    log.wait_for_segments().unwrap();
    directory
}

#[test]
fn duckdb_makes_the_same_leaves_and_root_of_the_rows() {
    let store = store();
    let (log, _) = Log::open(store.path(), Options::default(), |_, _| {}).unwrap();
    let root: String = log
        .root()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let output = verify(store.path());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        format!("1200 entries, root {root}\n"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_changed_segment_is_not_the_same() {
    let store = store();
    let path = store.path().join("segment-00000000000000000601.parquet");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(!verify(store.path()).status.success());
}
