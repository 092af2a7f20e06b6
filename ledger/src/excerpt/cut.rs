//! Makes an excerpt of a log.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use tlog_tiles::record_hash;

use super::{FILE_ROWS, HIDDEN, Hidden, file_name, read::contexts};
use crate::{
    LedgerError, Node, Range, Sidecar,
    again::Again,
    error::{damaged, io},
    proofs::consistency,
    rows::{Batch, Rows},
    segment::{GROUP_ROWS, Writer},
    sidecar::SCHEMA,
    store::Row,
    walk::{Piece, Wanted, walk},
};

pub use crate::veil::Veil;

/// What an excerpt is to show.
pub struct Order<'a> {
    /// From this entry on,
    pub first: u64,
    /// to this one, with which the tree ends;
    pub last: u64,
    /// and of those before, these.
    pub also: &'a BTreeSet<u64>,
    /// Of all these, those that it says so of.
    pub shown: &'a dyn Fn(&Row<'_>) -> bool,
    /// Where the excerpt before ended.
    pub previous: Option<u64>,
    /// Withholds who sent.
    pub veil: Option<Veil>,
}

/// What was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Root of the tree of all entries up to the last.
    pub root: [u8; 32],
    /// Root of the tree where the excerpt before ended.
    pub previous: Option<[u8; 32]>,
    /// That the one tree continues the other (RFC 6962, section 2.1.2).
    pub consistency: Vec<[u8; 32]>,
    /// Entries that are shown.
    pub shown: u64,
}

/// Writes an excerpt of a log into a directory that is there and empty. What is written hangs
/// on the entries only, and not on how they are kept meanwhile.
///
/// `progress` is given the number of the entry that was reached, now and then.
///
/// # Errors
/// The log cannot be read, is damaged, or no longer has an entry that is to be shown; or the
/// directory cannot be written.
pub fn cut(
    store: &Path,
    into: &Path,
    order: &Order<'_>,
    mut progress: impl FnMut(u64),
) -> Result<Cut, LedgerError> {
    let mut cutter = Cutter::new(store, into, order)?;
    let wanted = Wanted {
        times: (i64::MIN, i64::MAX),
        segment: &|sidecar| order.reads(sidecar),
        last: order.last,
    };
    walk(store, &wanted, |piece| {
        match piece {
            Piece::Unread { sidecar, pruned } => cutter.unread(sidecar, pruned)?,
            Piece::Rows { path, batch } => cutter.rows(path, batch)?,
            Piece::Read(sidecar) => cutter.read(sidecar)?,
        }
        progress(cutter.tree.end());
        Ok(())
    })?;
    cutter.finish()
}

impl Order<'_> {
    /// Whether rows of a segment have to be read, and not only its nodes.
    fn reads(&self, sidecar: &Sidecar) -> bool {
        let splits = |at: u64| sidecar.first <= at && at < sidecar.last;
        sidecar.last >= self.first
            || self
                .also
                .range(sidecar.first..=sidecar.last)
                .next()
                .is_some()
            || self.previous.is_some_and(splits)
    }
}

/// A file of entries, in the making.
struct Entries {
    path: PathBuf,
    writer: Writer<BufWriter<File>>,
    rows: Rows,
    /// Rows that it has, and whether they are of the time before the first.
    count: usize,
    before: bool,
}

struct Cutter<'a> {
    store: &'a Path,
    into: &'a Path,
    order: &'a Order<'a>,
    node: String,
    /// All entries so far.
    tree: Range,
    /// The tree where the excerpt before ended, and what came after.
    previous: Option<(Range, Range)>,
    /// What is hidden since the last row.
    hidden: Range,
    ranges: BufWriter<File>,
    entries: Option<Entries>,
    shown: u64,
}

impl<'a> Cutter<'a> {
    fn new(store: &'a Path, into: &'a Path, order: &'a Order<'a>) -> Result<Self, LedgerError> {
        let path = into.join(HIDDEN);
        let ranges = File::create_new(&path).map_err(io(&path, "written"))?;
        Ok(Self {
            store,
            into,
            order,
            node: Node::name_of(store)?,
            tree: Range::at(0),
            previous: None,
            hidden: Range::at(0),
            ranges: BufWriter::new(ranges),
            entries: None,
            shown: 0,
        })
    }

    /// A segment of which only the nodes are known.
    fn unread(&mut self, sidecar: &Sidecar, pruned: bool) -> Result<(), LedgerError> {
        if pruned && sidecar.last >= self.order.first || self.splits(sidecar) {
            return Err(LedgerError::Pruned {
                path: self.store.to_owned(),
                first: sidecar.first.max(self.order.first),
                last: sidecar.last.min(self.order.last),
            });
        }
        let own = sidecar.own().ok_or_else(|| self.odd(sidecar))?;
        for (level, hash) in own.nodes() {
            self.push(*level, *hash, true)
                .ok_or_else(|| self.odd(sidecar))?;
        }
        Ok(())
    }

    /// Whether the excerpt before ended within a segment.
    fn splits(&self, sidecar: &Sidecar) -> bool {
        let within = |at: u64| sidecar.first <= at && at < sidecar.last;
        self.order.previous.is_some_and(within)
    }

    fn odd(&self, sidecar: &Sidecar) -> LedgerError {
        let at = format!("entry {}, which is not what was sealed", sidecar.first);
        damaged(self.store, at)
    }

    /// All of a segment was read: it has to be what was sealed.
    fn read(&mut self, sidecar: &Sidecar) -> Result<(), LedgerError> {
        let whole = sidecar.last > self.order.last || sidecar.whole().as_ref() == Some(&self.tree);
        if whole {
            Ok(())
        } else {
            Err(self.odd(sidecar))
        }
    }

