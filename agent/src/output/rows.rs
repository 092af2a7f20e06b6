//! Rows of the table that are of no flow.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{
    AllowlistsChange, AllowlistsEvent, ExpiringLine, FindingLine,
    table::{LISTED, cut},
};
use crate::finding::{Event, Severity};

/// Another set came into force, or was refused.
pub(super) fn allowlists(out: &mut impl Write, change: &AllowlistsChange<'_>) -> io::Result<()> {
    let lists = &change.in_force;
    let time = change.time.strftime("%T");
    let of = format!(
        "{} products, {} entries, sha256 {:.12}",
        lists.products, lists.entries, lists.digest
    );
    match change.event {
        AllowlistsEvent::Loaded { .. } => {
            writeln!(out, "{time}  {:<19} loaded {of}", "allowlists")?;
        }
        AllowlistsEvent::Reverted { .. } => {
            writeln!(out, "{time}  {:<19} again {of}", "allowlists")?;
        }
        AllowlistsEvent::Refused {
            errors,
            more_errors,
            ..
        } => writeln!(
            out,
            "{time}  {:<19} REFUSED, {:.12} stays in force\n          errors: {}; run weir check {}",
            "allowlists",
            lists.digest,
            errors.len() + more_errors,
            lists.directory.display(),
        )?,
    }
    out.flush()
}

/// A finding is opened or closed: whose, what kind, where.
pub(super) fn finding(out: &mut impl Write, line: &FindingLine<'_>) -> io::Result<()> {
    let (finding, key) = (line.finding, &line.finding.key);
    let (word, colour) = match (line.event, finding.severity) {
        (Event::Updated, _) => return Ok(()),
        (Event::Closed, _) => ("finding closed", None),
        (Event::Opened, Severity::Page) => ("PAGE", Some(AnsiColor::Red.into())),
        (Event::Opened, Severity::Ticket) => ("ticket", Some(AnsiColor::Yellow.into())),
    };
    let style = Style::new().fg_color(colour);
    let workload = key.workload.as_ref().map(|one| one.name.as_str());
    let whose = key.product.as_deref().or(workload).unwrap_or_default();
    let place = key.jurisdiction.map(|one| one.to_string());
    writeln!(
        out,
        "{}  {style}{word:<19}{style:#} {:<22} {:<22} {}",
        line.time.strftime("%T"),
        cut(whose, 22),
        key.kind.label(),
        place.unwrap_or_default(),
    )?;
    out.flush()
}

/// Entries that end soon, the soonest by name.
pub(super) fn expiring(out: &mut impl Write, line: &ExpiringLine<'_>) -> io::Result<()> {
    let ended = line.entries.iter().filter(|one| one.days_left < 0).count();
    writeln!(
        out,
        "{}  {:<19} {} end soon, {ended} have ended, {} more",
        line.time.strftime("%T"),
        "entries",
        line.entries.len() - ended,
        line.more_entries,
    )?;
    for one in line.entries.iter().take(LISTED) {
        let product = one.product.unwrap_or("platform");
        writeln!(
            out,
            "          {}  {} of {}",
            one.last_day,
            cut(one.entry, 30),
            cut(product, 30),
        )?;
    }
    out.flush()
}
