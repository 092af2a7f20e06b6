//! Rows as a table, JSON and CSV.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::filter::{Found, Row};
use crate::{
    cli::text::{WIDTH, wrapped},
    output::bytes,
};

/// Where the second line of a row begins.
const INDENT: &str = "                    ";

/// Two lines for each row.
pub(super) fn table(found: &Found, limit: usize, out: &mut impl Write) -> io::Result<()> {
    if found.rows.is_empty() {
        writeln!(out, "No such flow is recorded.")?;
        return gaps(found, out);
    }
    writeln!(
        out,
        "{:>8}  {:>8}  {:<19}  {:<2}  FROM, TO",
        "SENT", "RECEIVED", "VERDICT", "IN"
    )?;
    for row in found.rows.iter().take(limit) {
        let before = format!(
            "{:>8}  {:>8}  {:<19}  {:<2}  ",
            bytes(row.egress_bytes),
            bytes(row.ingress_bytes),
            row.verdict.as_deref().unwrap_or("-"),
            row.hosted_in.as_deref().unwrap_or("?"),
        );
        let product = row.product.as_deref().unwrap_or("no product");
        let workload = row.workload.as_deref().unwrap_or("unknown workload");
        wrapped(&before, &format!("{product}, {workload}"), out)?;
        wrapped(INDENT, &destination(row), out)?;
    }
    writeln!(out, "{}", "-".repeat(WIDTH))?;
    let (sent, received) = sums(&found.rows);
    let more = found.rows.len().saturating_sub(limit);
    let mut words = format!("{} rows", found.rows.len());
    if more > 0 {
        words = format!("{words}, {more} of them not shown: --limit 0 shows all");
    }
    wrapped(
        &format!("{:>8}  {:>8}  ", bytes(sent), bytes(received)),
        &words,
        out,
    )?;
    gaps(found, out)
}

/// A sum over an incomplete record says so.
fn gaps(found: &Found, out: &mut impl Write) -> io::Result<()> {
    match found.gaps {
        0 => Ok(()),
        1 => wrapped(
            "",
            "The record has a gap in this time: it may be incomplete.",
            out,
        ),
        n => {
            let text = format!("The record has {n} gaps in this time: it may be incomplete.");
            wrapped("", &text, out)
        }
    }
}

/// `to api.provider.example at 203.0.113.9:443/tcp (example, US)`.
fn destination(row: &Row) -> String {
    let address = row.address.as_deref().unwrap_or("unknown address");
    let protocol = &row.protocol;
    let at = match row.port {
        0 => format!("{address}/{protocol}"),
        port if address.contains(':') => format!("[{address}]:{port}/{protocol}"),
        port => format!("{address}:{port}/{protocol}"),
    };
    let way = match row.direction.as_deref() {
        Some("inbound") => "answers to",
        _ => "to",
    };
    let mut text = match &row.name {
        Some(name) => format!("{way} {name} at {at}"),
        None => format!("{way} {at}"),
    };
    let operator = row.provider.as_ref().or(row.organisation.as_ref());
    let home = row.domicile.as_ref().map(|home| format!("law of {home}"));
    let facts: Vec<&str> = operator
        .into_iter()
        .chain(&home)
        .map(String::as_str)
        .collect();
    if !facts.is_empty() {
        text = format!("{text} ({})", facts.join(", "));
    }
    text
}

/// Bytes sent and received.
fn sums(rows: &[Row]) -> (u64, u64) {
    rows.iter().fold((0, 0), |(sent, received), row| {
        (
            row.egress_bytes.saturating_add(sent),
            row.ingress_bytes.saturating_add(received),
        )
    })
}

#[derive(Serialize)]
struct Answer<'a> {
    from: Timestamp,
    to: Timestamp,
    /// Gaps that were recorded in the time: the record may be incomplete.
    gaps: u64,
    /// Rows that were found.
    rows: usize,
    egress_bytes: u64,
    ingress_bytes: u64,
    flows: &'a [Row],
}

/// One object.
pub(super) fn json(found: &Found, limit: usize, out: &mut impl Write) -> io::Result<()> {
    let (egress_bytes, ingress_bytes) = sums(&found.rows);
    let answer = Answer {
        from: found.from,
        to: found.to,
        gaps: found.gaps,
        rows: found.rows.len(),
        egress_bytes,
        ingress_bytes,
        flows: found.rows.get(..limit).unwrap_or(&found.rows),
    };
    serde_json::to_writer(&mut *out, &answer)?;
    writeln!(out)
}

/// A header and rows.
pub(super) fn csv(found: &Found, limit: usize, out: &mut impl Write) -> io::Result<()> {
    write!(
        out,
        "product,workload,verdict,rule,direction,address,port,protocol,name,provider,\
         organisation,hosted_in,domicile,egress_bytes,egress_packets,ingress_bytes,\
         ingress_packets,entries,first,last\r\n"
    )?;
    for row in found.rows.iter().take(limit) {
        let text = |value: &Option<String>| quoted(value.as_deref().unwrap_or_default());
        let fields = [
            text(&row.product),
            text(&row.workload),
            text(&row.verdict),
            text(&row.rule),
            text(&row.direction),
            text(&row.address),
            row.port.to_string(),
            quoted(&row.protocol),
            text(&row.name),
            text(&row.provider),
            text(&row.organisation),
            text(&row.hosted_in),
            text(&row.domicile),
            row.egress_bytes.to_string(),
            row.egress_packets.to_string(),
            row.ingress_bytes.to_string(),
            row.ingress_packets.to_string(),
            row.entries.to_string(),
            row.first.to_string(),
            row.last.to_string(),
        ];
        write!(out, "{}\r\n", fields.join(","))?;
    }
    Ok(())
}

/// A field; in quotes where it has to be.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
