//! Whole ledgers.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod crash;
mod damage;
mod life;
mod segments;
mod tree;

use std::path::Path;

use serde_json::{Value, json};

use crate::{Appended, Log, Options, for_each};

/// Sealed at once where it is asked for, and by the thread that asks.
fn options() -> Options {
    Options {
        background: false,
        ..Options::default()
    }
}

pub(crate) fn open(directory: &Path) -> Log {
    Log::open(directory, options(), |_, _| {}).unwrap().0
}

/// A flow as the agent stores it, in small.
fn flow(n: u64) -> Value {
    json!({
        "type": "flow",
        "counters": {"egress_bytes": 100 + n, "egress_packets": 1, "ingress_bytes": n, "ingress_packets": 1},
        "slot": n % 7,
        "recording": "00ff",
        "judged": {
            "flow": {
                "flow": {
                    "flow": {
                        "record": {
                            "id": n,
                            "scope": "exact",
                            "cgroup": 7,
                            "netns": null,
                            "address": format!("203.0.113.{}", n % 5),
                            "port": 443,
                            "protocol": 6,
                            "direction": "outbound",
                            "process": {"pid": 4711, "comm": "worker"},
                            "first_ns": 1000 + n,
                            "last_ns": 2000 + n,
                            "attempts": 1,
                            "counters": {"egress_bytes": 150 + n, "egress_packets": 1, "ingress_bytes": n, "ingress_packets": 1},
                        },
                        "workload": {"kind": "systemd_unit", "name": "a.service"},
                        "executable": {"path": "/usr/bin/worker"},
                    },
                    "names": {"names": [
                        {"name": "said.example", "grade": "presented"},
                        {"name": "told.example", "grade": "answered"},
                    ]},
                },
                "place": {"hosted_in": {"value": "DE"}, "operator": {"value": {"organisation": "Example"}}, "anycast": {"value": null}},
                "operator_domicile": {"provider": "example", "country": "US", "anycast": null},
                "encrypted_dns": null,
            },
            "product": if n.is_multiple_of(2) { json!("images") } else { Value::Null },
            "verdict": "declared",
            "rule": "e1",
            "reason": format!("declared at 203.0.113.{}", n % 5),
        },
    })
}

fn gap(n: u64) -> Value {
    json!({"type": "gap", "detail": format!("n {n}")})
}

/// Entry `n` of the ledgers of these tests.
pub(crate) fn entry(n: u64) -> Value {
    match n % 3 {
        0 => gap(n),
        _ => flow(n),
    }
}

pub(crate) fn append(log: &mut Log, n: u64) {
    let kept = log.append(time(n), entry(n)).unwrap();
    assert_eq!(kept, Appended::Kept);
}

pub(crate) fn time(n: u64) -> i64 {
    i64::try_from(n).unwrap() * 1_000_000_000
}

/// Every entry, in order and without gaps in their numbers from `from`.
fn all_from(directory: &Path, from: u64) -> Vec<(i64, Value)> {
    let mut found = Vec::new();
    for_each(directory, |seq, time, entry| {
        assert_eq!(seq, from + found.len() as u64);
        found.push((time, entry));
    })
    .unwrap();
    found
}

fn all(directory: &Path) -> Vec<(i64, Value)> {
    all_from(directory, 1)
}

fn expected(count: u64) -> Vec<(i64, Value)> {
    (1..=count).map(|n| (time(n), entry(n))).collect()
}
