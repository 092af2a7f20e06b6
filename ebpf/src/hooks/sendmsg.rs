//! `cgroup/sendmsg4` and `sendmsg6`: run in the process that sends on a
//! datagram socket without connecting it. They note the process anew when the
//! socket was handed over, and give one to sockets older than the programs.

use aya_ebpf::{macros::cgroup_sock_addr, programs::SockAddrContext};
use weir_common::Loss;

use super::ALLOW;
use crate::{
    identity::{current_process, current_tgid, socket_state},
    loss,
};

#[cgroup_sock_addr(sendmsg4)]
fn weir_sendmsg4(ctx: SockAddrContext) -> i32 {
    sendmsg(&ctx)
}

#[cgroup_sock_addr(sendmsg6)]
fn weir_sendmsg6(ctx: SockAddrContext) -> i32 {
    sendmsg(&ctx)
}

#[inline(always)]
fn sendmsg(ctx: &SockAddrContext) -> i32 {
    if let Err(kind) = try_sendmsg(ctx) {
        loss::count(kind);
    }
    ALLOW
}

#[inline(always)]
fn try_sendmsg(ctx: &SockAddrContext) -> Result<(), Loss> {
    let state = socket_state(ctx)?;
    if state.process.tgid != current_tgid()? {
        state.process = current_process();
    }
    Ok(())
}
