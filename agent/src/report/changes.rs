//! What differs from the period before.

use maud::{Markup, html};

use super::{page::Page, text};
use crate::{
    account::{Changes, ProviderSummary, Then},
    claim::Outcome,
};

/// Items of each list.
const MOST: usize = 20;

pub(super) fn section(page: &Page<'_>) -> Markup {
    html! {
        section id="changes" aria-labelledby="changes-h" {
            h2 id="changes-h" { "What changed" }
            @match &page.changes {
                Some(changes) => (against(page, changes)),
                None => p { "There is no earlier period to compare with." },
            }
        }
    }
}

fn against(page: &Page<'_>, changes: &Changes) -> Markup {
    let incomplete = page.previous.is_some_and(|before| !before.complete);
    html! {
        p class="lead" { "Compared with " (text::period(&changes.since)) "."
            @if incomplete { " That period was not examined in full." } }
        dl class="figures small" {
            (then("Examined", changes.examined, text::fine_percent))
            (then("Open findings at the end", changes.open_findings, |count| count.to_string()))
        }
        (claims(changes))
        (operators("New operators", "+", &changes.new_providers))
        (operators("Operators that are gone", "−", &changes.gone_providers))
        (places(changes))
        (products(page, changes))
        p {
            @if changes.allowlists { "The allowlists in force at the end are others than before. " }
            @else { "The allowlists in force at the end are the same. " }
            @if changes.databases.is_empty() { "The IP databases are the same." }
            @else { "Other IP databases: " (changes.databases.iter().cloned().collect::<Vec<_>>().join(", ")) "." }
        }
    }
}

fn then(what: &str, then: Then, shown: impl Fn(u64) -> String) -> Markup {
    html! { div { dt { (what) } dd { strong { (shown(then.now)) } span { "before: " (shown(then.before)) } } } }
}

fn claims(changes: &Changes) -> Markup {
    let shown = |outcome: Option<Outcome>| match outcome {
        Some(outcome) => {
            let (class, mark, word) = text::outcome(outcome);
            text::badge(class, mark, word)
        }
        None => html! { span class="dim" { "not claimed" } },
    };
    html! {
        h3 { "Claims" }
        @if changes.claims.is_empty() {
            p { "Every claim stands as before." }
        } @else {
            ul class="plain" {
                @for (id, before, now) in changes.claims.iter().take(MOST) {
                    li { code { (id) } ": " (shown(*before)) " → " (shown(*now)) }
                }
                @if changes.claims.len() > MOST { li { "and " (changes.claims.len() - MOST) " more" } }
            }
        }
    }
}

fn operators(heading: &str, sign: &str, operators: &[ProviderSummary]) -> Markup {
    html! {
        @if !operators.is_empty() {
            h3 { (heading) }
            ul class="plain" {
                @for one in operators.iter().take(MOST) {
                    li { (sign) " " strong { (one.name) } ", "
                        (one.hosted_in.iter().map(|place| text::place(*place)).collect::<Vec<_>>().join(", "))
                        @if !one.domiciles.is_empty() { ", law of "
                            (one.domiciles.iter().map(|code| text::country(*code)).collect::<Vec<_>>().join(", ")) }
                        ": " (text::bytes(one.bytes))
                        @if !one.products.is_empty() { " from " (one.products.iter().cloned().collect::<Vec<_>>().join(", ")) } }
                }
                @if operators.len() > MOST { li { "and " (operators.len() - MOST) " more" } }
            }
        }
    }
}

fn places(changes: &Changes) -> Markup {
    let list = |places: &std::collections::BTreeSet<_>| {
        places
            .iter()
            .map(|place| text::place(*place))
            .collect::<Vec<_>>()
            .join(", ")
    };
    html! {
        @if !changes.new_places.is_empty() { p { "New places of hosting: " (list(&changes.new_places)) "." } }
        @if !changes.gone_places.is_empty() { p { "Places of hosting that are gone: " (list(&changes.gone_places)) "." } }
    }
}

fn products(page: &Page<'_>, changes: &Changes) -> Markup {
    let label = |name: &Option<String>| {
        let found = page
            .account
            .products
            .iter()
            .find(|product| product.name == *name);
        found.map_or_else(
            || name.clone().unwrap_or_default(),
            |one| one.label().to_owned(),
        )
    };
    html! {
        @if !changes.products.is_empty() {
            h3 { "Sent outside, by product" }
            div class="table" tabindex="0" role="region" aria-label="Sent outside, by product" {
                table {
                    thead { tr { th scope="col" { "Product" } th scope="col" class="number" { "Before" } th scope="col" class="number" { "Now" } } }
                    tbody { @for (name, then) in changes.products.iter().take(MOST * 2) {
                        tr { th scope="row" { (label(name)) }
                            td class="number" { (text::bytes(then.before)) } td class="number" { (text::bytes(then.now)) } }
                    } }
                }
            }
        }
    }
}
