//! Segments: Parquet files of entries.

use std::{
    collections::HashSet,
    fs::File,
    io::{self as stdio, Read},
    os::unix::fs::FileExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use foldhash::fast::FixedState;
use parquet::{
    basic::{
        Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel,
    },
    data_type::{ByteArray, ByteArrayType, Int64Type},
    errors::{ParquetError, Result},
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
        reader::{ChunkReader, FileReader, Length, RowGroupReader},
        serialized_reader::SerializedFileReader,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::{ColumnPath, Type},
};
use sha2::{Digest as _, Sha256};

use crate::{
    LedgerError, Sidecar,
    error::{damaged, io},
    layout::{COLUMNS, Kind, layouts_json},
    leaf::hex,
    read,
    rows::{Batch, Column},
    sidecar::segment_path,
};

/// Rows whose statistics are kept together.
pub(crate) const GROUP_ROWS: usize = 1 << 17;

/// Of zstd. Sealing takes a few seconds an hour; what is sealed stays for months.
const LEVEL: i32 = 9;

/// A dictionary may take this many bytes in a row group.
const DICTIONARY_BYTES: usize = 16 << 20;

/// Columns that grow with each row.
const GROWING: [&str; 2] = ["seq", "time"];

/// Columns that every row has.
const ALWAYS: [&str; 4] = ["seq", "time", "type", "rest"];

fn schema() -> Result<Type> {
    let fields = COLUMNS.iter().map(|column| {
        let (physical, logical) = match column.kind {
            Kind::Int => (Physical::INT64, None),
            Kind::Time => {
                let logical = LogicalType::timestamp(true, TimeUnit::NANOS);
                (Physical::INT64, Some(logical))
            }
            _ => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let repetition = if ALWAYS.contains(&column.name) {
            Repetition::REQUIRED
        } else {
            Repetition::OPTIONAL
        };
        let field = Type::primitive_type_builder(column.name, physical)
            .with_repetition(repetition)
            .with_logical_type(logical)
            .build()?;
        Ok(Arc::new(field))
    });
    Type::group_type_builder("weir")
        .with_fields(fields.collect::<Result<_>>()?)
        .build()
}

/// Whether differences of these take less room than numbers into a dictionary. Flows that
/// go on repeat their values; of flows that are new, each is another.
fn by_differences(values: &[Option<i64>]) -> bool {
    let there = || values.iter().copied().flatten();
    let (Some(least), Some(greatest)) = (there().min(), there().max()) else {
        return false;
    };
    let distinct = there().collect::<HashSet<_, FixedState>>().len() as u64;
    let rows = there().count() as u64;
    let bits = |most: u64| u64::from(u64::BITS - most.leading_zeros());
    let dictionary = distinct * 64 + rows * bits(distinct);
    // One more, for the sign.
    let differences = rows * (bits(greatest.abs_diff(least)) + 1);
    differences < dictionary
}

fn properties(
    batch: &Batch,
    rows: std::ops::Range<usize>,
    facts: &[(String, String)],
) -> Result<WriterProperties> {
    let mut facts: Vec<_> = facts
        .iter()
        .map(|(key, value)| KeyValue::new(format!("weir.{key}"), value.clone()))
        .collect();
    facts.push(KeyValue::new(
        "weir.layout".to_owned(),
        layouts_json().to_string(),
    ));
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL)?))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_data_page_size_limit(4 << 20)
        .set_data_page_row_count_limit(GROUP_ROWS)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_key_value_metadata(Some(facts))
        .set_created_by(format!("weir {}", env!("CARGO_PKG_VERSION")));
    for column in COLUMNS {
        let path = ColumnPath::from(column.name);
        let differences = GROWING.contains(&column.name)
            || batch
                .ints(column.name)
                .and_then(|values| values.get(rows.clone()))
                .is_some_and(by_differences);
        if differences {
            properties = properties
                .set_column_dictionary_enabled(path, false)
                .set_column_encoding(ColumnPath::from(column.name), Encoding::DELTA_BINARY_PACKED);
        } else if column.kind == Kind::Context || column.name == "rest" {
            // Nothing is found by the least or greatest of them.
            properties = properties.set_column_statistics_enabled(path, EnabledStatistics::None);
        }
    }
    Ok(properties.build())
}

/// The bytes of a segment.
pub(crate) fn write(batch: &Batch, facts: &[(&str, String)]) -> Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::new(), facts);
    for first in (0..batch.rows).step_by(GROUP_ROWS) {
        writer.group(batch, first..(first + GROUP_ROWS).min(batch.rows))?;
    }
    writer.finish()
}

/// Writes a segment, one group of rows after the other.
pub(crate) struct Writer<W: std::io::Write + Send> {
    facts: Vec<(String, String)>,
    to: Option<W>,
    file: Option<SerializedFileWriter<W>>,
}

impl<W: std::io::Write + Send> Writer<W> {
    pub(crate) fn new(to: W, facts: &[(&str, String)]) -> Self {
        let facts = facts.iter();
        Self {
            facts: facts
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
            to: Some(to),
            file: None,
        }
    }

