//! What is not sealed yet: a file of framed, checksummed records.
//!
//! A line names format and first entry. After it stand frames: length (32 bits,
//! little endian) and CRC32C of what follows, a kind, and its content. A batch
//! begins with a frame of its own, and batch n+1 begins only when the disk has
//! confirmed batch n: so a bad frame with a later batch behind it is damage, and
//! a bad frame in the last batch is a torn write.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::{
    LedgerError, disk,
    error::{damaged, io},
};

/// Marks the beginning of a batch, so that it is found behind damage.
const BATCH: [u8; 16] = *b"\x00weir batch\x00\xf7\x1a\x93\xe5";

/// Room that is reserved ahead of what is written.
const AHEAD: u64 = 1 << 20;

/// Length and checksum.
const HEAD: usize = 8;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// Marker and number of a batch.
    Batch,
    /// A context in canonical form.
    Context,
    /// A leaf.
    Entry,
}

impl FrameKind {
    const fn code(self) -> u8 {
        match self {
            Self::Batch => b'B',
            Self::Context => b'C',
            Self::Entry => b'E',
        }
    }

    fn of(code: u8) -> Option<Self> {
        [Self::Batch, Self::Context, Self::Entry]
            .into_iter()
            .find(|kind| kind.code() == code)
    }
}

/// Adds a frame to a buffer.
pub(crate) fn frame(kind: FrameKind, content: &[u8], out: &mut Vec<u8>) -> Result<(), LedgerError> {
    let length = u32::try_from(content.len() + 1)
        .map_err(|_| LedgerError::Entry(format!("it has {} bytes", content.len())))?;
    let sum = crc32c::crc32c_append(crc32c::crc32c(&[kind.code()]), content);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&sum.to_le_bytes());
    out.push(kind.code());
    out.extend_from_slice(content);
    Ok(())
}

/// A tail that is written to.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) path: PathBuf,
    file: File,
    /// Its length; what is beyond was not written whole.
    pub(crate) bytes: u64,
    reserved: u64,
    batch: u64,
    /// Whether a batch was begun that the disk has not confirmed.
    open: bool,
}

/// Files are named by their first entry, so that names sort as entries do.
pub(crate) fn tail_path(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("tail-{first:020}.weirtail"))
}

fn header(first: u64) -> Vec<u8> {
    format!("weir-tail/1 {first}\n").into_bytes()
}

impl Tail {
    /// Begins a tail.
    pub(crate) fn create(directory: &Path, first: u64) -> io::Result<Self> {
        let path = tail_path(directory, first);
        let mut file = disk::create(&path, 0o640)?;
        let header = header(first);
        let made = disk::append(&mut file, &path, &header)
            .and_then(|()| disk::sync(&file, &path))
            .and_then(|()| disk::sync_directory(directory));
        if let Err(error) = made {
            // It is begun again when there is room; a failure to say so is the same one.
            let _ = disk::remove(&path);
            return Err(error);
        }
        Ok(Self {
            path,
            file,
            bytes: header.len() as u64,
            reserved: 0,
            batch: 0,
            open: false,
        })
    }

    /// Goes on with one, of which so much is whole; the rest is cut off.
    pub(crate) fn resume(path: PathBuf, found: &Found) -> Result<Self, LedgerError> {
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(io(&path, "opened"))?;
        if found.torn > 0 {
            disk::truncate(&file, &path, found.whole)
                .and_then(|()| disk::sync(&file, &path))
                .map_err(io(&path, "repaired"))?;
        }
        Ok(Self {
            path,
            file,
            bytes: found.whole,
            reserved: 0,
            batch: found.batch,
            open: false,
        })
    }

    /// Frames that begin a batch, if none is open.
    pub(crate) fn begin_batch(&mut self, out: &mut Vec<u8>) -> Result<(), LedgerError> {
        if self.open {
            return Ok(());
        }
        self.open = true;
        self.batch += 1;
        let content = [&BATCH[..], &self.batch.to_le_bytes()].concat();
        frame(FrameKind::Batch, &content, out)
    }

