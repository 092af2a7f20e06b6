//! Flows of which it cannot be told whether they are declared, and why.

use std::{cmp::Reverse, collections::BTreeMap};

use maud::{Markup, html};

use super::{page::Page, text};
use crate::{account::FlowGroup, record::Counters, verdict::Verdict};

/// Rows that are shown.
const MOST: usize = 20;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let groups = &page.account.flows.groups;
    let of = |verdict| groups.iter().filter(move |one| one.kind.verdict == verdict);
    let mut doubts: Vec<&FlowGroup> = of(Verdict::Indeterminate).collect();
    doubts.sort_by_key(|one| Reverse(one.sum.counters.egress_bytes));
    let more = doubts.len().saturating_sub(MOST);
    html! {
        section id="doubts" aria-labelledby="doubts-h" {
            h2 id="doubts-h" { "What could not be decided" }
            p class="lead" {
                "Where the place, the name or the owner of a flow is not known for certain, it is \
                 neither declared nor undeclared. It is counted against no one and for no one, and \
                 a claim that it might contradict stays unproven."
            }
            @if doubts.is_empty() {
                p { "Every flow could be decided." }
            } @else {
                div class="table" tabindex="0" role="region" aria-label="Undecided flows" {
                    table {
                        thead { tr {
                            th scope="col" { "Product, workload" } th scope="col" { "To" }
                            th scope="col" { "Why it cannot be told" }
                            th scope="col" class="number" { "Sent" } th scope="col" class="number" { "Flows" }
                        } }
                        tbody { @for one in doubts.iter().take(MOST) { (row(page, one)) } }
                    }
                }
                @if more > 0 { p class="more" { (text::counted(more as u64, "more group", "more groups")) " of such flows." } }
            }
            (unattributed(of(Verdict::Unattributed)))
        }
    }
}

fn row(page: &Page<'_>, one: &FlowGroup) -> Markup {
    html! {
        tr {
            th scope="row" { (one.kind.product.as_deref().unwrap_or("(no product)")) br;
                code class="dim" { (one.kind.workload) } }
            td class="names" {
                @match &one.kind.name {
                    Some(name) => (super::products::breakable(name.as_str())),
                    None => code { (one.met.address) },
                }
                br; (page.peer(one.kind.peer.as_ref())) }
            td { (one.met.reason.as_deref().unwrap_or("not said")) }
            td class="number" { (text::bytes(one.sum.counters.egress_bytes)) }
            td class="number" { (text::grouped(one.sum.flows)) }
        }
    }
}

/// Workloads that no product claims, and that went out.
fn unattributed<'f>(groups: impl Iterator<Item = &'f FlowGroup>) -> Markup {
    let mut sums: BTreeMap<&str, (u64, Counters)> = BTreeMap::new();
    for group in groups {
        let sum = sums.entry(&group.kind.workload).or_default();
        sum.0 += group.sum.flows;
        sum.1 = sum.1 + group.sum.counters;
    }
    let mut ranked: Vec<_> = sums.into_iter().collect();
    ranked.sort_by_key(|(name, (_, counters))| (Reverse(counters.egress_bytes), *name));
    let more = ranked.len().saturating_sub(MOST);
    html! {
        @if !ranked.is_empty() {
            h3 { "Workloads of no product" }
            ul class="plain" {
                @for (name, (flows, counters)) in ranked.iter().take(MOST) {
                    li { code { (name) } ": " (text::bytes(counters.egress_bytes)) " sent in "
                        (text::counted(*flows, "flow", "flows")) }
                }
                @if more > 0 { li { "and " (more) " more workloads" } }
            }
        }
    }
}
