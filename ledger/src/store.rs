//! Reads a log, also while an agent writes to it.

use std::{
    collections::HashMap,
    fs::File,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use parquet::errors::ParquetError;
use serde_json::Value;

use crate::{
    LedgerError,
    error::{damaged, io},
    layout::{COLUMNS, column},
    leaf::digest,
    open::refuse_old_format,
    rows::{Again, Batch, Rows},
    segment::Segment,
    sidecar::{segment_path, sidecars},
    tail::{self, FrameKind, tails},
};

/// Takes number, time (nanoseconds since 1970) and entry.
pub trait EachEntry: FnMut(u64, i64, Value) {}

impl<F: FnMut(u64, i64, Value)> EachEntry for F {}

/// Rows of a tail that are read at once.
const TAIL_ROWS: usize = 1 << 16;

/// Segments that are there, and tails that are not sealed.
struct Pieces {
    segments: Vec<PathBuf>,
    tails: Vec<(u64, PathBuf)>,
}

fn pieces(directory: &Path, from: u64) -> Result<(Pieces, u64), LedgerError> {
    refuse_old_format(directory)?;
    // Tails first: one that is sealed meanwhile is found as a segment, and is
    // dropped here.
    let tails = tails(directory).map_err(io(directory, "read"))?;
    let mut next = from;
    let mut segments = Vec::new();
    let sealed = sidecars(directory)?;
    for (first, _) in &sealed {
        let path = segment_path(directory, *first);
        if *first >= from && path.exists() {
            segments.push(path);
        }
        next = next.max(first + 1);
    }
    let tails = tails
        .into_iter()
        .filter(|(first, _)| {
            *first >= from && sealed.binary_search_by_key(first, |(f, _)| *f).is_err()
        })
        .collect();
    Ok((Pieces { segments, tails }, next))
}

/// Columns of a tail's rows.
fn tail_batches(
    path: &Path,
    first: u64,
    mut take: impl FnMut(&Batch) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let mut contexts: HashMap<[u8; 32], Arc<[u8]>> = HashMap::new();
    let mut rows = Rows::new();
    tail::read(path, first, |kind, content| {
        match kind {
            FrameKind::Context => drop(contexts.insert(digest(content), content.into())),
            FrameKind::Entry => rows.add(content, &contexts)?,
            FrameKind::Batch => {}
        }
        if rows.len() >= TAIL_ROWS {
            take(&std::mem::replace(&mut rows, Rows::new()).finish())?;
        }
        Ok(())
    })?;
    if rows.len() > 0 {
        take(&rows.finish())?;
    }
    Ok(())
}

fn is_gone(error: &LedgerError) -> bool {
    matches!(error, LedgerError::Io { source, .. } if source.kind() == ErrorKind::NotFound)
}

/// Gives every entry in order. What is pruned is left out.
///
/// # Errors
/// When the directory cannot be read, or is damaged before its end.
pub fn for_each(directory: &Path, take: impl EachEntry) -> Result<(), LedgerError> {
    for_each_since(directory, i64::MIN, take)
}

/// As [`for_each`], without the groups of rows that hold nothing from `from_ns` on;
/// what is given may begin before it.
///
/// # Errors
/// As [`for_each`].
pub fn for_each_since(
    directory: &Path,
    from_ns: i64,
    mut take: impl EachEntry,
) -> Result<(), LedgerError> {
    let all: Vec<usize> = (0..COLUMNS.len()).collect();
    let mut next = 1;
    let mut give = |path: &Path, batch: &Batch| {
        let again = Again::new(batch, false);
        for row in 0..batch.rows {
            let entry = batch.head(row).zip(again.entry(row));
            let ((seq, time), entry) = entry.ok_or_else(|| damaged(path, format!("row {row}")))?;
            take(seq, time, entry);
        }
        Ok(())
    };
    // A tail may be sealed while the one before it is read.
    loop {
        let (pieces, _) = pieces(directory, next)?;
        for path in &pieces.segments {
            let segment = match Segment::open(path) {
                Err(error) if is_gone(&error) => continue,
                other => other?,
            };
            let wanted = |group: &usize| segment.overlaps(*group, (from_ns, i64::MAX));
            for group in (0..segment.groups()).filter(wanted) {
                let batch = segment
                    .read(group, &all)
                    .map_err(|error| damaged(path, error.to_string()))?;
                give(path, &batch)?;
                next = batch
                    .head(batch.rows.saturating_sub(1))
                    .map_or(next, |(seq, _)| seq + 1);
            }
        }
        let mut sealed = false;
        for (first, path) in &pieces.tails {
            let read = tail_batches(path, *first, |batch| {
                next = batch
                    .head(batch.rows.saturating_sub(1))
                    .map_or(next, |(seq, _)| seq + 1);
                give(path, batch)
            });
            match read {
                Err(error) if is_gone(&error) => {
                    sealed = true;
                    break;
                }
                other => other?,
            }
        }
        if !sealed {
            return Ok(());
        }
    }
}

/// Which columns are read: the first, and where those are worth it, all.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// What tells whether a batch is of use.
    pub first: &'a [&'a str],
    /// What is read of a batch that is.
    pub rest: &'a [&'a str],
}

