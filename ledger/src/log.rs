//! The log, open for writing.

use std::{
    collections::{HashSet, VecDeque},
    fs,
    path::PathBuf,
    thread::JoinHandle,
};

use serde_json::Value;

use crate::{
    Leaf, LedgerError, Node, Options, Range, Sidecar, disk,
    error::io,
    retention::Kept,
    seal::{Order, seal},
    tail::{FrameKind, Tail, frame},
};

/// Entries that are not written yet take no more memory than this, while there
/// is room.
const BUFFER_BYTES: usize = 1 << 20;

/// Flushes between two attempts to seal a tail for which there was no room.
const FLUSHES_PER_ATTEMPT: u32 = 60;

/// The latest checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It has its place; it is on disk after the next flush that finds room.
    Kept,
    /// There is no room for it, on disk or in memory.
    Refused,
}

/// A time without room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// When it was noticed, nanoseconds since 1970.
    pub since_ns: i64,
    /// Entries that were refused.
    pub refused: u64,
}

/// An open log, positioned at its end.
#[derive(Debug)]
pub struct Log {
    pub(crate) directory: PathBuf,
    pub(crate) options: Options,
    pub(crate) node: Node,
    pub(crate) tail: Tail,
    /// All entries before those of the tail.
    pub(crate) before: Range,
    /// Time of the tail's first entry.
    pub(crate) tail_from_ns: Option<i64>,
    /// Contexts that the tail has.
    pub(crate) known: HashSet<[u8; 32]>,
    pub(crate) buffer: Vec<u8>,
    /// All entries.
    pub(crate) range: Range,
    pub(crate) last_ns: Option<i64>,
    pub(crate) failed: bool,
    pub(crate) shortage: Option<Shortage>,
    /// Tails to be sealed.
    pub(crate) waiting: VecDeque<Order>,
    pub(crate) sealing: Option<JoinHandle<Result<Sidecar, LedgerError>>>,
    /// Flushes until sealing is tried again.
    pub(crate) pause: u32,
    /// Segments that are there, the oldest first.
    pub(crate) kept: VecDeque<Kept>,
}

impl Log {
    /// Entries of the log; the number of the last one.
    pub fn seq(&self) -> u64 {
        self.range.end()
    }

    /// Time of the last entry, nanoseconds since 1970.
    pub fn last_ns(&self) -> Option<i64> {
        self.last_ns
    }

    /// Root of the tree.
    pub fn root(&self) -> [u8; 32] {
        self.range.root()
    }

    /// Who signs.
    pub fn node(&self) -> &Node {
        &self.node
    }

    fn check(&self) -> Result<(), LedgerError> {
        if self.failed {
            let error = std::io::Error::other("an earlier write failed");
            return Err(io(&self.tail.path, "written")(error));
        }
        Ok(())
    }

    fn fail<T>(&mut self, error: std::io::Error) -> Result<T, LedgerError> {
        self.failed = true;
        Err(io(&self.tail.path, "written")(error))
    }

    /// Adds an entry, a JSON object with a `type`. It is on disk after the next
    /// [`Log::flush`].
    ///
    /// # Errors
    /// The system's, once so much is waiting that it has to be written, but for
    /// a full disk; or an entry without a type, which would be a defect.
    pub fn append(&mut self, time_ns: i64, entry: Value) -> Result<Appended, LedgerError> {
        self.check()?;
        if !entry.get("type").is_some_and(Value::is_string) {
            return Err(LedgerError::Entry("it has no type".to_owned()));
        }
        if let Some(shortage) = &mut self.shortage
            && self.buffer.len() >= self.options.waiting_bytes
        {
            shortage.refused += 1;
            return Ok(Appended::Refused);
        }
        let leaf = Leaf::of(self.seq() + 1, time_ns, entry);
        self.tail.begin_batch(&mut self.buffer)?;
        for (digest, context) in leaf.contexts {
            if self.known.insert(digest) {
                frame(FrameKind::Context, &context, &mut self.buffer)?;
            }
        }
        frame(FrameKind::Entry, &leaf.bytes, &mut self.buffer)?;
        self.range.push(&leaf.bytes);
        self.last_ns = Some(time_ns);
        self.tail_from_ns.get_or_insert(time_ns);
        if self.buffer.len() >= BUFFER_BYTES && self.shortage.is_none() {
            self.write()?;
        }
        Ok(Appended::Kept)
    }

    /// Writes what waits; whether there was room.
    fn write(&mut self) -> Result<bool, LedgerError> {
        self.check()?;
        match self.tail.write(&self.buffer) {
            Ok(()) => {
                self.buffer.clear();
                self.buffer.shrink_to(BUFFER_BYTES);
                Ok(true)
            }
            Err(error) if disk::is_full(&error) => {
                let since_ns = self.last_ns.unwrap_or_default();
                let first = self.shortage.is_none();
                self.shortage.get_or_insert(Shortage {
                    since_ns,
                    refused: 0,
                });
                if first {
                    tracing::error!(
                        path = %self.tail.path.display(),
                        "no room on disk: entries wait in memory; free space"
                    );
                }
                Ok(false)
            }
            Err(error) => self.fail(error),
        }
    }

    /// Writes what was added and waits until the disk has it. Where there is no
    /// room, entries wait, and [`Log::relieved`] tells when that is over.
    ///
    /// # Errors
    /// The system's, but for a full disk. Nothing more is written after a failure.
    pub fn flush(&mut self) -> Result<(), LedgerError> {
        if self.write()?
            && let Err(error) = self.tail.sync()
        {
            return self.fail(error);
        }
        self.poll()
    }

    /// Whether everything that was added is on disk.
    pub fn is_synced(&self) -> bool {
        self.buffer.is_empty() && !self.failed
    }