    /// The file, begun with the first rows: they decide how numbers stand in it.
    fn file(
        &mut self,
        batch: &Batch,
        rows: std::ops::Range<usize>,
    ) -> Result<&mut SerializedFileWriter<W>> {
        if let Some(to) = self.to.take() {
            let properties = Arc::new(properties(batch, rows, &self.facts)?);
            let file = SerializedFileWriter::new(to, Arc::new(schema()?), properties)?;
            self.file = Some(file);
        }
        self.file
            .as_mut()
            .ok_or_else(|| ParquetError::General("a segment that did not begin".to_owned()))
    }

    /// Adds rows of a batch as a group.
    pub(crate) fn group(&mut self, batch: &Batch, rows: std::ops::Range<usize>) -> Result<()> {
        let mut group = self.file(batch, rows.clone())?.next_row_group()?;
        for (column, kind) in batch.columns.iter().zip(COLUMNS) {
            let column = column
                .as_ref()
                .ok_or_else(|| ParquetError::General("a column is missing".to_owned()))?;
            let optional = !ALWAYS.contains(&kind.name);
            write_column(&mut group, column, optional, rows.clone())?;
        }
        group.close()?;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<W> {
        self.file(&Batch::default(), 0..0)?;
        let file = self.file.take();
        file.ok_or_else(|| ParquetError::General("a segment that did not begin".to_owned()))?
            .into_inner()
    }
}

fn write_column<W: std::io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: &Column,
    optional: bool,
    rows: std::ops::Range<usize>,
) -> Result<()> {
    let Some(mut writer) = group.next_column()? else {
        return Err(ParquetError::General("a column too many".to_owned()));
    };
    match column {
        Column::Ints(values) => {
            let values = values.get(rows).unwrap_or_default();
            let levels: Vec<i16> = values.iter().map(|v| i16::from(v.is_some())).collect();
            let there: Vec<i64> = values.iter().copied().flatten().collect();
            let typed = writer.typed::<Int64Type>();
            typed.write_batch(&there, optional.then_some(&levels), None)?;
        }
        Column::Texts(texts) => {
            let dictionary: Vec<ByteArray> = texts
                .dictionary
                .iter()
                .map(|text| ByteArray::from(text.to_vec()))
                .collect();
            let rows = texts.rows.get(rows).unwrap_or_default();
            for rows in rows.chunks(8192) {
                let text = |place: &u32| dictionary.get(usize::try_from(*place).ok()?).cloned();
                let there: Vec<ByteArray> = rows.iter().filter_map(text).collect();
                let levels: Vec<i16> = rows
                    .iter()
                    .map(|place| i16::from(*place != read::NONE))
                    .collect();
                let typed = writer.typed::<ByteArrayType>();
                typed.write_batch(&there, optional.then_some(&levels), None)?;
            }
        }
    }
    writer.close()
}

/// A file that several threads read at once, each at a place of its own. The library
/// duplicates a [`File`] for each that reads, and duplicates have one place in common.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    file: Arc<File>,
    length: u64,
}

impl Shared {
    fn new(file: File) -> stdio::Result<Self> {
        let length = file.metadata()?.len();
        let file = Arc::new(file);
        Ok(Self { file, length })
    }
}

