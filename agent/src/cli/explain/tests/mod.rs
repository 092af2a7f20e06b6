//! Made-up records, and what is said of them, word for word.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod choice;
mod decision;
mod described;
mod pages;

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;

use super::{
    explanation::{Allowlists, Explanation},
    page,
    recorded::{Found, Recorded, find},
    wanted::Wanted,
};
use crate::{
    attribution::{Attributed, Executable, Workload, WorkloadKind},
    jurisdiction::{Agreement, Answers, Domicile, Located, Place, SourceAnswer},
    ledger::{Entry, FlowInterval, Ledger},
    naming::{Ech, Grade, Missing, Name, Named, Names, Source, Transport},
    policy::{self, Policy},
    record::{CgroupId, Counters, Direction, FlowId, FlowRecord, Process, Protocol, Scope},
    verdict::{Judged, Verdict},
};

const SECOND: u64 = 1_000_000_000;

fn time(text: &str) -> Timestamp {
    format!("2026-11-01T{text}Z").parse().unwrap()
}

/// What every entry needs beside itself, but for its last day.
const DUTIES: &str = "data_categories = [\"test data\"]\nlegal_basis = \"made up for the test\"\n\
                      approved_by = \"dpo\"\napproved_on = 2026-03-01\n";

/// An undeclared flow of a unit to 198.51.100.9:443, in slot 1, seen first at 100 s and last
/// at 160 s after boot. Nothing is known of names and place.
fn flow() -> FlowInterval {
    let record = FlowRecord {
        id: FlowId(1),
        scope: Scope::Exact,
        cgroup: CgroupId(7),
        netns: Some(1),
        address: "198.51.100.9".parse().unwrap(),
        port: 443,
        protocol: Protocol::TCP,
        forwarded_from: None,
        direction: Direction::Outbound,
        process: Some(Process {
            pid: 4711,
            uid: 1000,
            comm: "worker".to_owned(),
            start_ns: 1,
        }),
        first_ns: 100 * SECOND,
        last_ns: 160 * SECOND,
        attempts: 1,
        counters: Counters {
            egress_bytes: 5120,
            egress_packets: 9,
            ingress_bytes: 52,
            ingress_packets: 1,
        },
    };
    let workload = Workload {
        kind: WorkloadKind::SystemdUnit,
        name: "a.service".to_owned(),
        cgroup_path: Some("/system.slice/a.service".to_owned()),
        unit: Some("a.service".to_owned()),
        slice: Some("system.slice".to_owned()),
        ..Workload::default()
    };
    let located = Located {
        flow: Named {
            flow: Attributed {
                record,
                workload: Arc::new(workload),
                executable: Executable::Path(PathBuf::from("/usr/bin/worker")),
            },
            names: Names::none(Missing::NoneSeen),
        },
        place: Arc::new(Place::unknown("no database holds it")),
        operator_domicile: Arc::new(Domicile::unknown("no provider is listed".to_owned())),
        encrypted_dns: None,
    };
    FlowInterval {
        counters: Counters::default(),
        slot: 1,
        recording: "r1".to_owned(),
        judged: Judged {
            flow: located,
            product: Some("a".to_owned()),
            verdict: Verdict::Undeclared,
            rule: None,
            reason: "no entry of a declares it".to_owned(),
        },
    }
}

fn record(flow: &mut FlowInterval) -> &mut FlowRecord {
    &mut flow.judged.flow.flow.flow.record
}

fn named(flow: &mut FlowInterval) -> &mut Names {
    &mut flow.judged.flow.flow.names
}

fn told(name: &str, aliases: &[&str]) -> Name {
    Name {
        name: name.parse().unwrap(),
        grade: Grade::Answered,
        aliases: aliases.iter().map(|alias| alias.parse().unwrap()).collect(),
        source: Source::Dns {
            resolver: "192.0.2.53".parse().unwrap(),
            transport: Transport::Udp,
            served_by: None,
            asked_by: None,
        },
        time: time("12:00:00"),
        doubt: None,
    }
}

/// 100 seconds after boot, at noon.
fn started(recording: &str) -> Entry {
    Entry::Started {
        recording: recording.to_owned(),
        adopted: false,
        version: "0".to_owned(),
        boot_id: "b".to_owned(),
        boot_ns: Some(100 * SECOND),
        allowlists: "of the start".to_owned(),
        databases: std::collections::BTreeMap::new(),
        build: None,
        confinement: None,
    }
}

/// A store with these entries, each a minute after the one before, from noon.
fn store(entries: impl IntoIterator<Item = Entry>) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), time("12:00:00")).unwrap();
    let mut now = time("12:00:00");
    for entry in entries {
        ledger.append(now, entry).unwrap();
        now += jiff::SignedDuration::from_mins(1);
    }
    ledger.flush().unwrap();
    directory
}

fn entry(flow: FlowInterval) -> Entry {
    Entry::Flow(Box::new(flow))
}

/// The only flow of a ledger, as found.
fn recorded(flow: FlowInterval) -> Recorded {
    let store = store([started("r1"), entry(flow)]);
    match find(store.path(), &Wanted::default(), 2).unwrap() {
        Found::Flows(mut flows) if flows.len() == 1 => flows.remove(0),
        other => panic!("{other:?}"),
    }
}

/// The page without colours.
fn page(recorded: &Recorded, allowlists: Option<&Allowlists>) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    page::print(&Explanation::of(recorded, allowlists), &mut out).unwrap();
    let text = String::from_utf8(out.into_inner()).unwrap();
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "wider than 80 columns:\n{text}"
    );
    text
}

/// A product whose only entry is this.
fn allowlists(entry: &str) -> Allowlists {
    let product = format!(
        "product = \"a\"\ntitle = \"A\"\nowner = \"t\"\nposture = \"external_declared\"\n\
         [[workload]]\nunit = \"a.service\"\n\
         [[allow]]\npurpose = \"the provider\"\nowner = \"team-a\"\n{DUTIES}{entry}\n"
    );
    let sources = vec![policy::Source::from_text("a.toml", &product)];
    Allowlists {
        directory: PathBuf::from("lists"),
        policy: Policy::from_sources(sources).unwrap_or_else(|rejected| panic!("{rejected}")),
    }
}
