//! What is found of made-up records, and how it is shown, word for word.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{path::Path, sync::Arc};

use clap::Parser;

use super::*;
use crate::{
    attribution::{Attributed, Executable, Workload, WorkloadKind},
    coverage::{Gap, Reason},
    jurisdiction::{Agreement, Domicile, Located, Place},
    ledger::{Entry, FlowInterval, Ledger},
    naming::{Missing, Named, Names},
    record::{CgroupId, Counters, Direction, FlowId, FlowRecord, Protocol, Scope},
    verdict::Judged,
};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    flows: FlowsArgs,
}

fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

fn flow(unit: &str, product: Option<&str>, address: &str, verdict: Verdict, bytes: u64) -> Entry {
    let counters = Counters {
        egress_bytes: bytes,
        egress_packets: 1,
        ingress_bytes: 2 * bytes,
        ingress_packets: 2,
    };
    let record = FlowRecord {
        id: FlowId(1),
        scope: Scope::Exact,
        cgroup: CgroupId(7),
        netns: None,
        address: address.parse().unwrap(),
        port: 443,
        protocol: Protocol::TCP,
        forwarded_from: None,
        direction: Direction::Outbound,
        process: None,
        first_ns: 1,
        last_ns: 2,
        attempts: 1,
        counters,
    };
    let workload = Workload {
        host: None,
        kind: WorkloadKind::SystemdUnit,
        name: unit.to_owned(),
        cgroup_path: None,
        unit: None,
        slice: None,
        user: None,
        container: None,
        pod: None,
        machine: None,
        unknown: None,
    };
    let mut place = Place::unknown("made up");
    place.hosted_in.value = "US".parse().ok().filter(|_| address.starts_with("203."));
    place.hosted_in.agreement = Agreement::Unanimous;
    let mut domicile = Domicile::unknown("made up".to_owned());
    domicile.provider = Some(Arc::from("example")).filter(|_| address.starts_with("203."));
    let located = Located {
        flow: Named {
            flow: Attributed {
                record,
                workload: Arc::new(workload),
                executable: Executable::Unknown("made up".to_owned()),
            },
            names: Names::none(Missing::NoneSeen),
        },
        place: Arc::new(place),
        operator_domicile: Arc::new(domicile),
        encrypted_dns: None,
    };
    Entry::Flow(Box::new(FlowInterval {
        counters,
        slot: 1,
        recording: "r".to_owned(),
        judged: Judged {
            flow: located,
            product: product.map(str::to_owned),
            verdict,
            rule: None,
            reason: "made up".to_owned(),
        },
    }))
}

/// A flow on the first of October, two on the last day, one in November.
fn store() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), time("2026-09-30T12:00:00Z")).unwrap();
    let undeclared = || {
        flow(
            "a.service",
            Some("a"),
            "203.0.113.9",
            Verdict::Undeclared,
            1000,
        )
    };
    let gap = Gap {
        from: time("2026-10-01T00:00:00Z"),
        to: time("2026-10-01T00:00:00Z"),
        reason: Reason::Loss,
        detail: String::new(),
        repaired: true,
        losses: std::collections::BTreeMap::new(),
    };
    for (when, entry) in [
        ("2026-10-01T00:00:00Z", undeclared()),
        ("2026-10-01T00:00:01Z", Entry::Gap(gap)),
        ("2026-10-31T23:59:58Z", undeclared()),
        (
            "2026-10-31T23:59:59Z",
            flow("b, \"c\"", None, "2001:db8::1", Verdict::Unattributed, 10),
        ),
        ("2026-11-01T00:00:00Z", undeclared()),
    ] {
        ledger.append(time(when), entry).unwrap();
    }
    ledger.flush().unwrap();
    directory
}

fn found(store: &Path, arguments: &[&str]) -> filter::Found {
    let mut line = vec!["flows", "--store", store.to_str().unwrap()];
    line.extend(arguments);
    if !line.contains(&"--period") {
        line.extend(["--period", "2026-09-01..2027-01-01"]);
    }
    let args = Line::try_parse_from(line).unwrap().flows;
    filter::find(&args, args.period.span().unwrap()).unwrap()
}

