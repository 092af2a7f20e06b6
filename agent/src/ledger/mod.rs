//! The embedded store: an append-only log of what was recorded and judged.

mod entry;
mod log;
mod resume;

pub use entry::{Entry, FlowInterval, UplinkInterval};
pub use log::{Ledger, LedgerError};
pub use resume::{Resume, SlotLife};
