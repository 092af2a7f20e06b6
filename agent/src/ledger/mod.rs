//! The embedded store: an append-only log of what was recorded and judged.
//!
//! The log itself, its tree, its signatures and its files are `weir-ledger`'s, which
//! knows entries as JSON values only. Here is what the entries are.

mod entry;
mod guard;
mod log;
mod open_findings;
mod resume;
mod source;
#[cfg(test)]
mod tests;
mod typed;

pub use entry::{Entry, FlowInterval, UplinkInterval};
pub use log::Ledger;
pub use resume::{Resume, SlotLife};
pub use source::{Source, Unpacked, short};
pub use weir_ledger::{Appended, LedgerError, Options};
