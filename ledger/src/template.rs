//! Leaves of many rows, fast.
//!
//! Rows that have the same type, the same `rest` and values in the same columns have the
//! same leaf but for these values. So the canonical form is made once, with holes.

use std::{collections::HashMap, io::Write as _};

use bytes::Bytes;
use foldhash::fast::RandomState;
use serde_json::{Map, Value};

use crate::{
    again::Again,
    canonical,
    layout::{COLUMNS, Layout, column, layout_of},
    leaf::{self, put},
    rows::{Batch, Column},
    values::NONE,
};

/// What stands for a value in a template; no text that an entry has is so.
const MARK: &str = "\u{1}hole ";

/// The mark, as the canonical form has it, in the quotes of a text.
const WRITTEN: &[u8] = b"\"\\u0001hole ";

/// Templates that are kept; few are needed, unless `rest` differs in every row.
const MOST: usize = 4096;

/// Where the value of a hole comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hole {
    /// A column.
    Column(usize),
    /// The sum of two.
    Sum(usize, usize),
}

/// The canonical form of leaves that differ in some columns only.
#[derive(Debug)]
struct Template {
    /// Bytes, and what follows them.
    parts: Vec<(Vec<u8>, Hole)>,
    end: Vec<u8>,
}

/// Makes leaves of the rows of a batch.
pub(crate) struct Leaves<'a> {
    batch: &'a Batch,
    slowly: Again<'a>,
    /// By place in [`COLUMNS`], for each text of its dictionary, what stands in a leaf.
    written: Vec<Vec<Vec<u8>>>,
    templates: HashMap<(u32, u32, u64), Option<Template>, RandomState>,
}

impl<'a> Leaves<'a> {
    /// Of a batch with all columns.
    pub(crate) fn new(batch: &'a Batch) -> Self {
        let written = COLUMNS.iter().enumerate().map(|(place, column)| {
            let Some(Some(Column::Texts(texts))) = batch.columns.get(place) else {
                return Vec::new();
            };
            // Of these, each row's would be made in vain.
            if matches!(column.name, "rest" | "type") {
                return Vec::new();
            }
            let is_context = column.kind == crate::Kind::Context;
            let in_leaf = |text: &Bytes| {
                if is_context {
                    canonical(&leaf::reference(&leaf::digest(text)))
                } else {
                    str::from_utf8(text)
                        .map(|text| canonical(&Value::from(text)))
                        .unwrap_or_default()
                }
            };
            texts.dictionary.iter().map(in_leaf).collect()
        });
        Self {
            batch,
            slowly: Again::new(batch, true),
            written: written.collect(),
            templates: HashMap::default(),
        }
    }

    /// Puts the leaf of a row into `leaf`; `None` if the row is none.
    pub(crate) fn leaf(&mut self, row: usize, leaf: &mut Vec<u8>) -> Option<()> {
        leaf.clear();
        if self.quickly(row, leaf).is_none() {
            *leaf = self.slowly.leaf(row)?;
        }
        Some(())
    }

    fn quickly(&mut self, row: usize, leaf: &mut Vec<u8>) -> Option<()> {
        let place = |name| self.batch.texts(name)?.rows.get(row).copied();
        let (tag, rest) = (place("type")?, place("rest")?);
        let there = (0..COLUMNS.len()).fold(0, |there, place| {
            there | u64::from(self.is_there(place, row)) << place
        });
        let key = (tag, rest, there);
        if !self.templates.contains_key(&key) {
            if self.templates.len() >= MOST {
                self.templates.clear();
            }
            let template = template(self.batch, row, there);
            self.templates.insert(key, template);
        }
        let template = self.templates.get(&key)?.as_ref()?;
        for (bytes, hole) in &template.parts {
            leaf.extend_from_slice(bytes);
            match *hole {
                Hole::Column(place) => self.value(place, row, leaf)?,
                Hole::Sum(place, add) => {
                    let sum = self.int(place, row)?.checked_add(self.int(add, row)?)?;
                    write!(leaf, "{sum}").ok()?;
                }
            }
        }
        leaf.extend_from_slice(&template.end);
        Some(())
    }

    fn is_there(&self, place: usize, row: usize) -> bool {
        match self.batch.columns.get(place) {
            Some(Some(Column::Ints(values))) => values.get(row).is_some(),
            Some(Some(Column::Texts(texts))) => {
                texts.rows.get(row).is_some_and(|place| *place != NONE)
            }
            _ => false,
        }
    }

    fn int(&self, place: usize, row: usize) -> Option<i64> {
        match self.batch.columns.get(place)?.as_ref()? {
            Column::Ints(values) => values.get(row),
            Column::Texts(_) => None,
        }
    }

    fn value(&self, place: usize, row: usize, leaf: &mut Vec<u8>) -> Option<()> {
        match self.batch.columns.get(place)?.as_ref()? {
            Column::Ints(values) => write!(leaf, "{}", values.get(row)?).ok()?,
            Column::Texts(texts) => {
                let text = usize::try_from(*texts.rows.get(row)?).ok()?;
                let written = self.written.get(place)?.get(text)?;
                // Of what is no text.
                (!written.is_empty()).then(|| leaf.extend_from_slice(written))?;
            }
        }
        Some(())
    }
}

