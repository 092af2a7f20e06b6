//! What is pruned, and when.

use std::collections::VecDeque;

use crate::{LedgerError, Log, Sidecar, disk, error::io, sidecar::segment_path};

/// A segment that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    first: u64,
    last: u64,
    to_ns: i64,
    bytes: u64,
}

impl Kept {
    /// Its first entry.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    pub(crate) fn of(sidecar: &Sidecar) -> Self {
        Self {
            first: sidecar.first,
            last: sidecar.last,
            to_ns: sidecar.to_ns,
            bytes: sidecar.bytes,
        }
    }
}

/// A segment that is to go. Its sidecar stays, with checkpoint and nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// Its first entry.
    pub first: u64,
    /// Its last entry.
    pub last: u64,
    /// Bytes that are freed.
    pub bytes: u64,
    /// Whether for its age; for the room that all take, otherwise.
    pub for_age: bool,
}

impl Log {
    /// Segments that are too old, or too much, the oldest first.
    pub fn to_prune(&self, now_ns: i64) -> Vec<Pruned> {
        let mut left: u64 = self.kept.iter().map(|kept| kept.bytes).sum();
        let mut pruned = Vec::new();
        for kept in &self.kept {
            let age = now_ns.saturating_sub(kept.to_ns);
            let for_age = self.options.keep_ns.is_some_and(|most| age > most);
            let for_room = self.options.keep_bytes.is_some_and(|most| left > most);
            if !for_age && !for_room {
                break;
            }
            left -= kept.bytes;
            pruned.push(Pruned {
                first: kept.first,
                last: kept.last,
                bytes: kept.bytes,
                for_age,
            });
        }
        pruned
    }

    /// Removes segments, of which the log has entries on disk.
    ///
    /// # Errors
    /// The system's.
    pub fn prune(&mut self, segments: &[Pruned]) -> Result<(), LedgerError> {
        for pruned in segments {
            let path = segment_path(&self.directory, pruned.first);
            match disk::remove(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(io(&path, "written")(error));
                }
                _ => remove_first(&mut self.kept, pruned.first),
            }
            // Each by itself: a segment that is gone behind one that is there is damage.
            disk::sync_directory(&self.directory).map_err(io(&self.directory, "written"))?;
        }
        Ok(())
    }
}

fn remove_first(kept: &mut VecDeque<Kept>, first: u64) {
    if kept.front().is_some_and(|one| one.first == first) {
        kept.pop_front();
    }
}
