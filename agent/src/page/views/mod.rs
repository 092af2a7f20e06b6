//! What each view shows.

mod claims;
mod coverage;
mod findings;
mod now;

use maud::{Markup, html};

pub(super) use claims::claims;
pub(super) use coverage::coverage;
pub(super) use findings::findings;
pub(super) use now::now;

use crate::verdict::Verdict;

/// A verdict with its colour, which says nothing that the word does not.
fn badge(verdict: Verdict) -> Markup {
    let class = match verdict {
        Verdict::Internal => "badge",
        Verdict::Declared => "badge good",
        Verdict::Undeclared | Verdict::OutOfJurisdiction => "badge bad",
        Verdict::Expired | Verdict::Indeterminate | Verdict::Unattributed => "badge doubt",
    };
    html! { span class=(class) { (verdict.label()) } }
}

/// A table that scrolls by itself where it is too wide.
fn table(name: &str, head: &[(&str, &str)], rows: &Markup) -> Markup {
    html! {
        div class="table" role="region" aria-label=(name) tabindex="0" {
            table {
                thead { tr { @for (title, class) in head { th scope="col" class=(class) { (title) } } } }
                tbody { (rows) }
            }
        }
    }
}
