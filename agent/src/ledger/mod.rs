//! The embedded store: an append-only log of what was recorded and judged.

mod entry;
mod log;
mod open_findings;
mod resume;

pub use entry::{Entry, FlowInterval, UplinkInterval};
pub use log::{Ledger, LedgerError};
pub use open_findings::open_findings;
pub use resume::{Resume, SlotLife};
