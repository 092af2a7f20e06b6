//! What a person reads first in a bundle.

use super::{Mode, Predicate};
use crate::ledger::short;

/// How to check a bundle without Weir.
const TEXT: &str = include_str!("readme.txt");

/// The text of a bundle.
pub(super) fn of(predicate: &Predicate) -> String {
    let period = &predicate.period;
    let disclosure = &predicate.disclosure;
    let mut shown = match disclosure.mode {
        Mode::Full => "everything".to_owned(),
        Mode::Excerpt => {
            let products: Vec<_> = disclosure.products.iter().map(String::as_str).collect();
            format!("of flows, those of {} only", products.join(", "))
        }
    };
    if disclosure.pseudonymised {
        shown.push_str("; pseudonyms stand for names of workloads");
    }
    let closed = if predicate.closed {
        "yes"
    } else {
        "no: the period is not over"
    };
    let facts = format!(
        "node      {}\nperiod    {} to {} (the end is not in it)\nentries   {} to {} of a log of {}\n\
         root      {}\nshown     {shown}\nclosed    {closed}\nmade by   weir {}\n",
        predicate.node,
        period.from,
        period.to,
        predicate.entries.first,
        predicate.entries.last,
        predicate.tree.size,
        predicate.tree.root,
        predicate.version,
    );
    TEXT.replace("{facts}", &facts)
        .replace("{node}", short(&predicate.node))
}
