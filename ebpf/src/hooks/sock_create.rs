//! `cgroup/sock_create`: runs in the process that makes an IPv4 or IPv6
//! socket, the one moment at which its owner is certain.

use aya_ebpf::{
    bindings::BPF_SK_STORAGE_GET_F_CREATE, helpers::generated::bpf_sk_storage_get,
    macros::cgroup_sock, programs::SockContext,
};
use weir_common::Loss;

use super::ALLOW;
use crate::{identity::fresh_state, loss, maps::SOCKETS};

#[cgroup_sock(sock_create)]
fn weir_sock_create(ctx: SockContext) -> i32 {
    let state = fresh_state(ctx.sock.cast());
    // SAFETY: this hook's context is the socket; `state` has the value's size.
    let stored = unsafe {
        bpf_sk_storage_get(
            SOCKETS.as_ptr(),
            ctx.sock.cast(),
            (&raw const state).cast_mut().cast(),
            BPF_SK_STORAGE_GET_F_CREATE.into(),
        )
    };
    if stored.is_null() {
        loss::count(Loss::SocketStorage);
    }
    ALLOW
}
