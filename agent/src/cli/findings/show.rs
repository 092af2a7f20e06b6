//! Findings as a table, as pages and as JSON.

use std::io::{self, Write};

use serde_json::json;

use super::read::Known;
use crate::{
    cli::text::{flows, line, wrapped},
    output::bytes,
};

/// Where further lines of a row begin.
const INDENT: &str = "                          ";

/// Some lines for each.
pub(super) fn table(found: &[Known], out: &mut impl Write) -> io::Result<()> {
    if found.is_empty() {
        return writeln!(out, "No such finding is recorded.");
    }
    for one in found {
        let finding = &one.finding;
        let before = format!("{}  {:<6}  ", finding.id, finding.severity.label());
        let text = format!("{}: {}", finding.key.kind.label(), whose(one));
        wrapped(&before, &text, out)?;
        wrapped(INDENT, &state(one), out)?;
    }
    Ok(())
}

/// Everything of each.
pub(super) fn pages(found: &[Known], out: &mut impl Write) -> io::Result<()> {
    for one in found {
        let finding = &one.finding;
        line("finding", &finding.id.to_string(), out)?;
        line("kind", finding.key.kind.label(), out)?;
        line("severity", finding.severity.label(), out)?;
        line("about", &whose(one), out)?;
        if let Some(rule) = &finding.key.rule {
            line("rule", rule, out)?;
        }
        line("detail", &finding.detail, out)?;
        line("state", &state(one), out)?;
        line("first seen", &format!("{:.0}", finding.first_seen), out)?;
        line("last seen", &format!("{:.0}", finding.last_seen), out)?;
        let sent = bytes(finding.egress_bytes);
        line("sent", &format!("{sent} in {}", flows(finding.flows)), out)?;
        if let Some(known) = &one.acknowledged {
            let text = format!("{} (user id {})", known.by, known.uid);
            line("acknowledged", &text, out)?;
            line("because", &known.reason, out)?;
        }
    }
    Ok(())
}

/// `image-generation, image.service to provider-a in US`.
fn whose(one: &Known) -> String {
    let key = &one.finding.key;
    let workload = key.workload.as_ref().map(|workload| workload.name.clone());
    let mut text: Vec<String> = key.product.iter().cloned().chain(workload).collect();
    if text.is_empty() {
        text.push(key.rule.clone().unwrap_or_else(|| "this host".to_owned()));
    }
    let mut text = text.join(", ");
    if let Some(destination) = &key.destination {
        text = format!("{text} to {destination}");
    }
    match &key.jurisdiction {
        Some(place) => format!("{text} in {place}"),
        None => text,
    }
}

fn state(one: &Known) -> String {
    let mut text = match one.closed {
        Some(closed) => format!("closed {closed:.0}"),
        None => format!("open, last seen {:.0}", one.finding.last_seen),
    };
    if let Some(known) = &one.acknowledged {
        text = format!("{text}; {} knows until {}", known.by, known.until);
    }
    text
}

/// One object.
pub(super) fn json(found: &[Known], out: &mut impl Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(&json!({ "findings": found }))?;
    writeln!(out, "{text}")
}
