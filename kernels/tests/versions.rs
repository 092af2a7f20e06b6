//! What could differ from kernel to kernel: helpers, segmentation, inherited
//! socket storage, memory order. Needs root; never skips itself.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream, UdpSocket},
    process,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use nix::sys::socket::{setsockopt, sockopt::UdpGsoSegment};
use weir::kernel::{
    Capture, CaptureOptions, CgroupDirectory, SlotCounts, UplinkHook, find_cgroup_root,
};
use weir_common::{DIRECTION_INBOUND, DIRECTION_OUTBOUND, FlowKey, Process, SOCKET_PREEXISTING};

const OPTIONS: CaptureOptions = CaptureOptions {
    max_flows: 4095,
    program_stats: false,
    uplink_hook: UplinkHook::Tcx,
};

/// IP and UDP headers, IP and TCP headers with timestamps, and what a SYN and
/// its answer carry beyond that.
const UDP4: u64 = 28;
const TCP4: u64 = 52;
const TCP6: u64 = 72;
const SYN_OPTIONS: u64 = 8;

#[derive(Clone, Copy, Debug)]
struct Seen {
    slot: u32,
    key: FlowKey,
    process: Process,
    flags: u16,
}

struct Host {
    capture: Capture,
    seen: Vec<Seen>,
}

impl Host {
    fn start() -> Self {
        let root = CgroupDirectory::open(&find_cgroup_root().unwrap()).unwrap();
        Self {
            capture: Capture::start(&root, OPTIONS, None).unwrap(),
            seen: Vec::new(),
        }
    }

    /// The one flow with this port and direction.
    fn flow(&mut self, port: u16, direction: u8) -> (Seen, SlotCounts) {
        while let Some(slot) = self.capture.next_first_sight() {
            let (key, process, _, flags) = self.capture.slots().identity(slot).unwrap();
            self.seen.push(Seen {
                slot,
                key,
                process,
                flags,
            });
        }
        let found: Vec<_> = self
            .seen
            .iter()
            .filter(|seen| seen.key.port == port && seen.key.direction == direction)
            .collect();
        assert_eq!(found.len(), 1, "port {port}: {:#?}", self.seen);
        (
            *found[0],
            self.capture.slots().counts(found[0].slot).unwrap(),
        )
    }

    fn assert_nothing_lost(&self) {
        for (kind, count) in self.capture.losses().unwrap() {
            assert_eq!(count, 0, "{}", kind.label());
        }
    }
}

fn pair(address: std::net::IpAddr) -> (TcpStream, TcpStream, u16) {
    let server = TcpListener::bind((address, 0)).unwrap();
    let port = server.local_addr().unwrap().port();
    let client = TcpStream::connect((address, port)).unwrap();
    let (accepted, _) = server.accept().unwrap();
    (client, accepted, port)
}

#[test]
fn an_ipv6_connection_is_counted_to_the_byte() {
    let mut host = Host::start();
    let (mut client, mut accepted, port) = pair(Ipv6Addr::LOCALHOST.into());
    client.write_all(&[7; 1000]).unwrap();
    accepted.read_exact(&mut [0; 1000]).unwrap();
    let (seen, counts) = host.flow(port, DIRECTION_OUTBOUND);
    assert_eq!(seen.key.remote, Ipv6Addr::LOCALHOST.octets());
    assert_eq!(seen.process.tgid, process::id());
    assert_eq!(counts.attempts, 1);
    // SYN, ACK, data
    assert_eq!(
        (counts.egress_packets, counts.egress_bytes),
        (3, 3 * TCP6 + SYN_OPTIONS + 1000)
    );
    // The accepted socket inherits the listener's storage (BPF_F_CLONE).
    let (served, answers) = host.flow(port, DIRECTION_INBOUND);
    assert_eq!(served.process.tgid, process::id());
    assert_ne!(served.key.netns_cookie, 0);
    assert_eq!(answers.ingress_bytes, counts.egress_bytes);
    host.assert_nothing_lost();
}

#[test]
fn udp_over_ipv6_names_its_process() {
    let mut host = Host::start();
    let receiver = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    let sender = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    let address = receiver.local_addr().unwrap();
    sender.send_to(&[7; 100], address).unwrap();
    let (seen, counts) = host.flow(address.port(), DIRECTION_OUTBOUND);
    assert_eq!(seen.process.tgid, process::id());
    assert_eq!((counts.egress_packets, counts.egress_bytes), (1, 148));
    host.assert_nothing_lost();
}

#[test]
fn a_segmented_datagram_is_counted_by_its_segments() {
    let mut host = Host::start();
    let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = receiver.local_addr().unwrap();
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    setsockopt(&sender, UdpGsoSegment, &1000).unwrap();
    // One call, five datagrams; the last is shorter.
    sender.send_to(&[7; 4500], address).unwrap();
    for _ in 0..5 {
        receiver.recv(&mut [0; 2000]).unwrap();
    }
    let wire = (5, 4500 + 5 * UDP4);
    let (_, sent) = host.flow(address.port(), DIRECTION_OUTBOUND);
    assert_eq!((sent.egress_packets, sent.egress_bytes), wire);
    let (_, received) = host.flow(address.port(), DIRECTION_INBOUND);
    assert_eq!((received.ingress_packets, received.ingress_bytes), wire);
    host.assert_nothing_lost();
}

