//! A made-up moment, for the tests of all that shows one.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::date};
use serde_json::json;

use super::{
    AllowlistsNow, BundleNow, DatabaseNow, EvidenceNow, FindingRow, GapsNow, Gathering, Health,
    List, Rate, Seen, SelfTestNow, Snapshot, VERSION, Wanted,
};
use crate::{
    attribution::WorkloadKind,
    balance::Sums,
    finding::{Acknowledgement, Finding, Group, Key, Kind, Severity, WorkloadName},
    history::sample::{With as _, flow, sent, time},
    ledger::FlowInterval,
    naming::Grade,
    now::DestinationRow,
    record::{Counters, FlowId},
    verdict::Verdict,
};

/// Made-up flows with what each sends in a second.
pub(crate) fn flows() -> Vec<(FlowInterval, Rate)> {
    let us = [("a", "US"), ("b", "US")];
    let de = [("a", "DE"), ("b", "DE")];
    let image = "image-generation-worker.service";
    let rate = |sent, received| Rate { sent, received };
    vec![
        (
            flow(1, 5 << 20)
                .to("203.0.113.9", 443)
                .of(image, Some("image-generation"))
                .hosted(&us)
                .announced(64500)
                .told("storage.overseas.example", Grade::Answered),
            rate(1_258_291, 2_048),
        ),
        (
            flow(2, 900 << 20)
                .to("198.51.100.9", 443)
                .of(image, Some("image-generation"))
                .judged(Verdict::Declared, Some("image-web"))
                .hosted(&de)
                .told("model.provider.example", Grade::Answered)
                .said("model.provider.example"),
            rate(340_000, 12 << 20),
        ),
        (
            flow(3, 70_000)
                .to("203.0.113.50", 443)
                .of("video-worker.service", Some("video-generation"))
                .judged(Verdict::OutOfJurisdiction, Some("video-must-be-eea"))
                .hosted(&us)
                .said("films.example"),
            rate(0, 0),
        ),
        (
            flow(4, 1_200)
                .to("203.0.113.201", 22)
                .of("backup-agent.service", None)
                .judged(Verdict::Unattributed, None)
                .hosted(&[("a", "SG"), ("b", "US")]),
            rate(240, 110),
        ),
        (
            flow(5, 44_000)
                .to("10.20.0.7", 5432)
                .of("llm-server.service", Some("llm-inference"))
                .judged(Verdict::Internal, None),
            rate(8_192, 8_192),
        ),
        (
            flow(6, 5_000)
                .to("2001:db8:1::9", 443)
                .of("llm-server.service", Some("llm-inference"))
                .judged(Verdict::Indeterminate, Some("llm-time"))
                .told("edge.example", Grade::AnsweredUntrusted),
            rate(512, 0),
        ),
    ]
}

/// Has them looked at.
pub(crate) fn gathered(flows: &[(FlowInterval, Rate)], wanted: Wanted) -> Gathering {
    let mut gathering = Gathering::new(wanted);
    for (number, (flow, rate)) in flows.iter().enumerate() {
        gathering.take(&Seen {
            flow: FlowId(number as u64 + 1),
            judged: &flow.judged,
            own: flow.judged.flow.flow.flow.record.counters,
            rate: *rate,
        });
    }
    gathering.ended(Some("image-generation"), sent(100 << 20));
    gathering.known("payments");
    gathering
}

/// What is so at a moment at which nearly everything is.
pub(crate) fn snapshot() -> Snapshot {
    let flows = flows();
    let mut gathering = gathered(&flows, Wanted::default());
    let chosen = gathering.chosen();
    let (total, verdicts) = gathering.totals();
    let rows = chosen.flows.iter().map(|flow| {
        let number = usize::try_from(flow.0 - 1).unwrap();
        row(*flow, &flows[number].0, flows[number].1)
    });
    let findings = findings();
    let mut of = BTreeMap::new();
    for one in &findings {
        *of.entry(one.finding.key.product.clone()).or_insert(0) += 1;
    }
    Snapshot {
        version: VERSION,
        time: now(),
        host: Some("node-7".to_owned()),
        agent: "0.1.0".to_owned(),
        since: time("2026-11-01T06:00:00Z"),
        wanted: Wanted::default(),
        total,
        verdicts,
        products: gathering.products(&of),
        workloads: gathering.workloads(),
        destinations: List {
            rows: rows.collect(),
            ..List::default()
        },
        findings: List {
            rows: findings,
            ..List::default()
        },
        health: health(),
    }
}

fn now() -> Timestamp {
    time("2026-11-01T12:34:56Z")
}

