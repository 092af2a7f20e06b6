//! Groups of rows with their sums: what is asked of a month of records.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use foldhash::fast::RandomState;

use crate::{
    LedgerError,
    layout::{COLUMNS, Kind, column},
    read::NONE,
    rows::Batch,
    store::{Columns, fold},
};

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
    Text(Option<Arc<[u8]>>),
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
    pub types: BTreeMap<Arc<[u8]>, u64>,
}

struct Sums {
    sums: Vec<i128>,
    rows: u64,
    first_ns: i64,
    last_ns: i64,
}

impl Sums {
    fn add(&mut self, more: Self) {
        self.rows += more.rows;
        self.first_ns = self.first_ns.min(more.first_ns);
        self.last_ns = self.last_ns.max(more.last_ns);
        for (sum, more) in self.sums.iter_mut().zip(more.sums) {
            *sum += more;
        }
    }
}

/// What is added up of a batch.
struct Summed<'a> {
    times: &'a [Option<i64>],
    sums: Vec<&'a [Option<i64>]>,
}

impl Summed<'_> {
    fn time(&self, row: usize) -> i64 {
        self.times.get(row).copied().flatten().unwrap_or_default()
    }

    /// No row yet of a group that begins with this one.
    fn none(&self, row: usize) -> Sums {
        let time = self.time(row);
        Sums {
            sums: vec![0; self.sums.len()],
            rows: 0,
            first_ns: time,
            last_ns: time,
        }
    }

    /// The first row of each group with its sums; `groups` has the group of each row, and
    /// `firsts` where in `rows` each begins.
    fn of_groups(&self, rows: &[u32], firsts: &[u32], groups: &[u32]) -> Vec<(u32, Sums)> {
        let begin = firsts.iter().filter_map(|place| rows.get(at(*place)));
        let mut all: Vec<(u32, Sums)> = begin.map(|row| (*row, self.none(at(*row)))).collect();
        for (row, group) in rows.iter().zip(groups) {
            let time = self.time(at(*row));
            if let Some((_, sums)) = all.get_mut(at(*group)) {
                sums.rows += 1;
                sums.first_ns = sums.first_ns.min(time);
                sums.last_ns = sums.last_ns.max(time);
            }
        }
        for (number, values) in self.sums.iter().enumerate() {
            let mut column = vec![0_i128; all.len()];
            for (row, group) in rows.iter().zip(groups) {
                let value = values.get(at(*row)).copied().flatten().unwrap_or_default();
                if let Some(sum) = column.get_mut(at(*group)) {
                    *sum += i128::from(value);
                }
            }
            for ((_, sums), sum) in all.iter_mut().zip(column) {
                if let Some(of) = sums.sums.get_mut(number) {
                    *of = sum;
                }
            }
        }
        all
    }

    fn add(&self, group: &mut Sums, row: usize) {
        let time = self.time(row);
        group.rows += 1;
        group.first_ns = group.first_ns.min(time);
        group.last_ns = group.last_ns.max(time);
        for (sum, values) in group.sums.iter_mut().zip(&self.sums) {
            *sum += i128::from(values.get(row).copied().flatten().unwrap_or_default());
        }
    }
}

/// What one thread has found.
#[derive(Default)]
struct Found {
    /// Texts of the keys, and their numbers.
    texts: Vec<Arc<[u8]>>,
    numbers: HashMap<Arc<[u8]>, u32, RandomState>,
    groups: HashMap<Vec<u32>, Sums, RandomState>,
    types: BTreeMap<Arc<[u8]>, u64>,
}

