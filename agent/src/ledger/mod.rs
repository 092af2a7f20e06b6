//! The embedded store: an append-only log of what was recorded and judged.

mod entry;
mod log;

pub use entry::{Entry, FlowInterval};
pub use log::{Ledger, LedgerError};