fn row(flow: FlowId, of: &FlowInterval, rate: Rate) -> DestinationRow {
    let judged = &of.judged;
    let named = &judged.flow.flow;
    let record = &named.flow.record;
    let best = named.names.names.iter().max_by_key(|name| name.grade);
    let counters: Counters = record.counters;
    let hosted_in = crate::finding::Jurisdiction::of(&judged.flow);
    DestinationRow {
        flow,
        workload: named.flow.workload.name.clone(),
        product: judged.product.clone(),
        name: best.map(|name| name.name.to_string()),
        grade: best.map(|name| name.grade),
        more_names: named.names.names.len().saturating_sub(1) as u64,
        scope: record.scope,
        address: Some(record.address),
        port: record.port,
        protocol: record.protocol.to_string(),
        direction: record.direction,
        hosted_in,
        third_country: "US".parse().ok().map(|us| hosted_in == us),
        operator: judged
            .flow
            .place
            .operator
            .value
            .as_ref()
            .map(ToString::to_string),
        domicile: (record.port == 443).then(|| "US".parse().unwrap()),
        verdict: judged.verdict,
        rule: judged.rule.clone(),
        first_seen: time("2026-11-01T12:30:00Z"),
        last_seen: time("2026-11-01T12:34:55Z"),
        sum: super::Sum {
            flows: 1,
            sent: counters.egress_bytes,
            received: counters.ingress_bytes,
            rate,
        },
    }
}

fn findings() -> Vec<FindingRow> {
    let page = Key {
        kind: Kind::Undeclared,
        product: Some("image-generation".to_owned()),
        workload: Some(WorkloadName {
            kind: WorkloadKind::SystemdUnit,
            name: "image-generation-worker.service".to_owned(),
        }),
        destination: serde_json::from_value::<Group>(json!({ "system": 64500 })).ok(),
        jurisdiction: "US".parse().ok(),
        rule: None,
    };
    let ticket = Key {
        kind: Kind::OutOfJurisdiction,
        product: Some("video-generation".to_owned()),
        workload: Some(WorkloadName {
            kind: WorkloadKind::SystemdUnit,
            name: "video-worker.service".to_owned(),
        }),
        destination: serde_json::from_value::<Group>(json!({ "network": "203.0.113.0/24" })).ok(),
        rule: Some("video-must-be-eea".to_owned()),
        ..page
    };
    let finding = |key: Key, severity, bytes, detail: &str| Finding {
        id: key.id(),
        key,
        severity,
        first_seen: time("2026-11-01T12:30:00Z"),
        last_seen: time("2026-11-01T12:34:55Z"),
        flows: 1,
        egress_bytes: bytes,
        detail: detail.to_owned(),
        detail_seen: time("2026-11-01T12:30:00Z"),
    };
    let known = finding(
        ticket,
        Severity::Ticket,
        70_000,
        "video-must-be-eea names films.example at 203.0.113.50:443/tcp, but admits only the EEA; \
         it is hosted in US by 2 of 2 sources",
    );
    let acknowledged = Acknowledgement {
        finding: known.id,
        severity: Severity::Ticket,
        reason: "TICKET-1: the provider moves it on Monday".to_owned(),
        until: date(2026, 11, 3),
        by: "on call".to_owned(),
        uid: 1000,
    };
    let unknown = finding(
        page,
        Severity::Page,
        5 << 20,
        "no entry of image-generation declares storage.overseas.example at 203.0.113.9:443/tcp \
         (hosted in US by 2 of 2 sources)",
    );
    vec![
        FindingRow {
            finding: unknown,
            acknowledged: None,
        },
        FindingRow {
            finding: known,
            acknowledged: Some(acknowledged),
        },
    ]
}

fn health() -> Health {
    let gap = json!({
        "from": "2026-11-01T09:00:00Z", "to": "2026-11-01T09:02:00Z", "reason": "program_detached",
        "detail": "cgroup_skb/egress was off its hook", "repaired": true,
    });
    let proof = |way: &str, outcome| json!({ "way": way, "sent": 900, "sockets": 900, "uplink": 900, "outcome": outcome });
    let absent = json!({ "absent": "the kernel has no SCTP" });
    let ways = json!([
        proof("tcp over IPv4", json!("recorded")),
        proof("udp over IPv6", json!("recorded")),
        proof("sctp over IPv4", absent),
    ]);
    Health {
        gaps: GapsNow {
            by_reason: BTreeMap::from([("program_detached".to_owned(), 1)]),
            touched_ms: 120_000,
            of_ms: 23_696_000,
            last: vec![serde_json::from_value(gap).unwrap()],
        },
        losses: BTreeMap::from([
            ("index_insert".to_owned(), 0),
            ("payload_budget".to_owned(), 0),
        ]),
        balance: Sums {
            uplink_bytes: 4 << 30,
            wrapped_bytes: 0,
            unseen_bytes: 41_000,
            missing_bytes: 0,
        },
        self_test: Some(SelfTestNow {
            time: time("2026-11-01T12:00:00Z"),
            ways: serde_json::from_value(ways).unwrap(),
        }),
        proven: Some(time("2026-11-01T12:00:00Z")),
        heartbeat: Some(time("2026-11-01T12:34:10Z")),
        entries: 123_456,
        evidence: EvidenceNow {
            directory: Some("/var/lib/weir-evidence".to_owned()),
            schedule: Some("month".to_owned()),
            failed: false,
            last: Some(BundleNow {
                name: "weir-0123abcd-2026-10.tar".to_owned(),
                bytes: 7_340_032,
                written: time("2026-11-01T00:01:09Z"),
            }),
            unread: None,
        },
        databases: vec![DatabaseNow {
            name: "geo-a".to_owned(),
            kind: "GeoLite2-Country".to_owned(),
            built: date(2026, 10, 28),
            too_old: None,
        }],
        allowlists: AllowlistsNow {
            digest: "ab".repeat(32),
            products: 4,
            entries: 17,
            refused: None,
        },
    }
}
