//! Opens the log: finds where it ends, and that it is what was signed.

use std::{
    collections::{HashSet, VecDeque},
    fs,
    path::{Path, PathBuf},
};

use crate::{
    LedgerError, Log, Node, Options, Range, Rotation, disk,
    error::{damaged, io, missing},
    leaf::digest,
    pieces,
    retention::Kept,
    seal::{self, Order},
    sidecar::{self, sidecars},
    tail::{self, Found, FrameKind, Tail, tails},
};

/// Bytes that were cut off, until an entry says so.
const TORN: &str = "torn";

/// What was found on opening, to be told of by entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Bytes at the end that were torn and have been cut off.
    pub torn: u64,
    /// A prepared key that is to take the place of the one so far:
    /// [`Log::rotate_key`].
    pub rotation: Option<Rotation>,
}

/// The tails, and the tree at the end of each.
struct Tails {
    range: Range,
    last_ns: Option<i64>,
    /// Complete ones: path, the tree before and after.
    complete: Vec<(PathBuf, Range, Range)>,
    /// The last one, with the tree before it.
    last: Option<(PathBuf, Range, Found)>,
    known: HashSet<[u8; 32]>,
    from_ns: Option<i64>,
    /// Root at the size of the checkpoint, once it was passed.
    signed_root: Option<[u8; 32]>,
}

impl Log {
    /// Opens a log in a directory, made if it is missing, and repairs a torn end.
    /// Gives number and leaf of every entry that is not sealed.
    ///
    /// # Errors
    /// When the directory cannot be used, is of an earlier format, is damaged, or
    /// does not have what this node has signed.
    pub fn open(
        directory: &Path,
        options: Options,
        mut each: impl FnMut(u64, &[u8]),
    ) -> Result<(Self, Opened), LedgerError> {
        fs::create_dir_all(directory).map_err(io(directory, "created"))?;
        refuse_old_format(directory)?;
        let sidecars = sidecars(directory)?;
        let found = tails(directory).map_err(io(directory, "read"))?;
        let checkpoint = Self::read_checkpoint(directory)?;
        let has_entries = !sidecars.is_empty() || !found.is_empty() || checkpoint.is_some();
        let (node, _) = Node::open(directory, has_entries)?;
        let signed = match &checkpoint {
            None => None,
            Some(text) => Some(node.verify(text).ok_or_else(|| {
                damaged(&directory.join(crate::log::CHECKPOINT), "its signature")
            })?),
        };
        let (sealed, kept) = sealed(directory, &sidecars)?;
        if let Some((size, root)) = signed
            && sealed.range.end() == size
            && sealed.range.root() != root
        {
            return Err(damaged(directory, "the root that was signed"));
        }
        let tails = read_tails(directory, found, sealed, signed, &mut each)?;
        check_signed(directory, &tails, signed)?;
        let torn = tails.last.as_ref().map_or(0, |(.., found)| found.torn);
        let torn = note_repair(directory, torn)?;
        let (tail, before) = last_tail(directory, &tails)?;
        let mut waiting = VecDeque::new();
        for (path, before, after) in tails.complete {
            waiting.push_back(Order {
                directory: directory.to_owned(),
                node: node.name().to_owned(),
                tail: path,
                before,
                checkpoint: node.checkpoint(after.end(), &after.root())?,
                last: after.end(),
            });
        }
        let rotation = node.rotation()?;
        let log = Self {
            directory: directory.to_owned(),
            options,
            node,
            tail,
            before,
            tail_from_ns: tails.from_ns,
            known: tails.known,
            buffer: Vec::new(),
            range: tails.range,
            last_ns: tails.last_ns,
            failed: false,
            shortage: None,
            waiting,
            sealing: None,
            pause: 0,
            kept,
        };
        Ok((log, Opened { torn, rotation }))
    }
}

impl Log {
    /// The log has an entry, on disk, of what was cut off.
    ///
    /// # Errors
    /// The system's.
    pub fn told_of_repair(&mut self) -> Result<(), LedgerError> {
        let path = self.directory.join(TORN);
        match disk::remove(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(io(&path, "written")),
        }
    }
}

pub(crate) fn refuse_old_format(directory: &Path) -> Result<(), LedgerError> {
    for entry in fs::read_dir(directory).map_err(io(directory, "read"))? {
        let name = entry.map_err(io(directory, "read"))?.file_name();
        if Path::new(&name).extension().is_some_and(|e| e == "weirlog") {
            return Err(LedgerError::OldFormat {
                path: directory.to_owned(),
                file: name.to_string_lossy().into_owned(),
            });
        }
    }
    Ok(())
}

