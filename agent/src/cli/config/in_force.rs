//! What holds for each key, and since where.

use clap::{ArgMatches, parser::ValueSource};
use serde_json::{Value, json};

use crate::{
    config::{KEYS, Key, Loaded, Origin, is_tables, keys_in, resolved, schema, type_of, variable},
    policy::Position,
};

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InForce {
    /// `metrics.listen`, `notify.webhook[0].url`.
    pub(super) path: String,
    /// Its value; null where there is none.
    pub(super) value: Value,
    /// What that means, where there is none.
    pub(super) unset: &'static str,
    /// Where it comes from.
    pub(super) origin: Origin,
    /// The option of the command line.
    pub(super) option: Option<String>,
    /// The variable of the environment.
    pub(super) variable: Option<String>,
}

impl InForce {
    /// The value as text, if there is one.
    pub(super) fn text(&self) -> Option<String> {
        match &self.value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Array(items) => {
                let items = items.iter().map(|item| match item {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                });
                Some(items.collect::<Vec<_>>().join(", "))
            }
            other => Some(other.to_string()),
        }
    }
}

/// Every key that is an option, by what the command line of `weir run` came to.
pub(super) fn options(matches: &ArgMatches, loaded: &Loaded) -> Vec<InForce> {
    let root = schema();
    KEYS.iter()
        .map(|key| InForce {
            path: key.path.to_owned(),
            value: value(key, matches, &root),
            unset: key.unset,
            origin: match matches.value_source(key.option) {
                Some(ValueSource::CommandLine) => Origin::CommandLine,
                _ => loaded.origin(key.path),
            },
            option: Some(format!("--{}", key.option.replace('_', "-"))),
            variable: Some(variable(key.path)),
        })
        .collect()
}

fn value(key: &Key, matches: &ArgMatches, root: &Value) -> Value {
    let Some(raw) = matches.get_raw(key.option) else {
        return Value::Null;
    };
    let mut texts: Vec<String> = raw
        .map(|text| text.to_string_lossy().into_owned())
        .collect();
    let (section, name) = key.parts();
    let kind = keys_in(root)
        .find(|(known, _)| *known == section)
        .and_then(|(_, section)| keys_in(resolved(root, section)).find(|(known, _)| *known == name))
        .map_or("", |(_, schema)| type_of(resolved(root, schema)));
    match (kind, texts.as_slice()) {
        ("array", _) => json!(texts),
        ("integer" | "boolean", [one]) => serde_json::from_str(one).unwrap_or(Value::Null),
        _ => json!(texts.pop()),
    }
}

/// Ways out for findings, which have no options. What may hold a secret shows its
/// beginning.
pub(super) fn ways_out(loaded: &Loaded) -> Vec<InForce> {
    let root = schema();
    let mut found = Vec::new();
    let Some(section) = keys_in(&root)
        .find(|(section, _)| *section == "notify")
        .map(|(_, schema)| resolved(&root, schema))
    else {
        return found;
    };
    for (name, schema) in keys_in(section) {
        let path = format!("notify.{name}");
        let value = loaded.value(&path).cloned();
        if !is_tables(&root, schema) {
            let value = value.unwrap_or(Value::Null);
            found.push(way_out(
                loaded,
                path.clone(),
                value,
                schema,
                Some(variable(&path)),
            ));
            continue;
        }
        let items = schema.get("items").map(|items| resolved(&root, items));
        let tables = value.as_ref().and_then(Value::as_array);
        for (at, table) in tables.into_iter().flatten().enumerate() {
            for (name, schema) in items.into_iter().flat_map(keys_in) {
                if let Some(value) = table.get(name) {
                    let path = format!("{path}[{at}].{name}");
                    found.push(way_out(loaded, path, value.clone(), schema, None));
                }
            }
        }
    }
    found
}

fn way_out(
    loaded: &Loaded,
    path: String,
    value: Value,
    schema: &Value,
    variable: Option<String>,
) -> InForce {
    let secret = schema.get("x-weir-secret") == Some(&json!(true));
    InForce {
        origin: loaded.origin(&path),
        path,
        value: match value.as_str() {
            Some(text) if secret => json!(without_secrets(text)),
            _ => value,
        },
        unset: "",
        option: None,
        variable,
    }
}

/// Where a URL leads, without user, password, path and query: any of them may be what
/// admits to the other side.
pub(super) fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "…".to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, further) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let hidden = host.len() < authority.len() || !matches!(further, "" | "/");
    let end = if hidden { "/…" } else { further };
    format!("{scheme}://{host}{end}")
}

/// Where a value comes from, in a word.
pub(super) fn word(origin: &Origin) -> &'static str {
    match origin {
        Origin::Default => "default",
        Origin::File(_) => "file",
        Origin::Environment(_) => "environment",
        Origin::CommandLine => "command line",
    }
}

/// The line of the file that a value comes from.
pub(super) fn line(origin: &Origin) -> Option<usize> {
    match origin {
        Origin::File(Position { line, .. }) => Some(*line),
        _ => None,
    }
}
