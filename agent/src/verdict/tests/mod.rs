//! Tests of the verdict: a table of every outcome, and properties.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod denials;
mod judging;
mod language;
mod law;
mod limits;
mod names;
mod properties;
mod sample;
mod systems;
mod table;

use std::{net::IpAddr, path::PathBuf, sync::Arc};

use jiff::{civil::Date, tz::Offset};

use super::{Judged, Moment, Spent};
use crate::{
    attribution::{
        Attributed, Container, Executable, Labels, Pod, Runtime, Workload, WorkloadKind,
    },
    jurisdiction::{Agreement, Answers, CountryCode, Domicile, Located, Place, SourceAnswer},
    naming::{Missing, Named, Names},
    policy::{Policy, Source},
    record::{CgroupId, Counters, Direction, FlowId, FlowRecord, Process, Protocol, Scope},
};

fn policy(files: &[(&str, &str)]) -> Policy {
    let sources = files
        .iter()
        .map(|(name, text)| Source::from_text(name, text))
        .collect();
    Policy::from_sources(sources).unwrap_or_else(|rejected| panic!("{rejected}"))
}

/// Judges at noon of a day, with nothing carried before.
fn judge(flow: Located, policy: &Policy, day: Date) -> Judged {
    let spent = Spent::default();
    let moment = Moment::new(
        Offset::UTC.to_timestamp(day.at(12, 0, 0, 0)).unwrap(),
        &spent,
    );
    super::judge(flow, policy, moment)
}

/// An outbound TCP flow of a unit to port 443, hosted in Germany.
fn flow(unit: &str, address: &str) -> Located {
    let record = FlowRecord {
        id: FlowId(1),
        scope: Scope::Exact,
        cgroup: CgroupId(7),
        netns: Some(1),
        address: address.parse::<IpAddr>().unwrap(),
        port: 443,
        protocol: Protocol::TCP,
        direction: Direction::Outbound,
        process: Some(Process {
            pid: 9,
            uid: 1000,
            comm: "worker".into(),
            start_ns: 1,
        }),
        first_ns: 1,
        last_ns: 2,
        forwarded_from: None,
        attempts: 1,
        counters: Counters::default(),
    };
    let workload = Workload {
        kind: WorkloadKind::SystemdUnit,
        name: unit.into(),
        cgroup_path: Some(format!("/system.slice/{unit}")),
        unit: Some(unit.into()),
        slice: Some("system.slice".into()),
        ..Workload::default()
    };
    let executable = Executable::Path(PathBuf::from("/usr/bin/worker"));
    let flow = Attributed {
        record,
        workload: Arc::new(workload),
        executable,
    };
    let names = Names::none(Missing::NoneSeen);
    hosted(
        Located {
            flow: Named { flow, names },
            place: Arc::new(nowhere()),
            operator_domicile: Arc::new(Domicile::unknown("no provider is listed".into())),
            encrypted_dns: None,
        },
        "DE",
    )
}

fn nowhere() -> Place {
    Place::unknown("no database holds it")
}

/// A place of which nothing but this is known.
fn hosted_by(hosted_in: Answers<CountryCode>) -> Arc<Place> {
    Arc::new(Place {
        hosted_in,
        ..nowhere()
    })
}

fn hosted(flow: Located, country: &str) -> Located {
    let hosted_in = Answers {
        value: country.parse().ok(),
        agreement: Agreement::Unanimous,
        sources: Vec::new(),
        reason: None,
    };
    Located {
        place: hosted_by(hosted_in),
        ..flow
    }
}

fn says<T>(source: &str, value: T) -> SourceAnswer<T> {
    SourceAnswer {
        source: source.into(),
        value: Some(value),
        prefix: None,
        note: None,
    }
}

fn disputed(flow: Located) -> Located {
    let country = |code: &str| code.parse().unwrap();
    let old = SourceAnswer {
        note: Some("built 2026-01-01, older than its limit of 45 days".into()),
        ..says("geo-c", country("US"))
    };
    let hosted_in = Answers {
        value: None,
        agreement: Agreement::Disputed,
        sources: vec![
            says("geo-a", country("DE")),
            says("geo-b", country("US")),
            old,
        ],
        reason: Some("the sources disagree".into()),
    };
    Located {
        place: hosted_by(hosted_in),
        ..flow
    }
}

/// Of one mind on the country, and yet in several places.
fn anycast(flow: Located) -> Located {
    let anycast = Answers {
        value: Some(true),
        agreement: Agreement::Disputed,
        sources: vec![
            says("geo-a", true),
            says("geo-b", false),
            says("geo-c", true),
        ],
        reason: None,
    };
    let place = Place {
        anycast,
        ..flow.place.as_ref().clone()
    };
    Located {
        place: Arc::new(place),
        ..flow
    }
}

fn unlocated(flow: Located) -> Located {
    Located {
        place: Arc::new(nowhere()),
        ..flow
    }
}

fn with_record(mut flow: Located, change: impl FnOnce(&mut FlowRecord)) -> Located {
    change(&mut flow.flow.flow.record);
    flow
}

fn with_workload(mut flow: Located, change: impl FnOnce(&mut Workload)) -> Located {
    change(Arc::make_mut(&mut flow.flow.flow.workload));
    flow
}

fn container(name: Option<&str>, image: Option<&str>) -> Container {
    Container {
        id: "c0ffee".into(),
        runtime: Runtime::Podman,
        name: name.map(str::to_owned),
        image: image.map(str::to_owned),
        labels: Labels::default(),
    }
}

fn pod(namespace: Option<&str>, name: Option<&str>) -> Pod {
    Pod {
        uid: "0".into(),
        qos: "burstable".into(),
        namespace: namespace.map(str::to_owned),
        name: name.map(str::to_owned),
        service_account: None,
        labels: Labels::default(),
    }
}
