//! Made-up records, for the tests of all that reads the past.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    attribution::Workload,
    jurisdiction::{Agreement, Answers, AsNumber, Domicile, Operator, Place, SourceAnswer},
    ledger::{Entry, FlowInterval, Ledger},
    naming::{Ech, Grade, Missing, Name, Names, Source, Transport},
    record::Counters,
    verdict::Verdict,
};

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// 2026-11-01 at a time of day.
pub(crate) fn at(time: &str) -> String {
    format!("2026-11-01T{time}Z")
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
    made(json!({
        "type": "started",
        "recording": recording,
        "adopted": false,
        "version": "0",
        "boot_id": "b",
        "boot_ns": 1_000_000_000_000_u64,
        "allowlists": allowlists,
        "databases": {},
    }))
}

pub(crate) fn stopped() -> Entry {
    let counters = Counters::default();
    made(json!({ "type": "stopped", "continues": false, "losses": {}, "counters": counters }))
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
    let record = json!({
        "id": slot,
        "scope": "exact",
        "cgroup": 7,
        "netns": 1,
        "address": "198.51.100.9",
        "port": 443,
        "protocol": 6,
        "direction": "outbound",
        "process": { "pid": 4711, "uid": 1000, "comm": "worker", "start_ns": 1 },
        "first_ns": 1_000_000_000_000_u64,
        "last_ns": 1_001_000_000_000_u64,
        "attempts": 1,
        "counters": sent(bytes),
    });
    let attributed = json!({
        "record": record,
        "workload": workload("image.service"),
        "executable": { "path": "/usr/bin/worker" },
    });
    let located = json!({
        "flow": { "flow": attributed, "names": Names::none(Missing::NoneSeen) },
        "place": Place::unknown("no database holds it"),
        "operator_domicile": Domicile::unknown("the allowlists list no providers".to_owned()),
        "encrypted_dns": null,
    });
    made(json!({
        "counters": sent(bytes),
        "slot": slot,
        "recording": "r",
        "judged": {
            "flow": located,
            "product": "image",
            "verdict": "undeclared",
            "rule": null,
            "reason": "no entry of image declares it",
        },
    }))
}

/// What the ledger reads from it.
fn made<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

pub(crate) fn workload(unit: &str) -> Arc<Workload> {
    made(json!({
        "kind": "systemd_unit",
        "name": unit,
        "cgroup_path": format!("/system.slice/{unit}"),
        "unit": unit,
        "slice": "system.slice",
    }))
}

/// Changes of a flow, one after the other.
pub(crate) trait With: Sized {
    fn to(self, address: &str, port: u16) -> Self;
    fn of(self, unit: &str, product: Option<&str>) -> Self;
    /// Judged so, by this entry.
    fn judged(self, verdict: Verdict, rule: Option<&str>) -> Self;
    fn told(self, name: &str, grade: Grade) -> Self;
    fn said(self, name: &str) -> Self;
    /// Its address is of the AS of that number.
    fn announced(self, asn: u32) -> Self;
    fn hosted(self, answers: &[(&str, &str)]) -> Self;
    /// A further interval of the same flow.
    fn more(self, bytes: u64) -> Self;
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

    fn announced(mut self, asn: u32) -> Self {
        let operator = Operator {
            asn: AsNumber(asn),
            organisation: None,
        };
        let mut place = (*self.judged.flow.place).clone();
        place.operator = Answers {
            value: Some(operator),
            agreement: Agreement::Unanimous,
            sources: Vec::new(),
            reason: None,
        };
        self.judged.flow.place = Arc::new(place);
        self
    }

    fn more(mut self, bytes: u64) -> Self {
        let record = &mut self.judged.flow.flow.flow.record;
        record.counters = record.counters + sent(bytes);
        record.last_ns += 1_000_000_000;
        self.counters = sent(bytes);
        self
    }

    /// Countries by source; one, if all say the same, is unanimous.
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
        let mut place = (*self.judged.flow.place).clone();
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
