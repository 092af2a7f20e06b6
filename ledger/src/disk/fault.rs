//! A disk that stops after a number of changes, and forgets what was not synced.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

/// A change that is about to be made.
#[derive(Clone, Copy)]
pub(crate) enum Op<'a> {
    Create(&'a Path),
    Append(&'a Path),
    Sync(&'a Path),
    Truncate(&'a Path, u64),
    Rename(&'a Path, &'a Path),
    Remove(&'a Path),
    SyncDirectory,
}

/// A change to names that the disk may not have yet.
enum Undo {
    Made(PathBuf),
    Renamed(PathBuf, PathBuf, Option<Vec<u8>>),
    Removed(PathBuf, Vec<u8>),
}

#[derive(Default)]
struct Plan {
    /// Changes until the end; none ends if `None`.
    left: Option<u64>,
    done: u64,
    /// Bytes that are safe, by file that was written.
    synced: HashMap<PathBuf, u64>,
    names: Vec<Undo>,
}

thread_local! {
    static PLAN: RefCell<Option<Plan>> = const { RefCell::new(None) };
    /// Files that can still be begun or written; any number if `None`.
    static ROOM: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Whether this thread's disk has no room.
pub(crate) fn full(is: bool) {
    ROOM.set(is.then_some(0));
}

/// As [`full`], after so many files were begun and written.
pub(crate) fn full_after(writes: u64) {
    ROOM.set(Some(writes));
}

fn take_room(op: &Op<'_>) -> io::Result<()> {
    if let (Op::Append(_), Some(room)) = (op, ROOM.get()) {
        ROOM.set(Some(room.saturating_sub(1)));
        if room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
    }
    Ok(())
}

/// From now on, changes of this thread are counted; after `left` there are none.
pub(crate) fn begin(left: Option<u64>) {
    PLAN.set(Some(Plan {
        left,
        ..Plan::default()
    }));
}

/// Changes are made as ever; how many were counted.
pub(crate) fn end() -> u64 {
    PLAN.take().map_or(0, |plan| plan.done)
}

/// As [`end`], after the power was cut: the disk has what was synced, and of
/// what was written since, `keep` of every 4 bytes' worth, from the beginning.
pub(crate) fn cut_power(keep: u64) {
    let Some(plan) = PLAN.take() else { return };
    for undo in plan.names.into_iter().rev() {
        match undo {
            Undo::Made(path) => drop(fs::remove_file(path)),
            Undo::Renamed(from, to, before) => {
                if fs::rename(&to, from).is_ok()
                    && let Some(bytes) = before
                {
                    fs::write(to, bytes).unwrap();
                }
            }
            Undo::Removed(path, bytes) => fs::write(path, bytes).unwrap(),
        }
    }
    for (path, synced) in plan.synced {
        if let Ok(file) = fs::OpenOptions::new().write(true).open(&path) {
            let written = file.metadata().unwrap().len();
            let kept = synced + (written.saturating_sub(synced)) * keep / 4;
            if kept < written {
                file.set_len(kept).unwrap();
            }
        }
    }
}

/// How much of a write that is interrupted is done.
pub(crate) fn torn(length: usize) -> usize {
    length / 2
}

/// Counts a change, or refuses it.
pub(crate) fn step(op: Op<'_>) -> io::Result<()> {
    take_room(&op)?;
    PLAN.with_borrow_mut(|plan| {
        let Some(plan) = plan else { return Ok(()) };
        if plan.left == Some(0) {
            return Err(io::Error::other("the process was killed"));
        }
        plan.left = plan.left.map(|left| left - 1);
        plan.done += 1;
        let length = |path: &Path| fs::metadata(path).map_or(0, |known| known.len());
        match op {
            Op::Create(path) => {
                plan.synced.insert(path.to_owned(), 0);
                plan.names.push(Undo::Made(path.to_owned()));
            }
            Op::Append(path) => {
                let now = length(path);
                plan.synced.entry(path.to_owned()).or_insert(now);
            }
            Op::Sync(path) => {
                let now = length(path);
                plan.synced.insert(path.to_owned(), now);
            }
            Op::Truncate(path, to) => {
                let known = plan.synced.entry(path.to_owned()).or_insert(to);
                *known = to.min(*known);
            }
            Op::Rename(from, to) => {
                let before = fs::read(to).ok();
                if let Some(synced) = plan.synced.remove(from) {
                    plan.synced.insert(to.to_owned(), synced);
                }
                plan.names
                    .push(Undo::Renamed(from.to_owned(), to.to_owned(), before));
            }
            Op::Remove(path) => {
                if let Ok(bytes) = fs::read(path) {
                    plan.synced.remove(path);
                    plan.names.push(Undo::Removed(path.to_owned(), bytes));
                }
            }
            Op::SyncDirectory => plan.names.clear(),
        }
        Ok(())
    })
}