    /// Writes frames. After an error there is no more of them in the file than
    /// before.
    pub(crate) fn write(&mut self, frames: &[u8]) -> io::Result<()> {
        if frames.is_empty() {
            return Ok(());
        }
        let end = self.bytes + frames.len() as u64;
        if end > self.reserved {
            let needed = end - self.bytes;
            self.reserved = match disk::reserve(&self.file, self.bytes, needed + AHEAD) {
                Err(error) if disk::is_full(&error) => {
                    disk::reserve(&self.file, self.bytes, needed)?;
                    end
                }
                other => other.map(|()| end + AHEAD)?,
            };
        }
        if let Err(error) = disk::append(&mut self.file, &self.path, frames) {
            disk::truncate(&self.file, &self.path, self.bytes)?;
            return Err(error);
        }
        self.bytes = end;
        Ok(())
    }

    /// Waits until the disk has what was written.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if self.open {
            disk::sync(&self.file, &self.path)?;
            self.open = false;
        }
        Ok(())
    }

    /// Whether the file of its name is the one that is written to, and is whole.
    pub(crate) fn is_in_place(&self) -> io::Result<bool> {
        let (named, own) = (fs::metadata(&self.path)?, self.file.metadata()?);
        let same = (named.dev(), named.ino()) == (own.dev(), own.ino());
        Ok(same && own.len() >= self.bytes)
    }

    /// Gives back what was reserved. No more is written.
    pub(crate) fn close(self) -> PathBuf {
        // A file system that does not give it back does so when the file is removed.
        let _ = self.file.set_len(self.bytes);
        self.path
    }
}

/// How much of a tail is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Bytes of whole frames, with the header.
    pub(crate) whole: u64,
    /// Bytes after them.
    pub(crate) torn: u64,
    /// Number of the last batch.
    pub(crate) batch: u64,
}

/// Gives each context and entry of a tail in order; says how much of it is whole.
pub(crate) fn read(
    path: &Path,
    first: u64,
    mut each: impl FnMut(FrameKind, &[u8]) -> Result<(), LedgerError>,
) -> Result<Found, LedgerError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(io(path, "read"))?;
    let header = header(first);
    if !bytes.starts_with(&header) {
        // Begun, and never confirmed: nothing was written to it.
        if bytes.len() <= header.len() && is_torn_header(&bytes, &header) {
            return Ok(Found {
                whole: 0,
                torn: bytes.len() as u64,
                batch: 0,
            });
        }
        return Err(damaged(path, "its first line"));
    }
    let mut at = header.len();
    let mut batch = 0;
    while let Some((kind, content)) = whole_frame(&bytes[at..]) {
        match kind {
            FrameKind::Batch => batch = batch_number(content).unwrap_or(batch),
            FrameKind::Context | FrameKind::Entry => each(kind, content)?,
        }
        at += HEAD + 1 + content.len();
    }
    let rest = &bytes[at..];
    if let Some(later) = later_batch(rest)
        && later > batch
    {
        return Err(damaged(path, format!("byte {at}")));
    }
    Ok(Found {
        whole: at as u64,
        torn: rest.len() as u64,
        batch,
    })
}

fn is_torn_header(bytes: &[u8], header: &[u8]) -> bool {
    // A block that was never written reads as zeros.
    bytes
        .iter()
        .zip(header)
        .all(|(found, meant)| found == meant || *found == 0)
}

/// The frame at the beginning, if it is whole.
fn whole_frame(bytes: &[u8]) -> Option<(FrameKind, &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let length = u32::from_le_bytes(head[..4].try_into().ok()?);
    let sum = u32::from_le_bytes(head[4..].try_into().ok()?);
    let body = rest.get(..usize::try_from(length).ok()?)?;
    let (code, content) = body.split_first()?;
    (crc32c::crc32c(body) == sum)
        .then(|| FrameKind::of(*code))?
        .map(|kind| (kind, content))
}

