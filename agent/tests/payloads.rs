//! What the programs copy of what sockets say, on the running kernel. Needs root; never
//! skips itself.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{
    io::{IoSlice, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::fd::AsRawFd as _,
    sync::{Mutex, MutexGuard, PoisonError},
};

use nix::sys::socket::{MsgFlags, MultiHeaders, sendmmsg};
use weir::{
    kernel::{Capture, CaptureOptions, CgroupDirectory, UplinkHook, find_cgroup_root},
    record::{Payload, PayloadKind},
};
use weir_common::{BUDGET_BYTES, Loss};

const OPTIONS: CaptureOptions = CaptureOptions {
    max_flows: 4095,
    program_stats: false,
    uplink_hook: UplinkHook::Tcx,
};

/// Port 53 is one for all of them.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A recording, and the addresses that this test alone uses.
struct Stage {
    capture: Capture,
    server: Ipv4Addr,
    _alone: MutexGuard<'static, ()>,
}

/// What was copied, apart from what differs from run to run.
#[derive(Debug, PartialEq, Eq)]
struct Copied {
    kind: PayloadKind,
    offset: u32,
    cut: bool,
    interface: u32,
    bytes: Vec<u8>,
}

fn copied(kind: PayloadKind, offset: u32, bytes: &[u8]) -> Copied {
    let received = matches!(kind, PayloadKind::Answer | PayloadKind::DnsReceived);
    Copied {
        kind,
        offset,
        cut: false,
        interface: u32::from(received),
        bytes: bytes.to_vec(),
    }
}

impl Stage {
    fn new(last: u8) -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let root = CgroupDirectory::open(&find_cgroup_root().unwrap()).unwrap();
        Self {
            capture: Capture::start(&root, OPTIONS, None).unwrap(),
            server: Ipv4Addr::new(127, 53, 0, last),
            _alone: alone,
        }
    }

    /// What was copied of exchanges with the server.
    fn copied(&mut self) -> Vec<Copied> {
        let mut all = Vec::new();
        let server = self.server;
        while let Some(one) = self.capture.next_payload(|head, bytes| {
            let payload = Payload::decode(head, bytes).expect("a known kind");
            let ours = payload.address == server || payload.kind == PayloadKind::Served;
            assert!(!ours || payload.socket != 0, "{payload:?}");
            ours.then(|| Copied {
                kind: payload.kind,
                offset: payload.offset,
                cut: payload.cut,
                interface: payload.interface,
                bytes: payload.bytes.to_vec(),
            })
        }) {
            all.extend(one);
        }
        all
    }

    fn losses(&self, kind: Loss) -> u64 {
        let losses = self.capture.losses().unwrap();
        losses.iter().find(|(k, _)| *k == kind).unwrap().1
    }

    fn at(&self, port: u16) -> SocketAddr {
        (self.server, port).into()
    }
}

#[test]
fn dns_in_datagrams_is_copied_both_ways_with_who_answers() {
    let mut stage = Stage::new(1);
    let server = UdpSocket::bind(stage.at(53)).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.send_to(&[7; 40], stage.at(53)).unwrap();
    let mut buffer = [0; 64];
    let (_, from) = server.recv_from(&mut buffer).unwrap();
    server.send_to(&[8; 700], from).unwrap();
    server.send_to(&[9; 5000], from).unwrap();
    let cut = Copied {
        cut: true,
        ..copied(PayloadKind::Answer, 0, &[9; 4096])
    };
    assert_eq!(
        stage.copied(),
        [
            copied(PayloadKind::Query, 0, &[7; 40]),
            copied(PayloadKind::Served, 0, &[]),
            copied(PayloadKind::Answer, 0, &[8; 700]),
            copied(PayloadKind::Served, 0, &[]),
            cut,
        ]
    );
    assert_eq!(stage.losses(Loss::PayloadCut), 1);
    assert_eq!(stage.losses(Loss::PayloadReserve), 0);
}

