//! Weir's agent: takes what the kernel programs recorded through the stages
//! that turn a count into a judged flow.
//!
//! The modules stand in the order of the data: each stage takes the type that
//! the stage before it gives, and imports nothing further back.
//!
//! ```text
//! kernel ─> record ─> attribution ─> naming ─> jurisdiction ─> verdict ─> finding ─> ledger ─> now ─> output
//!    └─> coverage                                    policy ──────┘
//! ```

pub use build::Build;

pub mod account;
pub mod aside;
pub mod attribution;
pub mod balance;
mod bounded;
mod build;
mod by_name;
pub mod canary;
pub mod claim;
pub mod cli;
pub mod config;
pub mod control;
mod counted;
pub mod coverage;
pub mod daemon;
pub mod described;
pub mod evidence;
pub mod finding;
pub mod history;
pub mod jurisdiction;
pub mod kernel;
pub mod ledger;
mod look;
pub mod naming;
pub mod notify;
pub mod now;
pub mod output;
pub mod page;
pub mod policy;
pub mod record;
pub mod replay;
pub mod report;
pub mod verdict;