/// Folds rows with entries from `from_ns`, and before `to_ns`: on every processor,
/// in no order. Rows of other times may be among them. `step` is given the batches for
/// which `keep`, given the first columns, says so.
///
/// # Errors
/// As [`for_each`].
pub fn fold<T: Send>(
    directory: &Path,
    columns: Columns<'_>,
    (from_ns, to_ns): (i64, i64),
    begin: impl Fn() -> T + Sync,
    keep: impl Fn(&mut T, &Batch) -> bool + Sync,
    step: impl Fn(&mut T, &Batch) + Sync,
    mut join: impl FnMut(T),
) -> Result<(), LedgerError> {
    let places =
        |names: &[&str]| -> Vec<usize> { names.iter().filter_map(|n| column(n)).collect() };
    let (first, rest) = (places(columns.first), places(columns.rest));
    let take = |state: &mut T, path: &Path, segment: &Segment<File>, group| {
        let failed = |error: ParquetError| damaged(path, error.to_string());
        let mut batch = segment.read(group, &first).map_err(failed)?;
        if keep(state, &batch) {
            segment
                .read_more(group, &rest, &mut batch)
                .map_err(failed)?;
            step(state, &batch);
        }
        Ok(())
    };
    let (pieces, _) = pieces(directory, 1)?;
    let mut work = Vec::new();
    for path in &pieces.segments {
        let segment = match Segment::open(path) {
            // Pruned just now.
            Err(error) if is_gone(&error) => continue,
            other => Arc::new(other?),
        };
        for group in 0..segment.groups() {
            if segment.overlaps(group, (from_ns, to_ns)) {
                work.push((path, Arc::clone(&segment), group));
            }
        }
    }
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let folded: Vec<Result<T, LedgerError>> = thread::scope(|scope| {
        let run = || {
            let mut state = begin();
            while let Some((path, segment, group)) = work.get(next.fetch_add(1, Ordering::Relaxed))
            {
                take(&mut state, path, segment, *group)?;
            }
            Ok(state)
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let ended = || LedgerError::Entry("a thread ended early".to_owned());
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|_| Err(ended())))
            .collect()
    });
    for state in folded {
        join(state?);
    }
    let mut state = begin();
    for (number, path) in &pieces.tails {
        let read = tail_batches(path, *number, |batch| {
            if keep(&mut state, batch) {
                step(&mut state, batch);
            }
            Ok(())
        });
        match read {
            // Sealed just now: everything in it is in its segment.
            Err(error) if is_gone(&error) => {
                let path = segment_path(directory, *number);
                let segment = Segment::open(&path)?;
                for group in 0..segment.groups() {
                    take(&mut state, &path, &segment, group)?;
                }
            }
            other => other?,
        }
    }
    join(state);
    Ok(())
}
