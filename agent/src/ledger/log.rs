//! The log with its entries.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use weir_ledger::{Appended, LedgerError, Log, Opened, Options, Pruned, Shortage};

use super::{Entry, Resume, guard::Guard, resume::Tracker};
use crate::{
    coverage::{Gap, Reason},
    finding::{Acknowledgement, Finding},
    record::Counters,
};

/// An open ledger, positioned at its end.
#[derive(Debug)]
pub struct Ledger {
    log: Log,
    directory: PathBuf,
    tracker: Tracker,
    guard: Guard,
    /// When the last entry that was there on opening was written.
    last_time: Option<Timestamp>,
    /// The latest time that an entry was offered with.
    now: Timestamp,
    /// Counts of flows that ended while there was no room for them.
    forgone: (u64, Counters),
    /// Times without room that are over and were not told of yet.
    relieved: Vec<Gap>,
}

impl Ledger {
    /// Opens the ledger in a directory, made if it is missing, and repairs a torn
    /// end.
    ///
    /// # Errors
    /// When the directory cannot be used, is of an earlier format, is damaged before its
    /// end, or ends before what this node has signed.
    pub fn open(directory: &Path, now: Timestamp) -> Result<Self, LedgerError> {
        Self::open_with(directory, now, Options::default())
    }

