//! The answer for people.

use std::{
    io::{self, IsTerminal as _, Write},
    path::Path,
};

use comfy_table::{Table, presets};

use super::{Checked, unreviewed};
use crate::policy::{Lints, Rejected};

/// What a valid set has.
pub(super) fn print_valid(
    directory: &Path,
    checked: &Checked,
    out: &mut impl Write,
) -> io::Result<()> {
    let policy = &checked.policy;
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["PRODUCT", "POSTURE", "OWNER", "WORKLOADS", "ENTRIES"]);
    for product in policy.products() {
        table.add_row([
            product.name().to_owned(),
            product.posture().label().to_owned(),
            product.owner().to_owned(),
            product.selectors().len().to_string(),
            product.entries().len().to_string(),
        ]);
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim())?;
    }
    let networks = policy.internal_networks().count();
    let home = policy
        .home()
        .map_or_else(|| "none".to_owned(), ToString::to_string);
    writeln!(out)?;
    writeln!(
        out,
        "platform: home {home}, internal networks: {networks}, shared entries: {}",
        policy.shared().len()
    )?;
    if !policy.providers().is_empty() {
        writeln!(
            out,
            "providers: {}, unreviewed: {}",
            policy.providers().len(),
            unreviewed(policy).len()
        )?;
    }
    if let Some(claims) = policy.claims() {
        writeln!(
            out,
            "claims: {}, out of reach: {}",
            claims.stated.len(),
            claims.out_of_reach.len()
        )?;
    }
    if checked.tests > 0 {
        writeln!(out, "tests: {}, as expected", checked.tests)?;
    }
    writeln!(
        out,
        "{}: {} products, {} entries, valid",
        directory.display(),
        policy.products().count(),
        policy.entry_count()
    )?;
    writeln!(out, "digest: {}", policy.digest())
}

/// Frames for a person at a terminal, in colour where the terminal and the
/// environment allow it; stable plain lines for everything else.
pub(in crate::cli) fn print_rejected(rejected: &Rejected) -> io::Result<()> {
    print_found(rejected, |colour| rejected.graphical(colour))
}

/// The same of lints, if there are any.
pub(in crate::cli) fn print_lints(lints: &Lints) -> io::Result<()> {
    if lints.is_empty() {
        return Ok(());
    }
    print_found(lints, |colour| lints.graphical(colour))
}

fn print_found(plain: impl std::fmt::Display, frames: impl Fn(bool) -> String) -> io::Result<()> {
    let mut out = io::stderr().lock();
    if out.is_terminal() {
        let choice = anstream::AutoStream::choice(&out);
        let colour = choice != anstream::ColorChoice::Never;
        writeln!(out, "{}", frames(colour))
    } else {
        writeln!(out, "{plain}")
    }
}