/// What the segments end with.
struct Sealed {
    range: Range,
    last_ns: Option<i64>,
    firsts: HashSet<u64>,
}

fn sealed(
    directory: &Path,
    sidecars: &[(u64, PathBuf)],
) -> Result<(Sealed, VecDeque<Kept>), LedgerError> {
    let (range, chain) = sidecar::chain(directory, sidecars)?;
    let sealed = Sealed {
        range,
        last_ns: chain.last().map(|sidecar| sidecar.to_ns),
        firsts: chain.iter().map(|sidecar| sidecar.first).collect(),
    };
    let pruned = pieces::pruned(directory, &chain)?;
    let kept = chain.iter().skip(pruned).map(Kept::of).collect();
    Ok((sealed, kept))
}

fn read_tails(
    directory: &Path,
    found: Vec<(u64, PathBuf)>,
    sealed: Sealed,
    signed: Option<(u64, [u8; 32])>,
    each: &mut impl FnMut(u64, &[u8]),
) -> Result<Tails, LedgerError> {
    let mut tails = Tails {
        range: sealed.range,
        last_ns: sealed.last_ns,
        complete: Vec::new(),
        last: None,
        known: HashSet::new(),
        from_ns: None,
        signed_root: None,
    };
    for (first, path) in found {
        if sealed.firsts.contains(&first) {
            // Sealed, and the agent ended before it was removed.
            seal::remove(directory, &path)?;
            continue;
        }
        if let Some((last, before, found)) = tails.last.take() {
            if found.torn > 0 {
                return Err(damaged(&last, format!("byte {}", found.whole)));
            }
            tails.complete.push((last, before, tails.range.clone()));
        }
        if first > tails.range.end() + 1 {
            return Err(missing(directory, tails.range.end() + 1));
        }
        if first != tails.range.end() + 1 {
            return Err(damaged(&path, format!("its first entry {first}")));
        }
        let before = tails.range.clone();
        tails.known.clear();
        tails.from_ns = None;
        let found = tail::read(&path, first, |kind, content| {
            match kind {
                FrameKind::Context => drop(tails.known.insert(digest(content))),
                FrameKind::Entry => {
                    tails.range.push(content);
                    let seq = tails.range.end();
                    if signed.is_some_and(|(size, _)| size == seq) {
                        tails.signed_root = Some(tails.range.root());
                    }
                    tails.last_ns = time_of(content).or(tails.last_ns);
                    tails.from_ns = tails.from_ns.or(tails.last_ns);
                    each(seq, content);
                }
                FrameKind::Batch => {}
            }
            Ok(())
        })?;
        tails.last = Some((path, before, found));
    }
    Ok(tails)
}

/// The time of a leaf, whose last key it is.
pub(crate) fn time_of(leaf: &[u8]) -> Option<i64> {
    let leaf = str::from_utf8(leaf).ok()?;
    let (_, time) = leaf.strip_suffix('}')?.rsplit_once("\"time_ns\":")?;
    time.parse().ok()
}

fn check_signed(
    directory: &Path,
    tails: &Tails,
    signed: Option<(u64, [u8; 32])>,
) -> Result<(), LedgerError> {
    let Some((size, root)) = signed else {
        return Ok(());
    };
    if tails.range.end() < size {
        return Err(LedgerError::RolledBack {
            path: directory.to_owned(),
            size: tails.range.end(),
            signed: size,
        });
    }
    match tails.signed_root {
        Some(found) if found != root => Err(damaged(directory, "the root that was signed")),
        _ => Ok(()),
    }
}

/// Keeps on disk that an end is cut off, until an entry says so: the agent may end
/// between the two. Gives how much was, now or before.
fn note_repair(directory: &Path, torn: u64) -> Result<u64, LedgerError> {
    let path = directory.join(TORN);
    let before = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().unwrap_or(0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(io(&path, "read")(error)),
    };
    if torn > before {
        let text = format!("{torn}\n");
        disk::replace(&path, 0o640, text.as_bytes()).map_err(io(&path, "written"))?;
    }
    Ok(torn.max(before))
}

/// The tail to go on with, and the tree before it.
fn last_tail(directory: &Path, tails: &Tails) -> Result<(Tail, Range), LedgerError> {
    let create = |before: &Range| {
        Tail::create(directory, before.end() + 1)
            .map(|tail| (tail, before.clone()))
            .map_err(io(directory, "written"))
    };
    match &tails.last {
        None => create(&tails.range),
        // Begun, and not confirmed before the end.
        Some((path, before, found)) if found.whole == 0 => {
            seal::remove(directory, path)?;
            create(before)
        }
        Some((path, before, found)) => Ok((Tail::resume(path.clone(), found)?, before.clone())),
    }
}
