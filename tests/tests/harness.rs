//! The harness itself: senders, wire counter and containers agree with each other.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    net::SocketAddr,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use weir_tests::{
    cgroup,
    container::{self, Image, Storage},
    run::{self, Run},
    stage::{self, Stage},
    traffic::Protocol,
    wire::{Count, any_port},
    workload::Sender,
    world::Offloads,
};

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

#[test]
fn datagrams_on_the_wire_are_those_sent() {
    let stage = Stage::new().unwrap();
    let unit = stage.unit("sender.service").unwrap();
    for (address, header) in [(stage::GERMANY, 28), (stage::GERMANY_V6, 48)] {
        for call in ["connected", "sendto", "sendmsg"] {
            let before = stage.wire.settled().unwrap();
            let to = at(address, 53);
            let report = unit
                .traffic(
                    &stage.app,
                    &format!("udp --to {to} --bytes 321 --count 7 --echo --call {call}"),
                )
                .unwrap();
            assert_eq!((report.sent, report.received), (7 * 321, 7 * 321));
            assert_eq!(report.wire, Some(7 * (321 + header)));
            let total: u64 = stage
                .wire
                .settled()
                .unwrap()
                .iter()
                .filter(|(key, _)| key.destination == to && key.protocol == 17)
                .map(|(key, count)| count.bytes - before.get(key).map_or(0, |c| c.bytes))
                .sum();
            assert_eq!(total, 7 * (321 + header), "{to} {call}");
        }
        let wire = stage
            .wire
            .exchange(any_port(app(address)), at(address, 53), Protocol::Udp)
            .unwrap();
        let all = Count {
            bytes: 21 * (321 + header),
            packets: 21,
        };
        assert_eq!((wire.egress, wire.ingress), (all, all));
    }
}

fn app(peer: &str) -> std::net::IpAddr {
    stage::APP[usize::from(peer.contains(':'))].parse().unwrap()
}

#[test]
fn a_connection_counts_the_same_with_and_without_offloads() {
    let mut totals = Vec::new();
    for offloads in [Offloads::Off, Offloads::On] {
        let stage = Stage::with(offloads).unwrap();
        let unit = stage.unit("sender.service").unwrap();
        let to = at(stage::OVERSEAS, 443);
        let report = unit
            .traffic(
                &stage.app,
                &format!("tcp --to {to} --bytes 1000000 --reply 500000"),
            )
            .unwrap();
        let wire = stage.on_wire(&report, to, Protocol::Tcp).unwrap();
        // At least full segments of 1448 bytes and a header on each.
        assert!(wire.egress.bytes >= 1_000_000 + 691 * 52, "{wire:?}");
        assert!(wire.egress.bytes < 1_100_000, "{wire:?}");
        assert!(wire.ingress.bytes >= 500_000 + 346 * 52, "{wire:?}");
        assert_eq!(
            wire.egress.bytes % 4,
            (1_000_000 + wire.egress.packets * 52) % 4
        );
        totals.push(wire);
    }
}

#[test]
fn a_process_runs_in_its_cgroup_and_namespace() {
    let stage = Stage::new().unwrap();
    let unit = stage.unit("image-generation.service").unwrap();
    let output = unit
        .command(Some(&stage.app), &["/bin/cat", "/proc/self/cgroup"])
        .unwrap()
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains(&format!("0::{}\n", unit.cgroup_path())),
        "{text}"
    );
    let output = unit
        .command(Some(&stage.app), &["/bin/cat", "/proc/self/net/dev"])
        .unwrap()
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 4, "two headers, lo and eth0: {text}");
}

#[test]
fn there_is_no_way_out_of_the_world() {
    let stage = Stage::new().unwrap();
    let unit = stage.unit("sender.service").unwrap();
    let report = unit
        .traffic(&stage.app, "tcp-fail --to 192.0.2.1:443")
        .unwrap();
    assert_eq!(report.error.as_deref(), Some("network unreachable"));
}

