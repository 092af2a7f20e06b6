//! What was not, or not fully, recorded: gaps, each with interval and reason.

mod gap;
mod watch;

pub use gap::{Gap, Reason};
pub use watch::{CHECK_EVERY, Watch};
