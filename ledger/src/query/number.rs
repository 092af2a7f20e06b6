//! Values of rows, and their keys as numbers.

use std::ops::Range;

use crate::values::{Ints, NONE};

/// So many rows are looked at, column by column, before the next.
pub(super) const ROWS_AT_ONCE: usize = 256;

/// A row as an index.
pub(super) fn at(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

/// A number that is made of all keys of a group: two words of bits.
pub(super) type Number = [u64; 2];

/// Where a key's bits are in it: in which word, and how far up.
#[derive(Clone, Copy)]
pub(super) struct Digit {
    pub(super) word: usize,
    pub(super) shift: u32,
}

impl Digit {
    /// What a key adds to its word: nothing where it is [`NONE`].
    pub(super) fn of(self, key: u32) -> u64 {
        u64::from(key.wrapping_add(1)) << self.shift
    }
}

/// Some rows of a batch.
pub(super) struct Rows<'a> {
    pub(super) rows: &'a [u32],
    /// If there is none between them that is left out.
    run: Option<Range<usize>>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(rows: &'a [u32]) -> Self {
        let ends = rows.first().zip(rows.last());
        let run = ends.map(|(first, last)| at(*first)..at(*last) + 1);
        Self {
            rows,
            run: run.filter(|run| run.len() == rows.len()),
        }
    }

    /// Gives their values, by their number among these rows.
    fn each<T: Copy>(&self, values: &[T], none: T, mut take: impl FnMut(usize, T)) {
        match self.run.clone().and_then(|run| values.get(run)) {
            Some(values) => values
                .iter()
                .enumerate()
                .for_each(|(n, value)| take(n, *value)),
            None => self.rows.iter().enumerate().for_each(|(n, row)| {
                take(n, values.get(at(*row)).copied().unwrap_or(none));
            }),
        }
    }

    /// As [`Rows::each`], of integers, of which those that are not there are 0.
    pub(super) fn each_int(&self, values: &Ints, mut take: impl FnMut(usize, i64)) {
        match values {
            Ints::Optional(values) => self.each(values, None, |n, value| {
                take(n, value.unwrap_or_default());
            }),
            Ints::All(values) => self.each(values, 0, take),
            Ints::Places { dictionary, rows } => self.each(rows, NONE, |n, place| {
                take(n, dictionary.get(at(place)).copied().unwrap_or_default());
            }),
        }
    }
}

/// Values of a key column as numbers.
pub(super) enum Numbers<'a> {
    /// Number by place in the dictionary, in the end that of no place; and places by row.
    Places(Vec<u32>, &'a [u32]),
    /// Numbers by row.
    Rows(Vec<u32>),
}

impl<'a> Numbers<'a> {
    pub(super) fn of_places(numbers: impl Iterator<Item = u32>, rows: &'a [u32]) -> Self {
        Self::Places(numbers.chain([NONE]).collect(), rows)
    }

    pub(super) fn of_ints(values: &'a Ints) -> Self {
        let number = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
        let number = |value| number(value).unwrap_or(NONE);
        match values {
            Ints::Places { dictionary, rows } => {
                Self::of_places(dictionary.iter().map(|value| number(Some(*value))), rows)
            }
            values => Self::Rows(values.iter().map(number).collect()),
        }
    }

    /// The greatest digit there is.
    pub(super) fn most(&self) -> u64 {
        let (Self::Places(numbers, _) | Self::Rows(numbers)) = self;
        let first = Digit { word: 0, shift: 0 };
        let digits = numbers.iter().map(|number| first.of(*number));
        digits.max().unwrap_or_default()
    }

    /// Adds the digits of rows to their words.
    pub(super) fn add(&self, rows: &Rows<'_>, digit: Digit, words: &mut [u64; ROWS_AT_ONCE]) {
        let add = |n: usize, number: u32| {
            if let Some(word) = words.get_mut(n) {
                *word |= digit.of(number);
            }
        };
        match self {
            Self::Places(numbers, places) => {
                let mut add = add;
                let none = numbers.len().saturating_sub(1);
                rows.each(places, NONE, |n, place| {
                    let number = numbers.get(at(place).min(none));
                    add(n, number.copied().unwrap_or(NONE));
                });
            }
            Self::Rows(values) => rows.each(values, NONE, add),
        }
    }

    pub(super) fn get(&self, row: usize) -> u32 {
        let number = match self {
            Self::Places(numbers, rows) => rows.get(row).and_then(|place| numbers.get(at(*place))),
            Self::Rows(numbers) => numbers.get(row),
        };
        number.copied().unwrap_or(NONE)
    }
}
