//! Groups of rows, found by a number that is made of all their keys.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{
    Group, Numbered, Query,
    number::{Digit, Number, Numbers, ROWS_AT_ONCE, Rows, at},
};
use crate::{
    rows::Batch,
    values::{Ints, NONE},
};

/// Cells of a group before its sums: how many rows, and the times of the first and the last.
const HEAD: [i64; 3] = [0, i64::MAX, i64::MIN];

/// Adds so many rows of these times.
fn add_rows(cells: &mut [i64], count: i64, first: i64, last: i64) {
    if let [rows, from, to, ..] = cells {
        *rows = rows.saturating_add(count);
        *from = first.min(*from);
        *to = last.max(*to);
    }
}

/// Groups and where they are found.
#[derive(Default)]
pub(super) struct Groups {
    /// The keys of each.
    keys: Vec<Vec<u32>>,
    /// Of each what [`HEAD`] says and the sums, modulo 2^64, one group after the other: what is
    /// added to at a row lies together.
    cells: Vec<i64>,
    /// How often 2^64 has to be added to a sum besides, by its cell.
    carried: HashMap<usize, i64, RandomState>,
    /// Bits of each key in a number of all.
    widths: Vec<u32>,
    /// Groups by such a number, while it has room for all bits.
    packed: HashMap<Number, u32, RandomState>,
    /// Groups by their keys, where that is needed.
    keyed: HashMap<Vec<u32>, u32, RandomState>,
}

impl Groups {
    /// Adds groups that were found elsewhere, with keys that say the same as their own.
    pub(super) fn join(&mut self, more: Self, sums: usize, same: impl Fn(&mut Vec<u32>)) {
        let stride = HEAD.len() + sums;
        for ((mut key, cells), from) in more
            .keys
            .into_iter()
            .zip(more.cells.chunks(stride))
            .zip((0..).step_by(stride))
        {
            same(&mut key);
            let to = at(self.keyed(key, sums)) * stride;
            if let (Some(all), [rows, first, last, ..]) = (self.cells.get_mut(to..), cells) {
                add_rows(all, *rows, *first, *last);
            }
            for (n, sum) in cells.iter().enumerate().skip(HEAD.len()) {
                self.add_to(to + n, *sum);
                if let Some(carried) = more.carried.get(&(from + n)) {
                    *self.carried.entry(to + n).or_default() += carried;
                }
            }
        }
    }

    /// The keys of each group, and what it has.
    pub(super) fn into_groups(self, sums: usize) -> impl Iterator<Item = (Vec<u32>, Group)> {
        let stride = HEAD.len() + sums;
        let groups = self.keys.into_iter().enumerate();
        groups.map(move |(n, key)| {
            let begin = n * stride;
            let cell = |n: usize| self.cells.get(begin + n).copied().unwrap_or_default();
            let sum = |n: usize| {
                let carried = self.carried.get(&(begin + n)).copied().unwrap_or_default();
                i128::from(cell(n)) + (i128::from(carried) << u64::BITS)
            };
            let group = Group {
                keys: Vec::new(),
                sums: (HEAD.len()..stride).map(sum).collect(),
                rows: cell(0).unsigned_abs(),
                first_ns: cell(1),
                last_ns: cell(2),
            };
            (key, group)
        })
    }

    /// Adds to a sum.
    fn add_to(&mut self, cell: usize, value: i64) {
        if let Some(sum) = self.cells.get_mut(cell) {
            let (added, overflows) = sum.overflowing_add(value);
            *sum = added;
            if overflows {
                *self.carried.entry(cell).or_default() += value.signum();
            }
        }
    }

    /// A new group.
    fn push(&mut self, key: Vec<u32>, sums: usize) -> u32 {
        let place = u32::try_from(self.keys.len()).unwrap_or(NONE);
        self.keys.push(key);
        self.cells.extend(HEAD);
        self.cells.resize(self.cells.len() + sums, 0);
        place
    }

