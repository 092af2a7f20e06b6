//! Who is running: read in process context only.

use core::ffi::c_void;

use aya_ebpf::{
    bindings::BPF_SK_STORAGE_GET_F_CREATE,
    helpers::{
        bpf_get_current_comm, bpf_get_current_uid_gid, bpf_probe_read_kernel,
        generated::{
            bpf_get_current_cgroup_id, bpf_get_current_task, bpf_get_netns_cookie,
            bpf_sk_storage_get,
        },
    },
    programs::SockAddrContext,
};
use weir_common::{
    DIRECTION_OUTBOUND, FlowKey, KIND_EXACT, Loss, Process, SLOT_SINK, SocketState, WATCH_NOTHING,
};

use crate::{
    loss,
    maps::{OFFSETS, SOCKETS},
};

/// Reads a field of a kernel structure at an offset taken from BTF.
#[inline(always)]
pub(crate) fn field<T>(base: u64, offset: u32) -> Result<T, Loss> {
    // SAFETY: `bpf_probe_read_kernel` checks the address and fails on a fault.
    unsafe { bpf_probe_read_kernel((base + u64::from(offset)) as *const T) }
        .map_err(|_| Loss::TaskRead)
}

/// Thread group id of the current task, in the initial PID namespace.
///
/// `bpf_get_current_pid_tgid` is open to these program types only from Linux
/// 6.10 on, so the task is read instead.
#[inline(always)]
pub(crate) fn current_tgid() -> Result<u32, Loss> {
    // SAFETY: no arguments; the current task outlives the program.
    let task = unsafe { bpf_get_current_task() };
    field::<u32>(task, OFFSETS.load().task_tgid)
}

/// The current process.
#[inline(always)]
pub(crate) fn current_process() -> Process {
    try_current_process().unwrap_or_else(|kind| {
        loss::count(kind);
        Process {
            start_ns: 0,
            tgid: 0,
            uid: u32::MAX,
            comm: [0; 16],
        }
    })
}

#[inline(always)]
fn try_current_process() -> Result<Process, Loss> {
    let offsets = OFFSETS.load();
    // SAFETY: no arguments; the current task outlives the program.
    let task = unsafe { bpf_get_current_task() };
    let leader: u64 = field(task, offsets.task_group_leader)?;
    Ok(Process {
        start_ns: field(leader, offsets.task_start_boottime)?,
        tgid: field(task, offsets.task_tgid)?,
        // The lower half is the user id (bpf-helpers(7)).
        uid: bpf_get_current_uid_gid() as u32,
        comm: bpf_get_current_comm().map_err(|_| Loss::TaskRead)?,
    })
}

/// State for a socket whose owner is the current process. `ctx` is the context
/// of the running program.
#[inline(always)]
pub(crate) fn fresh_state(ctx: *mut c_void) -> SocketState {
    SocketState {
        process: current_process(),
        key: FlowKey {
            // SAFETY: no arguments; and the context of this very program.
            cgroup_id: unsafe { bpf_get_current_cgroup_id() },
            // SAFETY: as above.
            netns_cookie: unsafe { bpf_get_netns_cookie(ctx) },
            remote: [0; 16],
            port: 0,
            protocol: 0,
            direction: DIRECTION_OUTBOUND,
            kind: KIND_EXACT,
            padding: [0; 3],
        },
        slot: SLOT_SINK,
        epoch: 0,
        flags: 0,
        settled: 0,
        watch: WATCH_NOTHING,
        padding: 0,
        looked: 0,
        sent_base: 0,
        received_base: 0,
        until: 0,
        padding_end: 0,
    }
}

/// The storage of the socket that a `connect` or `sendmsg` hook runs for, made
/// now if the socket is older than the programs.
#[inline(always)]
pub(crate) fn socket_state(ctx: &SockAddrContext) -> Result<&'static mut SocketState, Loss> {
    // SAFETY: reads of the context, which the verifier rewrites and checks.
    let sk = unsafe { (*ctx.sock_addr).__bindgen_anon_1.sk };
    if sk.is_null() {
        return Err(Loss::SocketStorage);
    }
    let get = |value: *const SocketState, flags: u32| {
        // SAFETY: `sk` is not null; `value` is null or of the map's value size.
        unsafe {
            bpf_sk_storage_get(
                SOCKETS.as_ptr(),
                sk.cast(),
                value.cast_mut().cast(),
                flags.into(),
            )
        }
        .cast::<SocketState>()
    };
    let mut state = get(core::ptr::null(), 0);
    if state.is_null() {
        let fresh = fresh_state(ctx.sock_addr.cast());
        state = get(&raw const fresh, BPF_SK_STORAGE_GET_F_CREATE);
    }
    if state.is_null() {
        // A packet's program has made it meanwhile, on another processor.
        state = get(core::ptr::null(), 0);
    }
    // SAFETY: null or valid while the program runs; the reference does not
    // outlive it, for the callers are hooks.
    unsafe { state.as_mut() }.ok_or(Loss::SocketStorage)
}
