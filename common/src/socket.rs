//! What the kernel remembers with each socket (`BPF_MAP_TYPE_SK_STORAGE`).

use crate::{FlowKey, Process};

/// The socket called `connect`, or sends without having been sent to.
pub const SOCKET_INITIATED: u16 = 1;
/// The socket was open before the programs were attached: its process is not
/// known.
pub const SOCKET_PREEXISTING: u16 = 2;
/// The socket has received from a peer it had not written to.
pub const SOCKET_SERVED: u16 = 4;

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
    /// Always zero.
    pub padding: u32,
}

const _: () = assert!(size_of::<SocketState>() == 88);
