//! What is kept of a segment beside it, and after it is pruned.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    LedgerError, Range, disk,
    error::{damaged, io, missing},
    leaf::{from_hex, hex},
    tail::numbered,
};

/// Version of segments and sidecars.
pub(crate) const SCHEMA: &str = "weir-segment/1";

/// A segment's place in the log, and the proof of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// Version of the format.
    pub schema: String,
    /// Name of the node.
    pub node: String,
    /// First entry, counted from 1.
    pub first: u64,
    /// Last entry.
    pub last: u64,
    /// Time of the first entry, nanoseconds since 1970.
    pub from_ns: i64,
    /// Time of the last entry, likewise.
    pub to_ns: i64,
    /// SHA-256 of the segment, in hexadecimal.
    pub sha256: String,
    /// Length of the segment.
    pub bytes: u64,
    /// Root of the tree up to the last entry, in hexadecimal.
    pub root: String,
    /// Nodes of the tree that cover just this segment, from the left: level (leaves
    /// have 0) and hash in hexadecimal.
    pub nodes: Vec<(u8, String)>,
    /// The same for all entries up to the last.
    pub before_and_this: Vec<(u8, String)>,
    /// Signed checkpoint of the tree up to the last entry.
    pub checkpoint: String,
}

pub(crate) fn nodes(range: &Range) -> Vec<(u8, String)> {
    range
        .nodes()
        .iter()
        .map(|(level, hash)| (*level, hex(hash)))
        .collect()
}

/// The range of such nodes, if that is what they cover.
pub(crate) fn range(begin: u64, end: u64, nodes: &[(u8, String)]) -> Option<Range> {
    let nodes: Option<Vec<_>> = nodes
        .iter()
        .map(|(level, hash)| Some((*level, from_hex(hash)?)))
        .collect();
    Range::of(begin, end, &nodes?)
}

impl Sidecar {
    /// The tree up to the last entry.
    pub(crate) fn whole(&self) -> Option<Range> {
        let whole = range(0, self.last, &self.before_and_this)?;
        (hex(&whole.root()) == self.root).then_some(whole)
    }

    /// The leaves of this segment.
    pub(crate) fn own(&self) -> Option<Range> {
        range(self.first.checked_sub(1)?, self.last, &self.nodes)
    }

    pub(crate) fn read(path: &Path) -> Result<Self, LedgerError> {
        let bytes = fs::read(path).map_err(io(path, "read"))?;
        let sidecar: Self =
            serde_json::from_slice(&bytes).map_err(|error| damaged(path, error.to_string()))?;
        if sidecar.schema != SCHEMA {
            return Err(damaged(path, format!("its schema {}", sidecar.schema)));
        }
        Ok(sidecar)
    }

    pub(crate) fn write(&self, directory: &Path) -> Result<(), LedgerError> {
        let path = sidecar_path(directory, self.first);
        let json = serde_json::to_vec_pretty(self)
            .map_err(|error| LedgerError::Entry(error.to_string()))?;
        disk::replace(&path, 0o640, &json).map_err(io(&path, "written"))
    }
}

/// The Parquet file of a segment.
pub(crate) fn segment_path(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("segment-{first:020}.parquet"))
}

/// The sidecar of a segment.
pub(crate) fn sidecar_path(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("segment-{first:020}.json"))
}

/// First entry and path of each sidecar, in order. A segment is sealed when it
/// has one.
pub(crate) fn sidecars(directory: &Path) -> Result<Vec<(u64, PathBuf)>, LedgerError> {
    numbered(directory, "segment-", ".json").map_err(io(directory, "read"))
}

/// Reads sidecars, the oldest first, and gives the tree up to the last.
///
/// # Errors
/// The system's; or one is missing or damaged.
pub(crate) fn chain(
    directory: &Path,
    sidecars: &[(u64, PathBuf)],
) -> Result<(Range, Vec<Sidecar>), LedgerError> {
    let mut range = Range::at(0);
    let mut chain = Vec::with_capacity(sidecars.len());
    for (first, path) in sidecars {
        if *first > range.end() + 1 {
            return Err(missing(directory, range.end() + 1));
        }
        let sidecar = Sidecar::read(path)?;
        if *first != range.end() + 1 || sidecar.first != *first {
            return Err(damaged(path, format!("its first entry {first}")));
        }
        let tree = sidecar.own().and_then(|own| {
            let mut whole = range.clone();
            whole.extend(&own)?;
            (Some(&whole) == sidecar.whole().as_ref()).then_some(whole)
        });
        range = tree.ok_or_else(|| damaged(path, "its nodes"))?;
        chain.push(sidecar);
    }
    Ok((range, chain))
}