#[test]
fn dns_in_a_stream_is_copied_both_ways_up_to_its_bound() {
    let mut stage = Stage::new(2);
    let listener = TcpListener::bind(stage.at(53)).unwrap();
    let mut client = TcpStream::connect(stage.at(53)).unwrap();
    client.set_nodelay(true).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut buffer = vec![0; 100_000];
    client.write_all(&[1; 30]).unwrap();
    server.read_exact(&mut buffer[..30]).unwrap();
    client.write_all(&[2; 10]).unwrap();
    server.read_exact(&mut buffer[..10]).unwrap();
    server.write_all(&[3; 10_000]).unwrap();
    client.read_exact(&mut buffer[..10_000]).unwrap();
    // One packet may hold all of this; the next begins beyond the bound.
    for bytes in [70_000, 20_000] {
        server.write_all(&vec![4; bytes]).unwrap();
        client.read_exact(&mut buffer[..bytes]).unwrap();
    }
    let copied = stage.copied();
    let sent: Vec<_> = copied
        .iter()
        .filter(|c| c.kind == PayloadKind::DnsSent)
        .map(|c| (c.offset, c.bytes.as_slice()))
        .collect();
    assert_eq!(sent, [(0, &[1; 30][..]), (30, &[2; 10][..])]);
    let mut received = vec![0_u8; 0];
    for part in copied.iter().filter(|c| c.kind == PayloadKind::DnsReceived) {
        let at = usize::try_from(part.offset).unwrap();
        received.resize(received.len().max(at + part.bytes.len()), 0);
        received[at..at + part.bytes.len()].copy_from_slice(&part.bytes);
        assert_eq!(part.interface, 1, "over the loopback interface");
    }
    assert!(
        received.len() >= 65_536,
        "only {} bytes were copied",
        received.len()
    );
    assert!(received[..10_000].iter().all(|b| *b == 3));
    assert!(received[10_000..].iter().all(|b| *b == 4));
    assert_eq!(stage.losses(Loss::PayloadCut), 1);
    let served = copied.iter().filter(|c| c.kind == PayloadKind::Served);
    assert_eq!(served.count(), 1);
}

/// A handshake record that holds a `ClientHello` of so many bytes.
fn hello(bytes: usize) -> Vec<u8> {
    let body = bytes.to_be_bytes();
    let record = (bytes + 4).to_be_bytes();
    let mut hello = vec![22, 3, 1, record[6], record[7]];
    hello.extend([1, body[5], body[6], body[7]]);
    hello.resize(9 + bytes, 0xaa);
    hello
}

/// Sends the parts one by one, and reads each before the next.
fn stream(stage: &Stage, port: u16, parts: &[&[u8]]) {
    let listener = TcpListener::bind(stage.at(port)).unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.set_nodelay(true).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    for part in parts {
        client.write_all(part).unwrap();
        let mut buffer = vec![0; part.len()];
        server.read_exact(&mut buffer).unwrap();
    }
}

#[test]
fn a_hello_is_copied_to_its_end_and_no_further() {
    let mut stage = Stage::new(3);
    let hello = hello(1700);
    stream(&stage, 0, &[&hello, &[0x17; 3000], &hello]);
    assert_eq!(stage.copied(), [copied(PayloadKind::Hello, 0, &hello)]);
    // In parts of one record, the last of which brings something else along.
    let mut last = hello[1000..].to_vec();
    last.extend([0x17; 50]);
    stream(&stage, 0, &[&hello[..9], &hello[9..1000], &last, &[5; 90]]);
    assert_eq!(
        stage.copied(),
        [
            copied(PayloadKind::Hello, 0, &hello[..9]),
            copied(PayloadKind::Hello, 9, &hello[9..1000]),
            copied(PayloadKind::Hello, 1000, &last),
        ]
    );
}

#[test]
fn a_hello_in_parts_of_one_byte_is_copied() {
    let mut stage = Stage::new(4);
    let hello = hello(100);
    let parts: Vec<&[u8]> = hello.chunks(1).collect();
    stream(&stage, 0, &parts);
    let mut all = Vec::new();
    for part in stage.copied() {
        assert_eq!(part.kind, PayloadKind::Hello);
        assert_eq!(usize::try_from(part.offset).unwrap(), all.len());
        all.extend(part.bytes);
    }
    assert_eq!(all, hello);
}

