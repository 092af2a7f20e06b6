//! What is declared against what was seen.

use maud::{Markup, html};

use super::{page::Page, text};
use crate::{
    account::{Declared, Used},
    verdict::Verdict,
};

/// Entries of each list.
const MOST_ROWS: usize = 30;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let declared = &page.account.declared;
    let undisclosed: Vec<&Declared> = declared.iter().filter(|one| one.is_undisclosed()).collect();
    let never: Vec<&Declared> = declared.iter().filter(|one| one.is_never_seen()).collect();
    let seen: Vec<&Declared> = declared
        .iter()
        .filter(|one| one.leads_outside() && one.used.is_some() && !one.is_undisclosed())
        .collect();
    html! {
        section id="declared" aria-labelledby="declared-h" {
            h2 id="declared-h" { "Declared and seen" }
            p class="lead" {
                "Each destination outside the platform is to be declared in an allowlist, and \
                 disclosed to customers on a page. These are the entries that lead outside."
            }
            (list("Used, and disclosed on no page", "deviating", &undisclosed,
                "Every entry that was used is disclosed on a page."))
            (list("Disclosed, and never seen", "doubtful", &never,
                "Every disclosed entry was used."))
            (list("Used as declared", "declared", &seen, "No entry that leads outside was used."))
        }
    }
}

fn list(heading: &str, class: &str, entries: &[&Declared], none: &str) -> Markup {
    let more = entries.len().saturating_sub(MOST_ROWS);
    html! {
        h3 { span class=(format!("count {class}")) { (entries.len()) } " " (heading) }
        @if entries.is_empty() {
            p class="dim" { (none) }
        } @else {
            div class="table" tabindex="0" role="region" aria-label=(heading) {
                table {
                    thead { tr {
                        th scope="col" { "Entry" } th scope="col" { "What for" }
                        th scope="col" { "To" } th scope="col" { "Disclosed at" }
                        th scope="col" class="number" { "Sent" } th scope="col" { "Last seen" }
                    } }
                    tbody { @for one in entries.iter().take(MOST_ROWS) { (row(one)) } }
                }
            }
            @if more > 0 { p class="more" { (text::counted(more as u64, "more entry", "more entries")) "." } }
        }
    }
}

fn row(one: &Declared) -> Markup {
    let entry = &one.entry;
    let used = one.used.as_ref();
    html! {
        tr {
            th scope="row" {
                code { (entry.id) } br;
                span class="dim" { (one.product.as_deref().unwrap_or("platform"))
                    @if !one.is_current { ", no longer in the set" } }
            }
            td { (entry.purpose) br; span class="dim" { (entry.duties.data_categories.join(", ")) } }
            td class="names" { (destination(one)) }
            td class="names" {
                @match &entry.duties.disclosed_at {
                    Some(page) => (text::address(page)),
                    None => span class="dim" { "nowhere" },
                }
            }
            td class="number" { (used.map_or_else(|| "–".to_owned(), |used| text::bytes(sent(used)))) }
            td {
                @match used {
                    Some(used) => (text::when(used.last_seen)),
                    None => span class="dim" { "never" },
                }
                @if used.is_some_and(|used| !used.is_certain()) { br; span class="dim" { "if it was this at all" } }
            }
        }
    }
}

/// What was sent, but for what only may be of the entry.
fn sent(used: &Used) -> u64 {
    let certain = used
        .verdicts
        .iter()
        .filter(|(verdict, _)| **verdict != Verdict::Indeterminate);
    certain.map(|(_, counters)| counters.egress_bytes).sum()
}

/// What the entry names, shortened.
fn destination(one: &Declared) -> Markup {
    let entry = &one.entry;
    let mut parts: Vec<String> = Vec::new();
    parts.extend(entry.names.iter().map(ToString::to_string));
    parts.extend(entry.providers.iter().cloned());
    parts.extend(entry.systems.iter().map(ToString::to_string));
    parts.extend(entry.networks.iter().map(ToString::to_string));
    html! {
        @for (at, part) in parts.iter().take(3).enumerate() {
            @if at > 0 { br; }
            (super::products::breakable(part))
        }
        @if parts.len() > 3 { br; span class="dim" { "and " (parts.len() - 3) " more" } }
        @if parts.is_empty() { span class="dim" { "whatever is hosted in "
            (entry.countries.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")) } }
    }
}
