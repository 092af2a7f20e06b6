//! Checks a bundle: everything in it is made again, or compared with what is.
//!
//! ```text
//! archive ─> sums ─> statement ─> checkpoint ─> log ─┬─> heartbeats, coverage, policy
//!                        trust <── rotations ────────┤
//!                  previous bundle ─> consistency    └─> judgement, findings, claims, derived
//! ```
//!
//! Each check ends in a [`Line`], the lines in a [`Word`]. Whatever a bundle holds is
//! refused or believed, and never a reason to end.

mod archive;
mod check;
mod checkpoint;
mod consistency;
mod derived;
mod heartbeats;
mod inventory;
mod judgement;
mod keys;
mod log;
mod policy;
mod run;
mod statement;
mod sums;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread,
};

use self::{
    archive::Opened,
    check::{Doubt, Found, failed, needs},
    keys::Keys,
    statement::About,
};
pub use self::{
    check::{Check, Line, Outcome, Word},
    keys::{NotAKey, key_id_of},
};
use crate::ledger::Unpacked;

/// What is to be checked, and against what.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The archive, or the directory that it was unpacked into.
    pub bundle: PathBuf,
    /// The bundle of the period before.
    pub previous: Option<PathBuf>,
    /// Ids of keys that were given by another way.
    pub trusted: BTreeSet<String>,
    /// A list of the nodes that there should be.
    pub inventory: Option<PathBuf>,
}

/// How far a check is: bytes or entries, of so many.
pub trait Progress: FnMut(Check, u64, u64) {}

impl<F: FnMut(Check, u64, u64)> Progress for F {}

/// Checks a bundle: a line for each check, in the order of [`Check::ALL`].
pub fn verify(subject: &Subject, mut progress: impl Progress) -> Vec<Line> {
    let mut found = BTreeMap::new();
    let opened = Opened::open(&subject.bundle, &mut |at, of| {
        progress(Check::Archive, at, of);
    });
    match &opened {
        Ok(bundle) => {
            found.insert(Check::Archive, bundle.found());
            checks(subject, bundle, &mut found, &mut progress);
        }
        Err(doubt) => drop(found.insert(Check::Archive, Err(doubt.clone()))),
    }
    Check::ALL
        .into_iter()
        .map(|check| {
            let of = found.remove(&check).unwrap_or_else(|| match &opened {
                Ok(_) => Err(needs(Check::Statement)),
                Err(_) => Err(needs(Check::Archive)),
            });
            Line::new(check, of)
        })
        .collect()
}

type All = BTreeMap<Check, Found>;

fn checks(subject: &Subject, bundle: &Opened, found: &mut All, progress: &mut dyn Progress) {
    found.insert(Check::Sums, sums::check(bundle));
    let signed = Keys::read(bundle).and_then(|keys| Ok((statement::open(bundle, &keys)?, keys)));
    let (about, keys) = match signed {
        Ok(signed) => signed,
        Err(doubt) => {
            found.insert(Check::Statement, Err(doubt));
            return;
        }
    };
    found.insert(Check::Statement, statement::check(bundle, &about));
    let signed = checkpoint::check(bundle, &about, &keys);
    let is_signed = signed.is_ok();
    found.insert(Check::Checkpoint, signed);
    let previous = subject.previous.as_deref();
    let consistency = match is_signed {
        true => consistency::check(bundle, &about, &keys, previous),
        false => Err(needs(Check::Checkpoint)),
    };
    found.insert(Check::Consistency, consistency);
    let inventory = inventory::check(&about, subject.inventory.as_deref());
    found.insert(Check::Inventory, inventory);
    let facts = of_log(bundle, (&about, &keys), found, progress);
    let trust = log::trust(&about, &keys, facts.as_ref(), &subject.trusted);
    found.insert(Check::Trust, trust);
}

/// The checks of what the log says, and what hangs on it.
fn of_log(
    bundle: &Opened,
    (about, keys): (&About, &Keys),
    found: &mut All,
    progress: &mut dyn Progress,
) -> Option<log::Facts> {
    let unpacked = open(bundle.directory(), about);
    let unpacked = match unpacked {
        Ok(unpacked) => unpacked,
        Err(doubt) => {
            found.insert(Check::Log, Err(doubt));
            return skip(found);
        }
    };
    let mut at = |at, of| progress(Check::Log, at, of);
    let facts = match log::check(bundle, &unpacked, (about, keys), &mut at) {
        Ok((said, facts)) => {
            found.insert(Check::Log, Ok(said));
            facts
        }
        Err(doubt) => {
            found.insert(Check::Log, Err(doubt));
            return skip(found);
        }
    };
    let heartbeats = facts.heartbeats.check(facts.hidden);
    found.insert(Check::Heartbeats, heartbeats);
    let policy = policy::check(bundle, about, &facts);
    let has_policy = policy.is_ok();
    found.insert(Check::Policy, policy);
    if !has_policy {
        for check in [
            Check::Coverage,
            Check::Judgement,
            Check::Findings,
            Check::Claims,
            Check::Derived,
        ] {
            found.insert(check, Err(needs(Check::Policy)));
        }
        return Some(facts);
    }
    // Both go through all entries, and neither hangs on the other.
    let (judged, again) = thread::scope(|scope| {
        let again = scope.spawn(|| derived::again(bundle, &unpacked, about));
        let mut at = |at, of| progress(Check::Judgement, at, of);
        let judged = judgement::check(&unpacked, about, &mut at);
        progress(Check::Derived, 0, 1);
        let again = again.join();
        (judged, again.unwrap_or_else(|panic| resume_unwind(panic)))
    });
    found.insert(Check::Judgement, judged);
    found.insert(Check::Coverage, again.coverage(bundle));
    found.insert(Check::Findings, again.findings());
    found.insert(Check::Claims, again.claims());
    found.insert(Check::Derived, again.derived(bundle));
    Some(facts)
}

fn open(directory: &Path, about: &About) -> Result<Unpacked, Doubt> {
    Unpacked::open(directory, &about.predicate.node)
        .map_err(|error| failed(format!("the log cannot be read ({error})")))
}

/// What hangs on the log is not looked at.
fn skip(found: &mut All) -> Option<log::Facts> {
    for check in [
        Check::Heartbeats,
        Check::Coverage,
        Check::Policy,
        Check::Judgement,
        Check::Findings,
        Check::Claims,
        Check::Derived,
    ] {
        found.insert(check, Err(needs(Check::Log)));
    }
    None
}
