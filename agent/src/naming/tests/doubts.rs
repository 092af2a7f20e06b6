//! Whose answers are believed.

use super::*;
use crate::naming::{GRACE_S, Source, Transport};

#[test]
fn an_answer_of_a_trusted_resolver_is_answered() {
    let mut stage = Stage::new();
    stage.ask(
        "Shop.example",
        &[
            ("shop.example", "=edge.cdn.example"),
            ("edge.cdn.example", "203.0.113.9"),
            ("edge.cdn.example", "2001:db8::9"),
        ],
    );
    for to in ["203.0.113.9", "2001:db8::9"] {
        let names = stage.names(to);
        let name = only(&names);
        assert_eq!(name.name.as_str(), "shop.example");
        assert_eq!(name.grade, Grade::Answered);
        assert_eq!(name.aliases, ["edge.cdn.example".parse().unwrap()]);
        assert_eq!(
            name.source,
            Source::Dns {
                resolver: address(RESOLVER),
                transport: Transport::Udp,
                served_by: None,
                asked_by: None,
            }
        );
        assert_eq!(names.missing, None);
    }
    assert_eq!(none(&stage.names("203.0.113.10")), Missing::NoneSeen);
}

#[test]
fn a_name_is_of_the_workload_that_asked() {
    let mut stage = Stage::new();
    stage.ask("a.example", &[("a.example", "203.0.113.9")]);
    let other = stage.names_of("203.0.113.9", |r| r.cgroup = CgroupId(8));
    assert_eq!(none(&other), Missing::NoneSeen);
    let elsewhere = stage.names_of("203.0.113.9", |r| r.netns = Some(CONTAINER));
    assert_eq!(none(&elsewhere), Missing::NoneSeen);
    let inbound = stage.names_of("203.0.113.9", |r| r.direction = Direction::Inbound);
    assert_eq!(none(&inbound), Missing::NotSought);
}

#[test]
fn an_answer_that_nobody_asked_for_says_nothing() {
    let mut stage = Stage::new();
    let forged = messages::answer(1, "a.example", &[("a.example", "203.0.113.9")]);
    stage.take(payload(PayloadKind::Answer, &forged));
    // Nor one with another number, to another port, of another question, or from
    // another address than was asked.
    stage.take(payload(
        PayloadKind::Query,
        &messages::query(2, "a.example"),
    ));
    stage.take(payload(PayloadKind::Answer, &forged));
    let right = messages::answer(2, "a.example", &[("a.example", "203.0.113.9")]);
    let mut elsewhere = payload(PayloadKind::Answer, &right);
    elsewhere.local_port += 1;
    stage.take(elsewhere);
    let other = messages::answer(2, "b.example", &[("b.example", "203.0.113.9")]);
    stage.take(payload(PayloadKind::Answer, &other));
    let mut foreign = payload(PayloadKind::Answer, &right);
    foreign.address = address("198.51.100.66");
    stage.take(foreign);
    assert_eq!(none(&stage.names("203.0.113.9")), Missing::NoneSeen);
    assert_eq!(stage.namer.counts().unasked, 5);
    stage.take(payload(PayloadKind::Answer, &right));
    assert_eq!(
        graded(&stage.names("203.0.113.9")),
        [("a.example", Grade::Answered)]
    );
}

#[test]
fn a_foreign_resolver_is_not_trusted() {
    let mut stage = Stage::new();
    stage.exchange(1, "a.example", &[("a.example", "203.0.113.9")], |p| {
        p.address = address("198.51.100.66");
    });
    let names = stage.names("203.0.113.9");
    assert_eq!(only(&names).grade, Grade::AnsweredUntrusted);
    assert_eq!(
        only(&names).doubt.as_deref(),
        Some("198.51.100.66 is not a trusted resolver")
    );
}

