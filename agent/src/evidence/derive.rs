//! Files of a bundle that follow from its primary ones.

use std::{
    fs,
    io::{self, Write},
};

use super::{EvidenceError, Predicate};
use crate::{
    account::{Account, Policies, Summary},
    claim,
    history::{self, Span},
    ledger::{LedgerError, Source, Unpacked},
};

/// What derived files are made of.
#[derive(Debug)]
pub struct Derivation<'a> {
    /// The account of the period.
    pub account: &'a Account<'a>,
    /// That of the period before, in small.
    pub previous: Option<&'a Summary>,
    /// What the statement says.
    pub predicate: &'a Predicate,
}

/// A derived file.
#[derive(Clone, Copy, Debug)]
pub struct Derived {
    /// Its name in the bundle.
    pub name: &'static str,
    /// Writes it; the only errors are the writer's.
    pub write: fn(&Derivation<'_>, &mut dyn Write) -> io::Result<()>,
}

/// Every derived file, by name.
pub const DERIVED: &[Derived] = &[
    Derived {
        name: "claims.json",
        write: claims,
    },
    Derived {
        name: "summary.json",
        write: summary,
    },
];

/// Name of the summary of the period before.
pub(super) const PREVIOUS: &str = "previous.json";

/// Makes the derived files of a bundle: of nothing but what is in it.
///
/// `give` is given each file's name and what writes it, in the order of names.
///
/// # Errors
/// The bundle cannot be read, is not whole, or has allowlists that this build refuses; or
/// those of `give`.
pub fn derive(
    bundle: &Unpacked,
    predicate: &Predicate,
    mut give: impl FnMut(
        &'static str,
        &dyn Fn(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), EvidenceError>,
) -> Result<(), EvidenceError> {
    let span = predicate
        .period
        .span()
        .map_err(|error| EvidenceError::Defect(error.to_string()))?;
    let policies = policies(bundle, &span)?;
    let previous = previous(bundle)?;
    let account = account(bundle, &span, &policies, |_| true)?;
    let derivation = Derivation {
        account: &account,
        previous: previous.as_ref(),
        predicate,
    };
    for file in DERIVED {
        give(file.name, &|to| (file.write)(&derivation, to))?;
    }
    Ok(())
}

/// The sets of a period; the last one in force speaks for it.
pub(super) fn policies(source: &dyn Source, span: &Span) -> Result<Policies, EvidenceError> {
    let in_force = history::policies(source, span)?;
    let archive = source.archive();
    let own = in_force.last().ok_or(EvidenceError::NoPolicy(*span))?;
    let own = archive.policy(&own.digest)?;
    Ok(Policies::read(own, &in_force, &archive))
}

/// The account of those entries of a period that are wanted.
pub(super) fn account<'p>(
    source: &dyn Source,
    span: &Span,
    policies: &'p Policies,
    wanted: impl Fn(u64) -> bool,
) -> Result<Account<'p>, LedgerError> {
    let mut builder = Account::builder(*span, policies);
    source.each_of(&|seq, _| wanted(seq), &mut |_, time, entry| {
        builder.take(time, &entry);
    })?;
    Ok(builder.finish())
}

/// The summary of the period before, as the node gives it.
fn previous(bundle: &Unpacked) -> Result<Option<Summary>, EvidenceError> {
    let path = bundle.directory().join(PREVIOUS);
    let text = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(EvidenceError::io(&path, "read"))?,
    };
    let summary = serde_json::from_slice(&text);
    let torn = |error: serde_json::Error| LedgerError::Torn {
        path,
        at: error.to_string(),
    };
    Ok(Some(summary.map_err(torn)?))
}

/// How each claim stands, as `weir claims --format json` says it, in one list.
fn claims(derivation: &Derivation<'_>, to: &mut dyn Write) -> io::Result<()> {
    let account = derivation.account;
    let policy = account.policy();
    let objects = match (&account.claims, policy.claims()) {
        (Some(report), Some(claims)) => claim::objects(report, claims, policy)?,
        _ => Vec::new(),
    };
    if objects.is_empty() {
        return writeln!(to, "[]");
    }
    writeln!(to, "[\n{}\n]", objects.join(",\n"))
}

/// The account in small.
fn summary(derivation: &Derivation<'_>, to: &mut dyn Write) -> io::Result<()> {
    write_summary(&derivation.account.summary(), to)
}

pub(super) fn write_summary(summary: &Summary, to: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *to, summary)?;
    writeln!(to)
}
