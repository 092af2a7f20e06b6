//! Reads an excerpt.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::hidden::Ranges;
use crate::{
    LedgerError, Range,
    again::Again,
    error::{io, torn},
    layout::{COLUMNS, Kind},
    leaf::digest,
    rows::Batch,
    store::Row,
    tail::numbered,
    values::NONE,
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

    /// As [`Excerpt::for_each_row`], in groups.
    ///
    /// # Errors
    /// As [`Excerpt::for_each_row`].
    pub fn for_each_group(&self, mut take: impl FnMut(&Group<'_>)) -> Result<(), LedgerError> {
        self.batches(|_, batch| {
            take(&Group {
                batch,
                again: &Again::new(batch, false),
            });
            Ok(())
        })
    }

    /// First entry and path of each file of entries, in order.
    pub(super) fn files(&self) -> &[(u64, PathBuf)] {
        &self.files
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
        self.in_order(|_, batch| Ok(batch), |path, batch| take(path, &batch))
    }
}

/// Rows that were read together.
pub struct Group<'a> {
    batch: &'a Batch,
    again: &'a Again<'a>,
}

impl Group<'_> {
    /// The rows, in order. One that is none is left out: [`Excerpt::verify`] refuses it.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let rows = 0..self.batch.rows;
        rows.filter_map(|row| Row::of(self.batch, self.again, row))
    }

    /// Numbers the texts of a column: the same text has the same number in every group that
    /// was numbered with these. Of a row without one, it is [`NONE`].
    pub fn number(&self, column: &str, known: &mut HashMap<Bytes, u32>) -> Vec<u32> {
        let Some(texts) = self.batch.texts(column) else {
            return vec![NONE; self.batch.rows];
        };
        let own = texts.dictionary.iter().map(|text| {
            let next = u32::try_from(known.len()).unwrap_or(NONE - 1);
            match known.get(text) {
                Some(number) => *number,
                None => {
                    // A copy: the other is a part of all the texts that were read with it.
                    known.insert(Bytes::copy_from_slice(text), next);
                    next
                }
            }
        });
        let own: Vec<u32> = own.collect();
        let of = |place: &u32| {
            let place = usize::try_from(*place).ok();
            place
                .and_then(|place| own.get(place))
                .copied()
                .unwrap_or(NONE)
        };
        texts.rows.iter().map(of).collect()
    }
}

/// Contexts of a batch by digest.
pub(super) fn contexts(batch: &Batch) -> HashMap<[u8; 32], Bytes> {
    COLUMNS
        .iter()
        .filter(|column| column.kind == Kind::Context)
        .filter_map(|column| batch.texts(column.name))
        .flat_map(|texts| &texts.dictionary)
        .map(|text| (digest(text), text.clone()))
        .collect()
}
