//! `lint_allow`: lints that somebody has looked at, and why they do not matter.

use super::{
    Placed,
    kind::Kind,
    reader::{Key, Reader, Section, optional, required, word},
};
use crate::policy::lint::Lint;

/// The key of an entry.
pub(super) const LINT_ALLOW: Key = optional(
    "lint_allow",
    Kind::Tables(&EXCEPTION),
    "`lint_allow = [{ id = \"weir/port-less\", reason = \"why\" }]`",
);

/// An exception.
pub(in crate::policy) static EXCEPTION: Section = Section {
    name: "lint_allow",
    keys: &[
        required("id", Kind::Word(&IDS), "`id = \"weir/port-less\"`"),
        required(
            "reason",
            Kind::Text,
            "`reason = \"the provider has no fixed ports\"`",
        ),
    ],
};

/// Lints that may be excepted: an unused exception may not.
const EXCEPTED: usize = Lint::ALL.len() - 1;

const IDS: [&str; EXCEPTED] = {
    let mut ids = [""; EXCEPTED];
    let mut at = 0;
    while at < EXCEPTED {
        ids[at] = Lint::ALL[at].id();
        at += 1;
    }
    ids
};

/// Reads the exceptions of an entry, as far as they are sound.
pub(super) fn read_all(reader: &mut Reader<'_, '_>) -> Vec<Placed<Lint>> {
    let mut exceptions: Vec<Placed<Lint>> = Vec::new();
    for (table, span) in reader.tables(LINT_ALLOW.name) {
        let mut exception = Reader::open(&EXCEPTION, table, span.clone(), reader.problems);
        let id = exception.text("id");
        exception.text("reason");
        let Some(id) = id else {
            continue;
        };
        let lints = Lint::ALL.map(|lint| (lint.id(), lint));
        let place = id.span.clone();
        let lints = lints.get(..EXCEPTED).unwrap_or_default();
        let Some(value) = word(id, "lint", lints, exception.problems) else {
            continue;
        };
        if exceptions.iter().any(|known| known.value == value) {
            let message = format!("{value} stands twice in the entry");
            exception.problems.report(place, message, "remove one");
            continue;
        }
        exceptions.push(Placed { value, span });
    }
    exceptions
}