/// Whoever may give the addresses of a namespace could answer there as anybody.
#[test]
fn a_resolver_of_another_host_does_not_answer_over_loopback() {
    let mut stage = Stage::new();
    stage.exchange(1, "a.example", &[("a.example", "203.0.113.9")], |p| {
        p.interface = LOOPBACK;
    });
    assert_eq!(
        only(&stage.names("203.0.113.9")).doubt.as_deref(),
        Some(
            "10.0.0.53 is a trusted resolver of another host, but this answer came over the \
             loopback interface; if it is on this host, name its unit"
        )
    );
}

/// The question, who answers it, and the answer, as they pass the loopback interface.
fn ask_stub(stage: &mut Stage, netns: u64, server: Option<u64>) {
    let owner = Owner {
        cgroup: CgroupId(7),
        netns: Some(netns),
    };
    let (query, answer) = (
        messages::query(1, "a.example"),
        messages::answer(1, "a.example", &[("a.example", "203.0.113.9")]),
    );
    let at_stub = |kind, bytes| Payload {
        owner,
        address: address(STUB),
        interface: LOOPBACK,
        ..payload(kind, bytes)
    };
    stage.take(at_stub(PayloadKind::Query, &query));
    if let Some(server) = server {
        let mut served = payload(PayloadKind::Served, &[]);
        served.owner = Owner {
            cgroup: CgroupId(server),
            netns: Some(netns),
        };
        (served.port, served.local_port) = (40_000, 53);
        served.address = address("127.0.0.1");
        stage.take(served);
    }
    stage.take(at_stub(PayloadKind::Answer, &answer));
}

#[test]
fn the_stub_is_believed_if_its_unit_answers_on_the_host() {
    let mut stage = Stage::new();
    ask_stub(&mut stage, HOST, Some(STUB_CGROUP));
    let names = stage.names("203.0.113.9");
    assert_eq!(only(&names).grade, Grade::Answered);
    let Source::Dns { served_by, .. } = &only(&names).source else {
        panic!("{names:?}");
    };
    assert_eq!(served_by.as_deref(), Some("stub.service"));
}

#[test]
fn the_stub_is_not_believed_otherwise() {
    let doubt = |netns, server| {
        let mut stage = Stage::new();
        ask_stub(&mut stage, netns, server);
        let names = stage.names_of("203.0.113.9", |r| r.netns = Some(netns));
        only(&names).doubt.clone().unwrap()
    };
    assert_eq!(
        doubt(HOST, Some(66)),
        "evil.service answered at 127.0.0.53, which is not trusted"
    );
    assert_eq!(
        doubt(HOST, None),
        "it was not seen who answered at 127.0.0.53"
    );
    assert_eq!(
        doubt(CONTAINER, Some(STUB_CGROUP)),
        "127.0.0.53 is trusted on the host, and this answer came within another network namespace"
    );
}

#[test]
fn where_two_answer_at_one_port_neither_is_believed() {
    let mut stage = Stage::new();
    ask_stub(&mut stage, HOST, Some(66));
    ask_stub(&mut stage, HOST, Some(STUB_CGROUP));
    let names = stage.names("203.0.113.9");
    assert!(
        names
            .names
            .iter()
            .all(|n| n.grade == Grade::AnsweredUntrusted)
    );
}

/// Ports are used again.
#[test]
fn who_answered_at_a_port_a_minute_ago_does_not_matter() {
    let mut stage = Stage::new();
    ask_stub(&mut stage, HOST, Some(66));
    stage.now += 60 * SECOND;
    ask_stub(&mut stage, HOST, Some(STUB_CGROUP));
    let names = stage.names("203.0.113.9");
    let trusted = names.names.iter().filter(|n| n.grade == Grade::Answered);
    assert_eq!(trusted.count(), 1);
}