    /// The place of a group by its keys.
    fn keyed(&mut self, key: Vec<u32>, sums: usize) -> u32 {
        // The others were found by a number.
        for (place, key) in (0u32..).zip(&self.keys).skip(self.keyed.len()) {
            self.keyed.insert(key.clone(), place);
        }
        if let Some(place) = self.keyed.get(&key) {
            return *place;
        }
        let place = self.push(key.clone(), sums);
        self.keyed.insert(key, place);
        place
    }

    /// Where the bits of each key are, once there is room for these numbers; `None` if they
    /// have no room in one.
    fn digits(&mut self, most: impl Iterator<Item = u64>) -> Option<Vec<Digit>> {
        let needed = most.map(|most| u64::BITS - most.leading_zeros());
        let mut widths: Vec<u32> = needed.collect();
        for (width, before) in widths.iter_mut().zip(&self.widths) {
            *width = *before.max(width);
        }
        let mut used = [0; 2];
        let digits = widths.iter().map(|width| {
            let has_room = |used: &u32| used + width < u64::BITS;
            let word = used.iter().position(has_room)?;
            let used = used.get_mut(word)?;
            let shift = *used;
            *used += width;
            Some(Digit { word, shift })
        });
        let digits: Option<Vec<Digit>> = digits.collect();
        if widths != self.widths {
            self.packed.clear();
            self.widths = widths;
            for (place, key) in (0u32..).zip(&self.keys) {
                let mut number = Number::default();
                for (key, digit) in key.iter().zip(digits.as_ref()?) {
                    if let Some(word) = number.get_mut(digit.word) {
                        *word |= digit.of(*key);
                    }
                }
                self.packed.insert(number, place);
            }
        }
        digits
    }

    /// Adds the rows of a batch.
    pub(super) fn add(
        &mut self,
        query: &Query<'_>,
        batch: &Batch,
        rows: &[u32],
        texts: &mut Numbered,
    ) {
        let mut keys = Vec::new();
        for name in query.by {
            if let Some(column) = batch.texts(name) {
                let numbers = column.dictionary.iter().map(|text| texts.number(text));
                keys.push(Numbers::of_places(numbers, &column.rows));
            } else if let Some(values) = batch.ints(name) {
                keys.push(Numbers::of_ints(values));
            }
        }
        let columns = query.sums.iter().filter_map(|name| batch.ints(name));
        let columns: Vec<&Ints> = columns.collect();
        let Some(times) = batch.ints("time") else {
            return;
        };
        let digits = self.digits(keys.iter().map(Numbers::most));
        let stride = HEAD.len() + columns.len();
        let mut places = Vec::with_capacity(ROWS_AT_ONCE);
        for rows in rows.chunks(ROWS_AT_ONCE) {
            let rows = Rows::new(rows);
            places.clear();
            if let Some(digits) = &digits {
                self.find(&rows, &keys, digits, columns.len(), &mut places);
            } else {
                places.extend(rows.rows.iter().map(|row| {
                    let key = keys.iter().map(|key| key.get(at(*row))).collect();
                    self.keyed(key, columns.len())
                }));
            }
            let cell = |n: usize| {
                places
                    .get(n)
                    .map_or(usize::MAX, |place| at(*place) * stride)
            };
            rows.each_int(times, |n, time| {
                if let Some(cells) = self.cells.get_mut(cell(n)..) {
                    add_rows(cells, 1, time, time);
                }
            });
            for (number, column) in (HEAD.len()..).zip(&columns) {
                rows.each_int(column, |n, value| self.add_to(cell(n) + number, value));
            }
        }
    }

