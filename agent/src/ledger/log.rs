//! The log on disk: segments of lines, each `CRC32C in hex, space, JSON`.
//!
//! A line is whole or it is not there: on opening, a torn end is cut off and
//! that fact becomes an entry. After a failed write or fsync the log takes
//! nothing more, for what reached the disk is then unknown.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{Entry, entry::Sequenced};

/// A segment is closed when it has grown to this many bytes.
const SEGMENT_BYTES: u64 = 64 << 20;

/// Entries that are not written yet take no more memory than this.
const BUFFER_BYTES: usize = 1 << 20;

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The directory or a file cannot be opened, read or written.
    #[error(
        "the store {path} cannot be {action} ({source}): check that it is a writable directory with free space, or name another with --store"
    )]
    Io {
        /// What was touched.
        path: PathBuf,
        /// `created`, `opened`, `read`, `written` or `repaired`.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line that is not the last is damaged: this is no torn write.
    #[error(
        "the store segment {path} is damaged at line {line}: move it aside, keep it as evidence, and restart"
    )]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Line, counted from 1.
        line: u64,
    },
}

/// An open log, positioned at its end.
#[derive(Debug)]
pub struct Ledger {
    directory: PathBuf,
    path: PathBuf,
    file: File,
    bytes: u64,
    seq: u64,
    /// When the last entry that was there on opening was written.
    last_time: Option<Timestamp>,
    buffer: Vec<u8>,
    failed: bool,
}

fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> LedgerError {
    move |source| LedgerError::Io {
        path: path.to_owned(),
        action,
        source,
    }
}

impl Ledger {
    /// Opens the log in a directory, made if it is missing, and repairs a torn
    /// end.
    ///
    /// # Errors
    /// When the directory cannot be used or a segment is damaged before its end.
    pub fn open(directory: &Path, now: Timestamp) -> Result<Self, LedgerError> {
        std::fs::create_dir_all(directory).map_err(io(directory, "created"))?;
        let last = segments(directory)?.pop();
        let (path, whole) = match last {
            Some(path) => {
                let whole = read_whole(&path)?;
                (path, whole)
            }
            None => (directory.join(segment_name(1)), Whole::default()),
        };
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(io(&path, "opened"))?;
        let length = file.metadata().map_err(io(&path, "read"))?.len();
        // An empty segment carries on from the number in its name.
        let seq = if whole.seq == 0 {
            first_seq(&path).saturating_sub(1)
        } else {
            whole.seq
        };
        let mut ledger = Self {
            directory: directory.to_owned(),
            path,
            file,
            bytes: whole.bytes,
            seq,
            last_time: whole.time,
            buffer: Vec::new(),
            failed: false,
        };
        if length > whole.bytes {
            ledger
                .file
                .set_len(whole.bytes)
                .map_err(io(&ledger.path, "repaired"))?;
            ledger.append(
                now,
                Entry::Repaired {
                    bytes: length - whole.bytes,
                },
            )?;
        }
        // Proves now, not at the first flow, that the disk takes writes.
        ledger.flush()?;
        Ok(ledger)
    }

    /// Number of the last entry.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// When the last entry that was there on opening was written; `None` in an
    /// empty segment.
    pub fn last_time(&self) -> Option<Timestamp> {
        self.last_time
    }

