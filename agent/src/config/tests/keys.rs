//! Schema, sections and list of keys agree.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

#[test]
fn every_key_stands_in_its_section() {
    let root = schema();
    let leaves: BTreeSet<String> = schema::leaves(&root)
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    let keys: BTreeSet<String> = KEYS.iter().map(|key| key.path.to_owned()).collect();
    let of_options: BTreeSet<String> = leaves
        .iter()
        .filter(|path| !path.starts_with("notify."))
        .cloned()
        .collect();
    assert_eq!(keys, of_options, "a key without option, or the reverse");
}

/// Every schema within, at its key.
fn each(root: &Value, look: &mut impl FnMut(&str, &Value)) {
    for (section, below) in keys_in(root) {
        for (name, schema) in keys_in(resolved(root, below)) {
            look(&format!("{section}.{name}"), schema);
            let items = schema.get("items").map(|items| resolved(root, items));
            for (inner, schema) in items.into_iter().flat_map(keys_in) {
                look(&format!("{section}.{name}.{inner}"), schema);
            }
        }
    }
}

/// Messages and the example have something to show for each.
#[test]
fn every_key_is_explained_and_shown() {
    let root = schema();
    each(&root, &mut |path, schema| {
        assert!(schema.get("description").is_some(), "{path}");
        if !is_tables(&root, schema) {
            assert!(example(schema).is_some(), "{path} lacks an example");
        }
    });
}

/// A format that the reader does not know would let anything pass.
#[test]
fn every_format_has_its_reader() {
    let root = schema();
    let mut formats = 0;
    let mut look = |path: &str, schema: &Value| {
        let Some(format) = schema.get("format").and_then(Value::as_str) else {
            return;
        };
        formats += 1;
        let known = super::super::values::FORMATS
            .iter()
            .any(|(known, _)| *known == format);
        assert!(known, "{path}: {format}");
    };
    each(&root, &mut look);
    assert!(formats > 8);
}

/// A reader that takes a key for nothing would be worse than none: shapes of types that
/// it does not know are not among the sections.
#[test]
fn every_key_has_a_type_that_the_reader_knows() {
    let root = schema();
    each(&root, &mut |path, schema| {
        let kind = type_of(resolved(&root, schema));
        let known = ["string", "integer", "boolean", "array"];
        assert!(known.contains(&kind), "{path}: {schema}");
    });
}
