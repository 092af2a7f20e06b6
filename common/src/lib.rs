//! The ABI between Weir's kernel programs and its agent.
//!
//! Types only: every struct is `repr(C)` with explicit padding and plain
//! integers, so that the same bytes mean the same on both sides and any bit
//! pattern is a value. The agent decodes integers into enums with `TryFrom`.
//! A change of any layout or meaning here raises [`ABI_VERSION`].
#![no_std]

mod cgroup;
mod event;
mod flow;
mod loss;
mod meta;
mod offsets;
mod socket;

pub use cgroup::{CGROUP_PATH_BYTES, CgroupPath};
pub use event::{EVENT_FIRST_SIGHT, FirstSight};
pub use flow::{
    COMM_BYTES, DIRECTION_INBOUND, DIRECTION_OUTBOUND, FlowKey, FlowSlot, KIND_EXACT, KIND_FOLDED,
    KIND_UPLINK, KIND_UPLINK_FOLDED, LAST_TOLD_PORT, Process, SLOT_FREE, SLOT_LIVE, SLOT_RETIRED,
    SLOT_SINK,
};
pub use loss::{LOSS_KINDS, Loss};
pub use meta::Meta;
pub use offsets::KernelOffsets;
pub use socket::{SOCKET_INITIATED, SOCKET_PREEXISTING, SOCKET_SERVED, SocketState};

/// Version of every layout in this crate; compared when an agent meets maps
/// that an earlier one left in the kernel.
pub const ABI_VERSION: u32 = 3;

#[cfg(feature = "user")]
mod pod {
    #![expect(
        unsafe_code,
        reason = "aya's Pod is the promise that any bytes are a value"
    )]
    use crate::{
        CgroupPath, FirstSight, FlowKey, FlowSlot, KernelOffsets, Meta, Process, SocketState,
    };

    macro_rules! pod {
        ($($type:ty),*) => {$(
            // SAFETY: repr(C), integers and arrays of integers only, padding
            // explicit (sizes asserted beside each type): any bytes are valid.
            unsafe impl aya::Pod for $type {}
        )*};
    }
    pod!(
        CgroupPath,
        FirstSight,
        FlowKey,
        FlowSlot,
        KernelOffsets,
        Meta,
        Process,
        SocketState
    );
}
