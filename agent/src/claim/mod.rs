//! Whether the record of a period bears out what a report claims.
//!
//! ```text
//! claims.toml ─> policy ────────────────┐
//! history: flow intervals ─> effect ─> Evaluation ─> Evaluated, one for each claim
//! history: gaps, time not recorded ─────┘
//! ```
//!
//! Pure: no clock, no input or output. A flow counts with the verdict that it was
//! recorded with, so that a set which declares it afterwards makes nothing better.
//!
//! A claim is **contradicted** by what was recorded, however incomplete the record is.
//! It is **upheld** only by a record of the whole period without any gap, in which
//! nothing speaks against it and nothing is left that might, and in which its products
//! were seen. Everything between is **unproven** (`docs/claims.md`).

mod effect;
mod evaluated;
mod evaluation;
mod findings;
mod objects;
mod reasons;
mod share;
#[cfg(test)]
mod tests;

pub use self::{
    effect::Why,
    evaluated::{Completeness, Evaluated, Outcome, Report, Share},
    evaluation::Evaluation,
    findings::{Found, FoundFlow, Sum},
    objects::objects,
};
