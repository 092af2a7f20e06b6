//! Entries, made again of their rows.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::Value;

use crate::{
    layout::{COLUMNS, Kind, layout_of},
    leaf::{self, put},
    rows::Batch,
    values::NONE,
};

/// Makes entries of rows again.
pub(crate) struct Again<'a> {
    /// Tells it from all others.
    serial: u64,
    batch: &'a Batch,
    /// Per context column, what stands for each text, or the text itself.
    contexts: HashMap<&'static str, Vec<Value>>,
}

impl<'a> Again<'a> {
    /// With contexts as digests, as in leaves; or as they are.
    pub(crate) fn new(batch: &'a Batch, digests: bool) -> Self {
        let columns = COLUMNS.iter().filter(|column| column.kind == Kind::Context);
        let contexts = columns.filter_map(|column| {
            let texts = batch.texts(column.name)?;
            let values = texts.dictionary.iter().map(|text| {
                if digests {
                    leaf::reference(&leaf::digest(text))
                } else {
                    serde_json::from_slice(text).unwrap_or(Value::Null)
                }
            });
            Some((column.name, values.collect()))
        });
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        Self {
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            batch,
            contexts: contexts.collect(),
        }
    }

    /// A number that no other has.
    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    /// The entry of a row; `None` if the row is none.
    pub(crate) fn entry(&self, row: usize) -> Option<Value> {
        let batch = self.batch;
        let mut entry: Value = serde_json::from_str(batch.text("rest", row)?).ok()?;
        let tag = batch.text("type", row)?;
        put(&mut entry, "/type", tag.into());
        let Some(layout) = layout_of(tag) else {
            return Some(entry);
        };
        for (name, at) in layout.at {
            if let Some(value) = batch.int(name, row) {
                put(&mut entry, at, value.into());
            } else if let Some(text) = batch.text(name, row) {
                put(&mut entry, at, text.into());
            }
        }
        for (name, at, add) in layout.sums {
            if let Some(before) = batch.int(name, row) {
                let sum = before.checked_add(batch.int(add, row)?)?;
                put(&mut entry, at, sum.into());
            }
        }
        for (name, at) in layout.contexts {
            let place = *batch.texts(name)?.rows.get(row)?;
            if place != NONE {
                let value = self.contexts.get(name)?.get(usize::try_from(place).ok()?)?;
                put(&mut entry, at, value.clone());
            }
        }
        Some(entry)
    }

    /// The leaf of a row, if contexts are digests.
    pub(crate) fn leaf(&self, row: usize) -> Option<Vec<u8>> {
        let (seq, time_ns) = self.batch.head(row)?;
        Some(leaf::bytes(seq, time_ns, self.entry(row)?))
    }
}
