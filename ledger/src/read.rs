//! Reads a column of a segment, fast where it has a dictionary.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use parquet::{
    basic::Encoding,
    column::{
        page::Page,
        reader::{ColumnReader, get_column_reader},
    },
    data_type::AsBytes as _,
    errors::{ParquetError, Result},
};

use crate::values::{Ints, NONE, Texts};

mod hybrid;
mod pages;

pub(crate) use pages::Chunk;

fn malformed(what: &str) -> ParquetError {
    ParquetError::General(format!("a page is malformed: {what}"))
}

/// A column whose values all stand in its dictionary.
struct Places<'a> {
    dictionary: &'a Bytes,
    /// How many values it has.
    known: u32,
    /// For each row, the place of its value, or [`NONE`].
    rows: Vec<u32>,
}

/// A column by its dictionary; `None` if some pages hold values themselves.
fn places(chunk: &Chunk) -> Result<Option<Places<'_>>> {
    static NO_DICTIONARY: Bytes = Bytes::new();
    let (mut dictionary, mut known) = (&NO_DICTIONARY, 0);
    let mut rows = Vec::with_capacity(chunk.rows);
    for page in &chunk.pages {
        match page {
            Page::DictionaryPage {
                buf, num_values, ..
            } => (dictionary, known) = (buf, *num_values),
            Page::DataPage {
                buf,
                num_values,
                encoding: Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY,
                ..
            } => {
                let count = usize::try_from(*num_values).map_err(|_| malformed("values"))?;
                dictionary_page(buf, count, chunk.is_optional(), &mut rows)?;
            }
            Page::DataPage { .. } | Page::DataPageV2 { .. } => return Ok(None),
        }
    }
    if rows.len() != chunk.rows {
        return Err(malformed("too few rows"));
    }
    // No end before the last row, which would take each row a branch of its own.
    let is_beyond = |place: &u32| place.wrapping_add(1) > known;
    if !rows.iter().fold(false, |any, place| any | is_beyond(place)) {
        Ok(Some(Places {
            dictionary,
            known,
            rows,
        }))
    } else {
        Err(malformed("a number beyond the dictionary"))
    }
}

/// Integers of a column.
pub(crate) fn ints(chunk: Chunk) -> Result<Ints> {
    if let Some(Places {
        dictionary,
        known,
        rows,
    }) = places(&chunk)?
    {
        let (dictionary, _) = dictionary.as_chunks();
        let dictionary = dictionary.iter().map(|bytes| i64::from_le_bytes(*bytes));
        let dictionary: Vec<i64> = dictionary.collect();
        if u32::try_from(dictionary.len()) != Ok(known) {
            return Err(malformed("how long its dictionary is"));
        }
        return Ok(Ints::Places { dictionary, rows });
    }
    let (rows, optional) = (chunk.rows, chunk.is_optional());
    let column = Arc::clone(&chunk.column);
    let ColumnReader::Int64ColumnReader(mut reader) = get_column_reader(column, chunk.reader())
    else {
        return Err(malformed("no integers"));
    };
    let mut values = Vec::with_capacity(rows);
    let mut levels = Vec::new();
    let (read, ..) =
        reader.read_records(rows, optional.then_some(&mut levels), None, &mut values)?;
    if read != rows {
        return Err(malformed("too few rows"));
    }
    if values.len() == rows {
        return Ok(Ints::All(values));
    }
    let mut values = values.into_iter();
    let levels = levels.into_iter();
    let values = levels.map(|level| if level > 0 { values.next() } else { None });
    Ok(Ints::Optional(values.collect()))
}

/// Texts of a column.
pub(crate) fn texts(chunk: Chunk) -> Result<Texts> {
    match places(&chunk)? {
        Some(places) => Ok(Texts {
            dictionary: plain(places.dictionary, places.known)?,
            rows: places.rows,
        }),
        None => slow_texts(chunk),
    }
}

/// A dictionary grew too large, so that some pages hold texts themselves.
fn slow_texts(chunk: Chunk) -> Result<Texts> {
    let (rows, optional) = (chunk.rows, chunk.is_optional());
    let column = Arc::clone(&chunk.column);
    let ColumnReader::ByteArrayColumnReader(mut reader) = get_column_reader(column, chunk.reader())
    else {
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
    let mut places = HashMap::new();
    let mut values = values.into_iter();
    for row in 0..rows {
        let there = !optional || levels.get(row).is_some_and(|level| *level > 0);
        let place = match there.then(|| values.next()).flatten() {
            None => NONE,
            Some(value) => {
                let value: Bytes = Bytes::copy_from_slice(value.as_bytes());
                let next = u32::try_from(texts.dictionary.len()).unwrap_or(NONE);
                *places.entry(value.clone()).or_insert_with(|| {
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
fn plain(bytes: &Bytes, count: u32) -> Result<Vec<Bytes>> {
    let mut rest = bytes.as_ref();
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
            Ok(bytes.slice_ref(text))
        })
        .collect()
}

/// Of a page, for each row the place of its value, or [`NONE`].
fn dictionary_page(bytes: &[u8], count: usize, optional: bool, rows: &mut Vec<u32>) -> Result<()> {
    let (levels, bytes) = if optional {
        let (length, rest) = bytes
            .split_first_chunk()
            .ok_or_else(|| malformed("levels"))?;
        let length =
            usize::try_from(u32::from_le_bytes(*length)).map_err(|_| malformed("levels"))?;
        let (packed, rest) = rest
            .split_at_checked(length)
            .ok_or_else(|| malformed("levels"))?;
        (Some(hybrid::Levels::of(packed, count)?), rest)
    } else {
        (None, bytes)
    };
    let there = levels.as_ref().map_or(count, hybrid::Levels::there);
    if there == 0 {
        rows.resize(rows.len() + count, NONE);
        return Ok(());
    }
    let (width, packed) = bytes.split_first().ok_or_else(|| malformed("width"))?;
    match levels {
        Some(levels) if there < count => {
            let mut places = Vec::with_capacity(there);
            hybrid::values(packed, *width, there, &mut places)?;
            levels.spread(&places, NONE, rows);
            Ok(())
        }
        _ => hybrid::values(packed, *width, count, rows),
    }
}
