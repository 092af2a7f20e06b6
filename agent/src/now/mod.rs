//! What is so at this moment: what `weir top` and the page show.
//!
//! ```text
//! open flows ─> Gathering, some at a time ─┬─> Snapshot (top N of each list, the rest summed)
//! findings, gaps, canary, databases ───────┘
//! ```
//!
//! A snapshot is bounded whatever there is: the lists have a length, texts are cut, and what
//! is not shown is counted. Gathering looks at a part of the flows in each turn of the
//! recording loop, so that recording never waits for somebody who looks.

mod gather;
mod health;
mod pace;
#[cfg(test)]
pub(crate) mod sample;
mod snapshot;
#[cfg(test)]
mod tests;
mod wanted;
pub mod words;

pub use gather::{Chosen, Gathering, Seen};
pub use health::{
    AllowlistsNow, BundleNow, DatabaseNow, EvidenceNow, GapsNow, Health, SelfTestNow,
};
pub use pace::{Pace, Rate};
pub use snapshot::{
    DestinationRow, FindingRow, FlowNow, List, ProductRow, Snapshot, Sum, VERSION, WorkloadRow,
};
pub use wanted::{MOST_OF_FILTER, Order, Wanted};

/// Characters of a text of the record that a snapshot has; the rest is cut.
pub const MOST_OF_TEXT: usize = 253;

/// Characters of a sentence that a snapshot has.
pub const MOST_OF_SENTENCE: usize = 600;

/// The beginning of a text, with a mark where more was.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
