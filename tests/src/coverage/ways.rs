//! Every way that one command line describes. Those that need more are tests
//! of their own: `docs/coverage.md` lists them all.

use super::{
    Expect::{Both, Fragments, UplinkOnly},
    Way,
};
use crate::stage::SILENT;

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const EXPERIMENT: u8 = 253;

const fn way(
    id: &'static str,
    title: &'static str,
    protocol: u8,
    to: &'static str,
    line: &'static str,
) -> Way {
    Way {
        id,
        title,
        line,
        to,
        protocol,
        inbound: false,
        expect: Both,
    }
}

const fn expecting(way: Way, expect: super::Expect) -> Way {
    Way { expect, ..way }
}

/// The catalogue. No two ways share destination and protocol, so that one agent can record
/// all of them.
pub const WAYS: &[Way] = &[
    way(
        "tcp",
        "TCP: connect and write",
        TCP,
        "198.51.100.30",
        "tcp --to {to}:443 --bytes 100000 --reply 50000",
    ),
    way(
        "tcp-v6",
        "TCP over IPv6",
        TCP,
        "2001:db8:1::30",
        "tcp --to {to}:443 --bytes 100000 --reply 50000",
    ),
    way(
        "tcp-nonblocking",
        "TCP: non-blocking connect",
        TCP,
        "198.51.100.31",
        "stream --to {to}:443 --by non-blocking",
    ),
    way(
        "tcp-refused",
        "TCP: connection refused",
        TCP,
        "198.51.100.32",
        "tcp-fail --to {to}:9",
    ),
    way(
        "tcp-unanswered",
        "TCP: no answer at all",
        TCP,
        SILENT,
        "tcp-fail --to {to}:443 --wait 300",
    ),
    way(
        "tcp-fast-open",
        "TCP Fast Open: data in the SYN",
        TCP,
        "198.51.100.33",
        "stream --to {to}:443 --by fast-open",
    ),
    way(
        "mptcp",
        "Multipath TCP",
        TCP,
        "198.51.100.34",
        "stream --to {to}:443 --by multipath",
    ),
    way(
        "splice",
        "TCP: splice from a pipe",
        TCP,
        "198.51.100.35",
        "stream --to {to}:443 --by splice",
    ),
    way(
        "sendfile",
        "TCP: sendfile",
        TCP,
        "198.51.100.36",
        "stream --to {to}:443 --by sendfile",
    ),
    way(
        "fork-exec",
        "TCP: socket kept over fork and exec",
        TCP,
        "198.51.100.37",
        "stream --to {to}:443 --by inherited",
    ),
    way(
        "io-uring-tcp",
        "TCP: connect and write by io_uring",
        TCP,
        "198.51.100.38",
        "stream --to {to}:443 --by io-uring",
    ),
    way(
        "udp-connected",
        "UDP: connect and send",
        UDP,
        "203.0.113.70",
        "udp --to {to}:53 --count 5 --echo",
    ),
    way(
        "udp-sendto",
        "UDP: sendto",
        UDP,
        "203.0.113.71",
        "udp --to {to}:53 --count 5 --call sendto --echo",
    ),
    way(
        "udp-sendmsg",
        "UDP: sendmsg",
        UDP,
        "203.0.113.72",
        "udp --to {to}:53 --count 5 --call sendmsg",
    ),
    way(
        "udp-sendmmsg",
        "UDP: sendmmsg",
        UDP,
        "203.0.113.73",
        "datagrams --to {to}:53 --count 20 --call sendmmsg",
    ),
    way(
        "udp-segmented",
        "UDP: segmentation by socket option",
        UDP,
        "203.0.113.74",
        "datagrams --to {to}:53 --bytes 1000 --count 20 --call segmented",
    ),
    way(
        "udp-segmented-message",
        "UDP: segmentation by control message",
        UDP,
        "2001:db8:2::70",
        "datagrams --to {to}:53 --bytes 1000 --count 20 --call segmented-message",
    ),
    way(
        "io-uring-udp",
        "UDP: sendmsg by io_uring",
        UDP,
        "203.0.113.75",
        "datagrams --to {to}:53 --bytes 1000 --count 20 --call io-uring",
    ),
    way(
        "zero-copy",
        "UDP: send without a copy, by io_uring",
        UDP,
        "203.0.113.76",
        "datagrams --to {to}:53 --bytes 1000 --count 20 --call zero-copy",
    ),
    way(
        "quic",
        "UDP: packets as QUIC's",
        UDP,
        "198.51.100.39",
        "datagrams --to {to}:443 --call quic",
    ),
    way(
        "udp-v6",
        "UDP over IPv6",
        UDP,
        "2001:db8:1::31",
        "udp --to {to}:53 --count 5 --echo",
    ),
    way(
        "udp-mapped",
        "IPv6 socket, IPv4-mapped destination",
        UDP,
        "203.0.113.77",
        "datagrams --to {to}:53 --call mapped",
    ),
    way(
        "udp-ten-thousand",
        "one unconnected socket, 10,000 destinations",
        UDP,
        SILENT,
        "udp-ports --to {to}:1000 --count 10000",
    ),
    expecting(
        way(
            "fragments",
            "UDP: fragments over IPv4",
            UDP,
            "203.0.113.78",
            "udp --to {to}:53 --bytes 4000 --count 5",
        ),
        Fragments,
    ),
    expecting(
        way(
            "fragments-v6",
            "UDP: fragments over IPv6",
            UDP,
            "2001:db8:2::71",
            "udp --to {to}:53 --bytes 4000 --count 5",
        ),
        Fragments,
    ),
    way(
        "extension-headers",
        "IPv6 extension headers before UDP",
        UDP,
        "2001:db8:1::32",
        "packets --to {to} --by extension-headers",
    ),
    way(
        "ping",
        "ICMP echo by a datagram socket",
        ICMP,
        "198.51.100.40",
        "packets --to {to} --by ping",
    ),
    way(
        "ping-v6",
        "ICMPv6 echo by a datagram socket",
        ICMPV6,
        "2001:db8:1::33",
        "packets --to {to} --by ping",
    ),
    way(
        "raw-ping",
        "ICMP echo by a raw socket",
        ICMP,
        "198.51.100.41",
        "packets --to {to} --by raw-ping",
    ),
    way(
        "raw-ping-v6",
        "ICMPv6 echo by a raw socket",
        ICMPV6,
        "2001:db8:1::34",
        "packets --to {to} --by raw-ping",
    ),
    way(
        "raw-unknown",
        "raw IP of an unknown protocol",
        EXPERIMENT,
        "203.0.113.79",
        "packets --to {to} --by unknown",
    ),
    way(
        "raw-unknown-v6",
        "raw IPv6 of an unknown protocol",
        EXPERIMENT,
        "2001:db8:2::72",
        "packets --to {to} --by unknown",
    ),
    way(
        "raw-header",
        "raw IP with a header of one's own",
        EXPERIMENT,
        "203.0.113.80",
        "packets --to {to} --by header-included",
    ),
    way(
        "multicast",
        "UDP to a multicast group",
        UDP,
        "239.1.2.3",
        "datagrams --to {to}:5000 --call broadcast",
    ),
    way(
        "broadcast",
        "UDP broadcast",
        UDP,
        "10.77.255.255",
        "datagrams --to {to}:5000 --call broadcast",
    ),
    expecting(
        way(
            "af-packet",
            "AF_PACKET: a DHCP client's frames",
            UDP,
            "255.255.255.255",
            "!busybox udhcpc -i eth0 -n -q -f -t 2 -T 1 -s /bin/true",
        ),
        UplinkOnly,
    ),
];
