//! Files of a bundle that follow from its primary ones.

use std::{
    fs,
    io::{self, Write},
};

use super::{Disclosure, EvidenceError, Mode, Predicate, views};
use crate::{
    account::{Account, Policies, Summary},
    claim,
    history::{self, Span},
    ledger::{LedgerError, Source, Unpacked},
    policy::Selection,
    report,
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
    /// What it is made of.
    pub made: Made,
}

/// Writes a derived file; the only errors are the writer's.
#[derive(Clone, Copy, Debug)]
pub enum Made {
    /// Of the account.
    OfAccount(fn(&Account<'_>, &mut dyn Write) -> io::Result<()>),
    /// Of all that there is.
    OfAll(fn(&Derivation<'_>, &mut dyn Write) -> io::Result<()>),
}

impl Derived {
    fn write(&self, derivation: &Derivation<'_>, to: &mut dyn Write) -> io::Result<()> {
        match self.made {
            Made::OfAccount(write) => write(derivation.account, to),
            Made::OfAll(write) => write(derivation, to),
        }
    }
}

/// Files that are no view of the account alone.
const OWN: [Derived; 3] = [
    Derived {
        name: "claims.json",
        made: Made::OfAll(claims),
    },
    Derived {
        name: "report.html",
        made: Made::OfAll(page),
    },
    Derived {
        name: "summary.json",
        made: Made::OfAll(summary),
    },
];

/// Files that answer for all that happened: only all that is recorded makes them.
const OF_ALL: [&str; 3] = [
    "report.html",
    "summary.json",
    "views/oscal-assessment-results.json",
];

/// The files that are derived where so much is shown, by name.
pub fn derived(disclosure: &Disclosure) -> Vec<Derived> {
    let views = views::ALL.iter().map(|view| Derived {
        name: view.name,
        made: Made::OfAccount(view.write),
    });
    let is_shown = |file: &Derived| {
        let hidden = disclosure.pseudonymised && file.name == "findings.json";
        !hidden && (disclosure.is_full() || !OF_ALL.contains(&file.name))
    };
    let mut files: Vec<_> = views.chain(OWN).filter(is_shown).collect();
    files.sort_by_key(|file| file.name);
    files
}

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
    for file in derived(&predicate.disclosure) {
        give(file.name, &|to| file.write(&derivation, to))?;
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
        builder.take(time, entry);
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

/// How each claim stands, as `weir claims --format json` says it, in one list. Of an
/// excerpt, claims about products that are all shown: nothing can be said of others.
fn claims(derivation: &Derivation<'_>, to: &mut dyn Write) -> io::Result<()> {
    let account = derivation.account;
    let disclosure = &derivation.predicate.disclosure;
    let policy = account.policy();
    let objects = match (&account.claims, policy.claims()) {
        (Some(report), Some(claims)) => {
            let mut report = report.clone();
            report.claims.retain(|one| match disclosure.mode {
                Mode::Full => true,
                Mode::Excerpt => match &one.claim.products {
                    Selection::Only(names) => names.is_subset(&disclosure.products),
                    Selection::All | Selection::AllBut(_) => false,
                },
            });
            claim::objects(&report, claims, policy)?
        }
        _ => Vec::new(),
    };
    if objects.is_empty() {
        return writeln!(to, "[]");
    }
    writeln!(to, "[\n{}\n]", objects.join(",\n"))
}

/// What happened, for people.
fn page(derivation: &Derivation<'_>, to: &mut dyn Write) -> io::Result<()> {
    to.write_all(report::html(derivation.account, derivation.previous).as_bytes())
}

/// The account in small.
fn summary(derivation: &Derivation<'_>, to: &mut dyn Write) -> io::Result<()> {
    write_summary(&derivation.account.summary(), to)
}

pub(super) fn write_summary(summary: &Summary, to: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *to, summary)?;
    writeln!(to)
}
