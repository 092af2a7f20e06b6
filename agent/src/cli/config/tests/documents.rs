//! What is shipped and written of the file is so.

use std::{env, fmt::Write as _};

use boon::{Compiler, Schemas};

use super::*;
use crate::{
    cli::config::{example, schema},
    config::{
        Config, is_tables, keys_in, ordered, required, resolved, sections, variable, written,
    },
};

fn judge(document: &Value) -> Result<(), String> {
    let mut compiler = Compiler::new();
    let schema = serde_json::from_str(&schema::text()).unwrap();
    compiler.add_resource("file:///weir.json", schema).unwrap();
    let mut schemas = Schemas::new();
    let index = compiler.compile("file:///weir.json", &mut schemas).unwrap();
    let judged = schemas.validate(document, index);
    judged.map_err(|error| error.to_string())
}

/// The document of a text, as a schema takes it.
fn document(text: &str) -> Value {
    let table: toml::Table = toml::from_str(text).unwrap();
    serde_json::to_value(table).unwrap()
}

/// With every key taken out of its comment.
fn uncommented(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if !key.is_empty() && !key.starts_with(' ') => key,
        _ => line,
    });
    lines.fold(String::new(), |all, line| all + line + "\n")
}

fn shipped() -> String {
    fs::read_to_string(repository("packaging/weir.toml")).unwrap()
}

#[test]
fn the_shipped_example_is_this() {
    let path = repository("packaging/weir.toml");
    let text = example::text();
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let shipped = fs::read_to_string(&path).unwrap_or_default();
    assert!(shipped == text, "{}: BLESS=1 writes it", path.display());
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}

/// As it is shipped, it changes nothing.
#[test]
fn the_shipped_example_says_nothing() {
    judge(&document(&shipped())).unwrap();
    let (_directory, path) = file(&shipped());
    let loaded = Loaded::read(&Wanted::At(path), std::iter::empty()).unwrap();
    assert_eq!(*loaded.config(), Config::default());
}

/// Every key stands in it, with its default if there is one, and is right as it stands.
#[test]
fn the_shipped_example_has_every_key() {
    let text = uncommented(&shipped());
    judge(&document(&text)).unwrap();
    let (_directory, path) = file(&text);
    let loaded = match Loaded::read(&Wanted::At(path), std::iter::empty()) {
        Ok(loaded) => loaded,
        Err(rejected) => panic!("{rejected}"),
    };
    let root = config::schema();
    for key in KEYS {
        let value = loaded.value(key.path);
        assert!(value.is_some(), "{} is not in it", key.path);
        if let Some(default) = default_of(key, &root) {
            assert_eq!(value, Some(&default), "{}", key.path);
        }
    }
    let notify = resolved(&root, &root["properties"]["notify"]);
    for (name, schema) in keys_in(notify) {
        let value = loaded.value(&format!("notify.{name}")).unwrap();
        let items = schema.get("items").map(|items| resolved(&root, items));
        for (key, _) in items.into_iter().flat_map(keys_in) {
            assert!(value[0].get(key).is_some(), "notify.{name}: {key}");
        }
    }
}

/// What the reader refuses of types, keys and words, the schema refuses.
#[test]
fn the_schema_refuses_what_is_broken() {
    for case in ["unknown-keys", "wrong-types", "values", "ways-out"] {
        let path = repository("tests/broken-config")
            .join(case)
            .join("weir.toml");
        let text = fs::read_to_string(path).unwrap();
        let table: toml::Table = match toml::from_str(&text) {
            Ok(table) => table,
            // A number that no integer holds is no TOML to some readers.
            Err(_) => continue,
        };
        let document = serde_json::to_value(table).unwrap();
        assert!(judge(&document).is_err(), "{case}");
    }
}

/// The tables of `docs/config.md`, from the code.
fn tables() -> String {
    let root = config::schema();
    let mut text = String::new();
    for (name, schema) in sections(&root) {
        let section = resolved(&root, schema);
        let _ = writeln!(
            text,
            "\n### `[{name}]`\n\n{}\n",
            example::description(schema)
        );
        text.push_str("| key | default | variable | option | meaning |\n|---|---|---|---|---|\n");
        for (key, schema) in ordered(name, section) {
            if !is_tables(&root, schema) {
                text.push_str(&row(&root, &format!("{name}.{key}"), key, schema));
            }
        }
        for (kind, schema) in ordered(name, section) {
            if !is_tables(&root, schema) {
                continue;
            }
            let items = resolved(&root, &schema["items"]);
            let path = format!("{name}.{kind}");
            let _ = writeln!(
                text,
                "\n### `[[{path}]]`\n\n{}\n",
                example::description(schema)
            );
            text.push_str("| key | must be there | example | meaning |\n|---|---|---|---|\n");
            for (key, schema) in ordered(&path, items) {
                let must = if required(items, key) { "yes" } else { "no" };
                let example = config::example(schema).unwrap();
                let meaning = meaning(schema);
                let _ = writeln!(text, "| `{key}` | {must} | `{example}` | {meaning} |");
            }
        }
    }
    text
}

fn row(root: &Value, path: &str, name: &str, schema: &Value) -> String {
    let key = KEYS.iter().find(|key| key.path == path);
    let default = key.and_then(|key| default_of(key, root));
    let default = match (default, key) {
        (Some(default), _) => format!("`{}`", written(&default)),
        (None, Some(key)) => key.unset.to_owned(),
        (None, None) => String::new(),
    };
    let option = key.map(|key| format!("`--{}`", key.option.replace('_', "-")));
    format!(
        "| `{name}` | {default} | `{}` | {} | {} |\n",
        variable(path),
        option.unwrap_or_default(),
        meaning(schema)
    )
}

fn meaning(schema: &Value) -> String {
    let words: Vec<&str> = example::description(schema).split_whitespace().collect();
    words.join(" ")
}

#[test]
fn the_document_has_every_key() {
    const BEGIN: &str = "<!-- keys: BLESS=1 cargo test -p weir --lib cli::config writes them -->\n";
    const END: &str = "\n<!-- end of keys -->";
    let path = repository("docs/config.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    if env::var_os("BLESS").is_some() {
        let text = format!("{before}{BEGIN}{}{END}{after}", tables());
        fs::write(&path, text).unwrap();
        return;
    }
    assert!(found == tables(), "{}: BLESS=1 writes it", path.display());
    for (command, option, _) in KEPT {
        let row = format!("| `weir {command}` | `--{}` |", option.replace('_', "-"));
        assert!(text.contains(&row), "{row}");
    }
    for (option, _) in WITHOUT {
        assert!(
            text.contains(&format!("| `--{}` |", option.replace('_', "-"))),
            "{option}"
        );
    }
}
