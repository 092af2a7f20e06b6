//! The programs on the running kernel. Needs root; never skips itself.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream, UdpSocket},
};

use weir::kernel::{Capture, CaptureOptions, CgroupDirectory, UplinkHook, find_cgroup_root};
use weir_common::{DIRECTION_INBOUND, DIRECTION_OUTBOUND};

const OPTIONS: CaptureOptions = CaptureOptions {
    max_flows: 4095,
    program_stats: false,
    uplink_hook: UplinkHook::Tcx,
};

#[test]
fn counts_tcp_and_udp_to_the_byte() {
    let root = CgroupDirectory::open(&find_cgroup_root().unwrap()).unwrap();
    let mut capture = Capture::start(&root, OPTIONS, None).unwrap();

    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let tcp_port = server.local_addr().unwrap().port();
    let mut client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
    let (mut accepted, _) = server.accept().unwrap();
    client.write_all(&[7; 1000]).unwrap();
    let mut buffer = [0; 1000];
    accepted.read_exact(&mut buffer).unwrap();

    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let udp_port = receiver.local_addr().unwrap().port();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for size in [1, 100, 1400] {
        sender
            .send_to(&buffer[..size.min(1000)], receiver.local_addr().unwrap())
            .unwrap();
    }

    let mut seen = Vec::new();
    while let Some(slot) = capture.next_first_sight() {
        let (key, process, ..) = capture.slots().identity(slot).unwrap();
        seen.push((key, process, capture.slots().counts(slot).unwrap()));
    }
    let find = |port: u16, direction: u8| {
        let found: Vec<_> = seen
            .iter()
            .filter(|(k, ..)| k.port == port && k.direction == direction)
            .collect();
        assert_eq!(
            found.len(),
            1,
            "port {port} direction {direction}: {seen:#?}"
        );
        *found[0]
    };
    let (key, process, counts) = find(udp_port, DIRECTION_OUTBOUND);
    assert_eq!(key.protocol, 17);
    assert_eq!(
        key.remote,
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1]
    );
    assert_eq!(
        (counts.egress_packets, counts.egress_bytes),
        (3, 1 + 100 + 1000 + 3 * 28)
    );
    assert_eq!((counts.ingress_packets, counts.attempts), (0, 0));
    assert_eq!(process.tgid, std::process::id());
    // The receiver is the same workload: what it was sent is inbound there.
    let (_, _, counts) = find(udp_port, DIRECTION_INBOUND);
    assert_eq!(
        (counts.ingress_packets, counts.ingress_bytes),
        (3, 1 + 100 + 1000 + 3 * 28)
    );

    let (key, process, out) = find(tcp_port, DIRECTION_OUTBOUND);
    assert_eq!(key.protocol, 6);
    assert_ne!(key.netns_cookie, 0);
    assert_eq!((process.tgid, process.uid), (std::process::id(), 0));
    assert_ne!(process.start_ns, 0);
    assert_eq!(out.attempts, 1);
    // SYN 60, ACK 52, data 1052: what leaves one end arrives at the other.
    assert_eq!((out.egress_packets, out.egress_bytes), (3, 60 + 52 + 1052));
    let (_, _, inbound) = find(tcp_port, DIRECTION_INBOUND);
    assert_eq!(inbound.ingress_bytes, out.egress_bytes);
    assert_eq!(inbound.egress_bytes, out.ingress_bytes);
    assert!(
        capture
            .losses()
            .unwrap()
            .iter()
            .all(|(_, count)| *count == 0)
    );
}
