//! Stage 5: the verdict, a pure function of flow and policy.

mod judge;
mod judgement;
mod reason;

#[cfg(test)]
mod tests;

pub use judge::judge;
pub use judgement::{Judged, Verdict};