fn batch_number(content: &[u8]) -> Option<u64> {
    let number = content.strip_prefix(&BATCH)?;
    Some(u64::from_le_bytes(number.try_into().ok()?))
}

/// Number of the last whole batch frame anywhere in some bytes.
fn later_batch(bytes: &[u8]) -> Option<u64> {
    let lead = HEAD + 1;
    bytes
        .windows(BATCH.len())
        .enumerate()
        .filter(|(_, window)| *window == BATCH)
        .filter_map(|(at, _)| {
            let (kind, content) = whole_frame(bytes.get(at.checked_sub(lead)?..)?)?;
            (kind == FrameKind::Batch).then(|| batch_number(content))?
        })
        .max()
}

/// First entry and path of each tail in a directory, in order.
pub(crate) fn tails(directory: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    numbered(directory, "tail-", ".weirtail")
}

/// Files of a directory that are named by a number.
pub(crate) fn numbered(
    directory: &Path,
    prefix: &str,
    suffix: &str,
) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix(prefix)?.strip_suffix(suffix))
            .and_then(|number| number.parse().ok());
        if let Some(number) = number {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn written(directory: &Path, batches: &[&[&[u8]]]) -> PathBuf {
        let mut tail = Tail::create(directory, 1).unwrap();
        for batch in batches {
            let mut frames = Vec::new();
            tail.begin_batch(&mut frames).unwrap();
            for entry in *batch {
                frame(FrameKind::Entry, entry, &mut frames).unwrap();
            }
            tail.write(&frames).unwrap();
            tail.sync().unwrap();
        }
        tail.close()
    }

    fn entries(path: &Path) -> Result<(Vec<Vec<u8>>, Found), LedgerError> {
        let mut entries = Vec::new();
        let found = read(path, 1, |_, content| {
            entries.push(content.to_vec());
            Ok(())
        })?;
        Ok((entries, found))
    }

    #[test]
    fn a_tail_cut_at_any_byte_has_its_whole_entries() {
        let directory = tempfile::tempdir().unwrap();
        let path = written(directory.path(), &[&[b"one", b"two"], &[b"three"]]);
        let all = fs::read(&path).unwrap();
        let mut counts = Vec::new();
        for cut in 0..=all.len() {
            fs::write(&path, &all[..cut]).unwrap();
            let (entries, found) = entries(&path).unwrap();
            assert_eq!(found.whole + found.torn, cut as u64);
            counts.push(entries.len());
        }
        assert!(counts.is_sorted());
        assert_eq!(counts.last(), Some(&3));
    }

    #[test]
    fn zeros_at_the_end_are_a_torn_write() {
        let directory = tempfile::tempdir().unwrap();
        let path = written(directory.path(), &[&[b"one"]]);
        let mut all = fs::read(&path).unwrap();
        let whole = all.len() as u64;
        all.extend([0; 100]);
        fs::write(&path, all).unwrap();
        let (entries, found) = entries(&path).unwrap();
        assert_eq!(entries, [b"one"]);
        assert_eq!((found.whole, found.torn), (whole, 100));
    }

    #[test]
    fn a_changed_byte_is_damage_wherever_a_later_batch_confirms_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = written(directory.path(), &[&[b"one", b"two"], &[b"three"]]);
        let all = fs::read(&path).unwrap();
        let last = all
            .windows(BATCH.len())
            .rposition(|window| window == BATCH)
            .unwrap()
            - HEAD
            - 1;
        for at in 0..last {
            let mut bytes = all.clone();
            bytes[at] ^= 1;
            fs::write(&path, bytes).unwrap();
            let error = entries(&path).unwrap_err();
            assert!(
                matches!(error, LedgerError::Damaged { .. }),
                "byte {at}: {error}"
            );
        }
    }
}