    /// The time without room that goes on.
    pub fn shortage(&self) -> Option<&Shortage> {
        self.shortage.as_ref()
    }

    /// A time without room that is over: to be told of by an entry.
    pub fn relieved(&mut self) -> Option<Shortage> {
        if self.buffer.is_empty() {
            self.shortage.take()
        } else {
            None
        }
    }

    /// Signs the tree as it is on disk and keeps the checkpoint beside it.
    ///
    /// # Errors
    /// The system's. A full disk is none: the next checkpoint covers this one.
    pub fn checkpoint(&mut self) -> Result<(), LedgerError> {
        if !self.is_synced() {
            return Ok(());
        }
        let note = self.node.checkpoint(self.seq(), &self.range.root())?;
        let path = self.directory.join(CHECKPOINT);
        match disk::replace(&path, 0o644, note.as_bytes()) {
            Err(error) if disk::is_full(&error) => Ok(()),
            other => other.map_err(io(&path, "written")),
        }
    }

    /// Whether the tail is to be sealed.
    pub fn seal_is_due(&self) -> bool {
        let age = self
            .last_ns
            .zip(self.tail_from_ns)
            .map_or(0, |(last, from)| last.saturating_sub(from));
        self.seq() > self.before.end()
            && self.is_synced()
            && (self.tail.bytes >= self.options.seal_bytes || age >= self.options.seal_age_ns)
    }

    /// Begins another tail and has the one so far sealed.
    ///
    /// # Errors
    /// The system's. A full disk is none: the tail grows on.
    pub fn seal(&mut self) -> Result<(), LedgerError> {
        if !self.is_synced() || self.seq() == self.before.end() {
            return Ok(());
        }
        let next = match Tail::create(&self.directory, self.seq() + 1) {
            Ok(next) => next,
            Err(error) if disk::is_full(&error) => return Ok(()),
            Err(error) => return self.fail(error),
        };
        let checkpoint = self.node.checkpoint(self.seq(), &self.range.root())?;
        let tail = std::mem::replace(&mut self.tail, next).close();
        self.waiting.push_back(Order {
            directory: self.directory.clone(),
            node: self.node.name().to_owned(),
            tail,
            before: std::mem::replace(&mut self.before, self.range.clone()),
            checkpoint,
            last: self.range.end(),
        });
        self.known.clear();
        self.tail_from_ns = None;
        self.pause = 0;
        self.checkpoint()?;
        self.poll()
    }

    /// Takes a sealed segment, and has the next one sealed.
    pub(crate) fn poll(&mut self) -> Result<(), LedgerError> {
        if let Some(handle) = self.sealing.take_if(|handle| handle.is_finished()) {
            let outcome = handle
                .join()
                .unwrap_or_else(|_| Err(LedgerError::Entry("sealing ended early".to_owned())));
            self.sealed(outcome)?;
        }
        if self.sealing.is_some() {
            return Ok(());
        }
        self.pause = self.pause.saturating_sub(1);
        while self.pause == 0
            && self.sealing.is_none()
            && let Some(order) = self.waiting.front().cloned()
        {
            if self.options.background {
                let spawned = std::thread::Builder::new()
                    .name("weir-seal".to_owned())
                    .spawn(move || seal(&order));
                match spawned {
                    Ok(handle) => self.sealing = Some(handle),
                    Err(error) => {
                        tracing::warn!(%error, "no thread to seal a segment");
                        self.pause = FLUSHES_PER_ATTEMPT;
                    }
                }
            } else {
                let outcome = seal(&order);
                self.sealed(outcome)?;
            }
        }
        Ok(())
    }

    fn sealed(&mut self, outcome: Result<Sidecar, LedgerError>) -> Result<(), LedgerError> {
        match outcome {
            Ok(sidecar) => {
                self.waiting.pop_front();
                self.kept.push_back(Kept::of(&sidecar));
            }
            // The tail is as good a record; a later attempt may find room.
            Err(error) => {
                if !self.options.background && !is_full(&error) {
                    return Err(error);
                }
                tracing::error!(%error, "a segment is not sealed; its tail is kept");
                self.pause = FLUSHES_PER_ATTEMPT;
            }
        }
        Ok(())
    }

    /// Waits until every tail that is complete is sealed, or cannot be.
    ///
    /// # Errors
    /// The system's.
    pub fn wait_for_segments(&mut self) -> Result<(), LedgerError> {
        self.poll()?;
        while let Some(handle) = self.sealing.take() {
            let outcome = handle
                .join()
                .unwrap_or_else(|_| Err(LedgerError::Entry("sealing ended early".to_owned())));
            self.sealed(outcome)?;
            self.poll()?;
        }
        Ok(())
    }

    /// Puts the prepared key in the place of the one so far. The log has an entry of
    /// it, on disk.
    ///
    /// # Errors
    /// The system's.
    pub fn rotate_key(&mut self) -> Result<(), LedgerError> {
        self.node.rotate()?;
        self.checkpoint()
    }

    /// The latest checkpoint on disk.
    pub(crate) fn read_checkpoint(
        directory: &std::path::Path,
    ) -> Result<Option<String>, LedgerError> {
        let path = directory.join(CHECKPOINT);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io(&path, "read")(error)),
        }
    }
}

fn is_full(error: &LedgerError) -> bool {
    matches!(error, LedgerError::Io { cause, .. } if disk::is_full(cause))
}

/// A segment in the making is not left half done for no reason; a process that
/// ends anyway makes it again.
impl Drop for Log {
    fn drop(&mut self) {
        if let Some(handle) = self.sealing.take() {
            // What came of it is seen on the next opening.
            let _ = handle.join();
        }
    }
}
