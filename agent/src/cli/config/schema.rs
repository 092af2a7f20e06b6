//! `weir config schema`: for editors, with the defaults of the options.

use clap::CommandFactory as _;
use serde_json::{Value, json};

use crate::{
    cli::Cli,
    config::{KEYS, Key, keys_in, resolved, schema, type_of},
};

/// The schema as text.
pub(super) fn text() -> String {
    // An object of strings and numbers is always written.
    let mut text = serde_json::to_string_pretty(&with_defaults()).unwrap_or_default();
    text.push('\n');
    text
}

/// The schema, with the default of every key whose option has one.
pub(super) fn with_defaults() -> Value {
    let mut root = schema();
    for key in KEYS {
        let Some(default) = default_of(key, &root) else {
            continue;
        };
        let (section, name) = key.parts();
        let section = keys_in(&root)
            .find(|(known, _)| *known == section)
            .map(|(_, schema)| resolved(&root, schema).clone());
        // The table is of one section alone, so that it may be changed where it is.
        let place = find_mut(&mut root, section.as_ref(), name);
        if let Some(object) = place.and_then(Value::as_object_mut) {
            object.insert("default".into(), default);
        }
    }
    root
}

fn find_mut<'v>(root: &'v mut Value, section: Option<&Value>, name: &str) -> Option<&'v mut Value> {
    let definitions = root.get_mut("definitions")?.as_object_mut()?;
    let found = definitions
        .values_mut()
        .find(|definition| Some(&**definition) == section)?;
    found.get_mut("properties")?.get_mut(name)
}

/// The default of a key's option, as the file would have it.
pub(super) fn default_of(key: &Key, root: &Value) -> Option<Value> {
    let command = Cli::command();
    let run = command.find_subcommand("run")?;
    let option = run
        .get_arguments()
        .find(|argument| argument.get_id() == key.option)?;
    let default = option.get_default_values().first()?.to_str()?;
    let (section, name) = key.parts();
    let section = keys_in(root).find(|(known, _)| *known == section)?.1;
    let schema = keys_in(resolved(root, section))
        .find(|(known, _)| *known == name)?
        .1;
    match type_of(resolved(root, schema)) {
        "integer" | "boolean" => serde_json::from_str(default).ok(),
        _ => Some(json!(default)),
    }
}
