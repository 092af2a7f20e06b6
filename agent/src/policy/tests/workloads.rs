//! Selectors and workloads of every shape, over so few names that they often meet.

use std::{path::PathBuf, sync::Arc};

use proptest::prelude::*;

use crate::{
    attribution::{
        Attributed, Container, Executable, Labels, Pod, Runtime, Workload, WorkloadKind,
    },
    policy::{Aspect, Glob, Hosts, Selector, Term, Wanted},
    record::{CgroupId, Counters, Direction, FlowId, FlowRecord, Process, Protocol, Scope},
};

fn text() -> impl Strategy<Value = String> {
    "[ab]{0,2}(/[ab])?"
}

fn glob() -> impl Strategy<Value = Glob> {
    "([ab/?]|\\*){1,3}".prop_filter_map("a pattern", |text| Glob::new(&text).ok())
}

fn literal() -> impl Strategy<Value = Term> {
    let named = prop::sample::select(vec![
        Aspect::Unit,
        Aspect::Slice,
        Aspect::Container,
        Aspect::Pod,
        Aspect::ServiceAccount,
        Aspect::Executable,
    ]);
    let labelled = prop::sample::select(vec![Aspect::Label, Aspect::PodLabel]);
    prop_oneof![
        4 => (named, glob()).prop_map(|(aspect, glob)| Term::Is(aspect, Wanted::Name(glob))),
        2 => (labelled, "[xy]", glob()).prop_map(|(aspect, key, glob)| {
            Term::Is(aspect, Wanted::Label(Arc::from(key), glob))
        }),
        1 => (0..2_u32).prop_map(|uid| Term::Is(Aspect::Uid, Wanted::Uid(uid))),
        1 => prop::collection::vec(glob(), 1..3).prop_map(|names| {
            Term::Is(Aspect::Host, Wanted::Hosts(Hosts::new(vec![("g".into(), names)])))
        }),
    ]
}

/// Selectors, also within each other.
pub(in crate::policy) fn selector() -> impl Strategy<Value = Selector> {
    let flat = prop::collection::vec(literal(), 1..3).prop_map(Selector::new);
    flat.prop_recursive(3, 12, 3, |inner| {
        let some = prop::collection::vec(inner.clone(), 1..3);
        let term = prop_oneof![
            literal(),
            some.prop_map(Term::Any),
            inner.prop_map(|selector| Term::Not(Box::new(selector))),
        ];
        prop::collection::vec(term, 1..4).prop_map(Selector::new)
    })
}

fn labels() -> impl Strategy<Value = Labels> {
    let known = prop::collection::btree_map("[xy]", text(), 0..3);
    let incomplete = prop::option::of(Just("cut".to_owned()));
    (known, incomplete).prop_map(|(known, incomplete)| Labels { known, incomplete })
}

fn container() -> impl Strategy<Value = Container> {
    (prop::option::of(text()), labels()).prop_map(|(name, labels)| Container {
        id: "c0ffee".into(),
        runtime: Runtime::Podman,
        name,
        image: None,
        labels,
    })
}

fn pod() -> impl Strategy<Value = Pod> {
    let texts = (prop::option::of(text()), prop::option::of(text()));
    (texts, labels()).prop_map(|((name, service_account), labels)| Pod {
        uid: "0".into(),
        qos: "burstable".into(),
        namespace: None,
        name,
        service_account,
        labels,
    })
}

fn workload() -> impl Strategy<Value = Workload> {
    let texts = (
        prop::option::of(text()),
        prop::option::of(text()),
        prop::option::of(text()),
    );
    let parts = (prop::option::of(container()), prop::option::of(pod()));
    let user = prop::option::weighted(0.1, 0..2_u32);
    (texts, parts, user, prop::bool::weighted(0.9)).prop_map(
        |((unit, slice, host), (container, pod), user, placed)| Workload {
            host: host.map(Arc::from),
            kind: WorkloadKind::Cgroup,
            cgroup_path: placed.then(|| "/a".to_owned()),
            unit,
            slice,
            user,
            container,
            pod,
            ..Workload::default()
        },
    )
}

/// Flows of workloads of which much, little or nothing is known.
pub(in crate::policy) fn flow() -> impl Strategy<Value = Attributed> {
    let program = prop::option::of(text());
    (workload(), program, prop::option::of(0..2_u32)).prop_map(|(workload, program, uid)| {
        Attributed {
            record: record(uid),
            workload: Arc::new(workload),
            executable: match program {
                Some(path) => Executable::Path(PathBuf::from(path)),
                None => Executable::Unknown("it had ended".into()),
            },
        }
    })
}

pub(super) fn record(uid: Option<u32>) -> FlowRecord {
    FlowRecord {
        id: FlowId(1),
        scope: Scope::Exact,
        cgroup: CgroupId(7),
        netns: None,
        address: [198, 51, 100, 9].into(),
        port: 443,
        protocol: Protocol::TCP,
        direction: Direction::Outbound,
        process: uid.map(|uid| Process {
            pid: 9,
            uid,
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
