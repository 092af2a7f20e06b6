//! Flows as they come out of the naming stage.

use std::{net::IpAddr, sync::Arc};

use anyhow::Result;
use jiff::Timestamp;
use weir::{
    attribution::{Attributed, Executable, Workload, WorkloadKind},
    naming::{DomainName, Ech, Grade, Missing, Name, Named, Names, Source, Transport},
    record::{CgroupId, Counters, Direction, FlowId, FlowRecord, Process, Protocol, Scope},
};

use super::random::Random;

/// What the flows' names are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// Two of three have a name that was answered and presented; the others have none.
    Usual,
    /// None has any, and some may be missing.
    Doubtful,
}

/// As many flows of workloads of `product-0`, their names among those of `entries`
/// entries and as many that no entry has.
pub(super) fn flows(count: u32, entries: u32, naming: Naming) -> Result<Vec<Named>> {
    let mut random = Random::new(11);
    let workloads: Vec<Arc<Workload>> = (0..16).map(|n| Arc::new(workload(n))).collect();
    (0..count)
        .map(|number| {
            let workload = &workloads[usize::try_from(random.below(16))?];
            let names = match naming {
                Naming::Doubtful => Names::none(Missing::OlderProcess),
                Naming::Usual if random.below(3) == 0 => Names::none(Missing::NoneSeen),
                Naming::Usual => named(random.below(entries.max(1) * 2))?,
            };
            Ok(Named {
                flow: Attributed {
                    record: record(number),
                    workload: Arc::clone(workload),
                    executable: Executable::Path("/usr/bin/worker".into()),
                },
                names,
            })
        })
        .collect()
}

/// A name with an alias, answered, and said in a hello.
fn named(number: u32) -> Result<Names> {
    let name = if number.is_multiple_of(2) {
        format!("api-{}.provider.example", number / 2)
    } else {
        format!("host.region-{}.provider.example", number / 2)
    };
    // What was heard and what was said were read apart, and share no memory.
    let (name, said): (DomainName, DomainName) = (name.parse()?, name.parse()?);
    let alias: DomainName = format!("edge-{number}.cdn.example").parse()?;
    let answered = Name {
        name,
        grade: Grade::Answered,
        aliases: vec![alias],
        source: Source::Dns {
            resolver: IpAddr::from([10, 0, 0, 53]),
            transport: Transport::Udp,
            served_by: None,
            asked_by: None,
        },
        time: Timestamp::UNIX_EPOCH,
        doubt: None,
    };
    let presented = Name {
        name: said,
        grade: Grade::Presented,
        aliases: Vec::new(),
        source: Source::Tls {
            alpn: vec!["h2".to_owned(), "http/1.1".to_owned()],
            ech: Ech::Absent,
        },
        time: Timestamp::UNIX_EPOCH,
        doubt: None,
    };
    Ok(Names {
        names: vec![presented, answered],
        missing: None,
    })
}

fn record(number: u32) -> FlowRecord {
    FlowRecord {
        id: FlowId(u64::from(number)),
        scope: Scope::Exact,
        cgroup: CgroupId(7),
        netns: Some(1),
        address: IpAddr::from([192, 0, 2, 1]),
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
    }
}

fn workload(number: u32) -> Workload {
    let unit = format!("product-0-{number}.service");
    Workload {
        kind: WorkloadKind::SystemdUnit,
        name: unit.clone(),
        cgroup_path: Some(format!("/system.slice/{unit}")),
        unit: Some(unit),
        slice: Some("system.slice".into()),
        ..Workload::default()
    }
}

/// Addresses anywhere in the unicast space of IPv4.
pub(super) fn addresses(count: usize, seed: u64) -> Vec<IpAddr> {
    let mut random = Random::new(seed);
    (0..count)
        .map(|_| IpAddr::from(((1 << 24) + random.below(222 << 24)).to_be_bytes()))
        .collect()
}

/// Draws from `among`: the k-th as often as 1/k (Zipf's law).
pub(super) fn zipf(among: &[IpAddr], count: usize) -> Vec<IpAddr> {
    let mut sum = 0.0;
    let steps: Vec<f64> = (1..=among.len())
        .map(|rank| {
            sum += 1.0 / f64::from(u32::try_from(rank).unwrap_or(u32::MAX));
            sum
        })
        .collect();
    let mut random = Random::new(13);
    (0..count)
        .filter_map(|_| {
            let drawn = random.fraction() * sum;
            among
                .get(steps.partition_point(|step| *step <= drawn))
                .copied()
        })
        .collect()
}