    /// Adds an entry; it is on disk after the next [`Ledger::flush`].
    ///
    /// # Errors
    /// The system's, once so much is waiting that it has to be written; or when an
    /// entry cannot be serialised, which would be a defect.
    pub fn append(&mut self, time: Timestamp, entry: Entry) -> Result<(), LedgerError> {
        self.seq += 1;
        let json = serde_json::to_vec(&Sequenced {
            seq: self.seq,
            time,
            entry,
        })
        .map_err(|error| io(&self.path, "written")(error.into()))?;
        self.buffer
            .extend_from_slice(format!("{:08x} ", crc32c::crc32c(&json)).as_bytes());
        self.buffer.extend_from_slice(&json);
        self.buffer.push(b'\n');
        if self.buffer.len() >= BUFFER_BYTES {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), LedgerError> {
        if self.failed {
            return Err(io(&self.path, "written")(std::io::Error::other(
                "an earlier write failed",
            )));
        }
        self.file.write_all(&self.buffer).map_err(|error| {
            self.failed = true;
            io(&self.path, "written")(error)
        })?;
        self.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Writes what was added and waits until the disk has it.
    ///
    /// # Errors
    /// The system's. Nothing more is written after a failure.
    pub fn flush(&mut self) -> Result<(), LedgerError> {
        self.write()?;
        self.file.sync_data().map_err(|error| {
            self.failed = true;
            io(&self.path, "written")(error)
        })?;
        if self.bytes >= SEGMENT_BYTES {
            self.path = self.directory.join(segment_name(self.seq + 1));
            self.file = OpenOptions::new()
                .create_new(true)
                .append(true)
                .open(&self.path)
                .map_err(io(&self.path, "created"))?;
            self.bytes = 0;
        }
        Ok(())
    }

    /// Reads every entry of a log in order.
    ///
    /// # Errors
    /// When the directory cannot be read or a segment is damaged before its end.
    pub fn read(directory: &Path) -> Result<Vec<(u64, Timestamp, Entry)>, LedgerError> {
        let mut entries = Vec::new();
        Self::each(directory, |seq, time, entry| {
            entries.push((seq, time, entry));
        })?;
        Ok(entries)
    }

    /// Gives every entry of a log in order, one at a time in memory.
    ///
    /// # Errors
    /// As [`Ledger::read`].
    pub fn each(
        directory: &Path,
        mut take: impl FnMut(u64, Timestamp, Entry),
    ) -> Result<(), LedgerError> {
        for path in segments(directory)? {
            visit(&path, |line| take(line.seq, line.time, line.entry))?;
        }
        Ok(())
    }

    /// As [`Ledger::each`], without the segments that hold nothing from `since` on; the
    /// first that is read may begin before it.
    ///
    /// # Errors
    /// As [`Ledger::read`].
    pub fn each_since(
        directory: &Path,
        since: Timestamp,
        mut take: impl FnMut(u64, Timestamp, Entry),
    ) -> Result<(), LedgerError> {
        let mut wanted = Vec::new();
        for path in segments(directory)?.into_iter().rev() {
            let begins_before = first_time(&path)?.is_some_and(|first| first < since);
            wanted.push(path);
            if begins_before {
                break;
            }
        }
        for path in wanted.iter().rev() {
            visit(path, |line| take(line.seq, line.time, line.entry))?;
        }
        Ok(())
    }
}

/// Segments are named by their first entry, so that names sort as entries do.
fn segment_name(first: u64) -> String {
    format!("segment-{first:020}.weirlog")
}

fn first_seq(path: &Path) -> u64 {
    path.file_stem()
        .and_then(|stem| stem.to_str()?.strip_prefix("segment-")?.parse().ok())
        .unwrap_or(1)
}

pub(super) fn segments(directory: &Path) -> Result<Vec<PathBuf>, LedgerError> {
    let mut found: Vec<_> = std::fs::read_dir(directory)
        .map_err(io(directory, "read"))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "weirlog")
        })
        .collect();
    found.sort();
    Ok(found)
}

/// When the first entry of a segment was written; `None` if it has none.
fn first_time(path: &Path) -> Result<Option<Timestamp>, LedgerError> {
    let mut line = Vec::new();
    let file = File::open(path).map_err(io(path, "opened"))?;
    BufReader::new(file)
        .read_until(b'\n', &mut line)
        .map_err(io(path, "read"))?;
    Ok(parse(&line).map(|first| first.time))
}

/// How much of a segment is whole, and the last entry in it.
#[derive(Default)]
struct Whole {
    bytes: u64,
    seq: u64,
    time: Option<Timestamp>,
}

