//! JSON Schemas of the files, for editors.
//!
//! They follow from the sections that the reader reads by, so that neither knows a key
//! that the other does not. What a schema refuses, the reader refuses; the reader
//! refuses more, since much of what is wrong no schema can say. Draft 7, which the
//! editors' TOML extensions take.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::form::{FILES, Kind, Section};

/// Names of the schemas: the files that are reserved, and `product`.
pub fn schema_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// The schema of a kind of file, as text; `None` for a name that is none of
/// [`schema_names`].
pub fn schema(name: &str) -> Option<String> {
    let (_, section) = FILES.iter().find(|(known, _)| *known == name)?;
    let mut definitions = BTreeMap::new();
    let mut schema = table(section, &mut definitions);
    definitions.remove(section.name);
    let definitions: Map<String, Value> = definitions
        .into_iter()
        .filter_map(|(name, section)| Some((slug(name), section?)))
        .collect();
    schema.insert(
        "$schema".into(),
        json!("http://json-schema.org/draft-07/schema#"),
    );
    schema.insert("title".into(), json!(section.name));
    if !definitions.is_empty() {
        schema.insert("definitions".into(), Value::Object(definitions));
    }
    // An object of strings and numbers is always written.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    Some(text)
}

/// Tables by the section's name; `None` while one is being written, since tables may
/// hold tables of their own kind.
type Definitions = BTreeMap<&'static str, Option<Value>>;

fn table(section: &'static Section, definitions: &mut Definitions) -> Map<String, Value> {
    definitions.insert(section.name, None);
    let mut properties = Map::new();
    for key in section.keys {
        let mut value = of_kind(&key.kind, definitions);
        if let Some(object) = value.as_object_mut() {
            let (expects, example) = (key.kind.expects(), key.example);
            object.insert("description".into(), json!(format!("{expects}; {example}")));
        }
        properties.insert(key.name.to_owned(), value);
    }
    let required: Vec<&str> = section
        .keys
        .iter()
        .filter(|key| key.required)
        .map(|key| key.name)
        .collect();
    let mut table = Map::new();
    table.insert("type".into(), json!("object"));
    table.insert("properties".into(), Value::Object(properties));
    table.insert("additionalProperties".into(), json!(false));
    if !required.is_empty() {
        table.insert("required".into(), json!(required));
    }
    table
}

/// `[[set.conditional]]` is `set.conditional`.
fn slug(name: &str) -> String {
    name.trim_matches(['[', ']']).replace(' ', "-")
}

fn of_kind(kind: &Kind, definitions: &mut Definitions) -> Value {
    const ADDRESS: &str = "^[0-9A-Fa-f.:]+$";
    const NETWORK: &str = "^[0-9A-Fa-f.:]+/[0-9]{1,3}$";
    const HOST_NAME: &str = "^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$";
    const NAME: &str = "^(\\*\\.)?[a-z0-9_-]+(\\.[a-z0-9_-]+)*$";
    const TERRITORY: &str = "^[A-Za-z0-9_-]+$";
    let fits = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match kind {
        Kind::Text => fits("\\S"),
        Kind::Pattern(pattern) => fits(pattern),
        Kind::Word(words) => json!({ "type": "string", "enum": words }),
        Kind::Texts => array(&fits("\\S")),
        Kind::Words(_, words) => array(&json!({ "type": "string", "enum": words })),
        Kind::Patterns(_, pattern) => array(&fits(pattern)),
        Kind::AllOr(_, pattern) => {
            json!({ "anyOf": [{ "enum": ["all"] }, array(&fits(pattern))] })
        }
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::False => json!({ "type": "boolean", "enum": [false] }),
        Kind::Number(_, least, most) => integer(*least, *most),
        // A date or time of TOML is a text to a schema.
        Kind::Time => fits("^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?$"),
        Kind::Date => {
            json!({ "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" })
        }
        Kind::Moment => fits("^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?$"),
        Kind::Address => fits(ADDRESS),
        Kind::Network => fits(NETWORK),
        Kind::Networks => array(&fits(NETWORK)),
        Kind::Addresses => array(&fits(ADDRESS)),
        Kind::Names => array(&fits(NAME)),
        Kind::HostNames => array(&fits(HOST_NAME)),
        Kind::Country => fits("^[A-Z]{2}$"),
        Kind::Territory => fits(TERRITORY),
        Kind::Territories => array(&fits(TERRITORY)),
        Kind::Providers => array(&fits("^[a-z0-9][a-z0-9-]*$")),
        Kind::AsNumbers => array(&integer(1, i64::from(u32::MAX) - 1)),
        Kind::Ports => array(&json!({
            "anyOf": [integer(1, 65_535), fits("^[0-9]+(-[0-9]+)?$")],
        })),
        Kind::Protocol => {
            json!({ "anyOf": [{ "enum": ["tcp", "udp", "icmp"] }, integer(0, 255)] })
        }
        Kind::Protocols => {
            let one = of_kind(&Kind::Protocol, definitions);
            json!({ "anyOf": [one, array(&one)] })
        }
        Kind::Labels => {
            json!({ "type": "object", "additionalProperties": fits(""), "minProperties": 1 })
        }
        Kind::Table(section) => json!({ "allOf": [reference(section, definitions)] }),
        Kind::Tables(section) => {
            json!({ "type": "array", "items": reference(section, definitions) })
        }
    }
}

/// The table by its name, which is written once.
fn reference(section: &'static Section, definitions: &mut Definitions) -> Value {
    if !definitions.contains_key(section.name) {
        let table = table(section, definitions);
        definitions.insert(section.name, Some(Value::Object(table)));
    }
    let reference = format!("#/definitions/{}", slug(section.name));
    json!({ "$ref": reference })
}

fn array(items: &Value) -> Value {
    json!({ "type": "array", "items": items, "minItems": 1 })
}

fn integer(least: i64, most: i64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}
