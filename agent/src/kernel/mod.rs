//! The running kernel: what it offers, the programs in it, and the maps they
//! fill. The only place in the agent where unsafe code stands.
#![expect(unsafe_code, reason = "system calls and a memory-mapped BPF map")]

mod bpf;
mod btf;
mod capture;
mod cgroup;
mod clock;
mod confine;
mod heap;
mod maps;
mod namespace;
mod netlink;
mod pins;
mod preflight;
mod priority;
mod programs;
mod repinned;
mod sealed;
mod signals;
mod slots;
mod uplinks;
mod wakeup;

/// Whether the kernel's type information has what the programs need.
///
/// # Errors
/// What it lacks.
pub fn type_information() -> Result<(), BtfError> {
    btf::kernel_offsets().map(drop)
}

pub use btf::BtfError;
pub use capture::{Capture, CaptureError, CaptureOptions, CgroupPaths, Found, programs_digest};
pub use cgroup::{CgroupDirectory, find_cgroup_root};
pub use clock::{Clock, is_synchronised};
pub use confine::{
    CapabilitySet, ConfineError, InForce, OwnFiles, Paths, Rules, SystemCalls, Tcp, ThreadStatus,
    allows_writing, confine, confine_thread, has_seccomp, landlock_abi, own_files,
};
pub use heap::{keep_heap_small, trim_heap};
pub use namespace::own_namespace;
pub use netlink::{
    Interface, Kind, News, Route, interfaces, make_pair, namespace_number, routes, set_up,
};
pub use pins::{PinError, Pins};
pub use preflight::{Unfit, capable, kernel_at_least, kernel_release, new_enough, preflight};
pub use priority::give_way;
pub use programs::{Mended, ProgramStats};
pub use repinned::Repinned;
pub use sealed::SealedMemory;
pub use signals::ignore_end_signals;
pub use slots::{SlotCounts, Slots};
pub use uplinks::{CanaryUplink, UplinkChange, UplinkHook, UplinkProgram};
pub use wakeup::{payload_wakeup, wakeup};
