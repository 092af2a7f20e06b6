//! Pages of a column.

use std::{cell::RefCell, sync::Arc, vec};

use bytes::Bytes;
use parquet::{
    basic::Compression,
    column::page::{Page, PageMetadata, PageReader},
    errors::{ParquetError, Result},
    file::{
        metadata::RowGroupMetaData, reader::ChunkReader, serialized_reader::SerializedPageReader,
    },
    schema::types::ColumnDescPtr,
};
use zstd::{bulk::Decompressor, zstd_safe::get_frame_content_size};

use super::malformed;

/// A page has no more bytes than this: a row's text is far shorter, and a page ends with the
/// row that makes it too long.
const MOST_BYTES: u64 = 1 << 28;

/// A column of a group of rows.
pub(crate) struct Chunk {
    /// How many rows the group has.
    pub(super) rows: usize,
    /// What the column is.
    pub(super) column: ColumnDescPtr,
    /// Its pages, decompressed.
    pub(super) pages: Vec<Page>,
}

impl Chunk {
    /// Reads the column at this place.
    ///
    /// The library makes two contexts of zstd for every column that it reads, which takes longer
    /// than to decompress an hour of one. So it is told that nothing is compressed, and one
    /// context for each thread is enough.
    pub(crate) fn new<R: ChunkReader + 'static>(
        bytes: &Arc<R>,
        group: &RowGroupMetaData,
        place: usize,
    ) -> Result<Self> {
        let found = group.column(place);
        let is_compressed = match found.compression() {
            Compression::UNCOMPRESSED => false,
            Compression::ZSTD(_) => true,
            _ => return Err(malformed("compressed by something else than zstd")),
        };
        let rows = usize::try_from(group.num_rows()).map_err(|_| malformed("rows"))?;
        let as_is = found.clone().into_builder();
        let as_is = as_is.set_compression(Compression::UNCOMPRESSED).build()?;
        let mut reader = SerializedPageReader::new(Arc::clone(bytes), &as_is, rows, None)?;
        let mut pages = Vec::new();
        while let Some(page) = reader.get_next_page()? {
            pages.push(if is_compressed {
                decompressed(page)?
            } else {
                page
            });
        }
        Ok(Self {
            rows,
            column: found.column_descr_ptr(),
            pages,
        })
    }

    /// Whether a row may have no value.
    pub(super) fn is_optional(&self) -> bool {
        self.column.max_def_level() > 0
    }

    /// The pages, for the library to decode.
    pub(super) fn reader(self) -> Box<dyn PageReader> {
        Box::new(Pages(self.pages.into_iter()))
    }
}

fn decompressed(mut page: Page) -> Result<Page> {
    match &mut page {
        Page::DictionaryPage { buf, .. } | Page::DataPage { buf, .. } => *buf = plain(buf)?,
        // Parts of these are not compressed. No segment has any.
        Page::DataPageV2 { .. } => return Err(malformed("of the second version")),
    }
    Ok(page)
}

thread_local! {
    static CONTEXT: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

fn plain(bytes: &[u8]) -> Result<Bytes> {
    let length = get_frame_content_size(bytes).ok().flatten();
    let length = length
        .filter(|length| *length <= MOST_BYTES)
        .and_then(|length| usize::try_from(length).ok())
        .ok_or_else(|| malformed("how long it is"))?;
    let plain = CONTEXT.with_borrow_mut(|context| {
        let context = match context {
            Some(context) => context,
            none => none.insert(Decompressor::new()?),
        };
        context.decompress(bytes, length)
    })?;
    if plain.len() == length {
        Ok(plain.into())
    } else {
        Err(malformed("how long it is"))
    }
}

/// Pages that are read, as the library takes them.
struct Pages(vec::IntoIter<Page>);

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(Ok)
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        Ok(self.0.next())
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        Err(ParquetError::NYI("a look at the next page".to_owned()))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0.next();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The beginning of a frame of so many bytes (RFC 8878, section 3.1.1.1).
    fn frame(length: u64) -> Vec<u8> {
        [&[0x28, 0xb5, 0x2f, 0xfd, 0xe0], &length.to_le_bytes()[..]].concat()
    }

    #[test]
    fn a_page_is_as_long_as_it_says() {
        let page = zstd::bulk::compress(b"abcabc", 1).unwrap();
        assert_eq!(plain(&page).unwrap(), &b"abcabc"[..]);
        let mut longer = frame(7);
        // A last block of six bytes as they are.
        longer.extend([6 << 3 | 1, 0, 0]);
        longer.extend(b"abcabc");
        assert!(plain(&longer).is_err());
        longer[5] = 6;
        assert_eq!(plain(&longer).unwrap(), &b"abcabc"[..]);
    }

    #[test]
    fn a_page_that_would_be_too_long_is_refused_before_it_is_decompressed() {
        let said = |length| plain(&frame(length)).unwrap_err().to_string();
        let too_long = "Parquet error: a page is malformed: how long it is";
        assert_eq!(said(MOST_BYTES + 1), too_long);
        assert_eq!(said(u64::MAX - 2), too_long);
        assert_ne!(said(MOST_BYTES), too_long);
    }
}
