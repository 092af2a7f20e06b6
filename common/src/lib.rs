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
mod payload;
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
pub use payload::{
    BUDGET_BYTES, BUDGET_WINDOW_NS, Budget, DNS_STREAM_BYTES, HELLO_BYTES, HELLO_PACKETS,
    HELLO_REST_PACKETS, PAYLOAD_ANSWER, PAYLOAD_BYTES, PAYLOAD_DNS_RECEIVED, PAYLOAD_DNS_SENT,
    PAYLOAD_HELLO, PAYLOAD_QUERY, PAYLOAD_QUIC, PAYLOAD_SERVED, PayloadHead,
};
pub use socket::{
    SOCKET_INITIATED, SOCKET_PREEXISTING, SOCKET_SERVED, SocketState, WATCH_DNS, WATCH_FOR_HELLO,
    WATCH_HELLO, WATCH_NOTHING,
};

/// Version of every layout in this crate; compared when an agent meets maps
/// that an earlier one left in the kernel.
pub const ABI_VERSION: u32 = 4;

#[cfg(feature = "user")]
mod pod {
    #![expect(
        unsafe_code,
        reason = "aya's Pod is the promise that any bytes are a value"
    )]
    use crate::{
        Budget, CgroupPath, FirstSight, FlowKey, FlowSlot, KernelOffsets, Meta, PayloadHead,
        Process, SocketState,
    };

    macro_rules! pod {
        ($($type:ty),*) => {$(
            // SAFETY: repr(C), integers and arrays of integers only, padding
            // explicit (sizes asserted beside each type): any bytes are valid.
            unsafe impl aya::Pod for $type {}
        )*};
    }
    pod!(
        Budget,
        CgroupPath,
        FirstSight,
        FlowKey,
        FlowSlot,
        KernelOffsets,
        Meta,
        PayloadHead,
        Process,
        SocketState
    );
}