    /// As [`Ledger::open`], with segments sealed and kept as `options` say.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn open_with(
        directory: &Path,
        now: Timestamp,
        options: Options,
    ) -> Result<Self, LedgerError> {
        let mut tracker = Tracker::read(directory);
        let mut known = true;
        let (log, opened) = Log::open(directory, options, |seq, leaf| {
            if seq > tracker.seq() && known {
                known = tracker.take_leaf(seq, leaf);
            }
        })?;
        if !known || tracker.seq() != log.seq() {
            // What is kept of it is lost: the long way.
            tracker = Tracker::default();
            weir_ledger::for_each(directory, |seq, _, entry| tracker.take_value(seq, &entry))?;
        }
        let last_time = log.last_ns().and_then(|ns| time_of(ns).ok());
        let mut ledger = Self {
            log,
            directory: directory.to_owned(),
            tracker,
            guard: Guard::default(),
            last_time,
            now,
            forgone: (0, Counters::default()),
            relieved: Vec::new(),
        };
        ledger.begin(now, &opened)?;
        Ok(ledger)
    }

    /// Tells of what was found on opening, and proves, now and not at the first flow,
    /// that the disk takes writes.
    fn begin(&mut self, now: Timestamp, opened: &Opened) -> Result<(), LedgerError> {
        if self.log.seq() == 0 {
            let entry = Entry::NodeKey {
                node: self.log.node().name().to_owned(),
                public_key: self.log.node().public().to_owned(),
            };
            self.append(now, entry)?;
        }
        if opened.torn > 0 {
            let entry = Entry::Repaired { bytes: opened.torn };
            self.append(now, entry)?;
        }
        if let Some(rotation) = &opened.rotation {
            let entry = Entry::KeyRotated {
                old: rotation.old.clone(),
                new: rotation.new.clone(),
                note: rotation.note.clone(),
            };
            self.append(now, entry)?;
        }
        self.flush()?;
        if !self.log.is_synced() {
            return Err(LedgerError::Io {
                path: self.directory.clone(),
                action: "written",
                cause: std::io::ErrorKind::StorageFull.into(),
            });
        }
        if opened.rotation.is_some() {
            self.log.rotate_key()?;
        }
        self.log.told_of_repair()?;
        self.log.checkpoint()
    }

    /// Number of the last entry.
    pub fn seq(&self) -> u64 {
        self.log.seq()
    }

    /// Name of the node, and origin of its checkpoints.
    pub fn node(&self) -> &str {
        self.log.node().name()
    }

    /// When the last entry that was there on opening was written; `None` in an
    /// empty ledger.
    pub fn last_time(&self) -> Option<Timestamp> {
        self.last_time
    }

    /// What the ledger has of a recording that goes on.
    pub fn resume(&self, recording: &str) -> Resume {
        self.tracker.resume(recording)
    }

    /// What was found and is open, by this agent or an earlier one.
    ///
    /// # Errors
    /// When what is kept of it cannot be read, which would be a defect.
    pub fn open_findings(&self) -> Result<Vec<Finding>, LedgerError> {
        self.tracker.open_findings()
    }

    /// The last acknowledgement of each finding, whether it still counts or not.
    ///
    /// # Errors
    /// When what is kept of them cannot be read, which would be a defect.
    pub fn acknowledgements(&self) -> Result<Vec<Acknowledgement>, LedgerError> {
        self.tracker.acknowledgements()
    }

    /// Adds an entry; it is on disk after the next [`Ledger::flush`] that finds room.
    /// Where there is none in memory either, that it is missing becomes an entry.
    ///
    /// # Errors
    /// The system's, once so much is waiting that it has to be written; or when an
    /// entry cannot be serialised, which would be a defect.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an entry is made to be appended"
    )]
    pub fn append(&mut self, time: Timestamp, entry: Entry) -> Result<(), LedgerError> {
        self.offer(time, &entry).map(drop)
    }

    /// As [`Ledger::append`], for an entry that can be offered again, as counts can that
    /// go on in memory; whether there was room.
    ///
    /// # Errors
    /// As [`Ledger::append`].
    pub fn offer(&mut self, time: Timestamp, entry: &Entry) -> Result<Appended, LedgerError> {
        self.now = time;
        let value =
            serde_json::to_value(entry).map_err(|error| LedgerError::Entry(error.to_string()))?;
        let appended = self.log.append(ns_of(time)?, value)?;
        if appended == Appended::Kept {
            self.tracker.take(self.log.seq(), entry)?;
        }
        Ok(appended)
    }

    /// A flow ended for which there was no room: its counts go into the entry that tells
    /// of the shortage.
    pub fn forgo(&mut self, counters: Counters) {
        self.forgone.0 += 1;
        self.forgone.1 = self.forgone.1 + counters;
    }

    /// Writes what was added and waits until the disk has it. Without room, entries wait
    /// in memory.
    ///
    /// # Errors
    /// The system's, but for a full disk. Nothing more is written after a failure.
    pub fn flush(&mut self) -> Result<(), LedgerError> {
        self.log.flush()?;
        if let Some(shortage) = self.log.relieved() {
            let gap = self.shortage(shortage)?;
            self.append(self.now, Entry::Gap(gap.clone()))?;
            self.relieved.push(gap);
            self.log.flush()?;
        }
        if self.log.seal_is_due() && self.tracker.write(&self.directory)? {
            self.log.seal()?;
        }
        Ok(())
    }

    /// Gaps that were written since this was asked last, for times without room that are
    /// over.
    pub fn relieved(&mut self) -> Vec<Gap> {
        std::mem::take(&mut self.relieved)
    }

    /// The gap as it is so far, while there is no room for entries.
    ///
    /// # Errors
    /// A time that cannot be shown.
    pub fn without_room(&self) -> Result<Option<Gap>, LedgerError> {
        let since = self.log.shortage().map(|shortage| shortage.since_ns);
        let gap = |since_ns| {
            Ok(Gap {
                from: time_of(since_ns)?,
                to: self.now,
                reason: Reason::StoreFull,
                detail: "the store has no room: free space; entries wait in memory, then \
                         counts of open flows do"
                    .to_owned(),
                repaired: false,
                losses: std::collections::BTreeMap::new(),
            })
        };
        since.map(gap).transpose()
    }

    fn shortage(&mut self, shortage: Shortage) -> Result<Gap, LedgerError> {
        let (flows, counters) = std::mem::take(&mut self.forgone);
        Ok(Gap {
            from: time_of(shortage.since_ns)?,
            to: self.now,
            reason: Reason::StoreFull,
            detail: format!(
                "the store had no room: {} entries were not taken; {flows} flows ended \
                 meanwhile, of which it has the sum only: {} bytes in {} packets sent, {} \
                 bytes in {} packets received",
                shortage.refused,
                counters.egress_bytes,
                counters.egress_packets,
                counters.ingress_bytes,
                counters.ingress_packets,
            ),
            repaired: true,
            losses: std::collections::BTreeMap::new(),
        })
    }

    /// Waits until everything that is due is sealed, which goes on by itself otherwise.
    ///
    /// # Errors
    /// The system's.
    pub fn wait_for_segments(&mut self) -> Result<(), LedgerError> {
        self.log.wait_for_segments()
    }

    /// What somebody else has done to the files of the ledger since the last look; at the
    /// first, they are taken as they are.
    pub fn tampering(&mut self) -> Vec<String> {
        self.guard.look(&self.log)
    }

    /// Whether everything that was added is on disk.
    pub fn is_synced(&self) -> bool {
        self.log.is_synced()
    }

    /// Signs the tree as it is on disk.
    ///
    /// # Errors
    /// The system's, but for a full disk.
    pub fn checkpoint(&mut self) -> Result<(), LedgerError> {
        self.log.checkpoint()
    }

    /// Removes segments that are too old or too much; of each, an entry is on disk
    /// before.
    ///
    /// # Errors
    /// The system's.
    pub fn prune(&mut self, now: Timestamp) -> Result<(), LedgerError> {
        let segments = self.log.to_prune(ns_of(now)?);
        if segments.is_empty() {
            return Ok(());
        }
        for Pruned {
            first,
            last,
            bytes,
            for_age,
        } in segments.iter().copied()
        {
            let entry = Entry::Pruned {
                first,
                last,
                bytes,
                for_age,
            };
            self.append(now, entry)?;
        }
        self.flush()?;
        // Without room, the entries wait. Removing makes room, and what is signed meanwhile
        // is not less.
        self.log.prune(&segments)
    }

    /// Reads every entry of a ledger in order.
    ///
    /// # Errors
    /// When the directory cannot be read or is damaged before its end.
    pub fn read(directory: &Path) -> Result<Vec<(u64, Timestamp, Entry)>, LedgerError> {
        let mut entries = Vec::new();
        Self::each(directory, |seq, time, entry| {
            entries.push((seq, time, entry));
        })?;
        Ok(entries)
    }

    /// Gives every entry of a ledger in order, one at a time in memory.
    ///
    /// # Errors
    /// As [`Ledger::read`].
    pub fn each(
        directory: &Path,
        take: impl FnMut(u64, Timestamp, Entry),
    ) -> Result<(), LedgerError> {
        Self::each_from(directory, i64::MIN, take)
    }

    /// As [`Ledger::each`], without the rows of segments that were written before
    /// `since`; some of before may be among those that are given.
    ///
    /// # Errors
    /// As [`Ledger::read`].
    pub fn each_since(
        directory: &Path,
        since: Timestamp,
        take: impl FnMut(u64, Timestamp, Entry),
    ) -> Result<(), LedgerError> {
        Self::each_from(directory, ns_of(since)?, take)
    }

    fn each_from(
        directory: &Path,
        from_ns: i64,
        mut take: impl FnMut(u64, Timestamp, Entry),
    ) -> Result<(), LedgerError> {
        let mut odd = None;
        weir_ledger::for_each_since(directory, from_ns, |seq, time, entry| {
            match typed(time, entry) {
                Ok((time, entry)) => take(seq, time, entry),
                Err(what) => drop(odd.get_or_insert((seq, what))),
            };
        })?;
        match odd {
            None => Ok(()),
            Some((seq, what)) => Err(LedgerError::Damaged {
                path: directory.to_owned(),
                at: format!("entry {seq} ({what})"),
            }),
        }
    }
}

/// An entry that was read, or what is wrong with it.
fn typed(time: i64, entry: Value) -> Result<(Timestamp, Entry), String> {
    let entry = serde_json::from_value(entry).map_err(|error| error.to_string())?;
    let time = Timestamp::from_nanosecond(time.into()).map_err(|error| error.to_string())?;
    Ok((time, entry))
}

fn time_of(ns: i64) -> Result<Timestamp, LedgerError> {
    Timestamp::from_nanosecond(ns.into()).map_err(|error| LedgerError::Entry(error.to_string()))
}

fn ns_of(time: Timestamp) -> Result<i64, LedgerError> {
    i64::try_from(time.as_nanosecond()).map_err(|error| LedgerError::Entry(error.to_string()))
}
