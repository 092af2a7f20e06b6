//! The report in a few lines, within 80 columns.

use std::io::{self, Write};

use super::text;
use crate::{
    account::{Account, Changes, Summary},
    claim::Outcome,
    cli::text::wrapped,
    finding::Severity,
};

/// Items of each list.
const FEW: usize = 8;

/// Prints what a person wants to know first.
///
/// # Errors
/// The writer's.
pub fn print(
    account: &Account<'_>,
    previous: Option<&Summary>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut line = |label: &str, text: &str| {
        let plain = text.replace(['\u{a0}', '\u{202f}'], " ");
        wrapped(&format!("{label:<15}"), &plain, out)
    };
    line("period", &text::period(&account.span))?;
    if let Some(node) = &account.node {
        line("node", node)?;
    }
    line("examined", &examined(account))?;
    claims(account, &mut line)?;
    line("sent outside", &sent(account))?;
    let providers = &account.providers;
    for one in providers.listed.iter().take(FEW) {
        let bytes = one.outbound.egress_bytes;
        let places: Vec<_> = one
            .hosted_in
            .keys()
            .map(|place| text::place(*place))
            .collect();
        let laws: Vec<_> = one
            .domiciles
            .iter()
            .map(|code| text::country(*code))
            .collect();
        let law = if laws.is_empty() {
            "law not known".to_owned()
        } else {
            format!("law of {}", laws.join(", "))
        };
        line(
            "  to",
            &format!(
                "{}: {} ({}), {}, {law}",
                one.label(),
                text::bytes(bytes),
                text::percent(providers.per_mille(bytes)),
                places.join(", ")
            ),
        )?;
    }
    if providers.listed.len() > FEW {
        line(
            "",
            &format!("and {} operators more", providers.listed.len() - FEW),
        )?;
    }
    let of = |wanted: fn(&crate::account::Declared) -> bool| {
        let found = account.declared.iter().filter(|one| wanted(one));
        found.map(|one| one.entry.id.clone()).collect::<Vec<_>>()
    };
    for (label, ids) in [
        ("undisclosed", of(crate::account::Declared::is_undisclosed)),
        ("never seen", of(crate::account::Declared::is_never_seen)),
    ] {
        if !ids.is_empty() {
            line(label, &ids.join(", "))?;
        }
    }
    line("findings", &findings(account))?;
    if let Some(before) = previous {
        let changes = Changes::between(before, &account.summary());
        line("changed", &changed(&changes))?;
    }
    Ok(())
}

fn examined(account: &Account<'_>) -> String {
    let coverage = &account.coverage;
    match coverage.per_myriad() {
        None => "INCOMPLETE: the record has nothing of this period".to_owned(),
        Some(share) => {
            let parts = coverage.unexamined.len() as u64 + coverage.more_unexamined;
            let share = text::fine_percent(share);
            if account.is_complete() {
                format!("{share}, the whole period")
            } else {
                format!(
                    "INCOMPLETE: {share} of the recorded time, {}",
                    text::counted(parts, "gap", "gaps")
                )
            }
        }
    }
}

fn claims(
    account: &Account<'_>,
    line: &mut impl FnMut(&str, &str) -> io::Result<()>,
) -> io::Result<()> {
    let Some(report) = &account.claims else {
        return line("claims", "none: the allowlists have no claims.toml");
    };
    for outcome in [Outcome::Contradicted, Outcome::Unproven, Outcome::Upheld] {
        for one in report.claims.iter().filter(|one| one.outcome == outcome) {
            let why = one.why.first().map_or("", String::as_str);
            line(outcome.label(), &format!("{}: {why}", one.claim.id))?;
        }
    }
    Ok(())
}

fn sent(account: &Account<'_>) -> String {
    let providers = &account.providers;
    let operators = providers.listed.len() as u64;
    format!(
        "{} to {}",
        text::bytes(providers.external_bytes),
        text::counted(operators, "operator", "operators")
    )
}

fn findings(account: &Account<'_>) -> String {
    let listed = &account.findings.listed;
    let pages = listed
        .iter()
        .filter(|one| one.worst == Severity::Page)
        .count();
    let open = listed.iter().filter(|one| one.open_after).count();
    format!("{}, {pages} of them pages; {open} still open", listed.len())
}

fn changed(changes: &Changes) -> String {
    let names = |of: &[crate::account::ProviderSummary]| {
        of.iter()
            .take(FEW)
            .map(|one| one.name.clone())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut parts = vec![text::counted(
        changes.claims.len() as u64,
        "claim",
        "claims",
    )];
    if !changes.new_providers.is_empty() {
        parts.push(format!("new: {}", names(&changes.new_providers)));
    }
    if !changes.gone_providers.is_empty() {
        parts.push(format!("gone: {}", names(&changes.gone_providers)));
    }
    format!(
        "since {}: {}",
        text::period(&changes.since),
        parts.join("; ")
    )
}
