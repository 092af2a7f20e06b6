//! Stage 1: what the kernel counted, decoded.

mod decode;
mod flow;
mod payload;
mod sweep;

pub use flow::{
    CgroupId, Counters, Direction, FlowId, FlowRecord, Process, Protocol, Scope, UplinkRecord,
};
pub use payload::{Owner, Payload, PayloadKind};
pub use sweep::{Change, IdlePolicy, Observation, Seen, Sweeper};
