//! Reads an excerpt.

use std::{
    collections::HashMap,
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::hidden::Ranges;
use crate::{
    LedgerError, Range,
    error::{io, torn},
    layout::{COLUMNS, Kind},
    leaf::digest,
    rows::{Again, Batch, PSEUDONYM, Rows},
    segment::Segment,
    store::Row,
    tail::numbered,
};

/// An excerpt, to be read.
#[derive(Clone, Debug)]
pub struct Excerpt {
    directory: PathBuf,
    /// First entry and path of each file of entries, in order.
    files: Vec<(u64, PathBuf)>,
}

/// Goes through an excerpt and sees that every entry is there once, shown or hidden.
pub(super) struct Walk<'a> {
    excerpt: &'a Excerpt,
    hidden: Ranges,
    next: u64,
}

impl Walk<'_> {
    /// Goes on to a row, over what is hidden before it.
    pub(super) fn reach(
        &mut self,
        path: &Path,
        seq: u64,
        mut over: impl FnMut(&Range) -> Option<()>,
    ) -> Result<(), LedgerError> {
        while self.next < seq {
            self.over(&mut over)?;
        }
        if self.next != seq {
            let at = format!("entry {seq}, which stands where entry {} would", self.next);
            return Err(torn(path, at));
        }
        self.next += 1;
        Ok(())
    }

    /// Goes over the hidden range that is next.
    fn over(&mut self, over: &mut impl FnMut(&Range) -> Option<()>) -> Result<(), LedgerError> {
        let directory = &self.excerpt.directory;
        let missing = || {
            let at = format!("entry {}, which is neither shown nor hidden", self.next);
            torn(directory, at)
        };
        let begins = self.hidden.peek().map(Range::begin);
        if begins != Some(self.next - 1) {
            return Err(missing());
        }
        let range = self.hidden.take()?.ok_or_else(missing)?;
        over(&range).ok_or_else(missing)?;
        self.next = range.end() + 1;
        Ok(())
    }

    /// Goes over what is hidden behind the last row.
    pub(super) fn end(
        mut self,
        mut over: impl FnMut(&Range) -> Option<()>,
    ) -> Result<(), LedgerError> {
        while self.hidden.peek().is_some() {
            self.over(&mut over)?;
        }
        Ok(())
    }
}

impl Excerpt {
    /// Opens the excerpt in a directory.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(directory: &Path) -> Result<Self, LedgerError> {
        let files = numbered(directory, "entries-", ".parquet").map_err(io(directory, "read"))?;
        Ok(Self {
            directory: directory.to_owned(),
            files,
        })
    }

    /// Gives every entry that is shown, in order. That they are in the log is what
    /// [`Excerpt::verify`] shows.
    ///
    /// # Errors
    /// It cannot be read, or is not whole.
    pub fn for_each_row(&self, mut take: impl FnMut(&Row<'_>)) -> Result<(), LedgerError> {
        let mut walk = self.walk()?;
        self.batches(|path, batch| {
            let again = Again::new(batch, false);
            for row in 0..batch.rows {
                let row = Row::of(batch, &again, row).ok_or_else(|| torn(path, "a row"))?;
                walk.reach(path, row.seq, |_| Some(()))?;
                take(&row);
            }
            Ok(())
        })?;
        walk.end(|_| Some(()))
    }

    /// Makes the tree again of what is shown and of what stands for the rest, and sees that
    /// columns that repeat what is in the log repeat it.
    ///
    /// # Errors
    /// It cannot be read, or is not whole.
    pub fn verify(&self) -> Result<Range, LedgerError> {
        self.verify_rows(|_| ())
    }

    /// As [`Excerpt::verify`], and gives every entry that is shown.
    ///
    /// # Errors
    /// As [`Excerpt::verify`].
    pub fn verify_rows(&self, mut take: impl FnMut(&Row<'_>)) -> Result<Range, LedgerError> {
        let mut walk = self.walk()?;
        let mut tree = Range::at(0);
        self.batches(|path, batch| {
            let (again, plain) = (Again::new(batch, true), Again::new(batch, false));
            let contexts = contexts(batch);
            let mut made = Rows::lenient();
            for row in 0..batch.rows {
                let leaf = again.leaf(row);
                let shown = Row::of(batch, &plain, row).zip(leaf);
                let (shown, leaf) = shown.ok_or_else(|| torn(path, format!("row {row}")))?;
                walk.reach(path, shown.seq, |range| tree.extend(range))?;
                tree.push(&leaf);
                let odd = |error| torn(path, format!("entry {}: {error}", shown.seq));
                made.add(&leaf, &contexts).map_err(odd)?;
                take(&shown);
            }
            same(path, batch, &made.finish())
        })?;
        walk.end(|range| tree.extend(range))?;
        Ok(tree)
    }

    pub(super) fn walk(&self) -> Result<Walk<'_>, LedgerError> {
        Ok(Walk {
            excerpt: self,
            hidden: Ranges::open(&self.directory)?,
            next: 1,
        })
    }

    pub(super) fn batches(
        &self,
        mut take: impl FnMut(&Path, &Batch) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let all: Vec<usize> = (0..COLUMNS.len()).collect();
        for (first, path) in &self.files {
            let file = File::open(path).map_err(io(path, "read"))?;
            let segment = Segment::of(file).map_err(|error| torn(path, error.to_string()))?;
            for group in 0..segment.groups() {
                let batch = segment
                    .read(group, &all)
                    .map_err(|error| torn(path, error.to_string()))?;
                if group == 0 && batch.head(0).is_none_or(|(seq, _)| seq != *first) {
                    return Err(torn(path, "its first entry, which its name has otherwise"));
                }
                take(path, &batch)?;
            }
        }
        Ok(())
    }
}

/// Contexts of a batch by digest.
pub(super) fn contexts(batch: &Batch) -> HashMap<[u8; 32], Arc<[u8]>> {
    COLUMNS
        .iter()
        .filter(|column| column.kind == Kind::Context)
        .filter_map(|column| batch.texts(column.name))
        .flat_map(|texts| &texts.dictionary)
        .map(|text| (digest(text), Arc::clone(text)))
        .collect()
}

/// Whether rows are as the log's leaves make them. What is no part of a leaf has to repeat
/// what is.
fn same(path: &Path, found: &Batch, made: &Batch) -> Result<(), LedgerError> {
    for column in COLUMNS {
        if matches!(column.kind, Kind::Int | Kind::Time) {
            if found.ints(column.name) != made.ints(column.name) {
                return Err(torn(path, format!("column {}", column.name)));
            }
            continue;
        }
        for row in 0..found.rows {
            let value = |batch: &'_ Batch| {
                let texts = batch.texts(column.name)?;
                texts.get(row).map(<[u8]>::to_vec)
            };
            let (one, other) = (value(found), value(made));
            let withheld = column.name == "workload"
                && other.is_none()
                && one
                    .as_deref()
                    .is_some_and(|name| name.starts_with(PSEUDONYM.as_bytes()));
            if one != other && !withheld {
                let seq = found.head(row).map_or(0, |(seq, _)| seq);
                let at = format!("entry {seq}: its column {} says otherwise", column.name);
                return Err(torn(path, at));
            }
        }
    }
    Ok(())
}
