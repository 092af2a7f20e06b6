//! Reads one column of a segment, fast where it is a dictionary.

use std::sync::Arc;

use parquet::{
    basic::Encoding,
    column::{
        page::{Page, PageReader},
        reader::{ColumnReader, get_column_reader},
    },
    data_type::AsBytes as _,
    errors::{ParquetError, Result},
    file::reader::RowGroupReader,
};

/// In place of a number in a dictionary, where there is no value.
pub const NONE: u32 = u32::MAX;

/// Values of a text column: each row has the place of its text.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// The different texts.
    pub dictionary: Vec<Arc<[u8]>>,
    /// For each row, the place of its text, or [`NONE`].
    pub rows: Vec<u32>,
}

impl Texts {
    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        let place = *self.rows.get(row)?;
        self.dictionary
            .get(usize::try_from(place).ok()?)
            .map(AsRef::as_ref)
    }
}

fn malformed(what: &str) -> ParquetError {
    ParquetError::General(format!("a page is malformed: {what}"))
}

/// Integers of a column chunk.
pub(crate) fn ints(group: &dyn RowGroupReader, column: usize) -> Result<Vec<Option<i64>>> {
    let rows = usize::try_from(group.metadata().num_rows()).map_err(|_| malformed("rows"))?;
    let ColumnReader::Int64ColumnReader(mut reader) = group.get_column_reader(column)? else {
        return Err(malformed("no integers"));
    };
    let optional = group
        .metadata()
        .column(column)
        .column_descr()
        .max_def_level()
        > 0;
    let mut values = Vec::with_capacity(rows);
    let mut levels = Vec::new();
    let (read, ..) =
        reader.read_records(rows, optional.then_some(&mut levels), None, &mut values)?;
    if read != rows {
        return Err(malformed("too few rows"));
    }
    if !optional {
        return Ok(values.into_iter().map(Some).collect());
    }
    let mut values = values.into_iter();
    Ok(levels
        .into_iter()
        .map(|level| if level > 0 { values.next() } else { None })
        .collect())
}

/// Texts of a column chunk.
pub(crate) fn texts(group: &dyn RowGroupReader, column: usize) -> Result<Texts> {
    let rows = usize::try_from(group.metadata().num_rows()).map_err(|_| malformed("rows"))?;
    let optional = group
        .metadata()
        .column(column)
        .column_descr()
        .max_def_level()
        > 0;
    let mut pages = group.get_column_page_reader(column)?;
    let mut texts = Texts {
        dictionary: Vec::new(),
        rows: Vec::with_capacity(rows),
    };
    while let Some(page) = pages.get_next_page()? {
        let quick = match &page {
            Page::DictionaryPage {
                buf, num_values, ..
            } => {
                texts.dictionary = plain(buf, *num_values)?;
                true
            }
            Page::DataPage {
                buf,
                num_values,
                encoding: Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY,
                ..
            } => {
                let count = usize::try_from(*num_values).map_err(|_| malformed("values"))?;
                dictionary_page(buf, count, optional, &mut texts.rows)?;
                true
            }
            Page::DataPage { .. } | Page::DataPageV2 { .. } => false,
        };
        if !quick {
            return slow_texts(group, column, rows, optional);
        }
    }
    if texts.rows.len() != rows {
        return Err(malformed("too few rows"));
    }
    let known = texts.dictionary.len();
    let fits = |place: &u32| *place == NONE || usize::try_from(*place).is_ok_and(|p| p < known);
    match texts.rows.iter().all(fits) {
        true => Ok(texts),
        false => Err(malformed("a number beyond the dictionary")),
    }
}

/// A dictionary grew too large, so that some pages hold texts themselves.
fn slow_texts(
    group: &dyn RowGroupReader,
    column: usize,
    rows: usize,
    optional: bool,
) -> Result<Texts> {
    let descr = group.metadata().column(column).column_descr_ptr();
    let pages: Box<dyn PageReader> = group.get_column_page_reader(column)?;
    let ColumnReader::ByteArrayColumnReader(mut reader) = get_column_reader(descr, pages) else {
        return Err(malformed("no texts"));
    };
    let mut values = Vec::new();
    let mut levels = Vec::new();
    let (read, ..) =
        reader.read_records(rows, optional.then_some(&mut levels), None, &mut values)?;
    if read != rows {
        return Err(malformed("too few rows"));
    }
    let mut texts = Texts::default();
    let mut places = std::collections::HashMap::new();
    let mut values = values.into_iter();
    for row in 0..rows {
        let there = !optional || levels.get(row).is_some_and(|level| *level > 0);
        let place = match there.then(|| values.next()).flatten() {
            None => NONE,
            Some(value) => {
                let value: Arc<[u8]> = Arc::from(value.as_bytes());
                let next = u32::try_from(texts.dictionary.len()).unwrap_or(NONE);
                *places.entry(Arc::clone(&value)).or_insert_with(|| {
                    texts.dictionary.push(value);
                    next
                })
            }
        };
        texts.rows.push(place);
    }
    Ok(texts)
}

