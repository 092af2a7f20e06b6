//! Check `policy`: the allowlists are the sets that the log names by digest.

use std::collections::BTreeSet;

use super::{
    archive::Opened,
    check::{Found, failed},
    log::Facts,
    statement::About,
};
use crate::{counted::count, policy::Archive};

pub(super) fn check(bundle: &Opened, about: &About, facts: &Facts) -> Found {
    let mut sets = BTreeSet::new();
    for (name, _) in bundle.files() {
        let name = name.as_str();
        let Some(rest) = name
            .strip_prefix("policy/")
            .filter(|rest| *rest != "in-force.json")
        else {
            continue;
        };
        match rest.split('/').collect::<Vec<_>>().as_slice() {
            [set, _] if set.len() == 64 => drop(sets.insert((*set).to_owned())),
            _ => {
                return Err(failed(format!(
                    "{name} is no part of a set of allowlists: it was added"
                )));
            }
        }
    }
    let archive = Archive::of_bundle(bundle.directory());
    for set in &sets {
        archive.read(set).map_err(|error| {
            failed(format!(
                "policy/{set} is not the set of this digest: an allowlist was changed, added or \
                 taken away ({error})"
            ))
        })?;
    }
    let wanted = in_force(about, facts);
    if let Some(missing) = wanted.difference(&sets).next() {
        return Err(failed(format!(
            "the set {missing} was in force, and its files are missing: get the bundle anew"
        )));
    }
    if let Some(other) = sets.difference(&wanted).next() {
        return Err(failed(format!(
            "the set {other} is there, and was not in force: it was added or exchanged"
        )));
    }
    Ok(format!(
        "{} of allowlists, each with the digest that the log tells of",
        count(sets.len(), "set")
    ))
}

/// Digests of the sets in force in the period, the first from before it if one was.
fn in_force(about: &About, facts: &Facts) -> BTreeSet<String> {
    let period = about.predicate.period;
    let mut wanted = BTreeSet::new();
    let mut before = None;
    for (time, digest) in &facts.policies {
        if *time < period.from {
            before = Some(digest.clone());
        } else if *time < period.to {
            wanted.insert(digest.clone());
        }
    }
    wanted.extend(before);
    wanted
}
