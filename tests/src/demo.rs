//! The demo: a small world, three sample products, and what Weir says of each.

mod months;
mod play;
mod progress;
mod table;

pub use months::{Months, months, play_months};
pub use play::{Outcome, allowlists, run};
pub use progress::{Interrupted, Progress};
