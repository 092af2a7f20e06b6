//! Stage 5: the verdict, a pure function of flow and policy.

mod judgement;

pub use judgement::{Judged, Verdict};
