//! The kernel side at its bound, and slots that are used again. Needs root;
//! never skips itself.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::HashMap,
    net::UdpSocket,
    path::{Path, PathBuf},
    time::Duration,
};

use weir::{
    kernel::{Capture, CaptureOptions, CgroupDirectory, Clock, UplinkHook, find_cgroup_root},
    record::{CgroupId, Change, FlowRecord, IdlePolicy, Observation, Scope, Seen, Sweeper},
};
use weir_common::{KIND_FOLDED, Loss};

/// IPv4 and UDP headers.
const HEADERS: u64 = 28;

/// A cgroup that this process is in until it is dropped.
struct Home {
    root: PathBuf,
    path: PathBuf,
    id: CgroupId,
}

impl Home {
    fn enter(name: &str) -> Self {
        let root = find_cgroup_root().unwrap();
        let below = format!("weir-kernel-test-{name}-{}", std::process::id());
        let path = root.join(&below);
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("cgroup.procs"), std::process::id().to_string()).unwrap();
        let directory = CgroupDirectory::open(&root).unwrap();
        let id = CgroupId(directory.id_of(Path::new(&below)).unwrap());
        Self { root, path, id }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let pid = std::process::id().to_string();
        std::fs::write(self.root.join("cgroup.procs"), pid).unwrap();
        std::fs::remove_dir(&self.path).unwrap();
    }
}

fn start(max_flows: u32) -> Capture {
    let root = CgroupDirectory::open(&find_cgroup_root().unwrap()).unwrap();
    Capture::start(
        &root,
        CaptureOptions {
            max_flows,
            program_stats: false,
            uplink_hook: UplinkHook::Tcx,
        },
        None,
    )
    .unwrap()
}

/// Sends one datagram of a size to each port of this host.
fn send(ports: std::ops::Range<u16>, size: usize) -> u64 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let payload = vec![0; size];
    let count = ports.len() as u64;
    for port in ports {
        // A closed port answers with an error that the next call reports.
        while socket.send_to(&payload, ("127.0.0.1", port)).is_err() {}
    }
    count * (size as u64 + HEADERS)
}

/// One after the other: both move this process between cgroups.
#[test]
fn bytes_stay_exact_at_the_bound_and_over_reuse() {
    folds_at_the_bound();
    reuses_slots();
}

fn folds_at_the_bound() {
    let mut capture = start(511);
    let home = Home::enter("bound");
    let sent = send(20_000..22_000, 100);
    drop(home);
    capture.detach().unwrap();

    let mut folded_packets = 0;
    let (mut exact, mut folded) = (0, 0);
    for slot in 0..capture.used_slots().unwrap() {
        let Some((key, ..)) = capture.slots().identity(slot) else {
            continue;
        };
        let counts = capture.slots().counts(slot).unwrap();
        if key.kind == KIND_FOLDED {
            folded_packets += counts.egress_packets + counts.ingress_packets;
        }
        let port = (20_000..22_000).contains(&key.port);
        match key.kind {
            KIND_FOLDED => folded += counts.egress_bytes,
            _ if port => exact += counts.egress_bytes,
            _ => {}
        }
    }
    let losses: HashMap<_, _> = capture
        .losses()
        .unwrap()
        .into_iter()
        .map(|(kind, n)| (kind as u32, n))
        .collect();
    assert!(exact > 0 && folded > 0, "exact {exact}, folded {folded}");
    assert_eq!(exact + folded, sent);
    assert_eq!(losses[&(Loss::SlotsExhausted as u32)], folded_packets);
    assert_eq!(losses[&(Loss::SinkUsed as u32)], 0);
    assert_eq!(losses[&(Loss::SlotLeaked as u32)], 0);
}

fn reuses_slots() {
    let mut capture = start(511);
    let mut sweeper = Sweeper::default();
    let idle = IdlePolicy {
        released: Duration::ZERO,
        open: Duration::ZERO,
    };
    let home = Home::enter("reuse");
    let mut sent = 0;
    let mut final_bytes = 0;
    // Far more flows than slots, closed in between.
    for round in 0..10_u16 {
        sent += send(20_000 + round * 400..20_400 + round * 400, 10);
        let clock = Clock::read().unwrap();
        for observation in sweeper.sweep(&capture, &clock).unwrap() {
            assert_ne!(record(&observation).scope, Scope::Folded);
        }
        let closed = sweeper.close_idle(&mut capture, &clock, idle).unwrap();
        sweeper.give_back(&mut capture).unwrap();
        final_bytes += ours(&closed, home.id);
        assert!(
            closed
                .iter()
                .all(|observation| observation.change == Change::Closed)
        );
    }
    drop(home);
    assert_eq!(final_bytes, sent);
    assert!(
        capture
            .losses()
            .unwrap()
            .iter()
            .all(|(_, count)| *count == 0)
    );
}

fn record(observation: &Observation) -> &FlowRecord {
    let Seen::Flow(record) = &observation.seen else {
        panic!("{observation:?}");
    };
    record
}

fn ours(observations: &[Observation], home: CgroupId) -> u64 {
    observations
        .iter()
        .map(record)
        .filter(|record| record.cgroup == home)
        .map(|record| record.counters.egress_bytes)
        .sum()
}
