//! Segments: Parquet files of entries.

use std::{
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use parquet::{
    basic::{
        Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel,
    },
    data_type::{ByteArray, ByteArrayType, Int64Type},
    errors::{ParquetError, Result},
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
        reader::{FileReader, RowGroupReader},
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

/// A dictionary may take this many bytes in a row group.
const DICTIONARY_BYTES: usize = 16 << 20;

/// Columns that grow, or jump little.
const DELTAS: [&str; 5] = ["seq", "time", "flow", "first_ns", "last_ns"];

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

fn properties(facts: &[(&str, String)]) -> Result<WriterProperties> {
    let mut facts: Vec<_> = facts
        .iter()
        .map(|(key, value)| KeyValue::new(format!("weir.{key}"), value.clone()))
        .collect();
    facts.push(KeyValue::new(
        "weir.layout".to_owned(),
        layouts_json().to_string(),
    ));
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_data_page_size_limit(4 << 20)
        .set_data_page_row_count_limit(GROUP_ROWS)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_key_value_metadata(Some(facts))
        .set_created_by(format!("weir {}", env!("CARGO_PKG_VERSION")));
    for column in COLUMNS {
        let path = ColumnPath::from(column.name);
        if DELTAS.contains(&column.name) {
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
    let mut writer = Writer::new(Vec::new(), facts)?;
    for first in (0..batch.rows).step_by(GROUP_ROWS) {
        writer.group(batch, first..(first + GROUP_ROWS).min(batch.rows))?;
    }
    writer.finish()
}

/// Writes a segment, one group of rows after the other.
pub(crate) struct Writer<W: std::io::Write + Send> {
    file: SerializedFileWriter<W>,
}

impl<W: std::io::Write + Send> Writer<W> {
    pub(crate) fn new(to: W, facts: &[(&str, String)]) -> Result<Self> {
        let schema = Arc::new(schema()?);
        let file = SerializedFileWriter::new(to, schema, Arc::new(properties(facts)?))?;
        Ok(Self { file })
    }

    /// Adds rows of a batch as a group.
    pub(crate) fn group(&mut self, batch: &Batch, rows: std::ops::Range<usize>) -> Result<()> {
        let mut group = self.file.next_row_group()?;
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

    pub(crate) fn finish(self) -> Result<W> {
        self.file.into_inner()
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

/// A segment that is read.
pub(crate) struct Segment<R: parquet::file::reader::ChunkReader + 'static> {
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

impl Segment<File> {
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
        Self::of(file).map_err(|error| damaged(&path, error.to_string()))
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
            let segment = Self::of(file).map_err(|error| damaged(&path, error.to_string()))?;
            // A clock that was set back puts later times before the last.
            if !(0..segment.groups()).any(|group| segment.overlaps(group, (from, to))) {
                return Ok(None);
            }
        }
        Self::open(directory, sidecar).map(Some)
    }
}

impl<R: parquet::file::reader::ChunkReader + 'static> Segment<R> {
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
