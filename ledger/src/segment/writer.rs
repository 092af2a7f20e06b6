//! Writes segments.

use std::{collections::HashSet, ops::Range, sync::Arc};

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
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::{ColumnPath, Type},
};

use crate::{
    layout::{COLUMNS, Kind, layouts_json},
    rows::{Batch, Column},
    values::{Ints, NONE},
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
fn by_differences(values: &Ints, rows: &Range<usize>) -> bool {
    let there = || values.of(rows.clone()).flatten();
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
    rows: Range<usize>,
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
                .is_some_and(|values| by_differences(values, &rows));
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
    fn file(&mut self, batch: &Batch, rows: Range<usize>) -> Result<&mut SerializedFileWriter<W>> {
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
    pub(crate) fn group(&mut self, batch: &Batch, rows: Range<usize>) -> Result<()> {
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
    rows: Range<usize>,
) -> Result<()> {
    let Some(mut writer) = group.next_column()? else {
        return Err(ParquetError::General("a column too many".to_owned()));
    };
    match column {
        Column::Ints(values) => {
            let levels = values.of(rows.clone()).map(|v| i16::from(v.is_some()));
            let levels: Vec<i16> = levels.collect();
            let there: Vec<i64> = values.of(rows).flatten().collect();
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
                let levels: Vec<i16> = rows.iter().map(|place| i16::from(*place != NONE)).collect();
                let typed = writer.typed::<ByteArrayType>();
                typed.write_batch(&there, optional.then_some(&levels), None)?;
            }
        }
    }
    writer.close()
}
