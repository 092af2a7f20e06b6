//! Makes the tree of an excerpt again, on every processor.
//!
//! Rows that have the same texts in the same columns have the same form: whether columns
//! repeat what their leaf says is seen on the first of each form.

use std::{
    collections::{HashSet, VecDeque},
    fs::File,
    path::{Path, PathBuf},
    thread,
};

use foldhash::fast::RandomState;

use super::read::{Excerpt, contexts};
use crate::{
    LedgerError, Range,
    again::Again,
    error::{io, torn},
    layout::{COLUMNS, Kind},
    merkle::leaf_hash,
    rows::{Batch, Column, Rows},
    segment::Segment,
    store::Row,
    template::Leaves,
    veil::PSEUDONYM,
};

/// A group of rows that were decoded, with the hashes of their leaves.
struct Hashed {
    batch: Batch,
    leaves: Vec<[u8; 32]>,
}

impl Excerpt {
    /// Makes the tree again of what is shown and of what stands for the rest, and sees that
    /// columns that repeat what is in the log repeat it.
    ///
    /// # Errors
    /// It cannot be read, or is not whole.
    pub fn verify(&self) -> Result<Range, LedgerError> {
        self.verify_rows(|_| ())
    }

    /// As [`Excerpt::verify`], and gives every entry that is shown, in order.
    ///
    /// # Errors
    /// As [`Excerpt::verify`].
    pub fn verify_rows(&self, mut take: impl FnMut(&Row<'_>)) -> Result<Range, LedgerError> {
        let mut walk = self.walk()?;
        let mut tree = Range::at(0);
        self.in_order(hashed, |path, Hashed { batch, leaves }| {
            let again = Again::new(&batch, false);
            for (row, leaf) in leaves.into_iter().enumerate() {
                let shown = Row::of(&batch, &again, row);
                let shown = shown.ok_or_else(|| torn(path, format!("row {row}")))?;
                walk.reach(path, shown.seq, |range| tree.extend(range))?;
                let pushed = tree.push_node(0, leaf);
                pushed.ok_or_else(|| torn(path, format!("row {row}")))?;
                take(&shown);
            }
            Ok(())
        })?;
        walk.end(|range| tree.extend(range))?;
        Ok(tree)
    }

    /// Works on each group of rows, several at the same time, and gives what comes of them in
    /// their order. As many are in memory as there are processors, and one.
    pub(super) fn in_order<T: Send>(
        &self,
        work: impl Fn(&Path, Batch) -> Result<T, LedgerError> + Sync,
        mut take: impl FnMut(&Path, T) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let groups = self.groups()?;
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let (work, read) = (&work, &read);
        thread::scope(|scope| {
            let mut running = VecDeque::new();
            let mut groups = groups.iter();
            loop {
                while running.len() < threads {
                    let Some((first, path, group)) = groups.next() else {
                        break;
                    };
                    let run = move || work(path, read(path, *first, *group)?);
                    running.push_back((path, scope.spawn(run)));
                }
                let Some((path, handle)) = running.pop_front() else {
                    return Ok(());
                };
                let done = handle.join();
                let done = done.map_err(|_| torn(path, "rows that cannot be decoded"))?;
                take(path, done?)?;
            }
        })
    }

    /// First entry and path of each file with each of its groups.
    fn groups(&self) -> Result<Vec<(u64, &PathBuf, usize)>, LedgerError> {
        let mut groups = Vec::new();
        for (first, path) in self.files() {
            let segment = open(path)?;
            if !segment.has_known_layout() {
                return Err(torn(path, "what it says of its columns"));
            }
            groups.extend((0..segment.groups()).map(|group| (*first, path, group)));
        }
        Ok(groups)
    }
}

fn open(path: &Path) -> Result<Segment<File>, LedgerError> {
    let file = File::open(path).map_err(io(path, "read"))?;
    Segment::of(file).map_err(|error| torn(path, error.to_string()))
}

fn read(path: &Path, first: u64, group: usize) -> Result<Batch, LedgerError> {
    let all: Vec<usize> = (0..COLUMNS.len()).collect();
    let batch = open(path)?
        .read(group, &all)
        .map_err(|error| torn(path, error.to_string()))?;
    if group == 0 && batch.head(0).is_none_or(|(seq, _)| seq != first) {
        return Err(torn(path, "its first entry, which its name has otherwise"));
    }
    Ok(batch)
}

fn hashed(path: &Path, batch: Batch) -> Result<Hashed, LedgerError> {
    let mut hashes = Vec::with_capacity(batch.rows);
    {
        let mut leaves = Leaves::new(&batch);
        let contexts = contexts(&batch);
        let mut forms: HashSet<Vec<u32>, RandomState> = HashSet::default();
        let mut leaf = Vec::new();
        for row in 0..batch.rows {
            let made = leaves.leaf(row, &mut leaf);
            made.ok_or_else(|| torn(path, format!("row {row}")))?;
            hashes.push(leaf_hash(&leaf));
            if forms.insert(form(&batch, row)) {
                let mut again = Rows::lenient();
                again.add(&leaf, &contexts).map_err(|error| {
                    let seq = batch.head(row).map_or(0, |(seq, _)| seq);
                    torn(path, format!("entry {seq}: {error}"))
                })?;
                same(path, &batch, row, &again.finish())?;
            }
        }
    }
    Ok(Hashed {
        batch,
        leaves: hashes,
    })
}

/// Columns whose texts differ in every row, and which are repeated by none.
const FREE: [&str; 2] = ["address", "recording"];

/// Which texts a row has, and in which columns it has integers.
fn form(batch: &Batch, row: usize) -> Vec<u32> {
    let columns = COLUMNS.iter().zip(&batch.columns);
    let value = |(kind, column): (&crate::Column, &Option<Column>)| match column {
        Some(Column::Texts(texts)) => {
            let place = texts.rows.get(row).copied().unwrap_or(crate::NONE);
            // That there is one is enough.
            let free = FREE.contains(&kind.name) && place != crate::NONE;
            if free { 0 } else { place }
        }
        Some(Column::Ints(values)) => u32::from(values.get(row).is_some()),
        None => 0,
    };
    columns.map(value).collect()
}

/// Whether a row is as its leaf makes it. What is no part of a leaf has to repeat what is.
fn same(path: &Path, found: &Batch, row: usize, made: &Batch) -> Result<(), LedgerError> {
    for column in COLUMNS {
        let name = column.name;
        let is_same = if matches!(column.kind, Kind::Int | Kind::Time) {
            found.int(name, row) == made.int(name, 0)
        } else {
            let value = |batch: &'_ Batch, row| batch.texts(name)?.get(row).map(<[u8]>::to_vec);
            let (one, other) = (value(found, row), value(made, 0));
            let is_pseudonym = |name: &Vec<u8>| name.starts_with(PSEUDONYM.as_bytes());
            let withheld = name == "workload" && other.is_none();
            one == other || withheld && one.as_ref().is_some_and(is_pseudonym)
        };
        if !is_same {
            let seq = found.head(row).map_or(0, |(seq, _)| seq);
            let at = format!("entry {seq}: its column {name} says otherwise");
            return Err(torn(path, at));
        }
    }
    Ok(())
}
