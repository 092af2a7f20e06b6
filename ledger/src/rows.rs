//! Entries as columns, and back.

use std::{collections::HashMap, hash::Hash};

use bytes::Bytes;
use serde_json::Value;

use crate::{
    LedgerError,
    canonical::canonical,
    layout::{COLUMNS, Kind, column, layout_of},
    leaf::{self, take},
    values::{Ints, NONE, Texts},
    veil::{VEILED, Veil},
};

/// The values of a column.
#[derive(Clone, Debug)]
pub enum Column {
    /// Of [`Kind::Int`] and [`Kind::Time`].
    Ints(Ints),
    /// Of the others.
    Texts(Texts),
}

/// Rows of some columns.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// How many rows.
    pub rows: usize,
    /// By place in [`COLUMNS`]; those that were not asked for are `None`.
    pub columns: Vec<Option<Column>>,
}

impl Batch {
    /// The integers of a column, if it was asked for.
    pub fn ints(&self, name: &str) -> Option<&Ints> {
        match self.columns.get(column(name)?)?.as_ref()? {
            Column::Ints(values) => Some(values),
            Column::Texts(_) => None,
        }
    }

    /// The texts of a column, if it was asked for.
    pub fn texts(&self, name: &str) -> Option<&Texts> {
        match self.columns.get(column(name)?)?.as_ref()? {
            Column::Texts(values) => Some(values),
            Column::Ints(_) => None,
        }
    }

    pub(crate) fn int(&self, name: &str, row: usize) -> Option<i64> {
        self.ints(name)?.get(row)
    }

    pub(crate) fn text(&self, name: &str, row: usize) -> Option<&str> {
        str::from_utf8(self.texts(name)?.get(row)?).ok()
    }

    /// Place in the log and time of a row.
    pub(crate) fn head(&self, row: usize) -> Option<(u64, i64)> {
        let seq = u64::try_from(self.int("seq", row)?).ok()?;
        Some((seq, self.int("time", row)?))
    }
}

/// Texts with their places.
#[derive(Debug, Default)]
struct TextsBuilder<K> {
    texts: Texts,
    places: HashMap<K, u32>,
}

impl<K: Eq + Hash> TextsBuilder<K> {
    fn add(&mut self, key: K, text: impl FnOnce() -> Bytes) {
        let next = u32::try_from(self.texts.dictionary.len()).unwrap_or(NONE);
        let dictionary = &mut self.texts.dictionary;
        let place = *self.places.entry(key).or_insert_with(|| {
            dictionary.push(text());
            next
        });
        self.texts.rows.push(place);
    }

    fn skip(&mut self) {
        self.texts.rows.push(NONE);
    }
}

#[derive(Debug)]
enum Builder {
    Ints(Vec<Option<i64>>),
    Texts(TextsBuilder<Bytes>),
    Contexts(TextsBuilder<[u8; 32]>),
}

/// A context that is kept whole: its column, its digest and its bytes.
type Whole<'a> = (&'a str, [u8; 32], &'a Bytes);

