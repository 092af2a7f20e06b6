//! Makes a segment of a tail.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use crate::{
    LedgerError, Range, disk,
    error::{damaged, io},
    layout::COLUMNS,
    leaf::{digest, hex},
    rows::Rows,
    segment::{self, Segment},
    sidecar::{self, SCHEMA, Sidecar, segment_path},
    tail::{self, FrameKind},
    template::Leaves,
};

/// A tail that is complete.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) directory: PathBuf,
    pub(crate) node: String,
    pub(crate) tail: PathBuf,
    /// All entries before it.
    pub(crate) before: Range,
    /// Of all entries up to its last.
    pub(crate) checkpoint: String,
    pub(crate) last: u64,
}

/// Makes the segment, reads it back, and only then removes the tail.
pub(crate) fn seal(order: &Order) -> Result<Sidecar, LedgerError> {
    let first = order.before.end() + 1;
    let mut contexts: HashMap<[u8; 32], Bytes> = HashMap::new();
    let mut rows = Rows::new();
    let mut own = Range::at(order.before.end());
    tail::read(&order.tail, first, |kind, content| {
        match kind {
            FrameKind::Context => {
                contexts.insert(digest(content), Bytes::copy_from_slice(content));
            }
            FrameKind::Entry => {
                rows.add(content, &contexts)?;
                own.push(content);
            }
            FrameKind::Batch => {}
        }
        Ok(())
    })?;
    let mut whole = order.before.clone();
    if own.end() != order.last || whole.extend(&own).is_none() {
        return Err(damaged(&order.tail, format!("its end, {}", own.end())));
    }
    drop(contexts);
    let batch = rows.finish();
    let time = |row: usize| batch.head(row).map_or(0, |(_, time)| time);
    let (from_ns, to_ns) = (time(0), time(batch.rows.saturating_sub(1)));
    let path = segment_path(&order.directory, first);
    let facts = [
        ("schema", SCHEMA.to_owned()),
        ("node", order.node.clone()),
        ("first", first.to_string()),
        ("last", order.last.to_string()),
    ];
    let bytes =
        segment::write(&batch, &facts).map_err(|error| LedgerError::Entry(error.to_string()))?;
    drop(batch);
    let bytes = Bytes::from(bytes);
    if read_back(&path, bytes.clone(), order.before.end())? != own {
        return Err(LedgerError::Entry(format!(
            "entries {first} to {} read back otherwise",
            order.last
        )));
    }
    disk::replace(&path, 0o640, &bytes).map_err(io(&path, "written"))?;
    let sidecar = Sidecar {
        schema: SCHEMA.to_owned(),
        node: order.node.clone(),
        first,
        last: order.last,
        from_ns,
        to_ns,
        sha256: hex(&digest(&bytes)),
        bytes: bytes.len() as u64,
        root: hex(&whole.root()),
        nodes: sidecar::nodes(&own),
        before_and_this: sidecar::nodes(&whole),
        checkpoint: order.checkpoint.clone(),
    };
    sidecar.write(&order.directory)?;
    remove(&order.directory, &order.tail)?;
    Ok(sidecar)
}

/// Removes a tail that is sealed.
pub(crate) fn remove(directory: &Path, tail: &Path) -> Result<(), LedgerError> {
    disk::remove(tail)
        .and_then(|()| disk::sync_directory(directory))
        .map_err(io(tail, "written"))
}

/// The leaves of a segment, made again of its rows.
fn read_back(path: &Path, bytes: Bytes, begin: u64) -> Result<Range, LedgerError> {
    let segment = Segment::of(bytes).map_err(|error| damaged(path, error.to_string()))?;
    let mut range = Range::at(begin);
    leaves(path, &segment, |leaf| range.push(leaf))?;
    Ok(range)
}

/// Gives each leaf of a segment.
pub(crate) fn leaves<R: parquet::file::reader::ChunkReader + 'static>(
    path: &Path,
    segment: &Segment<R>,
    mut each: impl FnMut(&[u8]),
) -> Result<(), LedgerError> {
    let columns: Vec<usize> = (0..COLUMNS.len()).collect();
    for group in 0..segment.groups() {
        let batch = segment
            .read(group, &columns)
            .map_err(|error| damaged(path, error.to_string()))?;
        let mut made = Leaves::new(&batch);
        let mut leaf = Vec::new();
        for row in 0..batch.rows {
            made.leaf(row, &mut leaf)
                .ok_or_else(|| damaged(path, format!("row {row}")))?;
            each(&leaf);
        }
    }
    Ok(())
}