/// Programs may ask a resolver of the host by other ways than DNS.
#[test]
fn what_the_stub_was_told_holds_on_the_host_and_only_there() {
    let mut stage = Stage::new();
    stage.exchange(1, "a.example", &[("a.example", "203.0.113.9")], |p| {
        p.owner.cgroup = CgroupId(STUB_CGROUP);
    });
    let names = stage.names("203.0.113.9");
    assert_eq!(only(&names).grade, Grade::Answered);
    let Source::Dns { asked_by, .. } = &only(&names).source else {
        panic!("{names:?}");
    };
    assert_eq!(asked_by.as_deref(), Some("stub.service"));
    let contained = stage.names_of("203.0.113.9", |r| r.netns = Some(CONTAINER));
    assert_eq!(none(&contained), Missing::NoneSeen);
    // What the workload was told itself comes first, also for a flow that had the other.
    stage.ask("own.example", &[("own.example", "203.0.113.9")]);
    for before in [None, Some(&names)] {
        assert_eq!(
            graded(&stage.names_again("203.0.113.9", before)),
            [("own.example", Grade::Answered)]
        );
    }
}

#[test]
fn a_second_other_answer_to_one_question_makes_both_doubtful() {
    let mut stage = Stage::new();
    stage.ask("a.example", &[("a.example", "203.0.113.66")]);
    let second = messages::answer(1, "a.example", &[("a.example", "203.0.113.9")]);
    stage.take(payload(PayloadKind::Answer, &second));
    for to in ["203.0.113.66", "203.0.113.9"] {
        let names = stage.names(to);
        assert_eq!(only(&names).grade, Grade::AnsweredUntrusted, "{to}");
        assert_eq!(
            only(&names).doubt.as_deref(),
            Some("10.0.0.53 gave one answer to the question for a.example and another after it")
        );
    }
    assert_eq!(stage.namer.counts().conflicting, 1);
}

/// A resolver rotates addresses, and a client that is not answered in time asks anew.
#[test]
fn as_many_answers_may_differ_as_were_asked_for() {
    let mut stage = Stage::new();
    let query = messages::query(1, "a.example");
    for _ in 0..2 {
        stage.take(payload(PayloadKind::Query, &query));
    }
    for to in ["203.0.113.9", "203.0.113.10"] {
        let answer = messages::answer(1, "a.example", &[("a.example", to)]);
        stage.take(payload(PayloadKind::Answer, &answer));
        stage.take(payload(PayloadKind::Answer, &answer));
    }
    for to in ["203.0.113.9", "203.0.113.10"] {
        assert_eq!(graded(&stage.names(to)), [("a.example", Grade::Answered)]);
    }
}

#[test]
fn a_name_holds_for_its_lifetime_and_the_grace() {
    let mut stage = Stage::new();
    stage.ask("a.example", &[("a.example", "203.0.113.9")]);
    stage.now += (60 + GRACE_S) * SECOND - 1;
    assert_eq!(
        graded(&stage.names("203.0.113.9")),
        [("a.example", Grade::Answered)]
    );
    stage.now += 1;
    assert_eq!(none(&stage.names("203.0.113.9")), Missing::NoneSeen);
    let clock = stage.clock();
    stage.namer.prune(&clock);
    assert_eq!(stage.namer.counts().held, 0);
}

#[test]
fn why_a_name_may_be_missing_is_said() {
    let mut stage = Stage::new();
    let older = stage.names_of("203.0.113.9", |r| {
        r.process.as_mut().unwrap().start_ns = BEGAN - 1;
    });
    assert_eq!(none(&older), Missing::OlderProcess);
    let unknown = stage.names_of("203.0.113.9", |r| r.process = None);
    assert_eq!(none(&unknown), Missing::OlderProcess);
    stage.namer.lost(Some(CgroupId(8)), stage.now);
    assert_eq!(none(&stage.names("203.0.113.9")), Missing::NoneSeen);
    let own = stage.names_of("203.0.113.9", |r| r.cgroup = CgroupId(8));
    assert_eq!(none(&own), Missing::Lost);
    stage.namer.lost(None, stage.now);
    assert_eq!(none(&stage.names("203.0.113.9")), Missing::Lost);
    stage.now += 3600 * SECOND;
    assert_eq!(none(&stage.names("203.0.113.9")), Missing::NoneSeen);
}
