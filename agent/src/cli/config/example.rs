//! `weir config example`: a file with every key, explained and commented out. Shipped as
//! `packaging/weir.toml`.

use std::fmt::Write as _;

use serde_json::Value;

use super::schema::default_of;
use crate::config::{
    CONFIG, KEYS, example, is_tables, ordered, required, resolved, schema, sections, written,
};

/// Columns of the comments.
const WIDTH: usize = 80;

/// The file.
pub(super) fn text() -> String {
    let root = schema();
    let mut text = String::new();
    comment(
        &format!(
            "Weir's config file, {CONFIG}, with every key. A key behind `#` shows what \
             holds without it, or, after \"For example\", how it is written: remove the `#` \
             and change the value."
        ),
        &mut text,
    );
    text.push_str("#\n");
    comment(
        "The command line comes first, then the environment (WEIR_METRICS_LISTEN is `listen` \
         of [metrics]), then this file. `weir config check` says what is wrong with it, `weir \
         config show` what is in force; docs/config.md has all of it in tables. The agent \
         reads it when it starts.",
        &mut text,
    );
    for (name, schema) in sections(&root) {
        text.push('\n');
        comment(description(schema), &mut text);
        // Writing to a string does not fail.
        let _ = writeln!(text, "[{name}]");
        for (key, schema) in ordered(name, resolved(&root, schema)) {
            if !is_tables(&root, schema) {
                one(&root, name, key, schema, &mut text);
            }
        }
        for (key, schema) in ordered(name, resolved(&root, schema)) {
            if is_tables(&root, schema) {
                table(&root, &format!("{name}.{key}"), schema, &mut text);
            }
        }
    }
    text
}

/// A key of a section.
fn one(root: &Value, section: &str, name: &str, schema: &Value, text: &mut String) {
    let path = format!("{section}.{name}");
    let key = KEYS.iter().find(|key| key.path == path);
    let default = key.and_then(|key| default_of(key, root));
    let mut explained = description(schema).to_owned();
    if default.is_none() {
        if let Some(key) = key.filter(|key| !key.unset.is_empty()) {
            let _ = write!(explained, " Without it: {}.", key.unset);
        }
        explained.push_str(" For example:");
    }
    text.push('\n');
    comment(&explained, text);
    let value = default.map(|default| written(&default));
    let value = value.or_else(|| example(schema)).unwrap_or_default();
    let _ = writeln!(text, "#{name} = {value}");
}

/// A kind of table that may stand several times.
fn table(root: &Value, path: &str, schema: &Value, text: &mut String) {
    let items = schema.get("items").map(|items| resolved(root, items));
    text.push('\n');
    comment(description(schema), text);
    let _ = writeln!(text, "#[[{path}]]");
    for (name, schema) in items.into_iter().flat_map(|items| ordered(path, items)) {
        let mut explained = description(schema).to_owned();
        if items.is_some_and(|items| required(items, name)) {
            explained.push_str(" Must be there.");
        }
        comment(&explained, text);
        let _ = writeln!(text, "#{name} = {}", example(schema).unwrap_or_default());
    }
}

/// What the type's documentation says of it, in one line.
pub(super) fn description(schema: &Value) -> &str {
    schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn comment(said: &str, text: &mut String) {
    let mut line = String::from("#");
    for word in said.split_whitespace() {
        if line.len() > 1 && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(text, "{line}");
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}
