//! Values of a column, by row.

use bytes::Bytes;

/// In place of a number in a dictionary, where there is no value.
pub const NONE: u32 = u32::MAX;

/// What a place in a dictionary has.
fn at<T>(dictionary: &[T], place: u32) -> Option<&T> {
    dictionary.get(usize::try_from(place).ok()?)
}

/// Values of a text column: each row has the place of its text.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// The different texts.
    pub dictionary: Vec<Bytes>,
    /// For each row, the place of its text, or [`NONE`].
    pub rows: Vec<u32>,
}

impl Texts {
    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        at(&self.dictionary, *self.rows.get(row)?).map(AsRef::as_ref)
    }
}

/// Values of an integer column.
#[derive(Clone, Debug)]
pub enum Ints {
    /// Of each row its value, if it has one.
    Optional(Vec<Option<i64>>),
    /// Of each row its value.
    All(Vec<i64>),
    /// Of each row the place of its value.
    Places {
        /// The different values.
        dictionary: Vec<i64>,
        /// For each row, the place of its value, or [`NONE`].
        rows: Vec<u32>,
    },
}

impl Ints {
    /// The value of a row.
    pub fn get(&self, row: usize) -> Option<i64> {
        match self {
            Self::Optional(values) => *values.get(row)?,
            Self::All(values) => values.get(row).copied(),
            Self::Places { dictionary, rows } => at(dictionary, *rows.get(row)?).copied(),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Optional(values) => values.len(),
            Self::All(values) => values.len(),
            Self::Places { rows, .. } => rows.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of some rows, in their order.
    pub fn of(&self, rows: std::ops::Range<usize>) -> impl Iterator<Item = Option<i64>> + '_ {
        (rows.start..rows.end.min(self.len())).map(|row| self.get(row))
    }

    /// The values of all rows, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Option<i64>> + '_ {
        self.of(0..self.len())
    }
}
