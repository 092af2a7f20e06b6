//! On what the report rests, how it was made, and what it cannot say.

use maud::{Markup, html};

use super::{page::Page, text};

/// Items of each list.
const MOST: usize = 40;

pub(super) fn section(page: &Page<'_>) -> Markup {
    html! {
        section id="method" aria-labelledby="method-h" {
            h2 id="method-h" { "Basis, method and limits" }
            (allowlists(page))
            (databases(page))
            (agent(page))
            (method())
            (limits(page))
            (out_of_reach(page))
        }
    }
}

fn allowlists(page: &Page<'_>) -> Markup {
    let policies = page.account.policies;
    html! {
        h3 { "Allowlists in force" }
        div class="table" tabindex="0" role="region" aria-label="Allowlists in force" {
            table {
                thead { tr { th scope="col" { "From" } th scope="col" { "SHA-256 of the set" } th scope="col" { "At hand" } } }
                tbody { @for set in policies.in_force().iter().take(MOST) {
                    tr { td { (text::when(set.from)) } td { (digest(&set.digest)) }
                        td { @match &set.policy { Ok(_) => "yes", Err(why) => (why) } } }
                } }
            }
        }
        @if policies.in_force().len() > MOST { p class="more" { (policies.in_force().len() - MOST) " more sets." } }
        @if policies.in_force().last().is_none_or(|set| set.digest != policies.own().digest()) {
            p { "Claims, products and entries are those of the set " (digest(policies.own().digest())) "." }
        }
        @for one in page.account.facts.refused_sets.iter().take(5) {
            p { "Refused on " (text::when(one.time)) ": " (one.error.as_deref().unwrap_or("no error was kept")) }
        }
    }
}

/// A digest that may break anywhere.
fn digest(text: &str) -> Markup {
    html! { code class="digest" { (text) } }
}

fn databases(page: &Page<'_>) -> Markup {
    let databases = &page.account.databases;
    html! {
        h3 { "IP databases in force" }
        @if databases.is_empty() {
            p { "The record names none: no place of hosting is known." }
        } @else {
            div class="table" tabindex="0" role="region" aria-label="IP databases in force" {
                table {
                    thead { tr { th scope="col" { "Database" } th scope="col" { "From" } th scope="col" { "To" }
                        th scope="col" { "Built" } th scope="col" { "SHA-256" } } }
                    tbody { @for one in databases.iter().take(MOST) {
                        tr { th scope="row" { (one.name) } td { (text::when(one.from)) }
                            td { @match one.to { Some(to) => (text::when(to)), None => "still" } }
                            td { @match one.built { Some(built) => (text::when(built)), None => span class="dim" { "not recorded" } } }
                            td { (digest(&one.sha256)) } }
                    } }
                }
            }
            @if databases.len() > MOST { p class="more" { (databases.len() - MOST) " more." } }
        }
    }
}

fn agent(page: &Page<'_>) -> Markup {
    let (account, facts) = (page.account, &page.account.facts);
    let versions: Vec<&str> = facts.versions.iter().map(String::as_str).collect();
    html! {
        h3 { "The recording" }
        ul class="plain" {
            li { (text::counted(facts.entries, "entry", "entries")) " of the ledger, "
                (text::counted(account.flows.intervals, "flow interval", "flow intervals")) " among them"
                @if account.flows.folded.intervals > 0 { "; " (text::grouped(account.flows.folded.intervals))
                    " of these were too many kinds to be listed and are in the sums only" } "." }
            li { "Agent " (if versions.is_empty() { "of unknown version".to_owned() } else { versions.join(", ") }) ": "
                (text::counted(account.starts.len() as u64, "start", "starts")) " and "
                (text::counted(account.stops.len() as u64, "orderly end", "orderly ends")) " in the period." }
            @if facts.repaired_bytes > 0 { li { "A torn end of the ledger was cut off: " (text::bytes(facts.repaired_bytes)) "." } }
            @if !facts.pruned.is_empty() { li { (text::counted(facts.pruned.len() as u64, "segment", "segments"))
                " of the ledger " "went for age or room; what was in them stays provable as having existed." } }
            @for time in facts.keys_rotated.iter().take(5) { li { "The node took another key on " (text::when(*time)) "." } }
        }
    }
}

fn method() -> Markup {
    html! {
        h3 { "Method" }
        p { "Programs in the kernel count every IP packet that a socket of the host sends or receives, and count \
             again what leaves by the interfaces that lead off it. Each flow is given its workload by its control \
             group, its names by the answers that the workload was given, its place by every IP database in force, \
             its operator and that operator’s legal home by a reviewed table, and its verdict by the allowlists in \
             force at that moment. All of that is an entry of a Merkle log (RFC 6962) that the node signs each minute." }
        p { "A claim is upheld only by a whole record with nothing against it and nothing in doubt; it is \
             contradicted by what was recorded, however incomplete; all between is unproven." }
        p { "This page is derived: " code { "weir evidence verify" } " makes it again from the entries of its bundle \
             and compares the bytes; the bundle’s " code { "verify.py" } " needs nothing of Weir’s." }
    }
}

fn limits(page: &Page<'_>) -> Markup {
    html! {
        h3 { "Limits" }
        ul class="plain" {
            li { "It says that data left, how much and to whom; not what was in it. Bytes to a third country are a \
                  sign of a possible transfer of personal data, not proof of one." }
            li { "Geolocation of addresses errs, the more so for networks announced from many places: where databases \
                  disagree, the place is not decided." }
            li { "A legal home is a statement in a table that people review; where none counts, it is unknown." }
            li { "Whoever controls the kernel of a host can keep it from recording. The second count, the canary and \
                  checkpoints kept elsewhere make that visible, not impossible." }
            li { "What an operator does with the data after it arrives, no packet shows." }
            @if page.home.name.is_none() {
                li { "The allowlists name no jurisdiction of the platform’s own (" code { "home" } "), so that no \
                      country is inside or outside." }
            }
        }
    }
}

fn out_of_reach(page: &Page<'_>) -> Markup {
    let Some(claims) = page.account.policy().claims() else {
        return html! {};
    };
    html! {
        @if !claims.out_of_reach.is_empty() {
            h3 { "Sentences of " q { (claims.report) } " that no packet proves" }
            p { "The claims were compared with it on " (claims.reviewed) "." }
            dl class="plain" {
                @for one in claims.out_of_reach.iter().take(MOST) { dt { (one.statement) } dd { (one.reason) } }
            }
            @if claims.out_of_reach.len() > MOST { p class="more" { (claims.out_of_reach.len() - MOST) " more." } }
        }
    }
}
