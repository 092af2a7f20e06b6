//! The record, judged again.
//!
//! ```text
//! history (recorded flows, in order) ─> Replay (policy, IP data) ─> Judged ─┐
//!                           recorded, or judged by another set ─────────────┴─> Differences
//! two sets as text ─────────────────────────────────────────────────────────> structure
//! ```
//!
//! Nothing here reads a file or a clock, and the record is only read.

mod again;
mod differences;
mod facts;
mod proposals;
#[cfg(test)]
pub(crate) mod sample;
pub mod structure;
#[cfg(test)]
mod tests;

pub use again::Replay;
pub use differences::{Amount, Change, Difference, Differences, Effect, Outcome};
pub use facts::{Facts, Few};
pub use proposals::{Learned, MOST_PROPOSALS, Proposal, Proposals, Unclaimed, Who};
