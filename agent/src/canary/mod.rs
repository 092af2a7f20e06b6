//! Proves on the running host that each way out is recorded: a process in a
//! cgroup and a network namespace of its own sends a known flow by each way to a
//! peer in another namespace, and the record is compared with what was sent.
//!
//! Nothing of it leaves the host: the namespaces are connected to each other and
//! to nothing else.

mod attempt;
mod child;
mod network;
mod proof;
mod send;

pub use attempt::{Attempt, CANARY_CGROUP, CanaryError};
pub use child::{ChildArgs, run as child};
pub use network::is_canary_address;
pub use proof::{Layer, Outcome, Proof, prove};
pub use send::{Sent, Tried, WAYS};
