//! Segments: Parquet files of entries.

mod reader;
mod writer;

pub(crate) use reader::Segment;
pub(crate) use writer::{GROUP_ROWS, Writer, write};
