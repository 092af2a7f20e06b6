//! What was not, or not fully, recorded: gaps, each with interval and reason.

mod gap;
mod host;
mod watch;

pub use gap::{Gap, Reason};
pub use host::{Examined, State, examine, not_covered};
pub use watch::{CHECK_EVERY, Watch};