fn shown(found: &filter::Found, limit: usize) -> String {
    let mut out = Vec::new();
    show::table(found, limit, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "wider than 80 columns:\n{text}"
    );
    text
}

#[test]
fn a_month_as_a_table() {
    let store = store();
    let october = found(store.path(), &["--period", "2026-10"]);
    assert_eq!(
        shown(&october, 50),
        "    SENT  RECEIVED  VERDICT              IN  FROM, TO\n".to_owned()
            + " 1.9 KiB   3.9 KiB  undeclared           US  a, a.service\n"
            + "                    to 203.0.113.9:443/tcp (example)\n"
            + "    10 B      20 B  unattributed         ?   no product, b, \"c\"\n"
            + "                    to [2001:db8::1]:443/tcp\n"
            + &format!("{}\n", "-".repeat(80))
            + " 1.9 KiB   3.9 KiB  2 rows\n"
            + "The record has a gap in this time: it may be incomplete.\n"
    );
    let short = shown(&october, 1);
    assert!(
        short.contains("2 rows, 1 of them not shown: --limit 0 shows all"),
        "{short}"
    );
}

#[test]
fn filters_fit_any_of_their_values_and_all_of_them() {
    let store = store();
    let rows = |arguments: &[&str]| -> Vec<(Option<String>, u64)> {
        let rows = found(store.path(), arguments).rows;
        rows.into_iter()
            .map(|row| (row.product, row.entries))
            .collect()
    };
    let a = |entries| (Some("a".to_owned()), entries);
    let none = (None, 1);
    assert_eq!(rows(&[]), [a(3), none.clone()]);
    let later = rows(&["--period", "2026-10-31..2026-12-01"]);
    assert_eq!(later, [a(2), none.clone()]);
    assert_eq!(rows(&["--period", "2026-10-01..2026-10-31"]), [a(1)]);
    assert_eq!(rows(&["--product", "a"]), [a(3)]);
    assert_eq!(rows(&["--product", "-"]), std::slice::from_ref(&none));
    assert_eq!(rows(&["--product", "a", "--product", "-"]).len(), 2);
    assert_eq!(rows(&["--workload", "a.service"]), [a(3)]);
    assert_eq!(rows(&["--destination", "203.0.113.0/24"]), [a(3)]);
    assert_eq!(
        rows(&["--destination", "2001:db8::1"]),
        std::slice::from_ref(&none)
    );
    assert_eq!(rows(&["--destination", "-"]).len(), 2, "neither has a name");
    assert_eq!(rows(&["--destination", "*.example"]), []);
    assert_eq!(rows(&["--provider", "Example"]), [a(3)]);
    assert_eq!(rows(&["--provider", "-"]), std::slice::from_ref(&none));
    assert_eq!(rows(&["--country", "us"]), [a(3)]);
    assert_eq!(rows(&["--verdict", "unattributed"]), [none]);
    assert_eq!(rows(&["--verdict", "unattributed", "--country", "us"]), []);
    let error = Line::try_parse_from(["flows", "--verdict", "no"])
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("expected one of internal, declared,")
    );
}

#[test]
fn json_and_csv_have_everything() {
    let store = store();
    let october = found(store.path(), &["--period", "2026-10-31"]);
    let mut out = Vec::new();
    show::json(&october, 1, &mut out).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(answer["rows"], 2);
    assert_eq!(answer["gaps"], 0);
    assert_eq!(answer["egress_bytes"], 1010);
    assert_eq!(answer["flows"].as_array().unwrap().len(), 1);
    assert_eq!(answer["flows"][0]["last"], "2026-10-31T23:59:58Z");
    out.clear();
    show::csv(&october, 50, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(
        text.lines().nth(2).unwrap(),
        ",\"b, \"\"c\"\"\",unattributed,,outbound,2001:db8::1,443,tcp,,,,,,10,1,20,2,1,\
         2026-10-31T23:59:59Z,2026-10-31T23:59:59Z"
    );
}

#[test]
fn nothing_found_is_said() {
    let store = store();
    let none = found(store.path(), &["--period", "2025-01"]);
    assert_eq!(shown(&none, 50), "No such flow is recorded.\n");
}
