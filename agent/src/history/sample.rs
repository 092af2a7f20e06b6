//! Made-up records, for the tests of all that reads the past.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{path::Path, sync::Arc};

use jiff::Timestamp;

use crate::{
    attribution::{Attributed, Executable, Workload, WorkloadKind},
    jurisdiction::{Agreement, Answers, Domicile, Located, Place, SourceAnswer},
    ledger::{Entry, FlowInterval, Ledger},
    naming::{Ech, Grade, Missing, Name, Named, Names, Source, Transport},
    record::{CgroupId, Counters, Direction, FlowId, FlowRecord, Process, Protocol, Scope},
    verdict::{Judged, Verdict},
};

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A store that is written entry by entry.
pub(crate) struct Store {
    directory: tempfile::TempDir,
    ledger: Ledger,
}

impl Store {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(directory.path(), time("2026-11-01T00:00:00Z")).unwrap();
        Self { directory, ledger }
    }

    pub(crate) fn add(&mut self, at: &str, entry: Entry) -> &mut Self {
        self.ledger.append(time(at), entry).unwrap();
        self.ledger.flush().unwrap();
        self
    }

    pub(crate) fn flow(&mut self, at: &str, flow: FlowInterval) -> &mut Self {
        self.add(at, Entry::Flow(Box::new(flow)))
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// An agent begins 1000 s after boot.
pub(crate) fn started(recording: &str, allowlists: &str) -> Entry {
    Entry::Started {
        recording: recording.to_owned(),
        adopted: false,
        version: "0".to_owned(),
        boot_id: "b".to_owned(),
        boot_ns: Some(1_000_000_000_000),
        allowlists: allowlists.to_owned(),
        databases: [].into(),
    }
}

pub(crate) fn stopped() -> Entry {
    Entry::Stopped {
        continues: false,
        losses: [].into(),
        counters: Counters::default(),
    }
}

pub(crate) fn sent(egress_bytes: u64) -> Counters {
    Counters {
        egress_bytes,
        egress_packets: 1,
        ingress_bytes: 0,
        ingress_packets: 0,
    }
}

/// The first interval of an undeclared flow of `image.service`, a workload of `image`, to
/// 198.51.100.9:443, in `slot` of recording `r`, seen from 1000 s to 1001 s after boot.
pub(crate) fn flow(slot: u32, bytes: u64) -> FlowInterval {
    let record = FlowRecord {
        id: FlowId(u64::from(slot)),
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
        first_ns: 1_000_000_000_000,
        last_ns: 1_001_000_000_000,
        attempts: 1,
        counters: sent(bytes),
    };
    let named = Named {
        flow: Attributed {
            record,
            workload: workload("image.service"),
            executable: Executable::Path("/usr/bin/worker".into()),
        },
        names: Names::none(Missing::NoneSeen),
    };
    FlowInterval {
        counters: sent(bytes),
        slot,
        recording: "r".to_owned(),
        judged: Judged {
            flow: Located {
                flow: named,
                place: Arc::new(Place::unknown("no database holds it")),
                operator_domicile: Arc::new(Domicile::unknown("no provider is listed".to_owned())),
                encrypted_dns: None,
            },
            product: Some("image".to_owned()),
            verdict: Verdict::Undeclared,
            rule: None,
            reason: "no entry of image declares it".to_owned(),
        },
    }
}

pub(crate) fn workload(unit: &str) -> Arc<Workload> {
    Arc::new(Workload {
        kind: WorkloadKind::SystemdUnit,
        host: None,
        name: unit.to_owned(),
        cgroup_path: Some(format!("/system.slice/{unit}")),
        unit: Some(unit.to_owned()),
        slice: Some("system.slice".to_owned()),
        user: None,
        container: None,
        pod: None,
        machine: None,
        unknown: None,
    })
}

/// Changes of a flow, one after the other.
pub(crate) trait With: Sized {
    fn to(self, address: &str, port: u16) -> Self;
    fn of(self, unit: &str, product: Option<&str>) -> Self;
    fn judged(self, verdict: Verdict, rule: Option<&str>) -> Self;
    fn told(self, name: &str, grade: Grade) -> Self;
    fn said(self, name: &str) -> Self;
    fn hosted(self, answers: &[(&str, &str)]) -> Self;
}

impl With for FlowInterval {
    fn to(mut self, address: &str, port: u16) -> Self {
        let record = &mut self.judged.flow.flow.flow.record;
        record.address = address.parse().unwrap();
        record.port = port;
        self
    }

    fn of(mut self, unit: &str, product: Option<&str>) -> Self {
        self.judged.flow.flow.flow.workload = workload(unit);
        self.judged.product = product.map(str::to_owned);
        self
    }

    fn judged(mut self, verdict: Verdict, rule: Option<&str>) -> Self {
        self.judged.verdict = verdict;
        self.judged.rule = rule.map(str::to_owned);
        self
    }

    fn told(self, name: &str, grade: Grade) -> Self {
        let source = Source::Dns {
            resolver: "10.20.0.53".parse().unwrap(),
            transport: Transport::Udp,
            served_by: None,
            asked_by: None,
        };
        named(self, name, grade, source)
    }

    fn said(self, name: &str) -> Self {
        let source = Source::Tls {
            alpn: Vec::new(),
            ech: Ech::Absent,
        };
        named(self, name, Grade::Presented, source)
    }

    /// Countries by source; the last one, if all say the same, is unanimous.
    fn hosted(mut self, answers: &[(&str, &str)]) -> Self {
        let sources: Vec<_> = answers
            .iter()
            .map(|(source, country)| SourceAnswer {
                source: Arc::from(*source),
                value: Some(country.parse().unwrap()),
                prefix: None,
                note: None,
            })
            .collect();
        let same = answers.windows(2).all(|pair| pair[0].1 == pair[1].1);
        let mut place = Place::unknown("no database holds it");
        place.hosted_in = Answers {
            value: sources.first().and_then(|one| one.value).filter(|_| same),
            agreement: if same {
                Agreement::Unanimous
            } else {
                Agreement::Disputed
            },
            sources,
            reason: None,
        };
        self.judged.flow.place = Arc::new(place);
        self
    }
}

fn named(mut flow: FlowInterval, name: &str, grade: Grade, source: Source) -> FlowInterval {
    let names = &mut flow.judged.flow.flow.names;
    names.missing = None;
    names.names.push(Name {
        name: name.parse().unwrap(),
        grade,
        aliases: Vec::new(),
        source,
        time: time("2026-11-01T00:00:00Z"),
        doubt: None,
    });
    flow
}
