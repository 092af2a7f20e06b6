//! Reads segments.

use std::{
    fs::File,
    io::Read as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use parquet::{
    errors::{ParquetError, Result},
    file::{
        metadata::{KeyValue, ParquetMetaData, ParquetMetaDataReader},
        reader::ChunkReader,
        statistics::Statistics,
    },
};
use sha2::{Digest as _, Sha256};

use crate::{
    LedgerError, Sidecar,
    error::{damaged, io},
    layout::{COLUMNS, Kind, column, layouts_json},
    leaf::hex,
    read::{Chunk, ints, texts},
    rows::{Batch, Column},
    sidecar::segment_path,
};

/// A segment is read whole to compare its digest; a tail is sealed long before it makes one of
/// this many bytes.
const MOST_BYTES: u64 = 1 << 30;

/// A segment that is read.
pub(crate) struct Segment<R: ChunkReader + 'static> {
    bytes: Arc<R>,
    metadata: ParquetMetaData,
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

impl Segment<Bytes> {
    /// Opens a segment, once its bytes are those that its sidecar tells of.
    pub(crate) fn open(
        directory: &Path,
        sidecar: &Sidecar,
    ) -> std::result::Result<Self, LedgerError> {
        let path = segment_path(directory, sidecar.first);
        let file = File::open(&path).map_err(io(&path, "read"))?;
        let length = file.metadata().map_err(io(&path, "read"))?.len();
        if length != sidecar.bytes {
            let at = format!("its length: {length} bytes instead of {}", sidecar.bytes);
            return Err(damaged(&path, at));
        }
        if length > MOST_BYTES {
            let at = format!("its length: {length} bytes, and a segment has at most {MOST_BYTES}");
            return Err(damaged(&path, at));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        file.take(length)
            .read_to_end(&mut bytes)
            .map_err(io(&path, "read"))?;
        if hex(&Sha256::digest(&bytes)) != sidecar.sha256 {
            return Err(damaged(
                &path,
                "its SHA-256, which its sidecar has otherwise",
            ));
        }
        Self::of(bytes.into()).map_err(|error| damaged(&path, error.to_string()))
    }

    /// As [`Segment::open`], if it may have entries from a time, and before another.
    ///
    /// One that has none by its sidecar and by its own statistics is not hashed.
    pub(crate) fn open_within(
        directory: &Path,
        sidecar: &Sidecar,
        times: (i64, i64),
    ) -> std::result::Result<Option<Self>, LedgerError> {
        let (from, to) = times;
        if sidecar.to_ns < from || sidecar.from_ns >= to {
            let path = segment_path(directory, sidecar.first);
            let file = File::open(&path).map_err(io(&path, "read"))?;
            let segment = Segment::of(file).map_err(|error| damaged(&path, error.to_string()))?;
            // A clock that was set back puts later times before the last.
            if !(0..segment.groups()).any(|group| segment.overlaps(group, times)) {
                return Ok(None);
            }
        }
        Self::open(directory, sidecar).map(Some)
    }
}

impl<R: ChunkReader + 'static> Segment<R> {
    pub(crate) fn of(bytes: R) -> Result<Self> {
        let metadata = guarded(|| ParquetMetaDataReader::new().parse_and_finish(&bytes))?;
        let columns = metadata.file_metadata().schema_descr().columns();
        let same = columns.len() == COLUMNS.len()
            && columns
                .iter()
                .zip(COLUMNS)
                .all(|(found, column)| found.name() == column.name);
        if same {
            Ok(Self {
                bytes: Arc::new(bytes),
                metadata,
            })
        } else {
            Err(ParquetError::General("other columns".to_owned()))
        }
    }

    /// Whether it says of its columns what this crate knows of them, so that who reads it by
    /// that reads what is in the leaves.
    pub(crate) fn has_known_layout(&self) -> bool {
        let facts = self.metadata.file_metadata().key_value_metadata();
        let layouts = facts.into_iter().flatten();
        let mut layouts = layouts.filter(|fact| fact.key == "weir.layout");
        let parsed = |fact: &KeyValue| serde_json::from_str(fact.value.as_deref()?).ok();
        let only = layouts.next().and_then(parsed);
        layouts.next().is_none() && only == Some(layouts_json())
    }

    /// How many row groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// Whether a row group may have entries from `from`, and before `to`.
    pub(crate) fn overlaps(&self, group: usize, (from, to): (i64, i64)) -> bool {
        let Some(time) = column("time") else {
            return true;
        };
        let statistics = self.metadata.row_group(group).column(time).statistics();
        let Some(Statistics::Int64(statistics)) = statistics else {
            return true;
        };
        statistics.max_opt().is_none_or(|max| *max >= from)
            && statistics.min_opt().is_none_or(|min| *min < to)
    }

    /// Some columns of a row group.
    pub(crate) fn read(&self, group: usize, columns: &[usize]) -> Result<Batch> {
        let rows = self.metadata.row_group(group).num_rows();
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
        let group = self.metadata.row_group(group);
        for place in columns {
            if let (Some(column), Some(slot @ None)) =
                (COLUMNS.get(*place), batch.columns.get_mut(*place))
            {
                let read = || -> Result<Column> {
                    let chunk = Chunk::new(&self.bytes, group, *place)?;
                    Ok(match column.kind {
                        Kind::Int | Kind::Time => Column::Ints(ints(chunk)?),
                        _ => Column::Texts(texts(chunk)?),
                    })
                };
                *slot = Some(guarded(read)?);
            }
        }
        Ok(())
    }
}
