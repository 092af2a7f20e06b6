#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use jiff::civil::date;

use super::*;
use crate::{
    attribution::{Attributed, Executable, Workload, WorkloadKind},
    daemon::open_flow::OpenFlow,
    jurisdiction::{Domicile, Located, Place},
    naming::{Missing, Named, Names},
    policy::Source,
    record::{CgroupId, Counters, Direction, FlowId, FlowRecord, Protocol, Scope},
    verdict::{Judged, Verdict},
};

const SECOND: u64 = 1_000_000_000;

const PRODUCT: &str = r#"
product = "a"
title = "A"
owner = "o"
posture = "external_declared"

[[workload]]
unit = "a.service"

[[allow]]
id = "daily"
purpose = "p"
owner = "o"
address = ["203.0.113.1"]
max_bytes = "1000 B"
per = "day"
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "monthly"
purpose = "p"
owner = "o"
address = ["203.0.113.2"]
max_bytes = "5000 B"
per = "month"
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow.window]]
from = 00:00:00
to = 12:00:00
"#;

fn policy() -> Policy {
    Policy::from_sources(vec![Source::from_text("a.toml", PRODUCT)]).unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What an entry said of a flow that last counted bytes so many seconds after boot.
fn judged(verdict: Verdict, rule: &str, last: u64) -> Judged {
    let record = FlowRecord {
        id: FlowId(1),
        scope: Scope::Exact,
        cgroup: CgroupId(7),
        netns: Some(1),
        address: "203.0.113.1".parse().unwrap(),
        port: 443,
        protocol: Protocol::TCP,
        forwarded_from: None,
        direction: Direction::Outbound,
        process: None,
        first_ns: SECOND,
        last_ns: last * SECOND,
        attempts: 1,
        counters: Counters::default(),
    };
    let workload = Workload {
        host: None,
        kind: WorkloadKind::SystemdUnit,
        name: "a.service".into(),
        cgroup_path: Some("/a.service".into()),
        unit: Some("a.service".into()),
        slice: None,
        user: None,
        container: None,
        pod: None,
        machine: None,
        unknown: None,
    };
    let flow = Attributed {
        record,
        workload: Arc::new(workload),
        executable: Executable::Unknown("made up".into()),
    };
    let names = Names::none(Missing::NoneSeen);
    Judged {
        flow: Located {
            flow: Named { flow, names },
            place: Arc::new(Place::unknown("made up")),
            operator_domicile: Arc::new(Domicile::unknown("made up".into())),
            encrypted_dns: None,
        },
        product: Some("a".into()),
        verdict,
        rule: Some(rule.into()),
        reason: "made up".into(),
    }
}

fn sent(bytes: u64) -> Counters {
    Counters {
        egress_bytes: bytes,
        ..Counters::default()
    }
}

fn started() -> Entry {
    Entry::Started {
        recording: "r".into(),
        adopted: false,
        version: "0".into(),
        boot_id: "b".into(),
        boot_ns: Some(0),
        allowlists: "d".into(),
        databases: std::collections::BTreeMap::new(),
        build: None,
        confinement: None,
    }
}

fn interval(judged: Judged, bytes: u64) -> Entry {
    Entry::Flow(Box::new(FlowInterval {
        counters: sent(bytes),
        slot: 1,
        recording: "r".into(),
        judged,
    }))
}

/// The host boots at 23:59:00, so that its 60th second is the first of the next day.
#[test]
fn each_interval_counts_in_the_period_in_which_it_was_sent() {
    let directory = tempfile::tempdir().unwrap();
    let boot = time("2026-11-01T23:59:00Z");
    let mut ledger = Ledger::open(directory.path(), boot).unwrap();
    ledger.append(boot, started()).unwrap();
    let after = time("2026-11-02T00:00:01Z");
    for (verdict, rule, last, bytes) in [
        // Written on the next day, and sent on this.
        (Verdict::Declared, "daily", 59, 1000),
        (Verdict::Declared, "daily", 61, 600),
        (Verdict::Undeclared, "daily", 62, 700),
        (Verdict::Expired, "daily", 63, 1 << 20),
        (Verdict::Indeterminate, "daily", 63, 1 << 20),
        (Verdict::Declared, "monthly", 59, 30),
        (Verdict::Declared, "monthly", 61, 12),
        (Verdict::Declared, "gone", 61, 1 << 20),
    ] {
        let judged = judged(verdict, rule, last);
        ledger.append(after, interval(judged, bytes)).unwrap();
    }
    // At noon the window of `monthly` has closed: that was not a matter of its budget.
    let noon = judged(Verdict::Undeclared, "monthly", 12 * 3600 + 60);
    let written = time("2026-11-02T12:00:00Z");
    ledger.append(written, interval(noon, 1 << 20)).unwrap();
    ledger.flush().unwrap();
    let spent = recorded(directory.path(), &policy(), written).unwrap();
    let (first, second) = (date(2026, 11, 1), date(2026, 11, 2));
    assert_eq!(spent.bytes("daily", second), 1300);
    assert_eq!(spent.bytes("daily", first), 0, "that day is past");
    assert_eq!(spent.bytes("monthly", first), 42);
    assert_eq!(spent.bytes("gone", second), 0);
}

/// What the record holds as declared fits the budget, and all of it is counted.
#[test]
fn what_a_budget_does_not_cover_is_an_interval_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let boot = time("2026-11-02T00:00:00Z");
    let clock = Clock::at(0, boot);
    let policy = policy();
    let mut ledger = Ledger::open(directory.path(), boot).unwrap();
    ledger.append(boot, started()).unwrap();
    let mut spent = Spent::default();
    let mut open = OpenFlow::new(judged(Verdict::Declared, "daily", 1), 1, None);
    let mut before = Counters::default();
    for (now, used_up) in [(400, false), (1000, false), (1001, true), (1500, false)] {
        open.judged.flow.flow.flow.record.counters = sent(now);
        let more = sent(now).since(&before).egress_bytes;
        let at = civil(clock.now());
        assert_eq!(
            spent.charge(&policy, &open.judged, more, at),
            used_up,
            "{now}"
        );
        if used_up {
            open.store_until(&before, &mut ledger, &clock, "r").unwrap();
            let mut over = judged(Verdict::Undeclared, "daily", 2);
            over.flow.flow.flow.record.counters = sent(now);
            open.judge(over);
        }
        before = sent(now);
    }
    open.store(&mut ledger, &clock, "r").unwrap();
    ledger.flush().unwrap();
    let mut stored = Vec::new();
    Ledger::each(directory.path(), |_, _, entry| {
        if let Entry::Flow(flow) = entry {
            let total = flow.judged.flow.flow.flow.record.counters;
            stored.push((flow.judged.verdict, flow.counters, total));
        }
    })
    .unwrap();
    assert_eq!(
        stored,
        [
            (Verdict::Declared, sent(1000), sent(1000)),
            (Verdict::Undeclared, sent(500), sent(1500)),
        ]
    );
    assert_eq!(recorded(directory.path(), &policy, boot).unwrap(), spent);
    assert_eq!(spent.bytes("daily", date(2026, 11, 2)), 1500);
}
