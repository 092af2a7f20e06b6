//! Stage 5: the verdict, a pure function of flow, policy and moment.

mod by_entries;
mod conditions;
mod identity;
mod judge;
mod judgement;
mod moment;
mod outcome;
mod reason;
mod system;

#[cfg(test)]
mod tests;

pub use identity::meant;
pub use judge::{Decision, decide, judge};
pub use judgement::{Judged, Verdict};
pub use moment::{Moment, Spent};
