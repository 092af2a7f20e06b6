//! Goes through a log from its first piece to its last, also while an agent writes to it.

use std::path::{Path, PathBuf};

use crate::{
    LedgerError, Sidecar, error::damaged, layout::COLUMNS, pieces::Pieces, rows::Batch,
    segment::Segment, sidecar::segment_path, store::is_gone,
};

/// What a log is read as.
pub(crate) enum Piece<'a> {
    /// A segment of which no row is read: none is wanted, or it is pruned.
    Unread {
        /// Its place in the log, and its nodes.
        sidecar: &'a Sidecar,
        /// Whether its rows are gone.
        pruned: bool,
    },
    /// Rows, the next in order.
    Rows {
        /// Where they are from.
        path: &'a Path,
        /// All their columns.
        batch: &'a Batch,
    },
    /// The rows of a segment were given.
    Read(&'a Sidecar),
}

/// What is read of a log.
pub(crate) struct Wanted<'a> {
    /// Groups of rows with nothing of these times are left out.
    pub(crate) times: (i64, i64),
    /// Whether anything of a segment is.
    pub(crate) segment: &'a dyn Fn(&Sidecar) -> bool,
    /// The last entry; what is beyond may be given.
    pub(crate) last: u64,
}

/// Gives every piece in order.
///
/// # Errors
/// When the directory cannot be read, or is damaged before its end; or those of `give`.
pub(crate) fn walk(
    directory: &Path,
    wanted: &Wanted<'_>,
    mut give: impl FnMut(Piece<'_>) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let mut next = 1;
    // A tail may be sealed while the one before it is read.
    loop {
        let mut pieces = Pieces::find(directory)?;
        let from = next;
        for sidecar in pieces.segments.iter().filter(|one| one.first >= from) {
            if sidecar.first > wanted.last {
                return Ok(());
            }
            segment(directory, sidecar, wanted, &mut give)?;
            next = sidecar.last + 1;
        }
        next = next.max(pieces.range.end() + 1);
        let mut sealed = false;
        for (first, path) in std::mem::take(&mut pieces.tails) {
            if first > wanted.last {
                return Ok(());
            }
            let path: PathBuf = path;
            let rows = |batch: &Batch| give(Piece::Rows { path: &path, batch });
            match pieces.tail(first, &path, rows) {
                Err(error) if is_gone(&error) => {
                    sealed = true;
                    break;
                }
                other => other?,
            }
            next = pieces.range.end() + 1;
        }
        if !sealed {
            return pieces.end();
        }
    }
}

fn segment(
    directory: &Path,
    sidecar: &Sidecar,
    wanted: &Wanted<'_>,
    give: &mut impl FnMut(Piece<'_>) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let path = segment_path(directory, sidecar.first);
    let unread = |pruned| Piece::Unread { sidecar, pruned };
    if !path.exists() {
        return give(unread(true));
    }
    if !(wanted.segment)(sidecar) {
        return give(unread(false));
    }
    let segment = match Segment::open_within(directory, sidecar, wanted.times) {
        // Pruned just now.
        Err(error) if is_gone(&error) => return give(unread(true)),
        other => other?,
    };
    let Some(segment) = segment else {
        return give(unread(false));
    };
    let all: Vec<usize> = (0..COLUMNS.len()).collect();
    for group in (0..segment.groups()).filter(|group| segment.overlaps(*group, wanted.times)) {
        let batch = segment
            .read(group, &all)
            .map_err(|error| damaged(&path, error.to_string()))?;
        give(Piece::Rows {
            path: &path,
            batch: &batch,
        })?;
    }
    give(Piece::Read(sidecar))
}
