//! Flows: the key under which the kernel counts, and the slot it counts in.

/// Length of a task's command name, `TASK_COMM_LEN` in `include/linux/sched.h`.
pub const COMM_BYTES: usize = 16;

/// The workload sent the first packet, or called `connect`.
pub const DIRECTION_OUTBOUND: u8 = 0;
/// The remote side sent the first packet, or was accepted by a listener.
pub const DIRECTION_INBOUND: u8 = 1;

/// One destination of one workload.
pub const KIND_EXACT: u8 = 0;
/// All destinations of one workload for which no slot was left.
pub const KIND_FOLDED: u8 = 1;

/// One destination of one owner, counted where packets leave the host. Of the
/// key, `cgroup_id` is the sender's or 0, and `netns_cookie` holds interfaces:
/// in the upper half the one the packet was forwarded from or 0, in the lower
/// half the one it leaves by. `port` is 0 for ports above
/// [`LAST_TOLD_PORT`]; of frames that are not IP, `protocol` is 0 and `port`
/// is the `EtherType`. The ingress counters hold what fragmentation added to
/// the egress counters: sockets are counted before it.
pub const KIND_UPLINK: u8 = 2;
/// All destinations of one owner at the uplink for which no slot was left.
pub const KIND_UPLINK_FOLDED: u8 = 3;

/// Ports above this one are mostly those of clients (`ip_local_port_range`,
/// ip(7)); a server would have a key for each client otherwise.
pub const LAST_TOLD_PORT: u16 = 32_767;

/// The slot is not in use.
pub const SLOT_FREE: u16 = 0;
/// The slot counts a flow.
pub const SLOT_LIVE: u16 = 1;
/// The agent has taken the key out of the index; late packets may still be
/// added until a grace period of RCU has passed.
pub const SLOT_RETIRED: u16 = 2;

/// Index of the slot that takes every packet that no other slot could take,
/// so that bytes are never lost, only detail.
pub const SLOT_SINK: u32 = 0;

/// What the kernel aggregates by.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowKey {
    /// Id of the cgroup v2 of the socket, which is the inode number of its
    /// directory (`bpf_sk_cgroup_id`, bpf-helpers(7)).
    pub cgroup_id: u64,
    /// Cookie of the socket's network namespace (`bpf_get_netns_cookie`);
    /// 0 when the socket was older than the programs.
    pub netns_cookie: u64,
    /// Address of the other side; IPv4 as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2).
    pub remote: [u8; 16],
    /// Outbound: the remote port. Inbound: the local port that was reached.
    /// 0 for protocols without ports. Host byte order.
    pub port: u16,
    /// IP protocol number.
    pub protocol: u8,
    /// [`DIRECTION_OUTBOUND`] or [`DIRECTION_INBOUND`].
    pub direction: u8,
    /// One of `KIND_*`.
    pub kind: u8,
    /// Always zero.
    pub padding: [u8; 3],
}

/// The process that made or last connected the socket, as it was then.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Start of the thread group leader, nanoseconds since boot
    /// (`task_struct.start_boottime`); 0 when unknown.
    pub start_ns: u64,
    /// Process id in the initial PID namespace; 0 when unknown.
    pub tgid: u32,
    /// User id in the initial user namespace; `u32::MAX` when unknown.
    pub uid: u32,
    /// Command name, NUL-padded.
    pub comm: [u8; COMM_BYTES],
}

/// The counters of one flow. An element of the memory-mapped map `FLOWS`.
///
/// The kernel adds with atomic instructions; the agent reads through the
/// mapping and computes differences, so no counter is ever reset while live.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FlowSlot {
    /// What is counted here.
    pub key: FlowKey,
    /// Who was first seen to use the flow.
    pub process: Process,
    /// IP bytes sent, after segmentation.
    pub egress_bytes: u64,
    /// IP packets sent, after segmentation.
    pub egress_packets: u64,
    /// IP bytes received, before segments were merged.
    pub ingress_bytes: u64,
    /// IP packets received, before segments were merged.
    pub ingress_packets: u64,
    /// When the slot was taken, nanoseconds of `CLOCK_BOOTTIME`.
    pub first_ns: u64,
    /// Calls of `connect`, failed ones included.
    pub attempts: u32,
    /// Connected sockets that were released.
    pub released: u32,
    /// [`SLOT_FREE`], [`SLOT_LIVE`] or [`SLOT_RETIRED`].
    pub state: u16,
    /// `SOCKET_*` flags of the socket that was first seen.
    pub flags: u16,
    /// Raised each time the slot is retired; a socket that remembers an older
    /// epoch must look its flow up again.
    pub epoch: u32,
}

const _: () = assert!(size_of::<FlowKey>() == 40);
const _: () = assert!(size_of::<Process>() == 32);
const _: () = assert!(size_of::<FlowSlot>() == 128);