#[test]
fn a_segmented_stream_is_counted_by_its_segments() {
    const SIZE: usize = 200_000;
    let mut host = Host::start();
    let (mut client, mut accepted, port) = pair(Ipv4Addr::LOCALHOST.into());
    let reader = thread::spawn(move || {
        accepted.read_exact(&mut vec![0; SIZE]).unwrap();
        accepted
    });
    client.write_all(&vec![7; SIZE]).unwrap();
    let accepted = reader.join().unwrap();
    let (_, sent) = host.flow(port, DIRECTION_OUTBOUND);
    // Each segment repeats the headers.
    assert_eq!(
        sent.egress_bytes,
        SIZE as u64 + sent.egress_packets * TCP4 + SYN_OPTIONS
    );
    let (_, received) = host.flow(port, DIRECTION_INBOUND);
    assert_eq!(
        (received.ingress_packets, received.ingress_bytes),
        (sent.egress_packets, sent.egress_bytes)
    );
    host.assert_nothing_lost();
    drop(accepted);
}

#[test]
fn sockets_from_before_are_counted() {
    let (mut client, mut accepted, port) = pair(Ipv4Addr::LOCALHOST.into());
    let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = receiver.local_addr().unwrap();
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut host = Host::start();
    client.write_all(&[7; 1000]).unwrap();
    accepted.read_exact(&mut [0; 1000]).unwrap();
    sender.send_to(&[7; 100], address).unwrap();
    // A packet does not tell who owns its socket; sending does.
    let (stream, counts) = host.flow(port, DIRECTION_OUTBOUND);
    assert_eq!(stream.process.tgid, 0);
    assert_eq!(stream.flags & SOCKET_PREEXISTING, SOCKET_PREEXISTING);
    assert_eq!(
        (counts.egress_packets, counts.egress_bytes),
        (1, TCP4 + 1000)
    );
    let (datagram, counts) = host.flow(address.port(), DIRECTION_OUTBOUND);
    assert_eq!(datagram.process.tgid, process::id());
    assert_eq!(
        (counts.egress_packets, counts.egress_bytes),
        (1, UDP4 + 100)
    );
    host.assert_nothing_lost();
}

/// Two processors meet such a socket for the first time at the same moment:
/// both must find the storage that one of them makes.
#[test]
fn a_socket_from_before_is_taken_up_once() {
    const SOCKETS: usize = 400;
    let receivers: Vec<_> = (0..SOCKETS)
        .map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
        .collect();
    let addresses: Vec<_> = receivers
        .iter()
        .map(|one| one.local_addr().unwrap())
        .collect();
    let host = Host::start();
    let arrived = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
                for (number, address) in addresses.iter().enumerate() {
                    arrived.fetch_add(1, Ordering::SeqCst);
                    while arrived.load(Ordering::SeqCst) < 2 * (number + 1) {
                        std::hint::spin_loop();
                    }
                    sender.send_to(&[7; 100], address).unwrap();
                }
            });
        }
    });
    host.assert_nothing_lost();
}

#[test]
fn a_cgroup_that_is_gone_keeps_its_path() {
    let root = CgroupDirectory::open(&find_cgroup_root().unwrap()).unwrap();
    let mut host = Host::start();
    let name = format!("weir-versions-{}", process::id());
    let made = root.path().join(&name);
    fs::create_dir(&made).unwrap();
    let id = root.id_of(name.as_ref());
    fs::remove_dir(&made).unwrap();
    let paths = host.capture.take_cgroup_paths().unwrap();
    assert_eq!(paths.path_of(id.unwrap()), Some(format!("/{name}")));
    host.assert_nothing_lost();
}

#[test]
fn a_slot_is_used_again_after_the_grace_period() {
    let mut host = Host::start();
    let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = receiver.local_addr().unwrap();
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    sender.send_to(&[7; 100], address).unwrap();
    let (seen, _) = host.flow(address.port(), DIRECTION_OUTBOUND);
    host.capture.retire(seen.slot, &seen.key);
    Capture::grace_period().unwrap();
    host.capture.give_back(seen.slot).unwrap();
    assert!(!host.capture.slots().is_live(seen.slot));
    host.seen.clear();
    // The same flow again: the socket must not remember the old slot's life.
    sender.send_to(&[7; 50], address).unwrap();
    let (_, counts) = host.flow(address.port(), DIRECTION_OUTBOUND);
    assert_eq!((counts.egress_packets, counts.egress_bytes), (1, UDP4 + 50));
    host.assert_nothing_lost();
}
