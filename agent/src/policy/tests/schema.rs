//! The JSON Schemas are those of the repository, and agree with the reader.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Map, Value, json};

use super::*;
use crate::policy::{
    cases::cases_from,
    form::{FILES, Kind, Section},
    schema, schema_names,
};

/// A schema, ready to be asked.
struct Judge {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Judge {
    fn of(name: &str) -> Self {
        let text = schema(name).unwrap();
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        let address = format!("file:///{name}.json");
        compiler
            .add_resource(&address, serde_json::from_str(&text).unwrap())
            .unwrap();
        let mut schemas = Schemas::new();
        let index = compiler.compile(&address, &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn judge(&self, document: &Value) -> Result<(), String> {
        self.schemas
            .validate(document, self.index)
            .map_err(|error| error.to_string())
    }
}

/// A TOML file as editors hand it to a schema: dates are texts.
fn document(text: &str) -> Value {
    fn plain(value: toml::Value) -> Value {
        match value {
            toml::Value::Datetime(date) => json!(date.to_string()),
            toml::Value::Array(items) => items.into_iter().map(plain).collect(),
            toml::Value::Table(table) => Value::Object(
                table
                    .into_iter()
                    .map(|(key, value)| (key, plain(value)))
                    .collect::<Map<String, Value>>(),
            ),
            other => serde_json::to_value(other).unwrap(),
        }
    }
    plain(toml::Value::Table(toml::from_str(text).unwrap()))
}

/// The schema for a file of a set.
fn name_of(file: &str) -> &str {
    let stem = file.strip_suffix(".toml").unwrap();
    schema_names()
        .find(|name| *name == stem && stem != "product")
        .unwrap_or("product")
}

#[test]
fn the_shipped_schemas_are_these() {
    for name in schema_names() {
        let path = repository(&format!("allowlists/schema/{name}.schema.json"));
        let text = schema(name).unwrap();
        if env::var_os("BLESS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let shipped = fs::read_to_string(&path).unwrap_or_default();
        assert!(shipped == text, "{}: BLESS=1 writes it", path.display());
    }
    let shipped = fs::read_dir(repository("allowlists/schema"))
        .unwrap()
        .count();
    assert_eq!(shipped, schema_names().count(), "and no others");
}

#[test]
fn every_valid_set_of_the_repository_satisfies_them() {
    for set in [
        "allowlists",
        "tests/fixtures/allowlists",
        "tests/fixtures/names-allowlists",
        "tests/fixtures/explain-allowlists",
        "tests/demo/allowlists",
        "allowlists/tests",
        "tests/tested-allowlists/holding/tests",
    ] {
        for entry in fs::read_dir(repository(set)).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap();
            if !path.is_file() || !file.ends_with(".toml") {
                continue;
            }
            let name = if set.ends_with("/tests") {
                "tests"
            } else {
                name_of(file)
            };
            let document = document(&fs::read_to_string(&path).unwrap());
            if let Err(error) = Judge::of(name).judge(&document) {
                panic!("{}: {error}", path.display());
            }
        }
    }
}

/// A value that is right for the kind, as TOML.
fn right(kind: &Kind) -> String {
    match kind {
        Kind::Text => "\"word\"".to_owned(),
        Kind::Pattern(pattern) if pattern.starts_with("^https") => "\"https://a.example/\"".into(),
        Kind::Pattern(pattern) if pattern.contains(" *") => "\"10 GB\"".to_owned(),
        Kind::Pattern(_) => "\"a\"".to_owned(),
        Kind::Word(words) => format!("\"{}\"", words[0]),
        Kind::Texts => "[\"word\"]".to_owned(),
        Kind::Words(_, words) => format!("[\"{}\"]", words[0]),
        Kind::Patterns(..) => "[\"mon-fri\"]".to_owned(),
        Kind::AllOr(..) => "\"all\"".to_owned(),
        Kind::Time => "01:00:00".to_owned(),
        Kind::Flag | Kind::False => "false".to_owned(),
        Kind::Number(_, least, _) => least.to_string(),
        Kind::Date => "2026-11-01".to_owned(),
        Kind::Moment => "2026-11-25".to_owned(),
        Kind::Address => "\"198.51.100.7\"".to_owned(),
        Kind::Protocol => "\"tcp\"".to_owned(),
        Kind::Network => "\"198.51.100.0/24\"".to_owned(),
        Kind::Networks => "[\"2001:db8::/48\"]".to_owned(),
        Kind::Addresses => "[\"198.51.100.7\"]".to_owned(),
        Kind::Names => "[\"*.a.example\"]".to_owned(),
        Kind::HostNames => "[\"a.example\"]".to_owned(),
        Kind::Country | Kind::Territory => "\"NO\"".to_owned(),
        Kind::Territories => "[\"NO\"]".to_owned(),
        Kind::Providers => "[\"a\"]".to_owned(),
        Kind::AsNumbers => "[64496]".to_owned(),
        Kind::Ports => "[443, \"1-2\"]".to_owned(),
        Kind::Protocols => "[\"tcp\", 47]".to_owned(),
        Kind::Labels => "{ tier = \"a*\" }".to_owned(),
        Kind::Table(section) if section.name == "workload" => "{ unit = \"a\" }".to_owned(),
        Kind::Table(_) => "{ uid = 1 }".to_owned(),
        Kind::Tables(section) if section.name == "[[workload]]" => "[{ uid = 1 }]".to_owned(),
        Kind::Tables(section) => format!("[{}]", inline(section, &[])),
    }
}

/// A table with its required keys, but for those that are given.
fn inline(section: &Section, given: &[(&str, String)]) -> String {
    let required = section.keys.iter().filter(|key| key.required);
    let missing = required.filter(|key| !given.iter().any(|(name, _)| *name == key.name));
    let missing = missing.map(|key| format!("{} = {}", key.name, right(&key.kind)));
    let given = given
        .iter()
        .map(|(name, value)| format!("{name} = {value}"));
    let all: Vec<String> = missing.chain(given).collect();
    format!("{{ {} }}", all.join(", "))
}

/// Values of every type, most of them wrong for any key.
const VALUES: [&str; 18] = [
    "\"\"",
    "\"???\"",
    "\"a\"",
    "-1",
    "0",
    "5000000000",
    "0.5",
    "true",
    "2026-11-01",
    "2026-11-01T00:00:00Z",
    "01:00:00",
    "[]",
    "[\"???\"]",
    "[\"Å\"]",
    "[-1]",
    "[70000]",
    "[[\"a\"]]",
    "{ a = 1 }",
];

/// A file whose table of this section has these keys, and the bytes that they take:
/// the section is reached from the file by arrays of tables.
fn file_with(path: &[(&'static Section, &'static str)], last: &str) -> String {
    let mut text = last.to_owned();
    for (section, key) in path.iter().rev() {
        text = inline(section, &[(key, format!("[{text}]"))]);
    }
    // The outermost braces are the file's.
    let inner = text.strip_prefix("{ ").unwrap().strip_suffix(" }").unwrap();
    let mut depth = 0;
    let mut file = String::new();
    let mut quoted = false;
    for c in inner.chars() {
        match c {
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        file.push(if c == ',' && depth == 0 && !quoted {
            '\n'
        } else {
            c
        });
    }
    file
}

type Path = Vec<(&'static Section, &'static str)>;

/// Every section with a way to it from its file.
fn ways(file: &'static Section) -> Vec<(Path, &'static Section)> {
    let mut ways: Vec<(Path, &'static Section)> = vec![(Vec::new(), file)];
    let mut at = 0;
    while let Some((path, section)) = ways.get(at).cloned() {
        for key in section.keys {
            if let Kind::Tables(inner) = &key.kind
                && !ways.iter().any(|(_, known)| known.name == inner.name)
            {
                let mut path = path.clone();
                path.push((section, key.name));
                ways.push((path, inner));
            }
        }
        at += 1;
    }
    ways
}

/// What the schema refuses, the reader refuses: for every key of every table, right
/// values and wrong ones, and keys that there are not.
#[test]
fn the_reader_is_at_least_as_strict() {
    let mut refused = 0;
    for (name, file) in FILES {
        let schema = Judge::of(name);
        let file_name = if name == "product" {
            "a.toml".to_owned()
        } else {
            format!("{name}.toml")
        };
        for (path, section) in ways(file) {
            for key in section.keys {
                let good = right(&key.kind);
                for value in VALUES.iter().copied().chain([good.as_str()]) {
                    let table = inline(section, &[(key.name, value.to_owned())]);
                    let text = file_with(&path, &table);
                    let verdict = schema.judge(&document(&text));
                    if value == good {
                        assert_eq!(verdict, Ok(()), "{}.{}: {text}", section.name, key.name);
                        continue;
                    }
                    if verdict.is_err() {
                        refused += 1;
                        let sources = sources(&[(&file_name, &text)]);
                        let rejected = if name == "tests" {
                            cases_from(std::path::Path::new("."), sources).unwrap_err()
                        } else {
                            Policy::from_sources(sources).unwrap_err()
                        };
                        let said = rejected.diagnostics().iter().any(|diagnostic| {
                            diagnostic.place.is_some() && diagnostic.file.as_os_str() == &*file_name
                        });
                        assert!(said, "{}.{} = {value}: {rejected}", section.name, key.name);
                    }
                }
            }
            let table = inline(section, &[("no_such_key", "1".to_owned())]);
            let text = file_with(&path, &table);
            assert!(schema.judge(&document(&text)).is_err(), "{text}");
        }
    }
    assert!(refused > 500, "{refused} values are wrong");
}
