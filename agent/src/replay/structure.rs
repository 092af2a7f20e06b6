//! Two sets of allowlists compared as text: what was added, removed and changed, key by
//! key, in the words of the files.
//!
//! The order of tables, of keys and within arrays never matters to a set, and one value is
//! the same as an array of it; so none of that is a difference.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use toml::{Table, Value};

use crate::policy::Source;

/// What happened to a part of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// Only the second set has it.
    Added,
    /// Only the first set has it.
    Removed,
    /// Both have it, with other values.
    Changed,
}

/// A key with both values; `None` where it is not set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeyChange {
    /// The key.
    pub key: String,
    /// Its value in the first set.
    pub before: Option<Value>,
    /// Its value in the second.
    pub after: Option<Value>,
}

/// A part of a set that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartChange {
    /// The file.
    pub file: String,
    /// The section, such as `allow`; `None` for the keys of the file itself.
    pub section: Option<String>,
    /// What tells it from others of its section: its id, its name, or what it holds.
    pub id: Option<String>,
    /// What happened to it.
    pub edit: Edit,
    /// Its keys that differ, by name: all of them if it was added or removed.
    pub keys: Vec<KeyChange>,
}

/// Compares two valid sets. Parts are in the order of files, sections and ids.
pub fn compare(before: &[Source], after: &[Source]) -> Vec<PartChange> {
    let (before, after) = (parts(before), parts(after));
    let all: BTreeSet<&Part> = before.keys().chain(after.keys()).collect();
    all.into_iter()
        .filter_map(|part| change(part, before.get(part), after.get(part)))
        .collect()
}

/// File, section, and what tells a table from others of its section.
type Part = (String, Option<String>, Option<String>);

fn change(part: &Part, before: Option<&Table>, after: Option<&Table>) -> Option<PartChange> {
    let edit = match (before, after) {
        (None, _) => Edit::Added,
        (_, None) => Edit::Removed,
        _ => Edit::Changed,
    };
    let value = |table: Option<&Table>, key: &str| table.and_then(|table| table.get(key)).cloned();
    let keys: BTreeSet<&String> = [before, after]
        .into_iter()
        .flatten()
        .flat_map(Table::keys)
        .collect();
    let keys: Vec<_> = keys
        .into_iter()
        .map(|key| KeyChange {
            key: key.clone(),
            before: value(before, key),
            after: value(after, key),
        })
        .filter(|key| !same(key.before.as_ref(), key.after.as_ref()))
        .collect();
    let (file, section, id) = part.clone();
    (edit != Edit::Changed || !keys.is_empty()).then_some(PartChange {
        file,
        section,
        id,
        edit,
        keys,
    })
}

fn same(before: Option<&Value>, after: Option<&Value>) -> bool {
    before.map(normal) == after.map(normal)
}

/// Every table of a set. Sets that were read as valid have no text that is no TOML.
fn parts(sources: &[Source]) -> BTreeMap<Part, Table> {
    let mut parts = BTreeMap::new();
    for source in sources {
        let Ok(file) = source.text.parse::<Table>() else {
            continue;
        };
        let mut own = Table::new();
        for (key, value) in file {
            match tables(value) {
                Ok(tables) => {
                    for table in tables {
                        let id = identity(&key, &table);
                        parts.insert((source.name.clone(), Some(key.clone()), Some(id)), table);
                    }
                }
                Err(value) => {
                    own.insert(key, value);
                }
            }
        }
        parts.insert((source.name.clone(), None, None), own);
    }
    parts
}

/// The tables of an array of tables; the value itself if it is none.
fn tables(value: Value) -> Result<Vec<Table>, Value> {
    match value {
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_table) => Ok(items
            .into_iter()
            .filter_map(|item| match item {
                Value::Table(table) => Some(table),
                _ => None,
            })
            .collect()),
        value => Err(value),
    }
}

/// What tells a table from others: an id, a name with its first day, a network, addresses,
/// or else all that it holds.
fn identity(section: &str, table: &Table) -> String {
    let text = |key: &str| table.get(key).map(shown);
    match section {
        "set" => [text("name"), text("from")]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" from "),
        "internal" => text("cidr").unwrap_or_default(),
        "resolver" => text("address").unwrap_or_default(),
        _ => text("id").unwrap_or_else(|| {
            let keys = table
                .iter()
                .map(|(key, value)| format!("{key} = {}", shown(&normal(value))));
            keys.collect::<Vec<_>>().join(", ")
        }),
    }
}

/// A value whose order and nesting do not differ where that means nothing.
fn normal(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(normal).collect();
            items.sort_by_cached_key(ToString::to_string);
            match <[Value; 1]>::try_from(items) {
                Ok([one]) => one,
                Err(items) => Value::Array(items),
            }
        }
        Value::Table(table) => {
            let keys = table
                .iter()
                .map(|(key, value)| (key.clone(), normal(value)));
            Value::Table(keys.collect())
        }
        value => value.clone(),
    }
}

/// A value for people: texts without quotes, arrays with commas.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            items.join(", ")
        }
        value => value.to_string(),
    }
}
