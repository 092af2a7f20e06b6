//! Whether a value is one that its key may have: of the file and of the environment alike.

use serde_json::Value;

use super::{schema, values::FORMATS};
use crate::policy::nearest;

/// What is wrong, and what to do.
pub(super) type Fault = (String, String);

/// Judges a value of the right type.
pub(super) fn judge(schema: &Value, name: &str, value: &Value) -> Result<(), Fault> {
    match value {
        Value::String(text) => of_text(schema, name, text),
        Value::Number(number) => of_number(schema, name, number.as_i64().unwrap_or(i64::MAX)),
        _ => Ok(()),
    }
}

fn of_text(schema: &Value, name: &str, text: &str) -> Result<(), Fault> {
    let shown = text.escape_debug();
    let wrong = || format!("`{shown}` is no value of `{name}`");
    if text.trim().is_empty() {
        let example = schema::example(schema);
        let help = match example {
            Some(example) => format!("for example `{name} = {example}`"),
            None => "say something, or leave the key out".to_owned(),
        };
        return Err((format!("`{name}` is empty"), help));
    }
    let words = schema::words(schema);
    if !words.is_empty() && !words.contains(&text) {
        let help = match nearest(text, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write `{}`", words.join("` or `")),
        };
        return Err((wrong(), help));
    }
    let format = schema.get("format").and_then(Value::as_str);
    let format = format.and_then(|name| FORMATS.iter().find(|(known, _)| *known == name));
    match format {
        Some((_, judge)) => judge(text).map_err(|help| (wrong(), help)),
        None => Ok(()),
    }
}

fn of_number(schema: &Value, name: &str, number: i64) -> Result<(), Fault> {
    let bound = |keyword| schema.get(keyword).and_then(Value::as_i64);
    let least = bound("minimum").unwrap_or(i64::MIN);
    let most = bound("maximum").unwrap_or(i64::MAX);
    if (least..=most).contains(&number) {
        return Ok(());
    }
    let message = format!("`{name}` must be from {least} to {most}");
    let example = schema::example(schema).unwrap_or_else(|| least.to_string());
    Err((message, format!("for example `{name} = {example}`")))
}