impl Found {
    fn number(&mut self, text: &Arc<[u8]>) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(NONE);
        self.texts.push(Arc::clone(text));
        self.numbers.insert(Arc::clone(text), number);
        number
    }
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
        |(found, rows), batch| group(query, batch, rows, found),
        |(found, _)| join(query, &mut answer, found),
    )?;
    let texts = &answer.texts;
    let groups = answer.groups.into_iter().map(|(numbers, sums)| Group {
        keys: numbers
            .iter()
            .zip(query.by)
            .map(|(number, name)| {
                if is_text(name) {
                    let text = usize::try_from(*number).ok().and_then(|n| texts.get(n));
                    Key::Text(text.cloned())
                } else {
                    Key::Int(Some(*number).filter(|number| *number != NONE))
                }
            })
            .collect(),
        sums: sums.sums,
        rows: sums.rows,
        first_ns: sums.first_ns,
        last_ns: sums.last_ns,
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
            *found.types.entry(Arc::clone(tag)).or_default() += count;
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

/// Values of a key column as numbers.
enum Numbers<'a> {
    /// Number by place in the dictionary, and places by row.
    Texts(Vec<u32>, &'a [u32]),
    Ints(&'a [Option<i64>]),
}

impl Numbers<'_> {
    /// How many values there are at most, no value among them.
    fn values(&self) -> u64 {
        match self {
            Self::Texts(numbers, _) => numbers.len() as u64 + 1,
            Self::Ints(values) => {
                let most = values.iter().flatten().max();
                most.and_then(|most| u64::try_from(*most).ok())
                    .map_or(1, |most| most.saturating_add(2))
            }
        }
    }

    /// Makes each row's value among those the next digit of the row's number: what tells rows
    /// of this batch apart.
    fn digits(&self, rows: &[u32], values: u128, digits: &mut [u128]) {
        match self {
            Self::Texts(numbers, places) => {
                let none = u32::try_from(numbers.len()).unwrap_or(NONE);
                for (row, digits) in rows.iter().zip(digits) {
                    let place = places.get(at(*row)).map_or(none, |place| *place.min(&none));
                    *digits = *digits * values + u128::from(place);
                }
            }
            Self::Ints(ints) => {
                for (row, digits) in rows.iter().zip(digits) {
                    let value = ints.get(at(*row)).copied().flatten();
                    let value = value.and_then(|value| u64::try_from(value).ok());
                    let value = value.map_or(0, |value| value.saturating_add(1));
                    *digits = *digits * values + u128::from(value);
                }
            }
        }
    }

    fn get(&self, row: usize) -> u32 {
        match self {
            Self::Texts(numbers, rows) => rows
                .get(row)
                .and_then(|place| numbers.get(at(*place)))
                .copied()
                .unwrap_or(NONE),
            Self::Ints(values) => values
                .get(row)
                .copied()
                .flatten()
                .and_then(|value| u32::try_from(value).ok())
                .unwrap_or(NONE),
        }
    }
}

/// A row as an index.
fn at(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

fn group(query: &Query<'_>, batch: &Batch, rows: &[u32], found: &mut Found) {
    let mut keys = Vec::new();
    for name in query.by {
        if let Some(texts) = batch.texts(name) {
            let numbers = texts.dictionary.iter().map(|text| found.number(text));
            keys.push(Numbers::Texts(numbers.collect(), &texts.rows));
        } else if let Some(values) = batch.ints(name) {
            keys.push(Numbers::Ints(values));
        }
    }
    let sums: Vec<_> = query
        .sums
        .iter()
        .filter_map(|name| batch.ints(name))
        .collect();
    let Some(times) = batch.ints("time") else {
        return;
    };
    let columns = Summed { times, sums };
    let values: Vec<u128> = keys.iter().map(|key| key.values().into()).collect();
    let most = values
        .iter()
        .try_fold(1u128, |all, values| all.checked_mul(*values));
    let key_of = |row: usize| keys.iter().map(|key| key.get(row)).collect::<Vec<_>>();
    if most.is_none() {
        for row in rows {
            let row = at(*row);
            let sums = found.groups.entry(key_of(row));
            let sums = sums.or_insert_with(|| columns.none(row));
            columns.add(sums, row);
        }
        return;
    }
    // All values of a row as the digits of one number: one small key to hash, and the whole
    // key only once for each group of the batch. Column by column, which is what they are.
    let mut digits = vec![0; rows.len()];
    for (key, values) in keys.iter().zip(&values) {
        key.digits(rows, *values, &mut digits);
    }
    let (firsts, groups) = match most.and_then(|most| u64::try_from(most).ok()) {
        // They all fit.
        Some(_) => numbered(
            digits
                .iter()
                .map(|digits| u64::try_from(*digits).unwrap_or(u64::MAX)),
        ),
        None => numbered(digits.iter().copied()),
    };
    for (place, sums) in columns.of_groups(rows, &firsts, &groups) {
        let row = at(place);
        match found.groups.get_mut(&key_of(row)) {
            Some(all) => all.add(sums),
            None => drop(found.groups.insert(key_of(row), sums)),
        }
    }
}

/// Numbers what is the same alike: where each number is first, and the number of each.
fn numbered<K: Copy + Eq + std::hash::Hash>(all: impl Iterator<Item = K>) -> (Vec<u32>, Vec<u32>) {
    let mut known: HashMap<K, u32, RandomState> = HashMap::default();
    let (mut firsts, mut numbers) = (Vec::new(), Vec::with_capacity(all.size_hint().0));
    // Neighbours are often the same.
    let mut last: Option<(K, u32)> = None;
    for (place, key) in (0u32..).zip(all) {
        let number = match last {
            Some((before, number)) if before == key => number,
            _ => *known.entry(key).or_insert_with(|| {
                firsts.push(place);
                u32::try_from(firsts.len() - 1).unwrap_or(NONE)
            }),
        };
        last = Some((key, number));
        numbers.push(number);
    }
    (firsts, numbers)
}

fn join(query: &Query<'_>, all: &mut Found, part: Found) {
    let numbers: Vec<u32> = part.texts.iter().map(|text| all.number(text)).collect();
    for (mut key, more) in part.groups {
        for (number, name) in key.iter_mut().zip(query.by) {
            if is_text(name) && *number != NONE {
                let place = usize::try_from(*number).ok();
                *number = place.and_then(|n| numbers.get(n)).copied().unwrap_or(NONE);
            }
        }
        match all.groups.get_mut(&key) {
            None => drop(all.groups.insert(key, more)),
            Some(sums) => sums.add(more),
        }
    }
    for (tag, count) in part.types {
        *all.types.entry(tag).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::rows::Column;

    const BY: [&str; 5] = ["slot", "port", "egress_packets", "ingress_packets", "flow"];

    /// Rows with these values in the columns of `BY`, their number as time and sum.
    fn batch(rows: &[[Option<u32>; 5]]) -> Batch {
        let mut batch = Batch {
            rows: rows.len(),
            columns: vec![None; COLUMNS.len()],
        };
        let numbers: Vec<_> = (0..rows.len()).map(|row| i64::try_from(row).ok()).collect();
        let mut put = |name: &str, values: Vec<Option<i64>>| {
            batch.columns[column(name).unwrap()] = Some(Column::Ints(values));
        };
        put("time", numbers.clone());
        put("egress_bytes", numbers);
        for (place, name) in BY.iter().enumerate() {
            let values = rows.iter().map(|row| row[place].map(i64::from));
            put(name, values.collect());
        }
        batch
    }

    fn grouped(by: &[&str], batch: &Batch) -> BTreeMap<Vec<u32>, (u64, i128, i64, i64)> {
        let query = Query {
            times: (0, i64::MAX),
            tag: "flow",
            by,
            sums: &["egress_bytes"],
            wanted: Vec::new(),
        };
        let rows: Vec<u32> = (0u32..).take(batch.rows).collect();
        let mut found = Found::default();
        group(&query, batch, &rows, &mut found);
        let groups = found.groups.into_iter();
        let of = |sums: Sums| (sums.rows, sums.sums[0], sums.first_ns, sums.last_ns);
        groups.map(|(key, sums)| (key, of(sums))).collect()
    }

    fn naive(by: usize, rows: &[[Option<u32>; 5]]) -> BTreeMap<Vec<u32>, (u64, i128, i64, i64)> {
        let mut groups = BTreeMap::new();
        for (number, row) in (0i64..).zip(rows) {
            let key: Vec<u32> = row[..by].iter().map(|one| one.unwrap_or(NONE)).collect();
            let group = groups.entry(key).or_insert((0, 0, number, number));
            *group = (group.0 + 1, group.1 + i128::from(number), group.2, number);
        }
        groups
    }

    proptest! {
        /// Four numbers of 32 bits and more have no room in the small key, three have.
        #[test]
        fn rows_are_of_the_same_group_when_all_values_are_the_same(
            rows in proptest::collection::vec(
                proptest::array::uniform5(prop_oneof![
                    Just(None),
                    Just(Some(0)),
                    Just(Some(NONE - 1)),
                    (0u32..3).prop_map(Some),
                ]),
                0..200,
            ),
            by in 1usize..=5,
        ) {
            prop_assert_eq!(grouped(&BY[..by], &batch(&rows)), naive(by, &rows));
        }
    }
}
