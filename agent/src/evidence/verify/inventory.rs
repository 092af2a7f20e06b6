//! Check `inventory`: the node, and the time for which it is examined, are those of a list
//! that the reviewer has.

use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    check::{Doubt, Found, failed, incomplete},
    statement::About,
};

/// A list of nodes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inventory {
    node: Vec<Node>,
}

/// A node that there was.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    /// Its name, `weir-node/…`.
    name: String,
    /// From when on; quoted, RFC 3339.
    from: Timestamp,
    /// Until when; open without it.
    to: Option<Timestamp>,
}

pub(super) fn check(about: &About, file: Option<&Path>) -> Found {
    let Some(file) = file else {
        return Err(Doubt::Skipped(
            "no list of nodes was given (--inventory): whether others should be there is not \
             known"
                .to_owned(),
        ));
    };
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| failed(format!("{shown} cannot be read ({error})")))?;
    let inventory: Inventory = toml::from_str(&text).map_err(|error| {
        failed(format!(
            "{shown} is no list of nodes ({}): write [[node]] with name, from and to",
            error.to_string().lines().collect::<Vec<_>>().join(" ")
        ))
    })?;
    let period = about.predicate.period;
    let due: Vec<&Node> = inventory
        .node
        .iter()
        .filter(|node| node.from < period.to && node.to.is_none_or(|to| to > period.from))
        .collect();
    if !due.iter().any(|node| node.name == about.predicate.node) {
        return Err(failed(format!(
            "{} is not in {shown} for this period: it is another node, or the list is old",
            about.predicate.node
        )));
    }
    let others: Vec<&str> = due
        .iter()
        .filter(|node| node.name != about.predicate.node)
        .map(|node| node.name.as_str())
        .collect();
    if others.is_empty() {
        return Ok(format!(
            "{} is the only node of {shown} in this period",
            about.predicate.node
        ));
    }
    Err(incomplete(format!(
        "{shown} has {} further nodes in this period, of which this bundle says nothing: {}",
        others.len(),
        others.join(", ")
    )))
}
