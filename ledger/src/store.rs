//! Reads a log, also while an agent writes to it.

use std::{
    fs::File,
    io::ErrorKind,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread::{self, ScopedJoinHandle},
};

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use parquet::errors::ParquetError;
use serde_json::Value;

use crate::{
    LedgerError, Sidecar,
    again::Again,
    error::{damaged, missing},
    layout::column,
    pieces::Pieces,
    rows::{Batch, Column as Values},
    segment::Segment,
    sidecar::{segment_path, sidecar_path},
    values::NONE,
    walk::{Piece, Wanted, walk},
};

/// Takes number, time (nanoseconds since 1970) and entry.
pub trait EachEntry: FnMut(u64, i64, Value) {}

impl<F: FnMut(u64, i64, Value)> EachEntry for F {}

pub(crate) fn is_gone(error: &LedgerError) -> bool {
    matches!(error, LedgerError::Io { cause, .. } if cause.kind() == ErrorKind::NotFound)
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
    let wanted = Wanted {
        times: (from_ns, i64::MAX),
        segment: &|_| true,
        last: u64::MAX,
    };
    walk(directory, &wanted, |piece| {
        let Piece::Rows { path, batch } = piece else {
            return Ok(());
        };
        let again = Again::new(batch, false);
        for row in 0..batch.rows {
            let entry = batch.head(row).zip(again.entry(row));
            let ((seq, time), entry) = entry.ok_or_else(|| damaged(path, format!("row {row}")))?;
            take(seq, time, entry);
        }
        Ok(())
    })
}

/// An entry as it is read, of which parts can be asked for without making all of it again.
pub struct Row<'a> {
    batch: &'a Batch,
    again: &'a Again<'a>,
    row: usize,
    /// Its number.
    pub seq: u64,
    /// Its time, nanoseconds since 1970.
    pub time_ns: i64,
}

impl<'a> Row<'a> {
    pub(crate) fn of(batch: &'a Batch, again: &'a Again<'a>, row: usize) -> Option<Self> {
        let (seq, time_ns) = batch.head(row)?;
        Some(Self {
            batch,
            again,
            row,
            seq,
            time_ns,
        })
    }

    /// A column of it, if that has a text there.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        self.batch.text(column, self.row)
    }

    /// A column of it, if that has an integer there.
    pub fn int(&self, column: &str) -> Option<i64> {
        self.batch.int(column, self.row)
    }

    /// The place of its text in a column's dictionary, by the column's place in [`COLUMNS`];
    /// [`NONE`](crate::NONE) where it has none. Rows of a [`Row::batch`] share dictionaries.
    pub fn place(&self, column: usize) -> u32 {
        match self.batch.columns.get(column) {
            Some(Some(Values::Texts(texts))) => texts.rows.get(self.row).copied(),
            _ => None,
        }
        .unwrap_or(NONE)
    }

    /// An integer of it, by the column's place in [`COLUMNS`].
    pub fn integer(&self, column: usize) -> Option<i64> {
        match self.batch.columns.get(column) {
            Some(Some(Values::Ints(values))) => values.get(self.row),
            _ => None,
        }
    }

    /// Number of the rows that were read with it, the same for no others while this process
    /// lives.
    pub fn batch(&self) -> u64 {
        self.again.serial()
    }

    /// What kind of entry it is.
    pub fn tag(&self) -> &'a str {
        self.text("type").unwrap_or_default()
    }

    /// All of it; `None` if it is none, which would be damage.
    pub fn entry(&self) -> Option<Value> {
        self.again.entry(self.row)
    }
}

