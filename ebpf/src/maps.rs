//! Every map and every constant that the agent sets before loading.

use aya_ebpf::{
    Global,
    bindings::{BPF_F_CLONE, BPF_F_MMAPABLE, BPF_F_NO_PREALLOC, bpf_map_type},
    btf_maps::{Array, HashMap, LruHashMap, PerCpuArray, Queue, RingBuf},
    macros::btf_map,
};
use weir_common::{
    Budget, CgroupPath, FirstSight, FlowKey, FlowSlot, KernelOffsets, LOSS_KINDS, Meta,
    PayloadHead, SocketState,
};

/// Slots when the agent sets no other number.
const DEFAULT_SLOTS: usize = 131_072;

/// Number of slots in `FLOWS`, as the agent sized it.
#[unsafe(no_mangle)]
pub(crate) static SLOTS: Global<u32> = Global::new(DEFAULT_SLOTS as u32);

/// Slots at the end of `FLOWS` that only folded flows may take.
#[unsafe(no_mangle)]
pub(crate) static RESERVED: Global<u32> = Global::new(4096);

/// Field offsets in this kernel, from its BTF.
#[unsafe(no_mangle)]
pub(crate) static OFFSETS: Global<KernelOffsets> = Global::new(KernelOffsets {
    task_tgid: 0,
    task_group_leader: 0,
    task_start_boottime: 0,
    cgroup_kn: 0,
    kernfs_node_id: 0,
    cgroup_root: 0,
    cgroup_root_hierarchy_id: 0,
    padding: 0,
});

/// Counters. Memory-mapped by the agent, so that a sweep needs no system call.
#[btf_map]
pub(crate) static FLOWS: Array<FlowSlot, DEFAULT_SLOTS, { BPF_F_MMAPABLE as usize }> = Array::new();

/// Slot of each flow that is live.
#[btf_map]
pub(crate) static FLOW_INDEX: HashMap<FlowKey, u32, DEFAULT_SLOTS, 0> = HashMap::new();

/// Slots that the agent has emptied and given back.
#[btf_map]
pub(crate) static FREE_SLOTS: Queue<u32, DEFAULT_SLOTS> = Queue::new();

/// Next slot that was never used; slot 0 is the sink.
#[btf_map]
pub(crate) static NEXT_SLOT: Array<u32, 1> = Array::new();

/// Tells the agent of first sights.
#[btf_map]
pub(crate) static EVENTS: RingBuf<FirstSight, { 1 << 18 }, 0> = RingBuf::new();

/// First bytes of what workloads say; apart from [`EVENTS`], so that however
/// many of these there are, none of those is lost.
#[btf_map]
pub(crate) static PAYLOADS: RingBuf<PayloadHead, { 1 << 21 }, 0> = RingBuf::new();

/// What each cgroup has used of its budget of copies.
#[btf_map]
pub(crate) static BUDGETS: LruHashMap<u64, Budget, 4096, 0> = LruHashMap::new();

/// What could not be done, by [`weir_common::Loss`].
#[btf_map]
pub(crate) static LOSS: PerCpuArray<u64, { LOSS_KINDS as usize }> = PerCpuArray::new();

/// What these maps are; the agent writes it before anything is attached.
#[btf_map]
pub(crate) static META: Array<Meta, 1> = Array::new();

/// Paths of cgroups, kept as they are made.
#[btf_map]
pub(crate) static CGROUPS: HashMap<u64, CgroupPath, 16_384, { BPF_F_NO_PREALLOC as usize }> =
    HashMap::new();

/// Room to build a path in: it is larger than a BPF stack.
#[btf_map]
pub(crate) static SCRATCH: PerCpuArray<CgroupPath, 1> = PerCpuArray::new();

/// Identity and current flow of each socket, inherited by accepted sockets.
///
/// `aya_ebpf`'s own `SkStorage` cannot set `BPF_F_CLONE`.
#[repr(C)]
pub(crate) struct SocketStorage {
    r#type: *const [i32; bpf_map_type::BPF_MAP_TYPE_SK_STORAGE as usize],
    key: *const i32,
    value: *const SocketState,
    max_entries: *const [i32; 0],
    map_flags: *const [i32; (BPF_F_NO_PREALLOC | BPF_F_CLONE) as usize],
}

// SAFETY: the fields are never dereferenced; the loader reads their types only.
unsafe impl Sync for SocketStorage {}

impl SocketStorage {
    /// The address that the loader replaces by the map.
    #[inline(always)]
    pub(crate) const fn as_ptr(&self) -> *mut core::ffi::c_void {
        core::ptr::from_ref(self).cast_mut().cast()
    }
}

#[btf_map]
pub(crate) static SOCKETS: SocketStorage = SocketStorage {
    r#type: core::ptr::null(),
    key: core::ptr::null(),
    value: core::ptr::null(),
    max_entries: core::ptr::null(),
    map_flags: core::ptr::null(),
};
