//! `findings.json`: every finding that was open in the period, with its history.

use std::io::{self, Write};

use serde::Serialize;

use super::{Period, pretty};
use crate::account::{Account, FindingHistory};

const SCHEMA: &str = "weir-findings/1";

#[derive(Debug, Serialize)]
struct Findings<'a> {
    schema: &'static str,
    node: Option<&'a str>,
    period: Period,
    /// Pages first, then by first event and id.
    findings: &'a [FindingHistory],
    /// Events of findings beyond those that are listed.
    folded_events: u64,
}

/// Writes the file.
pub(super) fn write(account: &Account<'_>, out: &mut dyn Write) -> io::Result<()> {
    let file = Findings {
        schema: SCHEMA,
        node: account.node.as_deref(),
        period: account.span.into(),
        findings: &account.findings.listed,
        folded_events: account.findings.folded_events,
    };
    pretty(&file, out)
}
