//! Keys that the environment overrides: `WEIR_METRICS_LISTEN` is `listen` of `[metrics]`.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, sync::Arc};

use serde_json::{Map, Value, json};

use super::{judge, schema};
use crate::policy::{Problems, Source, nearest};

/// Variables that are no keys of the file, and not misspelt.
pub(super) const OTHERS: [&str; 2] = ["WEIR_CONFIG", "WEIR_LOG"];

/// The variable of a key, such as `metrics.listen`.
pub fn variable(path: &str) -> String {
    format!("WEIR_{}", path.replace('.', "_").to_ascii_uppercase())
}

/// What the environment says.
pub(super) struct Environment {
    /// By key; an empty variable says nothing.
    pub(super) values: BTreeMap<String, Value>,
    /// What is wrong.
    pub(super) problems: Problems,
    /// Variables that look like one of a key and are none, with the one that is near.
    pub(super) unknown: Vec<(String, Option<String>)>,
}

impl Environment {
    /// Reads it. Lists are written with commas.
    pub(super) fn read(
        variables: impl Iterator<Item = (OsString, OsString)>,
        root: &Value,
    ) -> Self {
        let ours: BTreeMap<String, OsString> = variables
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, value)| name.starts_with("WEIR_") && !value.is_empty())
            .collect();
        let lines = ours
            .iter()
            .map(|(name, value)| format!("{name}={}\n", value.to_string_lossy()));
        let source = Arc::new(Source {
            name: "environment".to_owned(),
            path: PathBuf::from("environment"),
            text: lines.collect(),
        });
        let leaves: BTreeMap<String, (String, Value)> = schema::leaves(root)
            .into_iter()
            .map(|(path, schema)| (variable(&path), (path, schema)))
            .collect();
        let mut read = Self {
            values: BTreeMap::new(),
            problems: Problems::new(source),
            unknown: Vec::new(),
        };
        let mut at = 0;
        for (name, value) in &ours {
            let text = value.to_string_lossy();
            let start = at + name.len() + 1;
            at = start + text.len() + 1;
            let Some((path, schema)) = leaves.get(name) else {
                if !OTHERS.contains(&name.as_str()) {
                    let near = nearest(name, leaves.keys().map(String::as_str));
                    read.unknown.push((name.clone(), near.map(str::to_owned)));
                }
                continue;
            };
            let taken = match value.to_str() {
                Some(text) => value_of(schema::resolved(root, schema), root, name, text),
                None => Err((
                    format!("`{name}` is not UTF-8"),
                    "write it as UTF-8".to_owned(),
                )),
            };
            match taken {
                Ok(value) => drop(read.values.insert(path.clone(), value)),
                Err((message, help)) => {
                    read.problems
                        .report(start..start + text.len(), message, help);
                }
            }
        }
        read
    }
}

/// Puts a value into its section.
pub(super) fn put(values: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((section, key)) = path.split_once('.') else {
        return;
    };
    let section = values
        .entry(section)
        .or_insert_with(|| Value::Object(Map::new()));
    if let Some(section) = section.as_object_mut() {
        section.insert(key.to_owned(), value);
    }
}

fn value_of(schema: &Value, root: &Value, name: &str, text: &str) -> Result<Value, judge::Fault> {
    let value = match schema::type_of(schema) {
        "boolean" => match text {
            "true" => json!(true),
            "false" => json!(false),
            _ => {
                let message = format!("`{}` is no value of `{name}`", text.escape_debug());
                return Err((message, "write `true` or `false`".to_owned()));
            }
        },
        "integer" => match text.parse::<i64>() {
            Ok(number) => json!(number),
            Err(_) => {
                let message = format!("`{}` is no value of `{name}`", text.escape_debug());
                return Err((message, "write a whole number".to_owned()));
            }
        },
        "array" => {
            let below = schema.get("items").unwrap_or(&Value::Null);
            let below = schema::resolved(root, below);
            let items = text.split(',').map(str::trim);
            let items: Result<Vec<Value>, judge::Fault> = items
                .map(|item| {
                    let item = json!(item);
                    judge::judge(below, name, &item).map(|()| item)
                })
                .collect();
            return Ok(items?.into());
        }
        _ => json!(text),
    };
    judge::judge(schema, name, &value)?;
    Ok(value)
}
