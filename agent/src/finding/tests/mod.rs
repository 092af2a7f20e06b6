//! Findings of made-up flows.
#![expect(clippy::unwrap_used, reason = "tests")]

mod deviations;
mod law;
mod life;

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    Circumstances, Deviation, Event, Finding, Findings, Group, Jurisdiction, Key, Kind, Limits,
    Severity,
};
use crate::{
    attribution::{Attributed, Executable, path},
    jurisdiction::{Agreement, Answers, AsNumber, Domicile, Located, Operator, Place},
    naming::{Missing, Named, Names},
    record::{CgroupId, Counters, Direction, FlowId, FlowRecord, Protocol, Scope},
    verdict::{Judged, Verdict},
};

/// Quiet time of the tests.
const QUIET: Duration = Duration::from_secs(900);

/// So many seconds after a moment.
fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-01-02T03:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

fn findings(most_open: usize) -> Findings {
    Findings::new(Limits {
        quiet: QUIET,
        most_open,
    })
}

/// A flow that image generation began, to the United States by all sources.
fn judged(address: &str, verdict: Verdict) -> Judged {
    let record = FlowRecord {
        id: FlowId(1),
        scope: Scope::Exact,
        cgroup: CgroupId(7),
        netns: Some(1),
        address: address.parse().unwrap(),
        port: 443,
        protocol: Protocol::TCP,
        forwarded_from: None,
        direction: Direction::Outbound,
        process: None,
        first_ns: 0,
        last_ns: 0,
        attempts: 1,
        counters: Counters::default(),
    };
    let mut place = Place::unknown("no database holds it");
    place.hosted_in = Answers {
        value: Some("US".parse().unwrap()),
        agreement: Agreement::Unanimous,
        sources: Vec::new(),
        reason: None,
    };
    Judged {
        flow: Located {
            flow: Named {
                flow: Attributed {
                    record,
                    workload: Arc::new(path::parse("/image.service")),
                    executable: Executable::Unknown("synthetic".into()),
                },
                names: Names::none(Missing::NoneSeen),
            },
            place: Arc::new(place),
            operator_domicile: Arc::new(Domicile::unknown("none is listed".to_owned())),
            encrypted_dns: None,
        },
        product: Some("image-generation".to_owned()),
        verdict,
        rule: None,
        reason: format!("no entry declares {address}"),
    }
}

/// A third country, and a product that may declare external destinations.
fn known() -> Circumstances {
    Circumstances {
        third_country: Some(true),
        posture: Some(crate::policy::Posture::ExternalDeclared),
        claimed_by: Vec::new(),
    }
}

/// Its only deviation.
#[track_caller]
fn only(mut found: Vec<Deviation>) -> Deviation {
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn undeclared(address: &str) -> Deviation {
    only(Deviation::of_flow(
        &judged(address, Verdict::Undeclared),
        &known(),
    ))
}

/// Events with the kinds of their findings.
fn told(findings: &mut Findings, all: bool) -> Vec<(Event, Kind)> {
    let changes = findings.take_changes(all);
    let told = changes.iter();
    told.map(|change| (change.event, change.finding.key.kind))
        .collect()
}