/// What contexts say that can be asked for.
#[derive(Clone, Debug, Default)]
struct Said(Vec<(&'static str, Bytes)>);

/// Makes columns of leaves.
#[derive(Debug)]
pub(crate) struct Rows {
    builders: Vec<Builder>,
    rows: usize,
    said: HashMap<[u8; 32], Said>,
    absent: Absent,
}

/// What becomes of a context that is only referred to.
#[derive(Debug)]
enum Absent {
    /// It has to be there.
    Refused,
    /// It is withheld.
    Admitted,
    /// Some are to be withheld.
    Veiled(Veil),
}

impl Rows {
    pub(crate) fn new() -> Self {
        let builders = COLUMNS.iter().map(|column| match column.kind {
            Kind::Int | Kind::Time => Builder::Ints(Vec::new()),
            Kind::Text | Kind::Derived => Builder::Texts(TextsBuilder::default()),
            Kind::Context => Builder::Contexts(TextsBuilder::default()),
        });
        Self {
            builders: builders.collect(),
            rows: 0,
            said: HashMap::new(),
            absent: Absent::Refused,
        }
    }

    /// Of leaves whose contexts may be withheld.
    pub(crate) fn lenient() -> Self {
        Self {
            absent: Absent::Admitted,
            ..Self::new()
        }
    }

    /// With contexts withheld.
    pub(crate) fn veiled(veil: Veil) -> Self {
        Self {
            absent: Absent::Veiled(veil),
            ..Self::new()
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Adds a row: a leaf, and where its contexts are.
    pub(crate) fn add(
        &mut self,
        leaf: &[u8],
        contexts: &HashMap<[u8; 32], Bytes>,
    ) -> Result<(), LedgerError> {
        let odd = |what: &str| LedgerError::Entry(format!("a leaf without {what}"));
        let mut leaf: Value =
            serde_json::from_slice(leaf).map_err(|error| LedgerError::Entry(error.to_string()))?;
        let seq = leaf["seq"].as_i64().ok_or_else(|| odd("a number"))?;
        let time = leaf["time_ns"].as_i64().ok_or_else(|| odd("a time"))?;
        let mut entry = leaf["entry"].take();
        let tag = match take(&mut entry, "/type") {
            Some(Value::String(tag)) => tag,
            _ => return Err(odd("a type")),
        };
        let mut ints = vec![("seq", seq), ("time", time)];
        let mut texts = Vec::new();
        let mut whole = Vec::new();
        if let Some(layout) = layout_of(&tag) {
            // Sums first: what they are added to is still in the entry.
            for (name, at, add) in layout.sums {
                let added = layout.at.iter().find(|(column, _)| column == add);
                let added = added.and_then(|(_, at)| leaf::at(&entry, at)?.as_i64());
                let sum = leaf::at(&entry, at).and_then(Value::as_i64);
                if let Some(before) = sum.zip(added).and_then(|(sum, part)| sum.checked_sub(part))
                    && take(&mut entry, at).is_some()
                {
                    ints.push((name, before));
                }
            }
            for (name, at) in layout.at {
                let is_int = column(name).is_some_and(|n| COLUMNS[n].kind == Kind::Int);
                match leaf::at(&entry, at) {
                    Some(Value::Number(number)) if is_int => {
                        let Some(value) = number.as_i64() else {
                            continue;
                        };
                        take(&mut entry, at);
                        ints.push((name, value));
                    }
                    Some(Value::String(_)) if !is_int => {
                        if let Some(Value::String(text)) = take(&mut entry, at) {
                            texts.push((*name, text));
                        }
                    }
                    _ => {}
                }
            }
            for (name, at) in layout.contexts {
                if let Some(digest) = leaf::at(&entry, at).and_then(leaf::referred) {
                    let context = match (contexts.get(&digest), &self.absent) {
                        (Some(context), Absent::Veiled(veil)) if VEILED.contains(name) => {
                            if let Some(workload) = veil.workload(name, context) {
                                texts.push(("workload", workload));
                            }
                            continue;
                        }
                        (Some(context), _) => context,
                        (None, Absent::Admitted) => continue,
                        (None, _) => return Err(odd("one of its contexts")),
                    };
                    take(&mut entry, at);
                    whole.push((*name, digest, context));
                }
            }
        }
        texts.push(("type", tag));
        texts.push((
            "rest",
            String::from_utf8_lossy(&canonical(&entry)).into_owned(),
        ));
        self.put(&ints, texts, &whole)
    }

    fn put(
        &mut self,
        ints: &[(&str, i64)],
        texts: Vec<(&str, String)>,
        whole: &[Whole<'_>],
    ) -> Result<(), LedgerError> {
        self.rows += 1;
        for (name, value) in ints {
            if let Some(Builder::Ints(values)) = self.builder(name) {
                values.push(Some(*value));
            }
        }
        for (name, text) in texts {
            self.text(name, text.into_bytes().into());
        }
        let mut derived: Vec<(&'static str, Bytes)> = Vec::new();
        for (name, digest, context) in whole {
            if let Some(Builder::Contexts(contexts)) = self.builder(name) {
                contexts.add(*digest, || (*context).clone());
            }
            let said = self
                .said
                .entry(*digest)
                .or_insert_with(|| Said(derive(name, context)));
            derived.extend(said.0.iter().cloned());
        }
        // An address that is announced from several places is in no country.
        let anycast = derived.iter().any(|(name, _)| name.is_empty());
        for (name, text) in derived {
            if !(name.is_empty() || anycast && name == "hosted_in") {
                self.text(name, text);
            }
        }
        let rows = self.rows;
        for builder in &mut self.builders {
            match builder {
                Builder::Ints(values) if values.len() < rows => values.push(None),
                Builder::Texts(texts) if texts.texts.rows.len() < rows => texts.skip(),
                Builder::Contexts(texts) if texts.texts.rows.len() < rows => texts.skip(),
                _ => {}
            }
            let length = match builder {
                Builder::Ints(values) => values.len(),
                Builder::Texts(texts) => texts.texts.rows.len(),
                Builder::Contexts(texts) => texts.texts.rows.len(),
            };
            if length != rows {
                return Err(LedgerError::Entry("a column has two values".to_owned()));
            }
        }
        Ok(())
    }

    fn builder(&mut self, name: &str) -> Option<&mut Builder> {
        self.builders.get_mut(column(name)?)
    }

    fn text(&mut self, name: &str, text: Bytes) {
        if let Some(Builder::Texts(texts)) = self.builder(name) {
            texts.add(text.clone(), || text);
        }
    }

    /// The columns so far.
    pub(crate) fn finish(self) -> Batch {
        let columns = self.builders.into_iter().map(|builder| {
            Some(match builder {
                Builder::Ints(values) => Column::Ints(Ints::Optional(values)),
                Builder::Texts(texts) => Column::Texts(texts.texts),
                Builder::Contexts(texts) => Column::Texts(texts.texts),
            })
        });
        Batch {
            rows: self.rows,
            columns: columns.collect(),
        }
    }
}

/// What a context says for the columns that repeat it. Without a name: that the
/// address is in several places.
pub(crate) fn derive(name: &str, context: &[u8]) -> Vec<(&'static str, Bytes)> {
    let Ok(value) = serde_json::from_slice::<Value>(context) else {
        return Vec::new();
    };
    let text = |at: &str| -> Option<Bytes> { Some(value.pointer(at)?.as_str()?.to_owned().into()) };
    let several = |at: &str| -> Option<Bytes> { (value.pointer(at)?.as_bool()?).then(Bytes::new) };
    let found: Vec<(&'static str, Option<Bytes>)> = match name {
        "workload_facts" => vec![("workload", text("/name"))],
        "names" => vec![("name", first_name(&value))],
        "place" => vec![
            ("organisation", text("/operator/value/organisation")),
            ("hosted_in", text("/hosted_in/value")),
            ("", several("/anycast/value")),
        ],
        "operator" => vec![
            ("provider", text("/provider")),
            ("domicile", text("/country")),
            ("", several("/anycast")),
        ],
        _ => Vec::new(),
    };
    found
        .into_iter()
        .filter_map(|(name, text)| Some((name, text?)))
        .collect()
}

/// The first name of the best grade.
fn first_name(names: &Value) -> Option<Bytes> {
    let names = names.get("names")?.as_array()?;
    ["answered", "answered_untrusted", "presented"]
        .into_iter()
        .find_map(|grade| names.iter().find(|name| name["grade"] == grade))
        .and_then(|name| Some(name["name"].as_str()?.to_owned().into()))
}
