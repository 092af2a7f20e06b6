//! `databases.json`: the IP databases that were in force, by digest.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::{Period, pretty};
use crate::account::{Account, DatabaseInForce};

const SCHEMA: &str = "weir-databases/1";

/// A file that should have become a database.
#[derive(Debug, Serialize)]
struct Refused<'a> {
    time: Timestamp,
    name: &'a str,
    error: &'a str,
}

#[derive(Debug, Serialize)]
struct Databases<'a> {
    schema: &'static str,
    node: Option<&'a str>,
    period: Period,
    /// By name and time; `to` is null where it still was in force when the period ended.
    databases: &'a [DatabaseInForce],
    refused: Vec<Refused<'a>>,
}

/// Writes the file.
pub(super) fn write(account: &Account<'_>, out: &mut dyn Write) -> io::Result<()> {
    let refused = account.facts.refused_databases.iter();
    let file = Databases {
        schema: SCHEMA,
        node: account.node.as_deref(),
        period: account.span.into(),
        databases: &account.databases,
        refused: refused
            .map(|(time, name, error)| Refused {
                time: *time,
                name,
                error,
            })
            .collect(),
    };
    pretty(&file, out)
}
