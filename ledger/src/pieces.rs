//! What a log consists of, for those who read it while an agent may write to it.
//!
//! The order of looking is what keeps a reader from taking a log that grows for one
//! that is damaged: first the checkpoint, as all that it covers is on disk; then
//! segments, tails and sidecars, as a tail is removed only after its sidecar is there.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use crate::{
    LedgerError, Log, Range, Sidecar,
    error::{damaged, io, missing},
    leaf::digest,
    log::CHECKPOINT,
    node,
    open::refuse_old_format,
    rows::{Batch, Rows},
    sidecar::{self, segment_path, sidecars},
    tail::{self, FrameKind, numbered, tails},
};

/// Rows of a tail that are read at once.
const TAIL_ROWS: usize = 1 << 16;

/// Everything of a log, without a hole.
pub(crate) struct Pieces {
    directory: PathBuf,
    /// Of the segments, the oldest first; [`Pieces::present`] are those that are not pruned.
    pub(crate) segments: Vec<Sidecar>,
    /// How many of the first are pruned.
    pruned: usize,
    /// First entry and path of tails that are not sealed.
    pub(crate) tails: Vec<(u64, PathBuf)>,
    /// The tree of all entries that are sealed or were given of tails.
    pub(crate) range: Range,
    /// Size and root of the checkpoint.
    signed: Option<(u64, [u8; 32])>,
}

impl Pieces {
    /// Looks for them.
    ///
    /// # Errors
    /// The system's; or one is missing or damaged.
    pub(crate) fn find(directory: &Path) -> Result<Self, LedgerError> {
        refuse_old_format(directory)?;
        let signed = signed(directory)?;
        let files = numbered(directory, "segment-", ".parquet").map_err(io(directory, "read"))?;
        let tails = tails(directory).map_err(io(directory, "read"))?;
        let sealed = sidecars(directory)?;
        let has = |list: &[(u64, PathBuf)], first| list.iter().any(|(one, _)| *one == first);
        let firsts: std::collections::HashSet<u64> =
            sealed.iter().map(|(first, _)| *first).collect();
        for (first, path) in &files {
            if !firsts.contains(first) && !has(&tails, *first) {
                return Err(damaged(path, "its sidecar, which is missing"));
            }
        }
        let (range, chain) = sidecar::chain(directory, &sealed)?;
        if let Some((size, root)) = signed
            && size == range.end()
            && root != range.root()
        {
            return Err(damaged(directory, "the root that was signed"));
        }
        let tails = tails
            .into_iter()
            .filter(|(first, _)| !firsts.contains(first))
            .collect();
        Ok(Self {
            directory: directory.to_owned(),
            pruned: pruned(directory, &chain)?,
            segments: chain,
            tails,
            range,
            signed,
        })
    }

    /// Of the segments that are not pruned, the oldest first.
    pub(crate) fn present(&self) -> &[Sidecar] {
        self.segments.get(self.pruned..).unwrap_or_default()
    }

    /// Gives the rows of a tail, the next in order.
    ///
    /// # Errors
    /// The system's; or it does not go on where the log is, or is damaged.
    pub(crate) fn tail(
        &mut self,
        first: u64,
        path: &Path,
        mut take: impl FnMut(&Batch) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        if first != self.range.end() + 1 {
            return Err(missing(&self.directory, self.range.end() + 1));
        }
        let mut contexts: HashMap<[u8; 32], Bytes> = HashMap::new();
        let mut rows = Rows::new();
        let mut next = first;
        let mut give = |rows: Rows| {
            let batch = rows.finish();
            for row in 0..batch.rows {
                if batch.head(row).is_none_or(|(seq, _)| seq != next) {
                    return Err(damaged(path, format!("entry {next}")));
                }
                next += 1;
            }
            take(&batch)
        };
        let (range, signed) = (&mut self.range, self.signed);
        tail::read(path, first, |kind, content| {
            match kind {
                FrameKind::Context => {
                    contexts.insert(digest(content), Bytes::copy_from_slice(content));
                }
                FrameKind::Entry => {
                    range.push(content);
                    if signed
                        .is_some_and(|(size, root)| size == range.end() && root != range.root())
                    {
                        return Err(damaged(path, "the root that was signed"));
                    }
                    rows.add(content, &contexts).map_err(|error| match error {
                        LedgerError::Entry(what) => {
                            damaged(path, format!("entry {}: {what}", range.end()))
                        }
                        other => other,
                    })?;
                }
                FrameKind::Batch => {}
            }
            if rows.len() >= TAIL_ROWS {
                give(std::mem::replace(&mut rows, Rows::new()))?;
            }
            Ok(())
        })?;
        if rows.len() > 0 {
            give(rows)?;
        }
        Ok(())
    }

    /// After the last tail: everything that was signed was there.
    ///
    /// # Errors
    /// It was not.
    pub(crate) fn end(&self) -> Result<(), LedgerError> {
        match self.signed {
            Some((signed, _)) if signed > self.range.end() => Err(LedgerError::RolledBack {
                path: self.directory.clone(),
                size: self.range.end(),
                signed,
            }),
            _ => Ok(()),
        }
    }
}

/// Size and root of the latest checkpoint.
fn signed(directory: &Path) -> Result<Option<(u64, [u8; 32])>, LedgerError> {
    let Some(text) = Log::read_checkpoint(directory)? else {
        return Ok(None);
    };
    // After the checkpoint: the key of a rotation is listed before it signs.
    let public = node::public_keys(directory)?;
    let name = public.last().and_then(|key| key.split('+').next());
    name.and_then(|name| node::verify(&text, name, &public))
        .map(Some)
        .ok_or_else(|| damaged(&directory.join(CHECKPOINT), "its signature"))
}

/// How many have no segment any more. Segments are pruned from the oldest on, so that one
/// that is gone behind one that is there was not pruned. The newest is looked for
/// first: pruning that goes on meanwhile is then no hole.
pub(crate) fn pruned(directory: &Path, chain: &[Sidecar]) -> Result<usize, LedgerError> {
    let mut pruned = 0;
    for (place, sidecar) in chain.iter().enumerate().rev() {
        let path = segment_path(directory, sidecar.first);
        if !path.try_exists().map_err(io(&path, "read"))? {
            pruned = pruned.max(place + 1);
        } else if pruned > 0 {
            return Err(missing(directory, sidecar.last + 1));
        }
    }
    Ok(pruned)
}