/// One that reads from a place on.
pub(crate) struct From {
    file: Arc<File>,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> stdio::Result<usize> {
        let length = self.file.read_at(buffer, self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}

impl Length for Shared {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Shared {
    type T = stdio::BufReader<From>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let file = Arc::clone(&self.file);
        Ok(stdio::BufReader::new(From { file, at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let end = start.checked_add(length as u64);
        if end.is_none_or(|end| end > self.length) {
            let what = format!("{length} bytes at {start} of {}", self.length);
            return Err(ParquetError::EOF(what));
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}

/// A segment that is read.
pub(crate) struct Segment<R: ChunkReader + 'static> {
    file: SerializedFileReader<R>,
}

/// Decodes. The library takes a segment for well formed and may panic where it is not;
/// that is damage of the file, and no reason to end. Nothing that was being decoded is
/// used after a panic.
fn guarded<T>(decode: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| {
        Err(ParquetError::General(
            "a page or footer that cannot be decoded".to_owned(),
        ))
    })
}

impl Segment<Shared> {
    /// Opens a segment, once its bytes are those that its sidecar tells of.
    pub(crate) fn open(
        directory: &Path,
        sidecar: &Sidecar,
    ) -> std::result::Result<Self, LedgerError> {
        let path = segment_path(directory, sidecar.first);
        let mut file = File::open(&path).map_err(io(&path, "read"))?;
        let mut sum = Sha256::new();
        let bytes = std::io::copy(&mut file, &mut sum).map_err(io(&path, "read"))?;
        if bytes != sidecar.bytes {
            let at = format!("its length: {bytes} bytes instead of {}", sidecar.bytes);
            return Err(damaged(&path, at));
        }
        if hex(&sum.finalize()) != sidecar.sha256 {
            return Err(damaged(
                &path,
                "its SHA-256, which its sidecar has otherwise",
            ));
        }
        Self::of_file(file, &path)
    }

    fn of_file(file: File, path: &Path) -> std::result::Result<Self, LedgerError> {
        let file = Shared::new(file).map_err(io(path, "read"))?;
        Self::of(file).map_err(|error| damaged(path, error.to_string()))
    }

    /// As [`Segment::open`], if it may have entries from a time, and before another.
    ///
    /// One that has none by its sidecar and by its own statistics is not hashed.
    pub(crate) fn open_within(
        directory: &Path,
        sidecar: &Sidecar,
        (from, to): (i64, i64),
    ) -> std::result::Result<Option<Self>, LedgerError> {
        if sidecar.to_ns < from || sidecar.from_ns >= to {
            let path = segment_path(directory, sidecar.first);
            let file = File::open(&path).map_err(io(&path, "read"))?;
            let segment = Self::of_file(file, &path)?;
            // A clock that was set back puts later times before the last.
            if !(0..segment.groups()).any(|group| segment.overlaps(group, (from, to))) {
                return Ok(None);
            }
        }
        Self::open(directory, sidecar).map(Some)
    }
}

impl<R: ChunkReader + 'static> Segment<R> {
    pub(crate) fn of(file: R) -> Result<Self> {
        let file = guarded(|| SerializedFileReader::new(file))?;
        let columns = file.metadata().file_metadata().schema_descr().columns();
        let same = columns.len() == COLUMNS.len()
            && columns
                .iter()
                .zip(COLUMNS)
                .all(|(found, column)| found.name() == column.name);
        if same {
            Ok(Self { file })
        } else {
            Err(ParquetError::General("other columns".to_owned()))
        }
    }

    /// Whether it says of its columns what this crate knows of them, so that who reads it by
    /// that reads what is in the leaves.
    pub(crate) fn has_known_layout(&self) -> bool {
        let facts = self.file.metadata().file_metadata().key_value_metadata();
        let layouts = facts.into_iter().flatten();
        let mut layouts = layouts.filter(|fact| fact.key == "weir.layout");
        let parsed = |fact: &KeyValue| serde_json::from_str(fact.value.as_deref()?).ok();
        let only = layouts.next().and_then(parsed);
        layouts.next().is_none() && only == Some(layouts_json())
    }

    /// How many row groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.file.num_row_groups()
    }

    /// Whether a row group may have entries from `from`, and before `to`.
    pub(crate) fn overlaps(&self, group: usize, (from, to): (i64, i64)) -> bool {
        let Some(time) = crate::layout::column("time") else {
            return true;
        };
        let statistics = self
            .file
            .metadata()
            .row_group(group)
            .column(time)
            .statistics();
        let Some(parquet::file::statistics::Statistics::Int64(statistics)) = statistics else {
            return true;
        };
        statistics.max_opt().is_none_or(|max| *max >= from)
            && statistics.min_opt().is_none_or(|min| *min < to)
    }

    /// Some columns of a row group.
    pub(crate) fn read(&self, group: usize, columns: &[usize]) -> Result<Batch> {
        let rows = self.file.metadata().row_group(group).num_rows();
        let mut batch = Batch {
            rows: usize::try_from(rows).map_err(|_| ParquetError::General("rows".to_owned()))?,
            columns: vec![None; COLUMNS.len()],
        };
        self.read_more(group, columns, &mut batch)?;
        Ok(batch)
    }

    /// More columns of a row group.
    pub(crate) fn read_more(
        &self,
        group: usize,
        columns: &[usize],
        batch: &mut Batch,
    ) -> Result<()> {
        let group = guarded(|| self.file.get_row_group(group))?;
        for place in columns {
            if let (Some(column), Some(slot @ None)) =
                (COLUMNS.get(*place), batch.columns.get_mut(*place))
            {
                *slot = Some(guarded(|| read_column(&*group, *place, column.kind))?);
            }
        }
        Ok(())
    }
}

fn read_column(group: &dyn RowGroupReader, place: usize, kind: Kind) -> Result<Column> {
    Ok(match kind {
        Kind::Int | Kind::Time => Column::Ints(read::ints(group, place)?),
        _ => Column::Texts(read::texts(group, place)?),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::{io::Write as _, thread};

    use super::*;

    /// A file's duplicates have one place, so that threads read what others sought.
    #[test]
    fn threads_read_one_file_each_at_its_own_place() {
        let mut file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
        file.write_all(&bytes).unwrap();
        let shared = Shared::new(file).unwrap();
        thread::scope(|scope| {
            for of in 0..4_u64 {
                let (shared, bytes) = (shared.clone(), &bytes);
                scope.spawn(move || {
                    for n in 0..2000 {
                        let at = (of * 997 + n * 1733) % 3_000_000;
                        let mut read = [0; 64];
                        shared.get_read(at).unwrap().read_exact(&mut read).unwrap();
                        let wanted = &bytes[usize::try_from(at).unwrap()..][..64];
                        assert_eq!(read, wanted);
                        assert_eq!(shared.get_bytes(at, 64).unwrap(), wanted);
                    }
                });
            }
        });
        assert!(shared.get_bytes(3_999_999, 2).is_err());
    }
}
