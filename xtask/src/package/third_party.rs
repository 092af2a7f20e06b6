//! Licences of what is compiled into the agent: most ask that their text goes with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{command, workspace::Workspace};

/// Beginnings of the names of files that are to go with binaries.
const FILES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT"];
/// The programs that are compiled: the agent, and the kernel programs within it.
const PROGRAMS: [&str; 2] = ["weir", "weir-ebpf"];

/// One text: every crate with its version, licence and source, then each licence text once.
pub(super) fn licences(workspace: &Workspace) -> Result<String> {
    let mut cargo = command::host_cargo(workspace.root());
    cargo.args(["metadata", "--format-version", "1", "--locked"]);
    cargo.args(["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let metadata: Value =
        serde_json::from_str(&command::output(&mut cargo)?).context("cargo metadata")?;
    let compiled = compiled(&metadata);
    let mut list = String::new();
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in array(&metadata["packages"]) {
        let foreign = !package["source"].is_null();
        if !foreign || !compiled.contains(text(&package["id"])) {
            continue;
        }
        let name = format!("{} {}", text(&package["name"]), text(&package["version"]));
        list += &format!("{name}: {}\n", text(&package["license"]));
        let manifest = Path::new(text(&package["manifest_path"]));
        for licence in files(manifest.parent().context("a crate without a directory")?)? {
            texts.entry(licence).or_default().push(name.clone());
        }
    }
    let mut whole = format!(
        "Compiled into weir, beside the standard library of Rust (MIT OR Apache-2.0):\n\n{list}"
    );
    for (licence, names) in texts {
        whole += &format!("\n{}\n{}\n\n{licence}\n", "-".repeat(80), names.join(", "));
    }
    Ok(whole)
}

/// Ids of packages that are linked into one of the programs.
fn compiled(metadata: &Value) -> BTreeSet<&str> {
    let nodes: BTreeMap<&str, &Value> = array(&metadata["resolve"]["nodes"])
        .map(|node| (text(&node["id"]), node))
        .collect();
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = array(&metadata["packages"])
        .filter(|package| PROGRAMS.contains(&text(&package["name"])))
        .map(|package| text(&package["id"]))
        .collect();
    while let Some(id) = open.pop() {
        let Some(node) = nodes.get(id).filter(|_| found.insert(id)) else {
            continue;
        };
        for dependency in array(&node["deps"]) {
            // Kinds are null, `dev` or `build`.
            if array(&dependency["dep_kinds"]).any(|one| one["kind"].is_null()) {
                open.push(text(&dependency["pkg"]));
            }
        }
    }
    found
}

fn files(directory: &Path) -> Result<Vec<String>> {
    let entries =
        fs::read_dir(directory).with_context(|| format!("look into {}", directory.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut texts = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_uppercase();
        if path.is_file() && FILES.iter().any(|start| name.starts_with(start)) {
            let bytes =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let text = String::from_utf8_lossy(&bytes).replace('\r', "");
            texts.push(text.trim_matches('\n').to_owned());
        }
    }
    Ok(texts)
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_linked_is_compiled() {
        let node = |id: &str, deps: &[(&str, Value)]| {
            let deps: Vec<_> = deps
                .iter()
                .map(|(pkg, kind)| json!({ "pkg": pkg, "dep_kinds": [{ "kind": kind }] }))
                .collect();
            json!({ "id": id, "deps": deps })
        };
        let metadata = json!({
            "packages": [{ "name": "weir", "id": "w" }, { "name": "other", "id": "o" }],
            "resolve": { "nodes": [
                node("w", &[("a", Value::Null), ("t", json!("dev")), ("b", json!("build"))]),
                node("a", &[("c", Value::Null)]),
                node("b", &[]), node("c", &[]), node("t", &[]), node("o", &[]),
            ] },
        });
        assert_eq!(compiled(&metadata), BTreeSet::from(["w", "a", "c"]));
    }
}
