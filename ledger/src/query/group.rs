//! Rows of a batch, added to the groups that they are of.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{Found, Query, Sums};
use crate::{read::NONE, rows::Batch};

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
    fn digits<D: Digits>(&self, rows: &[u32], values: u64, digits: &mut [D]) {
        match self {
            Self::Texts(numbers, places) => {
                let none = u32::try_from(numbers.len()).unwrap_or(NONE);
                for (row, digits) in rows.iter().zip(digits) {
                    let place = places.get(at(*row)).map_or(none, |place| *place.min(&none));
                    *digits = digits.followed_by(values, place.into());
                }
            }
            Self::Ints(ints) => {
                for (row, digits) in rows.iter().zip(digits) {
                    let value = ints.get(at(*row)).copied().flatten();
                    let value = value.and_then(|value| u64::try_from(value).ok());
                    let value = value.map_or(0, |value| value.saturating_add(1));
                    *digits = digits.followed_by(values, value);
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

/// A number that is made digit by digit, and has room for all of them.
trait Digits: Copy + Default + Eq + std::hash::Hash {
    /// With one more digit, which is one of so many values.
    fn followed_by(self, values: u64, digit: u64) -> Self;
}

impl Digits for u64 {
    fn followed_by(self, values: u64, digit: u64) -> Self {
        self.wrapping_mul(values).wrapping_add(digit)
    }
}

impl Digits for u128 {
    fn followed_by(self, values: u64, digit: u64) -> Self {
        self.wrapping_mul(values.into()).wrapping_add(digit.into())
    }
}

/// The groups of rows by these keys: where in `rows` each begins, and that of each row. Column
/// by column, which is what they are: one small number to hash for each row.
fn groups_of<D: Digits>(keys: &[Numbers<'_>], rows: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut digits = vec![D::default(); rows.len()];
    for key in keys {
        key.digits(rows, key.values(), &mut digits);
    }
    numbered(&digits)
}

/// A row as an index.
fn at(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

/// Adds the rows of a batch to their groups.
pub(super) fn group(query: &Query<'_>, batch: &Batch, rows: &[u32], found: &mut Found) {
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
    // All values of a row as the digits of one number, if it has room for them.
    let most = keys
        .iter()
        .try_fold(1u128, |all, key| all.checked_mul(u128::from(key.values())));
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
    let (firsts, groups) = match most.and_then(|most| u64::try_from(most).ok()) {
        Some(_) => groups_of::<u64>(&keys, rows),
        None => groups_of::<u128>(&keys, rows),
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
fn numbered<D: Digits>(all: &[D]) -> (Vec<u32>, Vec<u32>) {
    let mut known: HashMap<D, u32, RandomState> = HashMap::default();
    let (mut firsts, mut numbers) = (Vec::new(), Vec::with_capacity(all.len()));
    // Neighbours are often the same.
    let mut last: Option<(D, u32)> = None;
    for (place, key) in (0u32..).zip(all.iter().copied()) {
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        layout::{COLUMNS, column},
        rows::Column,
    };

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
