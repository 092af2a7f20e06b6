//! Raw tracepoint `cgroup_mkdir`: keeps the path of each new cgroup, so that a
//! workload that lived for milliseconds can still be named when the agent
//! looks. A raw tracepoint needs no tracefs.

use aya_ebpf::{
    bindings::BPF_ANY, helpers::bpf_probe_read_kernel_str_bytes, macros::raw_tracepoint,
    programs::RawTracePointContext,
};
use aya_log_ebpf::warn;
use weir_common::Loss;

use crate::{
    identity::field,
    loss,
    maps::{CGROUPS, OFFSETS, SCRATCH},
};

#[raw_tracepoint(tracepoint = "cgroup_mkdir")]
fn weir_cgroup_mkdir(ctx: RawTracePointContext) -> i32 {
    if let Err(kind) = try_cgroup_mkdir(&ctx) {
        loss::count(kind);
        // Rare, in process context, and worth a word: a workload goes unnamed.
        warn!(&ctx, "the path of a new cgroup could not be kept");
    }
    0
}

#[inline(always)]
fn try_cgroup_mkdir(ctx: &RawTracePointContext) -> Result<(), Loss> {
    // TP_PROTO(struct cgroup *cgrp, const char *path), include/trace/events/cgroup.h
    let cgroup: u64 = ctx.arg(0);
    let path: *const u8 = ctx.arg(1);
    let offsets = OFFSETS.load();
    let root: u64 = field(cgroup, offsets.cgroup_root)?;
    // The v1 hierarchies have ids of their own, which would collide.
    if field::<u32>(root, offsets.cgroup_root_hierarchy_id)? != 0 {
        return Ok(());
    }
    let node: u64 = field(cgroup, offsets.cgroup_kn)?;
    let id: u64 = field(node, offsets.kernfs_node_id)?;
    let scratch = SCRATCH.get_ptr_mut(0).ok_or(Loss::CgroupPathInsert)?;
    // SAFETY: this CPU's own scratch value; raw tracepoints do not nest.
    let scratch = unsafe { &mut *scratch };
    // SAFETY: the helper checks the address and ends the string within bounds.
    let length = unsafe { bpf_probe_read_kernel_str_bytes(path, &mut scratch.path) }
        .map_err(|_| Loss::CgroupPathInsert)?
        .len();
    scratch.length = length as u32;
    #[expect(
        clippy::needless_borrows_for_generic_args,
        reason = "by value it would be copied to the stack, which is smaller"
    )]
    let inserted = CGROUPS.insert(id, &*scratch, BPF_ANY.into());
    inserted.map_err(|_| Loss::CgroupPathInsert)
}
