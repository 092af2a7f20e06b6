//! What was not, or not fully, recorded: gaps, each with interval and reason.

mod confinement;
mod gap;
mod host;
mod watch;

pub use confinement::{ConfineMode, Confinement};
pub use gap::{Gap, Reason};
pub use host::{Examined, State, examine, not_covered};
pub use watch::{CHECK_EVERY, Watch};
