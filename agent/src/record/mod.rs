//! Stage 1: what the kernel counted, decoded.

mod flow;

pub use flow::{CgroupId, Counters, Direction, FlowId, FlowRecord, Process, Protocol, Scope};
