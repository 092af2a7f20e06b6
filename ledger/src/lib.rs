//! The ledger of one host: an append-only log whose entries are the leaves of an
//! RFC 6962 Merkle tree, with checkpoints that the host signs (C2SP
//! tlog-checkpoint), kept in columnar segments that other tools open as they are.
//!
//! Entries are JSON values here; what they mean is the agent's matter. Files,
//! formats and what survives which failure: `docs/ledger.md`.
//!
//! ```text
//! append ─> tail (framed, checksummed, synced) ──sealed──> segment (Parquet) + sidecar
//!    └────> Merkle tree ─> checkpoint (signed)
//! ```

mod again;
mod canonical;
mod disk;
mod error;
mod excerpt;
mod files;
mod key_file;
mod layout;
mod leaf;
mod log;
mod merkle;
mod node;
mod open;
mod options;
mod pieces;
mod proofs;
mod query;
mod read;
mod retention;
mod rows;
mod seal;
mod segment;
mod sidecar;
mod store;
mod tail;
mod template;
#[cfg(test)]
mod tests;
mod values;
mod veil;
mod walk;

pub use bytes::Bytes;
pub use canonical::canonical;
pub use error::LedgerError;
pub use excerpt::{Cut, Excerpt, FILE_ROWS, Hidden, Inclusion, Order, Rows as Shown, Veil, cut};
pub use files::Files;
pub use key_file::KeyFile;
pub use layout::{COLUMNS, Column, Kind, LAYOUTS, Layout, column, layouts_json};
pub use leaf::{Leaf, digest};
pub use log::{Appended, CHECKPOINT, Log, Shortage};
pub use merkle::{Range, root_of};
pub use node::{Node, Rotation, public_keys, verify_checkpoint, verify_rotation, verifying_key};
pub use open::Opened;
pub use options::Options;
pub use proofs::{Proofs, continues};
pub use query::{Answer, Group, Key, Predicate, Query, query};
pub use retention::Pruned;
pub use rows::{Batch, Column as Values};
pub use sidecar::Sidecar;
pub use store::{
    Columns, EachEntry, Row, begins, fold, for_each, for_each_row, for_each_row_within,
    for_each_since,
};
pub use values::{Ints, NONE, Texts};
