//! The evidence bundle of a period (`docs/evidence.md`).

pub mod views;
