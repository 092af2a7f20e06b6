//! `cgroup/connect4` and `connect6`: run in the process that connects, before
//! any packet. They show attempts that never send one, tell who initiated, and
//! note the process anew, for the socket may have been handed over.

use aya_ebpf::{macros::cgroup_sock_addr, programs::SockAddrContext};
use weir_common::{DIRECTION_OUTBOUND, FlowKey, KIND_EXACT, Loss, SLOT_SINK, SOCKET_INITIATED};

use super::ALLOW;
use crate::{
    atomic, flow,
    identity::{current_process, socket_state},
    loss, packet,
};

#[cgroup_sock_addr(connect4)]
fn weir_connect4(ctx: SockAddrContext) -> i32 {
    // SAFETY: reads of the context, which the verifier rewrites and checks.
    let [a, b, c, d] = unsafe { (*ctx.sock_addr).user_ip4 }.to_ne_bytes();
    // The unspecified address connects to this host (ip(7)).
    let remote = match [a, b, c, d] {
        [0, 0, 0, 0] => packet::mapped(127, 0, 0, 1),
        _ => packet::mapped(a, b, c, d),
    };
    connect(&ctx, remote)
}

#[cgroup_sock_addr(connect6)]
fn weir_connect6(ctx: SockAddrContext) -> i32 {
    let mut remote = [0u8; 16];
    // SAFETY: reads of the context, which the verifier rewrites and checks.
    unsafe {
        let words = &raw const (*ctx.sock_addr).user_ip6;
        remote[0..4].copy_from_slice(&(*words)[0].to_ne_bytes());
        remote[4..8].copy_from_slice(&(*words)[1].to_ne_bytes());
        remote[8..12].copy_from_slice(&(*words)[2].to_ne_bytes());
        remote[12..16].copy_from_slice(&(*words)[3].to_ne_bytes());
    }
    if remote == [0; 16] {
        remote[15] = 1;
    }
    connect(&ctx, remote)
}

#[inline(always)]
fn connect(ctx: &SockAddrContext, remote: [u8; 16]) -> i32 {
    if let Err(kind) = try_connect(ctx, remote) {
        loss::count(kind);
    }
    ALLOW
}

#[inline(always)]
fn try_connect(ctx: &SockAddrContext, remote: [u8; 16]) -> Result<(), Loss> {
    // SAFETY: reads of the context, which the verifier rewrites and checks.
    let (port, protocol) = unsafe { ((*ctx.sock_addr).user_port, (*ctx.sock_addr).protocol) };
    let state = socket_state(ctx)?;
    state.process = current_process();
    state.flags |= SOCKET_INITIATED;
    state.settled = 0;
    let key = FlowKey {
        cgroup_id: state.key.cgroup_id,
        netns_cookie: state.key.netns_cookie,
        remote,
        // Network byte order in the lower half of the word (bpf.h).
        port: u16::from_be(port as u16),
        protocol: protocol as u8,
        direction: DIRECTION_OUTBOUND,
        kind: KIND_EXACT,
        padding: [0; 3],
    };
    let found = flow::find_or_take(&key, &state.process, state.flags);
    if let Some(slot) = flow::slot(found.slot) {
        // SAFETY: an aligned u32 in a map value, written atomically.
        unsafe { atomic::add(&raw mut (*slot).attempts, 1) };
        if found.exact && found.slot != SLOT_SINK {
            state.key = key;
            state.slot = found.slot;
            // SAFETY: a map value; the epoch is an aligned u32.
            state.epoch = unsafe { (*slot).epoch };
        }
    }
    Ok(())
}
