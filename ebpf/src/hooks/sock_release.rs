//! `cgroup/sock_release`: the process closes the socket. Lets the agent give a
//! slot back soon when all connected sockets of a flow are gone.

use aya_ebpf::{
    helpers::generated::bpf_sk_storage_get, macros::cgroup_sock, programs::SockContext,
};
use weir_common::{SLOT_SINK, SOCKET_INITIATED, SocketState};

use super::ALLOW;
use crate::{atomic, flow, maps::SOCKETS};

#[cgroup_sock(sock_release)]
fn weir_sock_release(ctx: SockContext) -> i32 {
    // SAFETY: this hook's context is the socket.
    let state =
        unsafe { bpf_sk_storage_get(SOCKETS.as_ptr(), ctx.sock.cast(), core::ptr::null_mut(), 0) }
            .cast::<SocketState>();
    // SAFETY: null or valid while the program runs.
    if let Some(state) = unsafe { state.as_ref() }
        && state.flags & SOCKET_INITIATED != 0
        && state.slot != SLOT_SINK
        && let Some(slot) = flow::slot(state.slot)
        // SAFETY: a map value; the epoch is an aligned u32.
        && unsafe { (*slot).epoch } == state.epoch
    {
        // SAFETY: an aligned u32 in a map value, written atomically.
        unsafe { atomic::add(&raw mut (*slot).released, 1) };
    }
    ALLOW
}
