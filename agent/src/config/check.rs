//! What only several keys together can have wrong.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Takes a key, what is wrong with it, and what to do.
pub(super) type Report<'a> = dyn FnMut(&str, String, String) + 'a;

/// Reports everything.
pub(super) fn check(values: &Map<String, Value>, report: &mut Report<'_>) {
    let evidence = values.get("evidence");
    let says = |key| evidence.and_then(|section| section.get(key)).is_some();
    if says("schedule") && !says("directory") {
        report(
            "evidence.schedule",
            "`schedule` without `directory` says nothing".to_owned(),
            "say where the bundles go: `directory = \"/srv/evidence\"`".to_owned(),
        );
    }
    names(values, report);
}

/// Ways out are told apart by their names, in logs and in metrics.
fn names(values: &Map<String, Value>, report: &mut Report<'_>) {
    let mut first: BTreeMap<&str, String> = BTreeMap::new();
    let kinds = values.get("notify").and_then(Value::as_object);
    for (kind, sinks) in kinds.into_iter().flatten() {
        for (at, sink) in sinks.as_array().into_iter().flatten().enumerate() {
            let Some(name) = sink.get("name").and_then(Value::as_str) else {
                continue;
            };
            let path = format!("notify.{kind}[{at}].name");
            match first.get(name) {
                Some(other) => report(
                    &path,
                    format!("`{}` is the name of two ways out", name.escape_debug()),
                    format!("it is that of {other}, too: give each its own"),
                ),
                None => drop(first.insert(name, path)),
            }
        }
    }
}