/// The template of a row; `None` if it has to be made slowly.
fn template(batch: &Batch, row: usize, there: u64) -> Option<Template> {
    let text = |name: &str| str::from_utf8(batch.texts(name)?.get(row)?).ok();
    let mut entry: Value = serde_json::from_str(text("rest")?).ok()?;
    let tag = text("type")?;
    put(&mut entry, "/type", tag.into());
    let mut holes = Vec::new();
    let mut hole = |hole: Hole| {
        holes.push(hole);
        Value::from(format!("{MARK}{}", holes.len() - 1))
    };
    if let Some(layout) = layout_of(tag) {
        for (place, at, what) in places(layout) {
            if there & 1 << place != 0 {
                put(&mut entry, at, hole(what));
            }
        }
    }
    let mut leaf = Map::new();
    leaf.insert("entry".to_owned(), entry);
    leaf.insert("seq".to_owned(), hole(Hole::Column(column("seq")?)));
    leaf.insert("time_ns".to_owned(), hole(Hole::Column(column("time")?)));
    split(&canonical(&Value::Object(leaf)), &holes)
}

/// Column, pointer and hole of everything that has a column.
fn places(layout: &Layout) -> impl Iterator<Item = (usize, &'static str, Hole)> {
    let plain = layout.at.iter().chain(layout.contexts);
    let plain = plain.filter_map(|(name, at)| {
        let place = column(name)?;
        Some((place, *at, Hole::Column(place)))
    });
    let sums = layout.sums.iter().filter_map(|(name, at, add)| {
        let place = column(name)?;
        Some((place, *at, Hole::Sum(place, column(add)?)))
    });
    plain.chain(sums)
}

/// Cuts a canonical form at its holes; `None` unless it has each of them once.
fn split(mut bytes: &[u8], holes: &[Hole]) -> Option<Template> {
    let mut parts = Vec::new();
    let mut left: Vec<Option<Hole>> = holes.iter().copied().map(Some).collect();
    while let Some(at) = bytes
        .windows(WRITTEN.len())
        .position(|window| window == WRITTEN)
    {
        let (before, after) = bytes.split_at(at);
        let after = after.get(WRITTEN.len()..)?;
        let end = after.iter().position(|byte| *byte == b'"')?;
        let number: usize = str::from_utf8(after.get(..end)?).ok()?.parse().ok()?;
        parts.push((before.to_vec(), left.get_mut(number)?.take()?));
        bytes = after.get(end + 1..)?;
    }
    let all = left.iter().all(Option::is_none);
    let end = bytes.to_vec();
    all.then_some(Template { parts, end })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{Leaf, rows::Rows};

    fn entry() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            Just("a".to_owned()),
            Just(format!("{MARK}0")),
            "[\"\\\\\u{1}é]{0,3}",
        ];
        let int = prop_oneof![
            any::<i64>().prop_map(Value::from),
            Just(Value::from(u64::MAX)),
            Just(Value::Null)
        ];
        let counters = (any::<u32>(), 0..9u64)
            .prop_map(|(a, b)| json!({"egress_bytes": a, "egress_packets": b, "ingress_bytes": b}));
        (
            prop::sample::select(vec!["flow", "uplink", "gap"]),
            text.clone(),
            prop::option::of(text),
            int,
            counters.clone(),
            counters,
        )
            .prop_map(|(tag, one, other, int, counters, before)| {
                json!({
                    "type": tag,
                    "counters": counters,
                    "slot": int,
                    "odd": one,
                    "record": {"address": one, "port": int, "counters": before},
                    "judged": {
                        "product": other,
                        "reason": one,
                        "flow": {"flow": {"flow": {"record": {
                            "counters": before, "process": {"comm": other}, "last_ns": int,
                        }}}},
                    },
                })
            })
    }

    proptest! {
        /// They are the leaves that were logged, and the same as the slow way makes.
        #[test]
        fn leaves_are_those_that_were_logged(entries in prop::collection::vec(entry(), 1..20)) {
            let mut rows = Rows::new();
            let mut logged = Vec::new();
            for (n, entry) in (1..).zip(entries) {
                let leaf = Leaf::of(n, 7, entry);
                let contexts = leaf.contexts.iter().map(|(digest, bytes)| (*digest, Bytes::copy_from_slice(bytes)));
                rows.add(&leaf.bytes, &contexts.collect()).unwrap();
                logged.push(leaf.bytes);
            }
            let batch = rows.finish();
            let again = Again::new(&batch, true);
            let mut leaves = Leaves::new(&batch);
            let mut leaf = Vec::new();
            for (row, wanted) in logged.iter().enumerate() {
                prop_assert_eq!(&again.leaf(row).unwrap(), wanted);
                leaves.leaf(row, &mut leaf).unwrap();
                prop_assert_eq!(&leaf, wanted);
            }
        }
    }

    #[test]
    fn a_text_that_looks_like_a_hole_is_none() {
        let holes = [Hole::Column(0)];
        assert!(split(b"{\"a\":\"\\u0001hole 0\"}", &holes).is_some());
        assert!(split(b"{\"a\":\"\\u0001hole 0\",\"b\":\"\\u0001hole 0\"}", &holes).is_none());
        assert!(split(b"{\"a\":\"\\u0001hole 7\"}", &holes).is_none());
        assert!(split(b"{}", &holes).is_none());
    }
}