/// As [`for_each`], with entries that are made again only where they are asked for.
///
/// # Errors
/// As [`for_each`].
pub fn for_each_row(directory: &Path, take: impl FnMut(&Row<'_>)) -> Result<(), LedgerError> {
    for_each_row_within(directory, (0, u64::MAX), take)
}

/// As [`for_each_row`], without segments that have nothing after one entry and up to another;
/// entries before and behind may be among those that are given.
///
/// # Errors
/// As [`for_each`].
pub fn for_each_row_within(
    directory: &Path,
    (after, to): (u64, u64),
    mut take: impl FnMut(&Row<'_>),
) -> Result<(), LedgerError> {
    let wanted = Wanted {
        times: (i64::MIN, i64::MAX),
        segment: &|sidecar| sidecar.last > after,
        last: to,
    };
    walk(directory, &wanted, |piece| {
        let Piece::Rows { path, batch } = piece else {
            return Ok(());
        };
        let again = Again::new(batch, false);
        for row in 0..batch.rows {
            let row = Row::of(batch, &again, row);
            take(&row.ok_or_else(|| damaged(path, "a row without a number"))?);
        }
        Ok(())
    })
}

/// When the first entry was written, nanoseconds since 1970, though it may be pruned; `None`
/// if there is none.
///
/// # Errors
/// As [`for_each`].
pub fn begins(directory: &Path) -> Result<Option<i64>, LedgerError> {
    let wanted = Wanted {
        times: (i64::MIN, i64::MAX),
        segment: &|_| false,
        last: 1,
    };
    let mut first = None;
    walk(directory, &wanted, |piece| {
        match piece {
            Piece::Unread { sidecar, .. } => drop(first.get_or_insert(sidecar.from_ns)),
            Piece::Rows { batch, .. } => {
                first = first.or_else(|| batch.head(0).map(|(_, time)| time));
            }
            Piece::Read(_) => {}
        }
        Ok(())
    })?;
    Ok(first)
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
    let take = |state: &mut T, sidecar: &Sidecar, times| {
        let path = segment_path(directory, sidecar.first);
        let failed = |error: ParquetError| damaged(&path, error.to_string());
        let Some(segment) = Segment::open_within(directory, sidecar, times)? else {
            return Ok(());
        };
        for group in 0..segment.groups() {
            if !segment.overlaps(group, times) {
                continue;
            }
            let mut batch = segment.read(group, &first).map_err(failed)?;
            if keep(state, &batch) {
                let more = segment.read_more(group, &rest, &mut batch);
                more.map_err(failed)?;
                step(state, &batch);
            }
        }
        Ok(())
    };
    let mut pieces = Pieces::find(directory)?;
    let next = AtomicUsize::new(0);
    let run = || {
        let mut state = begin();
        while let Some(sidecar) = pieces.present().get(next.fetch_add(1, Ordering::Relaxed)) {
            match take(&mut state, sidecar, (from_ns, to_ns)) {
                // Pruned just now.
                Err(error) if is_gone(&error) => {}
                other => other?,
            }
        }
        Ok(state)
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let folded: Vec<Result<T, LedgerError>> = thread::scope(|scope| {
        scope.spawn(|| read_ahead(directory, pieces.present(), (from_ns, to_ns)));
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        handles.into_iter().map(joined).collect()
    });
    for state in folded {
        join(state?);
    }
    let mut state = begin();
    for (first, path) in std::mem::take(&mut pieces.tails) {
        let read = pieces.tail(first, &path, |batch| {
            if keep(&mut state, batch) {
                step(&mut state, batch);
            }
            Ok(())
        });
        match read {
            // Sealed just now: everything in it is in its segment.
            Err(error) if is_gone(&error) => {
                let sidecar = Sidecar::read(&sidecar_path(directory, first))?;
                take(&mut state, &sidecar, (i64::MIN, i64::MAX))?;
                sidecar
                    .own()
                    .and_then(|own| pieces.range.extend(&own))
                    .ok_or_else(|| missing(directory, pieces.range.end() + 1))?;
            }
            other => other?,
        }
    }
    pieces.end()?;
    join(state);
    Ok(())
}

/// Has the system read segments of a time before they are asked for: what computes does not
/// wait for the disk. That is advice; who reads them meets what is wrong.
fn read_ahead(directory: &Path, sidecars: &[Sidecar], (from_ns, to_ns): (i64, i64)) {
    let wanted = |one: &&Sidecar| one.to_ns >= from_ns && one.from_ns < to_ns;
    for sidecar in sidecars.iter().filter(wanted) {
        if let Ok(file) = File::open(segment_path(directory, sidecar.first)) {
            let advice = PosixFadviseAdvice::POSIX_FADV_WILLNEED;
            let _ = posix_fadvise(&file, 0, 0, advice);
        }
    }
}

/// What a thread came to. Its panic is that of the thread that waits.
fn joined<T>(handle: ScopedJoinHandle<'_, T>) -> T {
    handle
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
