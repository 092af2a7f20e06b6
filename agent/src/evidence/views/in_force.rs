//! `policy/in-force.json`: the sets of allowlists by which flows were judged.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::pretty;
use crate::account::Account;

/// A set; its text is in the directory of that name.
#[derive(Debug, Serialize)]
struct Set<'a> {
    /// From when on; of the first, the moment that the record names, which may be before the
    /// period.
    from: Timestamp,
    /// The first moment after it; `None` where it still was in force when the period ended.
    to: Option<Timestamp>,
    /// SHA-256 of the set.
    digest: &'a str,
}

/// Writes the file.
pub(super) fn write(account: &Account<'_>, out: &mut dyn Write) -> io::Result<()> {
    let sets = account.policies.in_force();
    let next = sets.iter().skip(1).map(|set| Some(set.from));
    let file: Vec<Set<'_>> = sets
        .iter()
        .zip(next.chain([None]))
        .map(|(set, to)| Set {
            from: set.from,
            to,
            digest: &set.digest,
        })
        .collect();
    pretty(&file, out)
}
