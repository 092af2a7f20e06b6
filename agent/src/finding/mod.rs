//! Findings: open deviations, each with its first and last sight.
//!
//! A flow that is judged a deviation is one of many; what somebody has to look at is that a
//! workload calls a provider that nobody declared. A finding is that: opened once, whatever
//! number of flows it has, kept open as long as it has any and a quiet time after, then
//! closed. `docs/findings.md` says what each kind means and who is called.
//!
//! ```text
//! Judged ─> deviation (kind, key, severity) ─┐
//! Gap, refused set, expiring entry ──────────┴─> engine ─> opened, updated, closed
//! ```
//!
//! Pure: time is given, nothing is read or written. The order in which flows come changes
//! nothing of what is open.

mod acknowledgement;
mod destination;
mod deviation;
mod engine;
mod identity;
mod key;
mod kind;
mod open;
#[cfg(test)]
mod tests;

pub use acknowledgement::{Acknowledgement, Acknowledgements, MOST_OF_REASON};
pub use destination::{Group, Jurisdiction, UnknownJurisdiction};
pub use deviation::{Circumstances, Deviation};
pub use engine::{Findings, Limits};
pub use identity::Identity;
pub use key::{FindingId, Key, WorkloadName};
pub use kind::{Kind, Severity};
pub use open::{Change, Event, Finding};
