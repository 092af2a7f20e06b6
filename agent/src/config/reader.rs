//! From the text of the file to its values, by the schema, with every error of the text.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use serde_json::{Map, Value, json};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{judge, keys, schema};
use crate::policy::{Problems, Source, describe, integer, nearest, parse};

/// What a file says, and where.
pub(super) struct Read {
    /// Sections with their keys, as JSON.
    pub(super) values: Map<String, Value>,
    /// Where the value of each key stands: `metrics.listen`, `notify.webhook[0].url`.
    pub(super) places: BTreeMap<String, Range<usize>>,
    /// What is wrong.
    pub(super) problems: Problems,
}

/// Reads the file; what is faulty is reported and left out.
pub(super) fn read(source: &Arc<Source>, root: &Value) -> Read {
    let mut problems = Problems::new(Arc::clone(source));
    let table = parse(&source.text, &mut problems);
    let mut reader = Reader {
        root,
        places: BTreeMap::new(),
        problems,
    };
    let values = table.map(|table| reader.table(root, &table, "", 0..0));
    Read {
        values: values.unwrap_or_default(),
        places: reader.places,
        problems: reader.problems,
    }
}

struct Reader<'s> {
    root: &'s Value,
    places: BTreeMap<String, Range<usize>>,
    problems: Problems,
}

impl Reader<'_> {
    fn table(
        &mut self,
        schema: &Value,
        table: &DeTable<'_>,
        path: &str,
        span: Range<usize>,
    ) -> Map<String, Value> {
        let shown = shown(path);
        for key in schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let Some(name) = key.as_str().filter(|name| !table.contains_key(*name)) else {
                continue;
            };
            let key = schema::key(schema, name);
            let message = format!("{shown} lacks `{name}`");
            self.problems.report(
                span.clone(),
                message,
                format!("add `{}`", example(name, key)),
            );
        }
        let mut values = Map::new();
        for (key, value) in table {
            let name: &str = key.get_ref();
            let Some(below) = schema::key(schema, name) else {
                let message = format!("unknown key `{}` in {shown}", name.escape_debug());
                let help = self.unknown(schema, path, name);
                self.problems.report(key.span(), message, help);
                continue;
            };
            let path = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            };
            if let Some(read) = self.value(below, value, &path, name) {
                values.insert(name.to_owned(), read);
            }
        }
        values
    }

    fn value(
        &mut self,
        schema: &Value,
        value: &Spanned<DeValue<'_>>,
        path: &str,
        name: &str,
    ) -> Option<Value> {
        self.places.insert(path.to_owned(), value.span());
        let bare = schema::resolved(self.root, schema);
        match (schema::type_of(bare), value.get_ref()) {
            ("object", DeValue::Table(table)) => {
                Some(self.table(bare, table, path, value.span()).into())
            }
            ("array", DeValue::Array(items)) => {
                if items.is_empty() {
                    let message = format!("`{name}` is an empty array");
                    let help = "name at least one, or leave the key out";
                    self.problems.report(value.span(), message, help);
                }
                let below = bare.get("items").unwrap_or(&Value::Null);
                let read: Vec<Value> = items
                    .iter()
                    .enumerate()
                    .filter_map(|(at, item)| {
                        self.value(below, item, &format!("{path}[{at}]"), name)
                    })
                    .collect();
                Some(read.into())
            }
            (kind, found) => match scalar(kind, found) {
                Some(read) => match judge::judge(bare, name, &read) {
                    Ok(()) => Some(read),
                    Err((message, help)) => {
                        self.problems.report(value.span(), message, help);
                        None
                    }
                },
                None => {
                    let message = format!(
                        "`{name}` must be {}, not {}",
                        self.expected(bare),
                        describe(found)
                    );
                    let help = self.help(schema, path, name);
                    self.problems.report(value.span(), message, help);
                    None
                }
            },
        }
    }

    /// What a value must be, as messages say it.
    fn expected(&self, schema: &Value) -> &'static str {
        match schema::type_of(schema) {
            "object" => "a table",
            "array" if schema::is_tables(self.root, schema) => "an array of tables",
            "array" => "an array of strings",
            "boolean" => "a boolean",
            "integer" => "an integer",
            _ => "a string",
        }
    }

    /// How a value is written.
    fn help(&self, schema: &Value, path: &str, name: &str) -> String {
        let bare = schema::resolved(self.root, schema);
        match schema::type_of(bare) {
            "object" => format!("write it as a section: `[{path}]`"),
            "array" if schema::is_tables(self.root, bare) => {
                format!("write each as a table of its own: `[[{path}]]`")
            }
            _ => format!("for example `{}`", example(name, Some(schema))),
        }
    }

    /// What may be meant by a key that is not known.
    fn unknown(&self, table: &Value, path: &str, name: &str) -> String {
        let known = || schema::keys(table).map(|(known, _)| known);
        if let Some(near) = nearest(name, known()) {
            return format!("did you mean `{near}`?");
        }
        // One of the command line, or of another section.
        let option = name.replace('-', "_");
        if let Some(key) = keys::KEYS.iter().find(|key| key.option == option) {
            let (section, name) = key.parts();
            return format!("that is `{name}` in [{section}]");
        }
        let elsewhere: Vec<String> = schema::keys(self.root)
            .filter(|(section, _)| *section != path)
            .filter(|(_, below)| schema::key(schema::resolved(self.root, below), name).is_some())
            .map(|(section, _)| format!("[{section}]"))
            .collect();
        if !elsewhere.is_empty() {
            return format!("it stands in {}", elsewhere.join(" or "));
        }
        let known: Vec<&str> = known().collect();
        format!("{} knows {}", shown(path), known.join(", "))
    }
}

/// A value that is neither table nor array, if it is of the type that is asked for.
fn scalar(kind: &str, value: &DeValue<'_>) -> Option<Value> {
    match (kind, value) {
        ("string", DeValue::String(text)) => Some(json!(text)),
        ("boolean", DeValue::Boolean(flag)) => Some(json!(flag)),
        // A number that no integer holds is judged as one that is too large.
        ("integer", DeValue::Integer(number)) => {
            Some(json!(integer::<i64>(number).unwrap_or(i64::MAX)))
        }
        _ => None,
    }
}

/// `listen = "127.0.0.1:9184"`, or the key alone where nothing is known of it.
fn example(name: &str, schema: Option<&Value>) -> String {
    let example = schema.and_then(schema::example);
    example.map_or_else(|| name.to_owned(), |example| format!("{name} = {example}"))
}

/// What messages call a table.
fn shown(path: &str) -> String {
    match path.split_once('[') {
        Some((table, _)) => format!("[[{table}]]"),
        None if path.is_empty() => "the file".to_owned(),
        None => format!("[{path}]"),
    }
}