fn read_whole(path: &Path) -> Result<Whole, LedgerError> {
    let mut whole = Whole::default();
    whole.bytes = visit(path, |line| {
        whole.seq = line.seq;
        whole.time = Some(line.time);
    })?;
    Ok(whole)
}

/// Gives each whole line; returns the length of the whole part.
pub(super) fn visit(path: &Path, mut each: impl FnMut(Sequenced)) -> Result<u64, LedgerError> {
    let file = File::open(path).map_err(io(path, "opened"))?;
    let total = file.metadata().map_err(io(path, "read"))?.len();
    let mut reader = BufReader::new(file);
    let (mut whole, mut number) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader
            .read_until(b'\n', &mut line)
            .map_err(io(path, "read"))? as u64;
        if length == 0 {
            return Ok(whole);
        }
        number += 1;
        match parse(&line) {
            Some(entry) => each(entry),
            // Only the very end can be torn by a crash.
            None if whole + length == total => return Ok(whole),
            None => {
                return Err(LedgerError::Damaged {
                    path: path.to_owned(),
                    line: number,
                });
            }
        }
        whole += length;
    }
}

fn parse(line: &[u8]) -> Option<Sequenced> {
    let (sum, json) = line.strip_suffix(b"\n")?.split_at_checked(9)?;
    let sum = u32::from_str_radix(str::from_utf8(sum.strip_suffix(b" ")?).ok()?, 16).ok()?;
    (crc32c::crc32c(json) == sum).then(|| serde_json::from_slice(json).ok())?
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn now() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    fn filled(directory: &Path, count: u64) {
        let mut ledger = Ledger::open(directory, now()).unwrap();
        for bytes in 0..count {
            ledger.append(now(), Entry::Repaired { bytes }).unwrap();
        }
        ledger.flush().unwrap();
    }

    #[test]
    fn entries_come_back_over_restarts() {
        let directory = tempfile::tempdir().unwrap();
        filled(directory.path(), 3);
        filled(directory.path(), 2);
        let entries = Ledger::read(directory.path()).unwrap();
        assert_eq!(
            entries.iter().map(|(seq, ..)| *seq).collect::<Vec<_>>(),
            [1, 2, 3, 4, 5]
        );
        let first = std::fs::read_to_string(directory.path().join(segment_name(1))).unwrap();
        assert_eq!(
            first.lines().next().unwrap().split_once(' ').unwrap().1,
            r#"{"seq":1,"time":"2026-01-02T03:04:05Z","entry":{"type":"repaired","bytes":0}}"#
        );
    }

    #[test]
    fn a_torn_end_is_cut_off_at_every_byte_and_recorded() {
        let directory = tempfile::tempdir().unwrap();
        filled(directory.path(), 2);
        let path = directory.path().join(segment_name(1));
        let all = std::fs::read(&path).unwrap();
        let first = all.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for cut in first + 1..all.len() {
            std::fs::write(&path, &all[..cut]).unwrap();
            drop(Ledger::open(directory.path(), now()).unwrap());
            let entries = Ledger::read(directory.path()).unwrap();
            let torn = (cut - first) as u64;
            assert_eq!(entries.len(), 2, "cut at {cut}");
            assert_eq!(entries[1], (2, now(), Entry::Repaired { bytes: torn }));
        }
    }

    #[test]
    fn damage_before_the_end_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        filled(directory.path(), 3);
        let path = directory.path().join(segment_name(1));
        let mut all = std::fs::read(&path).unwrap();
        all[30] ^= 1;
        std::fs::write(&path, all).unwrap();
        let error = Ledger::open(directory.path(), now()).unwrap_err();
        assert!(
            matches!(error, LedgerError::Damaged { line: 1, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_file_in_place_of_the_directory_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "").unwrap();
        let error = Ledger::open(&path, now()).unwrap_err().to_string();
        assert!(error.ends_with("or name another with --store"), "{error}");
    }
}
