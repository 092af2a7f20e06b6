//! Stage 5: the verdict, a pure function of flow, policy and moment.

mod best;
mod by_entries;
mod charge;
mod conditions;
mod considered;
mod identity;
mod judge;
mod judgement;
mod judging;
mod moment;
mod outcome;
mod phrase;
mod reason;
mod system;

#[cfg(test)]
mod tests;

pub use considered::{Considered, considered};
pub use identity::meant;
pub use judge::{Decision, decide, judge};
pub use judgement::{Judged, Verdict};
pub use judging::Judge;
pub use moment::{Moment, Spent};
