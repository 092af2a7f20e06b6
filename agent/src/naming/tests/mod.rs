//! Tests of the stage with made-up payloads: what workloads say, byte by byte, and what
//! the names of their flows are then.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod bounds;
mod doubts;
mod messages;
mod restart;
mod speech;
mod trust;

use std::{net::IpAddr, sync::Arc};

use jiff::Timestamp;

use super::{Grade, Missing, Name, Namer, Names, Resolvers};
use crate::{
    attribution::{Attributed, Executable, path},
    kernel::Clock,
    record::{
        CgroupId, Counters, Direction, FlowId, FlowRecord, Owner, Payload, PayloadKind, Process,
        Protocol, Scope,
    },
};

const SECOND: u64 = 1_000_000_000;
/// When names began to be recorded.
const BEGAN: u64 = 1000 * SECOND;
/// Network namespace of the host.
const HOST: u64 = 1;
/// Network namespace of a container.
const CONTAINER: u64 = 2;
/// A trusted resolver of another host.
const RESOLVER: &str = "10.0.0.53";
/// The stub resolver of this host.
const STUB: &str = "127.0.0.53";
/// Cgroup of the unit that answers there.
const STUB_CGROUP: u64 = 53;
/// Number of an interface that leads off the host.
const ETHERNET: u32 = 2;
const LOOPBACK: u32 = 1;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The stage and the hand of its clock.
struct Stage {
    namer: Namer,
    now: u64,
}

/// A payload without anything in it.
fn payload(kind: PayloadKind, bytes: &[u8]) -> Payload<'_> {
    Payload {
        kind,
        owner: Owner {
            cgroup: CgroupId(7),
            netns: Some(HOST),
        },
        socket: 1,
        time_ns: 0,
        address: address(RESOLVER),
        port: 53,
        local_port: 40_000,
        protocol: Protocol::UDP,
        offset: 0,
        cut: false,
        interface: ETHERNET,
        segment: None,
        bytes,
    }
}

impl Stage {
    fn new() -> Self {
        let mut resolvers = Resolvers::new();
        resolvers.trust(address(RESOLVER));
        resolvers.trust_unit(address(STUB), "stub.service");
        Self {
            namer: Namer::new(Arc::new(resolvers), Some(HOST), BEGAN),
            now: BEGAN + 10 * SECOND,
        }
    }

    fn clock(&self) -> Clock {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        Clock::at(self.now, now)
    }

    fn take(&mut self, mut payload: Payload<'_>) {
        payload.time_ns = self.now;
        let clock = self.clock();
        self.namer.take(&payload, &clock, &mut |cgroup| {
            let unit = match cgroup.0 {
                STUB_CGROUP => "stub.service",
                66 => "evil.service",
                _ => return None,
            };
            Some(Arc::from(unit))
        });
    }

    /// A workload asks its resolver and is answered.
    fn ask(&mut self, name: &str, records: &[(&str, &str)]) {
        self.exchange(1, name, records, |_| {});
    }

    /// A question and its answer, both with a change.
    fn exchange(
        &mut self,
        id: u16,
        name: &str,
        records: &[(&str, &str)],
        change: impl Fn(&mut Payload<'_>),
    ) {
        let (query, answer) = (
            messages::query(id, name),
            messages::answer(id, name, records),
        );
        for (kind, bytes) in [(PayloadKind::Query, query), (PayloadKind::Answer, answer)] {
            let mut payload = payload(kind, &bytes);
            change(&mut payload);
            self.take(payload);
        }
    }

    /// Names of a new flow of the usual workload.
    fn names(&mut self, to: &str) -> Names {
        self.names_of(to, |_| {})
    }

    /// Names of a flow that had some before.
    fn names_again(&mut self, to: &str, before: Option<&Names>) -> Names {
        self.names_changed(to, before, |_| {})
    }

    fn names_of(&mut self, to: &str, change: impl Fn(&mut FlowRecord)) -> Names {
        self.names_changed(to, None, change)
    }

    fn names_changed(
        &mut self,
        to: &str,
        before: Option<&Names>,
        change: impl Fn(&mut FlowRecord),
    ) -> Names {
        let mut record = FlowRecord {
            id: FlowId(1),
            scope: Scope::Exact,
            cgroup: CgroupId(7),
            netns: Some(HOST),
            address: address(to),
            port: 443,
            protocol: Protocol::TCP,
            forwarded_from: None,
            direction: Direction::Outbound,
            process: Some(Process {
                pid: 9,
                uid: 0,
                comm: "worker".into(),
                start_ns: BEGAN + SECOND,
            }),
            first_ns: self.now,
            last_ns: self.now,
            attempts: 1,
            counters: Counters::default(),
        };
        change(&mut record);
        let flow = Attributed {
            record,
            workload: Arc::new(path::parse("/worker.service")),
            executable: Executable::Unknown("synthetic".into()),
        };
        let clock = self.clock();
        self.namer.name(flow, before, &clock).names
    }
}

/// Names with their grades.
fn graded(names: &Names) -> Vec<(&str, Grade)> {
    let all = names.names.iter();
    all.map(|name| (name.name.as_str(), name.grade)).collect()
}

/// The only name.
#[track_caller]
fn only(names: &Names) -> &Name {
    match names.names.as_slice() {
        [name] => name,
        other => panic!("not one name: {other:#?}"),
    }
}

/// Why there is none.
#[track_caller]
fn none(names: &Names) -> Missing {
    assert_eq!(graded(names), []);
    names.missing.clone().unwrap()
}