    /// Finds the groups of rows by the numbers of their keys.
    fn find(
        &mut self,
        rows: &Rows<'_>,
        keys: &[Numbers<'_>],
        digits: &[Digit],
        sums: usize,
        places: &mut Vec<u32>,
    ) {
        let mut words = [[0; ROWS_AT_ONCE]; 2];
        for (key, digit) in keys.iter().zip(digits) {
            if let Some(words) = words.get_mut(digit.word) {
                key.add(rows, *digit, words);
            }
        }
        let [ones, others] = words;
        // Neighbours are often the same.
        let mut last = None;
        for (row, number) in rows.rows.iter().zip(ones.into_iter().zip(others)) {
            let number = number.into();
            let place = match last {
                Some((before, place)) if before == number => place,
                _ => match self.packed.get(&number) {
                    Some(place) => *place,
                    None => {
                        let key = keys.iter().map(|key| key.get(at(*row)));
                        let place = self.push(key.collect(), sums);
                        self.packed.insert(number, place);
                        place
                    }
                },
            };
            last = Some((number, place));
            places.push(place);
        }
    }
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
    fn batch(first: usize, rows: &[[Option<u32>; 5]]) -> Batch {
        let mut batch = Batch {
            rows: rows.len(),
            columns: vec![None; COLUMNS.len()],
        };
        let numbers = (first..first + rows.len()).map(|row| i64::try_from(row).ok());
        let numbers: Vec<_> = numbers.collect();
        let mut put = |name: &str, values: Vec<Option<i64>>| {
            batch.columns[column(name).unwrap()] = Some(Column::Ints(Ints::Optional(values)));
        };
        put("time", numbers.clone());
        put("egress_bytes", numbers);
        for (place, name) in BY.iter().enumerate() {
            let values = rows.iter().map(|row| row[place].map(i64::from));
            put(name, values.collect());
        }
        batch
    }

    /// What is found in batches, one after the other.
    fn grouped(by: &[&str], batches: &[Batch]) -> BTreeMap<Vec<u32>, (u64, i128, i64, i64)> {
        let query = Query {
            times: (0, i64::MAX),
            tag: "flow",
            by,
            sums: &["egress_bytes"],
            wanted: Vec::new(),
        };
        // Some by one thread, the others by another.
        let [mut groups, mut others] = <[Groups; 2]>::default();
        for (n, batch) in batches.iter().enumerate() {
            let rows: Vec<u32> = (0u32..).take(batch.rows).collect();
            let part = if n % 3 < 2 { &mut groups } else { &mut others };
            part.add(&query, batch, &rows, &mut Numbered::default());
        }
        groups.join(others, 1, |_| {});
        let of = |group: Group| (group.rows, group.sums[0], group.first_ns, group.last_ns);
        let groups = groups.into_groups(1);
        groups.map(|(key, group)| (key, of(group))).collect()
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

    /// Sums are kept modulo 2^64, with what is carried beside them.
    #[test]
    fn sums_are_exact_beyond_64_bits() {
        let values = [[i64::MAX; 3], [i64::MIN; 3], [i64::MIN, -5, 9]];
        let batches = values.map(|values| {
            let mut batch = batch(0, &[[Some(1); 5]; 3]);
            let place = column("egress_bytes").unwrap();
            batch.columns[place] = Some(Column::Ints(Ints::All(values.to_vec())));
            batch
        });
        let all = values.as_flattened().iter().copied();
        let sum: i128 = all.map(i128::from).sum();
        let first = i128::from(i64::MAX) * 3;
        assert_eq!(grouped(&[], &batches[..1])[&vec![]].1, first);
        assert_eq!(grouped(&[], &batches)[&vec![]].1, sum);
    }

    proptest! {
        /// Four numbers of 32 bits may have room in one, five have not; and a later batch may
        /// have the first that have not.
        #[test]
        fn rows_are_of_the_same_group_when_all_values_are_the_same(
            rows in proptest::collection::vec(
                proptest::array::uniform5(prop_oneof![
                    Just(None),
                    Just(Some(0)),
                    Just(Some(NONE - 1)),
                    (0u32..300).prop_map(Some),
                    (0u32..3).prop_map(Some),
                ]),
                0..200,
            ),
            cut in 0usize..200,
            by in 0usize..=5,
        ) {
            let size = cut.max(1);
            let numbered = (0..).step_by(size).zip(rows.chunks(size));
            let batches: Vec<_> = numbered.map(|(n, rows)| batch(n, rows)).collect();
            prop_assert_eq!(grouped(&BY[..by], &batches), naive(by, &rows));
        }
    }
}
