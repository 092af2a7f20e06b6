//! First bytes of what workloads say, copied for the agent: DNS messages, the
//! beginnings of TLS connections, QUIC Initial packets. An element of the ring
//! buffer `PAYLOADS` is a [`PayloadHead`] and room for bytes behind it, of which
//! [`PayloadHead::copied`] hold something.

/// Most bytes copied with one element. UDP announces at most this much for DNS
/// (RFC 6891, section 6.2.5, suggests 4096).
pub const PAYLOAD_BYTES: usize = 4096;

/// Bytes of a stream's beginning that are looked at for a TLS `ClientHello`, and
/// most of it that are copied: a hello with post-quantum key shares has less than 2 KiB,
/// and TLS admits no larger record (RFC 8446, section 5.1).
pub const HELLO_BYTES: u32 = 16_384;

/// Bytes of a DNS stream that are copied in each direction.
pub const DNS_STREAM_BYTES: u32 = 65_536;

/// Packets that a side sends, those that only acknowledge among them, which are looked
/// at for the beginning of a TLS hello: protocols that begin in the clear ask for TLS in
/// the first few (`STARTTLS`).
pub const HELLO_PACKETS: u16 = 64;

/// Packets over which the rest of a hello may be spread.
pub const HELLO_REST_PACKETS: u16 = 4096;

/// Bytes of the ring buffer for one workload in each [`BUDGET_WINDOW_NS`]; beyond, copies
/// are refused, so that there is room for those of others.
pub const BUDGET_BYTES: u32 = 512 * 1024;

/// Length of the window that [`BUDGET_BYTES`] is for, nanoseconds. The agent reads the
/// buffer within milliseconds.
pub const BUDGET_WINDOW_NS: u64 = 50_000_000;

/// Value of the map `BUDGETS`: what a cgroup has used of its budget.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// When the window began, nanoseconds of `CLOCK_BOOTTIME`.
    pub window_ns: u64,
    /// Copies that were refused so far.
    pub refused: u64,
    /// Bytes in the window.
    pub bytes: u32,
    /// Always zero.
    pub padding: u32,
}

const _: () = assert!(size_of::<Budget>() == 24);

/// A DNS query in a datagram, to port 53.
pub const PAYLOAD_QUERY: u8 = 1;
/// A DNS answer in a datagram, from port 53.
pub const PAYLOAD_ANSWER: u8 = 2;
/// Part of a TLS stream's beginning, as sent.
pub const PAYLOAD_HELLO: u8 = 3;
/// Part of a DNS stream to port 53, as sent.
pub const PAYLOAD_DNS_SENT: u8 = 4;
/// Part of a DNS stream from port 53, as received.
pub const PAYLOAD_DNS_RECEIVED: u8 = 5;
/// A datagram that begins with a QUIC Initial packet, as sent.
pub const PAYLOAD_QUIC: u8 = 6;
/// A socket of this host answers from port 53 to another on the same host; no bytes are
/// copied. It says who a local resolver is.
pub const PAYLOAD_SERVED: u8 = 7;

/// Whose bytes these are, and where they belong.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadHead {
    /// As in [`crate::FlowKey`].
    pub cgroup_id: u64,
    /// As in [`crate::FlowKey`].
    pub netns_cookie: u64,
    /// Cookie of the socket (`bpf_get_socket_cookie`), unique until the next boot.
    pub socket: u64,
    /// When, nanoseconds of `CLOCK_BOOTTIME`.
    pub time_ns: u64,
    /// Address of the other side, as in [`crate::FlowKey`].
    pub remote: [u8; 16],
    /// Port of the other side, host byte order.
    pub remote_port: u16,
    /// Port of this side, host byte order.
    pub local_port: u16,
    /// One of `PAYLOAD_*`.
    pub kind: u8,
    /// IP protocol number.
    pub protocol: u8,
    /// Bytes behind this head that hold something.
    pub copied: u16,
    /// Of a stream: how far from its first byte these begin. 0 of datagrams.
    pub offset: u32,
    /// Bytes that there were to copy from here on; more than `copied` if they
    /// were too many.
    pub length: u32,
    /// Number of the interface that the packet came in by; 0 of what is sent.
    pub interface: u32,
    /// Size of each datagram, where one packet stands for several that are cut
    /// from it later; else 0.
    pub segment: u32,
}

const _: () = assert!(size_of::<PayloadHead>() == 72);
