//! The JSON Schema of the file: what the reader reads by, and what editors take.
//!
//! It follows from the types ([`Config`]), so that neither knows a key that the other does
//! not. Draft 7, which the editors' TOML extensions take.

use serde_json::{Map, Value};

use super::{Config, KEYS};

/// The schema, without what TOML does not have: null.
pub(crate) fn schema() -> Value {
    let generator = schemars::generate::SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<Config>().to_value();
    tidy(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".into(), "weir.toml".into());
    }
    schema
}

/// Makes one schema say what a file of TOML may hold, and those within it.
fn tidy(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    // A key that is left out is left out; defaults come from the options.
    object.remove("default");
    let foreign = object
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|format| !format.starts_with("weir-"));
    if foreign {
        object.remove("format");
    }
    without_null(object);
    for (keyword, below) in object {
        match (keyword.as_str(), below) {
            ("properties" | "definitions", Value::Object(named)) => {
                named.values_mut().for_each(tidy);
            }
            ("items", below) => tidy(below),
            ("anyOf" | "oneOf" | "allOf", Value::Array(all)) => all.iter_mut().for_each(tidy),
            _ => {}
        }
    }
}

fn without_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|one| one != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            object.insert("type".into(), one);
        }
    }
    let Some(Value::Array(choices)) = object.get_mut("anyOf") else {
        return;
    };
    choices.retain(|one| one.get("type").is_none_or(|kind| kind != "null"));
    if let [Value::Object(only)] = choices.as_slice() {
        let only = only.clone();
        object.remove("anyOf");
        for (keyword, value) in only {
            object.entry(keyword).or_insert(value);
        }
    }
}

/// A schema with what it refers to in its place.
pub(crate) fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let mut found = schema;
    // References within references end: the types do.
    loop {
        let only = match found.get("allOf").and_then(Value::as_array) {
            Some(all) if all.len() == 1 => all.first(),
            _ => None,
        };
        let referred = found
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|name| root.pointer(name.trim_start_matches('#')));
        match only.or(referred) {
            Some(next) => found = next,
            None => return found,
        }
    }
}

/// The sections, in the order in which they are shown.
pub(crate) fn sections(root: &Value) -> Vec<(&str, &Value)> {
    let mut sections: Vec<(&str, &Value)> = keys(root).collect();
    sections.sort_by_key(|(name, _)| {
        let key = KEYS.iter().position(|key| key.parts().0 == *name);
        key.unwrap_or(usize::MAX)
    });
    sections
}

/// The keys of a section or of a table in it, in the order in which they are shown: as the
/// options are; of others, the name first and then what must be there.
pub(crate) fn ordered<'s>(path: &str, schema: &'s Value) -> Vec<(&'s str, &'s Value)> {
    let mut found: Vec<(&str, &Value)> = keys(schema).collect();
    found.sort_by_key(|(name, _)| {
        let path = format!("{path}.{name}");
        let option = KEYS.iter().position(|key| key.path == path);
        (option, *name != "name", !required(schema, name))
    });
    found
}

/// Whether a table is faulty without a key.
pub(crate) fn required(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|one| one == name))
}

/// The schemas of the keys of a table.
pub(crate) fn keys(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.as_str(), schema))
}

/// The schema of one key of a table.
pub(crate) fn key<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    schema.get("properties")?.get(name)
}

/// What type a schema asks for, in the words of JSON Schema; nothing of several.
pub(crate) fn type_of(schema: &Value) -> &str {
    match schema.get("type").and_then(Value::as_str) {
        Some(kind) => kind,
        None if !words(schema).is_empty() => "string",
        None => "",
    }
}

/// The words of a choice; none if it is no choice.
pub(crate) fn words(schema: &Value) -> Vec<&str> {
    let listed = schema.get("enum").and_then(Value::as_array);
    let described = schema.get("oneOf").and_then(Value::as_array);
    let described = described
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("const").or_else(|| one.get("enum")?.get(0)));
    let words = listed.into_iter().flatten().chain(described);
    words.filter_map(Value::as_str).collect()
}

/// How a value of the schema is written, as TOML; nothing where it has no example.
pub(crate) fn example(schema: &Value) -> Option<String> {
    Some(written(schema.get("examples")?.get(0)?))
}

/// A value without tables as TOML has it.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// Every key that holds one value or a list of them, as `section.key` with its schema, in
/// the order of the sections' names.
pub(crate) fn leaves(root: &Value) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    for (section, schema) in keys(root) {
        for (name, schema) in keys(resolved(root, schema)) {
            if !is_tables(root, schema) {
                leaves.push((format!("{section}.{name}"), schema.clone()));
            }
        }
    }
    leaves
}

/// Whether a key holds tables.
pub(crate) fn is_tables(root: &Value, schema: &Value) -> bool {
    let schema = resolved(root, schema);
    let items = schema.get("items").map(|items| resolved(root, items));
    items.is_some_and(|items| type_of(items) == "object") || type_of(schema) == "object"
}
