//! The evidence bundle of a period: what a reviewer receives.
//!
//! ```text
//! store ─> Chosen (which entries) ─> primary files: log, policy, keys, previous.json
//!                                       └─> derive (a pure function of them) ─> derived files
//! all files ─> SHA256SUMS ─> statement, signed ─> archive
//! ```
//!
//! *Primary* files are what the node says; *derived* ones follow from them, so that a
//! verifier makes them again and compares. The same ledger, period and key give the same
//! bytes, whenever a closed period is exported. `docs/evidence.md` describes the format.

mod chosen;
mod derive;
mod disclosure;
mod error;
mod export;
mod predicate;
mod prove;
mod readme;
mod schedule;
mod staging;
#[cfg(test)]
mod tests;
pub mod verify;
pub mod views;

pub use self::{
    chosen::Chosen,
    derive::{Derivation, Derived, Made, derive, derived},
    disclosure::{Disclosure, Mode, PseudonymKey, ShortKey},
    error::EvidenceError,
    export::{Order, Phase, export, name},
    predicate::{Entries, PREDICATE_TYPE, Period, Predicate, SCHEMA, Tree},
    prove::prove,
    schedule::{Schedule, Written, write_due},
};