    fn push(&mut self, level: u8, hash: [u8; 32], hidden: bool) -> Option<()> {
        if let Some((_, since)) = &mut self.previous {
            since.push_node(level, hash)?;
        }
        self.tree.push_node(level, hash)?;
        if self.order.previous == Some(self.tree.end()) {
            self.previous = Some((self.tree.clone(), Range::at(self.tree.end())));
        }
        if hidden {
            self.hidden.push_node(level, hash)?;
        }
        Some(())
    }

    fn rows(&mut self, path: &Path, batch: &Batch) -> Result<(), LedgerError> {
        let (again, plain) = (Again::new(batch, true), Again::new(batch, false));
        let contexts = contexts(batch);
        for row in 0..batch.rows {
            let odd = || damaged(path, format!("row {row}"));
            let shown = Row::of(batch, &plain, row).ok_or_else(odd)?;
            if shown.seq > self.order.last {
                break;
            }
            let leaf = again.leaf(row).ok_or_else(odd)?;
            let seq = shown.seq;
            let of_excerpt = seq >= self.order.first || self.order.also.contains(&seq);
            let show = of_excerpt && (self.order.shown)(&shown);
            if show {
                self.flush_hidden()?;
                let entries = self.entries(seq)?;
                entries.rows.add(&leaf, &contexts)?;
                entries.count += 1;
                self.shown += 1;
                if self
                    .entries
                    .as_ref()
                    .is_some_and(|entries| entries.rows.len() >= GROUP_ROWS)
                {
                    self.flush_rows()?;
                }
            }
            let pushed = seq == self.tree.end() + 1;
            let pushed = pushed.then(|| self.push(0, record_hash(&leaf).0, !show));
            pushed.flatten().ok_or_else(odd)?;
            if show {
                self.hidden = Range::at(self.tree.end());
            }
        }
        Ok(())
    }

    /// The file that this entry goes into.
    fn entries(&mut self, seq: u64) -> Result<&mut Entries, LedgerError> {
        let before = seq < self.order.first;
        let full = |entries: &Entries| entries.count >= FILE_ROWS || entries.before != before;
        if self.entries.as_ref().is_some_and(full) {
            self.close()?;
        }
        let entries = match self.entries.take() {
            Some(entries) => entries,
            None => self.begin(seq, before)?,
        };
        Ok(self.entries.insert(entries))
    }

    fn begin(&self, seq: u64, before: bool) -> Result<Entries, LedgerError> {
        let path = self.into.join(file_name(seq));
        let file = File::create_new(&path).map_err(io(&path, "written"))?;
        let facts = [
            ("schema", SCHEMA.to_owned()),
            ("node", self.node.clone()),
            ("first", seq.to_string()),
        ];
        let writer = Writer::new(BufWriter::new(file), &facts);
        Ok(Entries {
            path,
            writer,
            rows: self.new_rows(),
            count: 0,
            before,
        })
    }

    fn new_rows(&self) -> Rows {
        match &self.order.veil {
            None => Rows::new(),
            Some(veil) => Rows::veiled(veil.clone()),
        }
    }

    /// Writes the rows that wait as a group of their own.
    fn flush_rows(&mut self) -> Result<(), LedgerError> {
        let rows = self.new_rows();
        let Some(entries) = &mut self.entries else {
            return Ok(());
        };
        let batch = std::mem::replace(&mut entries.rows, rows).finish();
        entries
            .writer
            .group(&batch, 0..batch.rows)
            .map_err(unwritten)
    }

    fn close(&mut self) -> Result<(), LedgerError> {
        if self
            .entries
            .as_ref()
            .is_some_and(|entries| entries.rows.len() > 0)
        {
            self.flush_rows()?;
        }
        if let Some(entries) = self.entries.take() {
            let mut file = entries.writer.finish().map_err(unwritten)?;
            file.flush().map_err(io(&entries.path, "written"))?;
        }
        Ok(())
    }

    fn flush_hidden(&mut self) -> Result<(), LedgerError> {
        if self.hidden.begin() < self.hidden.end() {
            let line = serde_json::to_string(&Hidden::of(&self.hidden))
                .map_err(|error| LedgerError::Entry(error.to_string()))?;
            writeln!(self.ranges, "{line}").map_err(io(&self.into.join(HIDDEN), "written"))?;
            self.hidden = Range::at(self.hidden.end());
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Cut, LedgerError> {
        self.flush_hidden()?;
        self.close()?;
        let path = self.into.join(HIDDEN);
        self.ranges.flush().map_err(io(&path, "written"))?;
        if self.tree.end() != self.order.last {
            let at = format!(
                "entry {}, where it ends before {}",
                self.tree.end(),
                self.order.last
            );
            return Err(damaged(self.store, at));
        }
        let (previous, proof) = match &self.previous {
            None => (None, Vec::new()),
            Some((before, since)) => {
                let proof = consistency(before, since);
                let proof = proof.ok_or_else(|| LedgerError::Entry("a proof".to_owned()))?;
                (Some(before.root()), proof)
            }
        };
        Ok(Cut {
            root: self.tree.root(),
            previous,
            consistency: proof,
            shown: self.shown,
        })
    }
}

fn unwritten(error: parquet::errors::ParquetError) -> LedgerError {
    match error {
        parquet::errors::ParquetError::External(error) => {
            match error.downcast::<std::io::Error>() {
                Ok(error) => io(Path::new("excerpt"), "written")(*error),
                Err(error) => LedgerError::Entry(error.to_string()),
            }
        }
        error => LedgerError::Entry(error.to_string()),
    }
}
