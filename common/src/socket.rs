//! What the kernel remembers with each socket (`BPF_MAP_TYPE_SK_STORAGE`).

use crate::{FlowKey, Process};

/// The socket called `connect`, or sends without having been sent to.
pub const SOCKET_INITIATED: u16 = 1;
/// The socket was open before the programs were attached: its process is not
/// known.
pub const SOCKET_PREEXISTING: u16 = 2;
/// The socket has received from a peer it had not written to.
pub const SOCKET_SERVED: u16 = 4;

/// Nothing of the socket's stream is to be copied.
pub const WATCH_NOTHING: u8 = 0;
/// The stream's first packets are looked at for the beginning of a TLS hello.
pub const WATCH_FOR_HELLO: u8 = 1;
/// A TLS hello has begun; its rest is copied.
pub const WATCH_HELLO: u8 = 2;
/// The stream is one of DNS; its beginning is copied in both directions.
pub const WATCH_DNS: u8 = 3;

/// Identity and current flow of one socket. Cloned to accepted sockets
/// (`BPF_F_CLONE`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SocketState {
    /// Process that created the socket, or that last connected it.
    pub process: Process,
    /// Flow that the socket last counted in; `key.cgroup_id` and
    /// `key.netns_cookie` are always those of the socket.
    pub key: FlowKey,
    /// Slot of that flow; `SLOT_SINK` when there is none yet.
    pub slot: u32,
    /// Epoch of that slot when it was remembered.
    pub epoch: u32,
    /// `SOCKET_*` flags.
    pub flags: u16,
    /// Non-zero when every packet of this socket belongs to `key`, so that
    /// headers need not be read: a connected TCP socket.
    pub settled: u16,
    /// One of `WATCH_*`.
    pub watch: u8,
    /// Always zero.
    pub padding: u8,
    /// Packets of the stream looked at so far in this state of `watch`.
    pub looked: u16,
    /// Sequence number of the first byte sent (RFC 9293, section 3.4).
    pub sent_base: u32,
    /// Sequence number of the first byte received.
    pub received_base: u32,
    /// How far from the first byte sent the hello ends, as far as is known.
    pub until: u32,
    /// Always zero.
    pub padding_end: u32,
}

const _: () = assert!(size_of::<SocketState>() == 104);
