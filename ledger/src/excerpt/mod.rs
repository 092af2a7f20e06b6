//! Excerpts: some entries of a log, and of all others the hashes that stand for them.
//!
//! Every entry up to the last is either shown, as a row of an `entries-*.parquet` in the
//! format of segments, or in exactly one hidden range, a line of `hidden.jsonl` with the
//! nodes of the tree that cover just that range. The leaves of the rows and the nodes of
//! the ranges, in order, give the root of the tree: that is a proof for every row at once
//! that it is in the log, where it is in the log, and that nothing was left out unsaid.

mod cut;
mod hidden;
mod prove;
mod read;
#[cfg(test)]
mod tests;
mod verify;

pub use cut::{Cut, Order, Veil, cut};
pub use hidden::Hidden;
pub use prove::Inclusion;
pub use read::{Excerpt, Group as Rows};

/// The ranges that are not shown.
pub(crate) const HIDDEN: &str = "hidden.jsonl";

/// Rows of one file of entries, at most.
pub const FILE_ROWS: usize = 1_000_000;

/// Name of the file of entries whose first is this.
pub(crate) fn file_name(first: u64) -> String {
    format!("entries-{first:020}.parquet")
}
