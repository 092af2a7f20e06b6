//! How the claims of the report stand this month.

use maud::{Markup, html};

use super::super::{claims::Found, serve::Claims};
use crate::{
    claim::Outcome,
    now::{Snapshot, words},
};

/// The claims, as far as they are evaluated.
pub(in crate::page) fn claims(now: &Snapshot, (found, at_work): &Claims) -> Markup {
    html! {
        @match found.as_deref() {
            None => p { "The claims are being evaluated from the ledger: load the page again." },
            Some(Found::NoClaims(why)) => p { "There is nothing to evaluate. " span class="dim" { (why) } },
            Some(Found::Failed(why)) => p class="bad" { "The claims could not be evaluated: " (why) },
            Some(Found::Claims { period, at, claims }) => {
                p class="facts" { "From " (period) ", evaluated " (words::ago(*at, now.time)) " ago"
                    @if *at_work { "; being evaluated again" } "." }
                ul class="claims" {
                    @for one in claims {
                        li {
                            (outcome(one.outcome))
                            div {
                                p class="statement" { (one.statement) }
                                @for why in &one.why { p class="dim" { (why) } }
                                p class="dim" { code { (one.id) } }
                            }
                        }
                    }
                }
            }
        }
        p class="dim" { "For a whole period with every flow that decided: " code { "weir claims" } " and " code { "weir report" } "." }
    }
}

fn outcome(outcome: Outcome) -> Markup {
    let class = match outcome {
        Outcome::Upheld => "badge good",
        Outcome::Unproven => "badge doubt",
        Outcome::Contradicted => "badge bad",
    };
    html! { span class=(class) { (outcome.label()) } }
}
