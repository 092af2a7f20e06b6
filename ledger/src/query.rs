//! Groups of rows with their sums: what is asked of a month of records.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use bytes::Bytes;
use foldhash::fast::RandomState;

use crate::{
    LedgerError,
    layout::{COLUMNS, Kind, column},
    rows::Batch,
    store::{Columns, fold},
    values::NONE,
};

mod group;
mod number;

use group::Groups;

/// Whether a value of a text column is wanted; `None` stands for no value.
pub type Predicate<'a> = Box<dyn Fn(Option<&[u8]>) -> bool + Sync + 'a>;

/// What is asked.
pub struct Query<'a> {
    /// Entries from this time, and before that: nanoseconds since 1970.
    pub times: (i64, i64),
    /// Only entries of this type.
    pub tag: &'a str,
    /// Columns by whose values rows are grouped: texts, and integers below 2^32 - 1.
    pub by: &'a [&'a str],
    /// Columns of integers that are summed.
    pub sums: &'a [&'a str],
    /// Of each of these, one has to hold: a text column and what is wanted of it.
    pub wanted: Vec<Vec<(&'a str, Predicate<'a>)>>,
}

/// A value by which rows are grouped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Of a text column.
    Text(Option<Bytes>),
    /// Of an integer column.
    Int(Option<u32>),
}

/// Rows with the same keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The values that they share.
    pub keys: Vec<Key>,
    /// The sums.
    pub sums: Vec<i128>,
    /// How many rows.
    pub rows: u64,
    /// Time of the first.
    pub first_ns: i64,
    /// Time of the last.
    pub last_ns: i64,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// In no order.
    pub groups: Vec<Group>,
    /// Entries in the time, by type, whatever else is wanted.
    pub types: BTreeMap<Bytes, u64>,
}

/// Texts, and their numbers.
#[derive(Default)]
struct Numbered {
    texts: Vec<Bytes>,
    numbers: HashMap<Bytes, u32, RandomState>,
}

impl Numbered {
    fn number(&mut self, text: &Bytes) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(NONE);
        // A copy: the other is a part of all the texts that were read with it.
        let text = Bytes::copy_from_slice(text);
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }
}

/// What one thread has found.
#[derive(Default)]
struct Found {
    /// Texts of the keys.
    texts: Numbered,
    groups: Groups,
    types: BTreeMap<Bytes, u64>,
}

fn is_text(name: &str) -> bool {
    column(name).is_some_and(|place| !matches!(COLUMNS[place].kind, Kind::Int | Kind::Time))
}

/// Asks a ledger.
///
/// # Errors
/// When it cannot be read or is damaged.
pub fn query(directory: &Path, query: &Query<'_>) -> Result<Answer, LedgerError> {
    let mut first = vec!["time", "type"];
    first.extend(query.wanted.iter().flatten().map(|(name, _)| *name));
    let rest = [query.by, query.sums].concat();
    let columns = Columns {
        first: &first,
        rest: &rest,
    };
    let mut answer = Found::default();
    fold(
        directory,
        columns,
        query.times,
        || (Found::default(), Vec::new()),
        |(found, rows), batch| {
            *rows = select(query, batch, found);
            !rows.is_empty()
        },
        |(found, rows), batch| found.groups.add(query, batch, rows, &mut found.texts),
        |(found, _)| join(query, &mut answer, found),
    )?;
    let texts = answer.texts.texts;
    let key = |(number, name): (&u32, &&str)| {
        if is_text(name) {
            let text = usize::try_from(*number).ok().and_then(|n| texts.get(n));
            Key::Text(text.cloned())
        } else {
            Key::Int(Some(*number).filter(|number| *number != NONE))
        }
    };
    let groups = answer.groups.into_groups(query.sums.len());
    let groups = groups.map(|(numbers, mut group)| {
        group.keys = numbers.iter().zip(query.by).map(key).collect();
        group
    });
    Ok(Answer {
        groups: groups.collect(),
        types: answer.types,
    })
}

/// Rows that are wanted.
fn select(query: &Query<'_>, batch: &Batch, found: &mut Found) -> Vec<u32> {
    let (Some(times), Some(types)) = (batch.ints("time"), batch.texts("type")) else {
        return Vec::new();
    };
    // A place in a dictionary is wanted or not; a row is looked up.
    let wanted = |tag: &[u8]| tag == query.tag.as_bytes();
    let of_type: Vec<bool> = types.dictionary.iter().map(|tag| wanted(tag)).collect();
    let mut counts = vec![0u64; types.dictionary.len()];
    let (from, to) = query.times;
    let mut rows = Vec::new();
    for (row, (time, tag)) in (0u32..).zip(times.iter().zip(&types.rows)) {
        let tag = usize::try_from(*tag).unwrap_or(usize::MAX);
        if time.is_some_and(|time| time >= from && time < to) {
            if let Some(count) = counts.get_mut(tag) {
                *count += 1;
            }
            if of_type.get(tag) == Some(&true) {
                rows.push(row);
            }
        }
    }
    for (tag, count) in types.dictionary.iter().zip(counts) {
        if count > 0 {
            *found.types.entry(tag.clone()).or_default() += count;
        }
    }
    for any in &query.wanted {
        let mut columns = Vec::new();
        for (name, predicate) in any {
            if let Some(texts) = batch.texts(name) {
                let mut holds: Vec<bool> = texts
                    .dictionary
                    .iter()
                    .map(|text| predicate(Some(text)))
                    .collect();
                // Of no value, in the last place.
                holds.push(predicate(None));
                columns.push((&texts.rows, holds));
            }
        }
        rows.retain(|row| {
            let row = usize::try_from(*row).unwrap_or(usize::MAX);
            columns.iter().any(|(places, holds)| {
                let place = places
                    .get(row)
                    .and_then(|place| usize::try_from(*place).ok());
                let held = place.and_then(|place| holds.get(place)).or(holds.last());
                // NONE is beyond the dictionary.
                held == Some(&true)
            })
        });
    }
    rows
}

fn join(query: &Query<'_>, all: &mut Found, part: Found) {
    let texts = part.texts.texts.iter();
    let numbers: Vec<u32> = texts.map(|text| all.texts.number(text)).collect();
    all.groups.join(part.groups, query.sums.len(), |key| {
        for (number, name) in key.iter_mut().zip(query.by) {
            if is_text(name) && *number != NONE {
                let place = usize::try_from(*number).ok();
                *number = place.and_then(|n| numbers.get(n)).copied().unwrap_or(NONE);
            }
        }
    });
    for (tag, count) in part.types {
        *all.types.entry(tag).or_default() += count;
    }
}