#[test]
fn a_hello_behind_a_beginning_in_the_clear_is_copied() {
    let mut stage = Stage::new(5);
    let hello = hello(300);
    let mut parts: Vec<&[u8]> = vec![b"EHLO client.example\r\n"; 15];
    parts.push(&hello);
    stream(&stage, 0, &parts);
    let offset = 15 * 21;
    assert_eq!(stage.copied(), [copied(PayloadKind::Hello, offset, &hello)]);
    let mut late: Vec<&[u8]> = vec![b"EHLO client.example\r\n"; 64];
    late.push(&hello);
    stream(&stage, 0, &late);
    assert_eq!(stage.copied(), [], "64 packets are looked at");
}

#[test]
fn nothing_else_is_copied() {
    let mut stage = Stage::new(6);
    stream(
        &stage,
        0,
        &[
            b"GET / HTTP/1.1\r\n\r\n",
            &[22, 2],
            &[22, 3, 1, 0, 9, 2, 0, 0, 0],
        ],
    );
    let receiver = UdpSocket::bind(stage.at(0)).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut short = [0xc0; 1199];
    short[1..5].copy_from_slice(&[0, 0, 0, 1]);
    let mut other_version = [0xc0; 1200];
    other_version[1..5].copy_from_slice(&[0, 0, 0, 3]);
    let mut handshake = [0xe0; 1200];
    handshake[1..5].copy_from_slice(&[0, 0, 0, 1]);
    for datagram in [&short[..], &other_version, &handshake] {
        sender
            .send_to(datagram, receiver.local_addr().unwrap())
            .unwrap();
    }
    assert_eq!(stage.copied(), []);
}

#[test]
fn a_quic_initial_is_copied_of_either_version() {
    let mut stage = Stage::new(7);
    let receiver = UdpSocket::bind(stage.at(0)).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let initial = |first: u8, version: u32, length: usize| {
        let mut datagram = vec![first; length];
        datagram[1..5].copy_from_slice(&version.to_be_bytes());
        datagram
    };
    let (one, two) = (initial(0xc3, 1, 1200), initial(0xd0, 0x6b33_43cf, 1452));
    for datagram in [&one, &two] {
        sender
            .send_to(datagram, receiver.local_addr().unwrap())
            .unwrap();
    }
    assert_eq!(
        stage.copied(),
        [
            copied(PayloadKind::Quic, 0, &one),
            copied(PayloadKind::Quic, 0, &two),
        ]
    );
}

/// However much one workload says, only copies of its own are refused, and each is
/// counted.
#[test]
fn a_workload_has_a_budget_of_copies() {
    let mut stage = Stage::new(8);
    let _server = UdpSocket::bind(stage.at(53)).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(stage.at(53)).unwrap();
    // The budget is one of 50 ms: the largest copies, many by one call, so that a slow
    // kernel is over it, too. Each takes a head of 72 bytes, room for 4096, and 8 of the
    // ring's own.
    let query = [IoSlice::new(&[7; 4000])];
    let burst = 2 * usize::try_from(BUDGET_BYTES).unwrap() / 4176;
    let (mut sent, mut kept) = (0, 0);
    for _ in 0..50 {
        let mut headers = MultiHeaders::<()>::preallocate(burst, None);
        let slices = vec![&query; burst];
        let to = vec![None; burst];
        let descriptor = client.as_raw_fd();
        let results = sendmmsg(
            descriptor,
            &mut headers,
            &slices,
            &to,
            [],
            MsgFlags::empty(),
        );
        sent += u64::try_from(results.unwrap().count()).unwrap();
        kept += u64::try_from(stage.copied().len()).unwrap();
        if stage.losses(Loss::PayloadBudget) > 0 {
            break;
        }
    }
    let refused = stage.losses(Loss::PayloadBudget);
    assert_eq!(kept + refused, sent, "each is kept or counted");
    assert!(
        refused > 0,
        "{sent} queries of 4000 bytes are more than a budget"
    );
    assert_eq!(stage.losses(Loss::PayloadReserve), 0);
    let over = stage.capture.over_budget().unwrap();
    let refusals: u64 = over.iter().map(|(_, refused)| refused).sum();
    assert_eq!(refusals, refused, "of whom is known");
}
