//! No bound is passed, whatever is said.

use super::*;
use crate::naming::{MOST_NAMES, MOST_OF_ADDRESS, MOST_OF_ONE};

fn v4(number: usize) -> String {
    std::net::Ipv4Addr::from_bits(0x0b00_0000 + u32::try_from(number).unwrap()).to_string()
}

#[test]
fn one_workload_cannot_push_out_the_names_of_another() {
    let mut stage = Stage::new();
    stage.exchange(
        1,
        "quiet.example",
        &[("quiet.example", "203.0.113.9")],
        |p| {
            p.owner.cgroup = CgroupId(8);
        },
    );
    for number in 0..MOST_OF_ONE + 10 {
        let name = format!("n{number}.example");
        stage.ask(&name, &[(&name, &v4(number))]);
    }
    let counts = stage.namer.counts();
    assert_eq!(counts.held, u64::try_from(MOST_OF_ONE).unwrap() + 1);
    assert_eq!(counts.forgotten, 10);
    assert_eq!(none(&stage.names(&v4(0))), Missing::Forgotten);
    let last = v4(MOST_OF_ONE + 9);
    assert_eq!(stage.names(&last).names.len(), 1);
    let quiet = stage.names_of("203.0.113.9", |r| r.cgroup = CgroupId(8));
    assert_eq!(graded(&quiet), [("quiet.example", Grade::Answered)]);
}

#[test]
fn names_of_one_address_are_bounded() {
    let mut stage = Stage::new();
    for number in 0..100 {
        let name = format!("n{number:03}.example");
        stage.ask(&name, &[(&name, "203.0.113.9")]);
    }
    let names = stage.names("203.0.113.9");
    assert_eq!(names.names.len(), MOST_OF_ADDRESS);
    assert_eq!(names.names[0].name.as_str(), "n068.example");
}

#[test]
fn all_names_together_are_bounded() {
    let mut stage = Stage::new();
    let each = 4096;
    let workloads = MOST_NAMES / each + 2;
    for workload in 0..workloads {
        for number in 0..each {
            let name = format!("n{number}.example");
            stage.exchange(1, &name, &[(&name, &v4(number))], |p| {
                p.owner.cgroup = CgroupId(1000 + workload as u64);
            });
        }
    }
    let counts = stage.namer.counts();
    assert_eq!(counts.held, MOST_NAMES as u64);
    assert_eq!(counts.forgotten, 2 * each as u64);
}

/// Half-open streams of every kind, and many of each.
#[test]
fn streams_that_never_end_are_given_up() {
    let mut stage = Stage::new();
    for socket in 0..20_000 {
        let mut beginning = payload(PayloadKind::Hello, &[22, 3, 1, 2, 0]);
        beginning.socket = socket;
        stage.take(beginning);
        let mut dns = payload(PayloadKind::DnsReceived, &[0xff, 0xff, 0]);
        dns.socket = socket;
        stage.take(dns);
    }
    assert_eq!(stage.namer.counts().held, 0);
    assert_eq!(stage.namer.counts().malformed, 0);
}