/// Texts one after the other, each after its length.
fn plain(bytes: &[u8], count: u32) -> Result<Vec<Arc<[u8]>>> {
    let mut rest = bytes;
    (0..count)
        .map(|_| {
            let (length, after) = rest
                .split_first_chunk()
                .ok_or_else(|| malformed("length"))?;
            let length =
                usize::try_from(u32::from_le_bytes(*length)).map_err(|_| malformed("length"))?;
            let (text, after) = after
                .split_at_checked(length)
                .ok_or_else(|| malformed("a text"))?;
            rest = after;
            Ok(Arc::from(text))
        })
        .collect()
}

fn dictionary_page(bytes: &[u8], count: usize, optional: bool, rows: &mut Vec<u32>) -> Result<()> {
    let mut rest = bytes;
    let mut levels = Vec::new();
    if optional {
        let (length, after) = rest
            .split_first_chunk()
            .ok_or_else(|| malformed("levels"))?;
        let length =
            usize::try_from(u32::from_le_bytes(*length)).map_err(|_| malformed("levels"))?;
        let (packed, after) = after
            .split_at_checked(length)
            .ok_or_else(|| malformed("levels"))?;
        hybrid(packed, 1, count, &mut levels)?;
        rest = after;
    }
    let there = if optional {
        levels.iter().filter(|level| **level != 0).count()
    } else {
        count
    };
    if there == 0 {
        rows.extend(std::iter::repeat_n(NONE, count));
        return Ok(());
    }
    let (width, packed) = rest.split_first().ok_or_else(|| malformed("width"))?;
    if there == count {
        return hybrid(packed, *width, count, rows);
    }
    let mut places = Vec::new();
    hybrid(packed, *width, there, &mut places)?;
    let mut places = places.into_iter();
    rows.extend(levels.iter().map(|level| match level {
        0 => NONE,
        _ => places.next().unwrap_or(NONE),
    }));
    Ok(())
}

/// The hybrid of runs and packed bits (Parquet's encoding RLE).
fn hybrid(mut bytes: &[u8], width: u8, count: usize, out: &mut Vec<u32>) -> Result<()> {
    if width > 32 {
        return Err(malformed("width"));
    }
    let end = out.len() + count;
    let bytes_each = usize::from(width).div_ceil(8);
    while out.len() < end {
        let header = varint(&mut bytes).ok_or_else(|| malformed("a run"))?;
        let length = usize::try_from(header >> 1).map_err(|_| malformed("a run"))?;
        if header & 1 == 0 {
            let (value, rest) = bytes
                .split_at_checked(bytes_each)
                .ok_or_else(|| malformed("a run"))?;
            let value = value
                .iter()
                .rev()
                .fold(0u32, |value, byte| value << 8 | u32::from(*byte));
            if length == 0 {
                return Err(malformed("an empty run"));
            }
            let length = length.min(end - out.len());
            out.extend(std::iter::repeat_n(value, length));
            bytes = rest;
        } else {
            let packed = length
                .checked_mul(usize::from(width))
                .filter(|packed| *packed <= bytes.len())
                .unwrap_or(bytes.len());
            let (packed, rest) = bytes.split_at(packed);
            let values = length.saturating_mul(8).min(end - out.len());
            if values == 0 {
                return Err(malformed("an empty run"));
            }
            unpack(packed, width, values, out)?;
            bytes = rest;
        }
    }
    Ok(())
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "masked to at most 32 bits just before"
)]
fn unpack(bytes: &[u8], width: u8, count: usize, out: &mut Vec<u32>) -> Result<()> {
    let width = u32::from(width);
    let mask = (1u64 << width) - 1;
    let (mut bits, mut held) = (0u64, 0);
    let mut bytes = bytes.iter();
    for _ in 0..count {
        while held < width {
            let byte = bytes.next().ok_or_else(|| malformed("packed bits"))?;
            bits |= u64::from(*byte) << held;
            held += 8;
        }
        out.push((bits & mask) as u32);
        bits >>= width;
        held -= width;
    }
    Ok(())
}