#[test]
fn refused_and_silent_destinations_are_reported() {
    let stage = Stage::new().unwrap();
    let unit = stage.unit("sender.service").unwrap();
    let refused = at(stage::OVERSEAS, 9);
    let report = unit
        .traffic(&stage.app, &format!("tcp-fail --to {refused}"))
        .unwrap();
    assert_eq!(report.error.as_deref(), Some("connection refused"));
    let wire = stage.on_wire(&report, refused, Protocol::Tcp).unwrap();
    assert_eq!(
        wire.egress,
        Count {
            bytes: 60,
            packets: 1
        }
    );
    assert_eq!(
        wire.ingress,
        Count {
            bytes: 40,
            packets: 1
        }
    );
    let silent = at(stage::SILENT, 443);
    let report = unit
        .traffic(&stage.app, &format!("tcp-fail --to {silent} --wait 300"))
        .unwrap();
    assert_eq!(report.error.as_deref(), Some("timed out"));
    let wire = stage.on_wire(&report, silent, Protocol::Tcp).unwrap();
    assert_eq!(
        (wire.egress, wire.ingress.packets),
        (
            Count {
                bytes: 60,
                packets: 1
            },
            0
        )
    );
}

#[test]
fn a_sender_goes_on_until_told() {
    let stage = Stage::new().unwrap();
    let unit = stage.unit("sender.service").unwrap();
    let to = at(stage::GERMANY, 443);
    let child = unit
        .start(&stage.app, &format!("tcp-stream --to {to}"))
        .unwrap();
    let sender = Sender::ready(child).unwrap();
    thread::sleep(Duration::from_millis(200));
    let report = sender.stop().unwrap();
    assert!(report.sent > 5000, "{report:?}");
    let wire = stage.on_wire(&report, to, Protocol::Tcp).unwrap();
    assert!(wire.egress.bytes > report.sent, "{wire:?}");
}

#[test]
fn a_container_sends_from_its_own_cgroup_and_leaves_nothing() {
    for storage in [Storage::Temporary, Storage::Host] {
        let stage = Stage::new().unwrap();
        let image = Image::import(&stage.run, &stage.slice, storage).unwrap();
        let mut container = image
            .start(&stage.slice, &stage.app, "video-generation-1")
            .unwrap();
        let path = cgroup::root()
            .unwrap()
            .join(container.cgroup_path().trim_start_matches('/'));
        assert!(
            !fs::read_to_string(path.join("cgroup.procs"))
                .unwrap()
                .is_empty()
        );
        let to = at(stage::NORWAY, 443);
        let report = container
            .traffic(&format!("tcp --to {to} --bytes 4096 --reply 100"))
            .unwrap();
        assert_eq!((report.sent, report.received), (4096, 100));
        let wire = stage.on_wire(&report, to, Protocol::Tcp).unwrap();
        assert!(
            wire.egress.bytes > 4096 && wire.ingress.bytes > 100,
            "{wire:?}"
        );
        let failed = container.traffic("tcp --to 192.0.2.1:443").unwrap_err();
        assert!(
            format!("{failed:#}").contains("connect to 192.0.2.1:443"),
            "{failed:#}"
        );
        let id = container.id().to_owned();
        drop(container);
        assert!(!path.exists());
        assert!(!std::path::Path::new("/run/runc").join(&id).exists());
    }
    assert_nothing_of(std::process::id());
}

#[test]
fn what_a_killed_run_left_is_removed() {
    // A run of a process that is killed with SIGKILL: its guard does the work.
    let run = Run::start().unwrap();
    let name = run.name().to_owned();
    drop(run);
    let exe = std::env::current_exe().unwrap();
    let mut child = Command::new(exe)
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "builds_a_stage_and_waits_to_be_killed",
        ])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while !run::names()
        .unwrap()
        .iter()
        .any(|n| n.contains(&format!("t{}-", child.id())) && n.contains("peer"))
    {
        assert!(
            std::time::Instant::now() < deadline,
            "the other run does not start; {name}"
        );
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(300));
    child.kill().unwrap();
    child.wait().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while !of(child.id()).is_empty() && std::time::Instant::now() < deadline {
        thread::sleep(Duration::from_millis(50));
    }
    assert_nothing_of(child.id());
}

#[test]
#[ignore = "part of what_a_killed_run_left_is_removed"]
fn builds_a_stage_and_waits_to_be_killed() {
    let stage = Stage::new().unwrap();
    let image = Image::import(&stage.run, &stage.slice, Storage::Host).unwrap();
    let _container = image
        .start(&stage.slice, &stage.app, "video-generation-killed")
        .unwrap();
    thread::sleep(Duration::from_secs(30));
}

fn of(pid: u32) -> Vec<String> {
    let names = run::names().unwrap().into_iter();
    names
        .chain(container::images().unwrap())
        .filter(|name| name.starts_with(&format!("weir-t{pid}-")))
        .collect()
}

fn assert_nothing_of(pid: u32) {
    assert_eq!(of(pid), Vec::<String>::new());
}
