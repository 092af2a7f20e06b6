//! Who operates what was reached, and who depends on one alone.

use std::{cmp::Reverse, collections::BTreeMap};

use maud::{Markup, html};

use super::{page::Page, text};
use crate::{
    account::{ProviderSum, per_mille},
    finding::Group,
    policy::Condition,
};

/// Operators that are listed.
const MOST_ROWS: usize = 25;
/// Share of a product's bytes from which one operator is a risk of its own, where no claim
/// names one: in tenths of a percent.
const RISK: u64 = 800;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let providers = &page.account.providers;
    let risks = risks(page);
    let listed = &providers.listed;
    let more = listed.len().saturating_sub(MOST_ROWS);
    html! {
        section id="providers" aria-labelledby="providers-h" {
            h2 id="providers-h" { "Providers, and dependence on one" }
            @if listed.is_empty() {
                p { "Nothing was exchanged with anyone outside the platform." }
            } @else {
                @if !risks.is_empty() {
                    h3 { "Products that lean on one provider" }
                    ul class="risks" {
                        @for (product, provider, share, limit) in &risks {
                            li {
                                (text::badge("doubtful", "!", "single provider"))
                                " " strong { (product) } ": " (text::percent(Some(*share))) " of what it sent outside went to "
                                (provider) span class="dim" { " (noted from " (text::percent(Some(*limit))) " on)" }
                            }
                        }
                    }
                }
                (table(page, &listed[..listed.len().min(MOST_ROWS)]))
                @if more > 0 { p class="more" { (text::counted(more as u64, "more operator was", "more operators were")) " sent less." } }
                @if providers.folded_bytes > 0 {
                    p class="more" { (text::bytes(providers.folded_bytes)) " went to operators beyond those that are told apart." }
                }
                @if providers.unknown_bytes > 0 {
                    p class="more" { (text::bytes(providers.unknown_bytes)) " went to destinations that the kernel had no room to keep apart." }
                }
            }
        }
    }
}

/// Product, its largest operator, its share and the limit, each in tenths of a percent,
/// without what entries of the platform declare for every product. The limit is that of the strictest claim about it, else [`RISK`].
fn risks(page: &Page<'_>) -> Vec<(String, String, u64, u64)> {
    let shared = page.account.policy().shared();
    let of_platform = |rule: &Option<String>| {
        let rule = rule.as_deref();
        rule.is_some_and(|rule| shared.iter().any(|entry| entry.id == rule))
    };
    let mut sums: BTreeMap<&Option<String>, BTreeMap<&Group, u64>> = BTreeMap::new();
    for group in &page.account.flows.groups {
        let kind = &group.kind;
        // Of a folded destination it is not known whose it is: that makes no share larger.
        if let Some(peer) = kind.peer.as_ref().filter(|_| kind.is_external())
            && !of_platform(&kind.rule)
        {
            let sums = sums.entry(&kind.product).or_default();
            *sums.entry(peer).or_default() += group.sum.counters.egress_bytes;
        }
    }
    let mut risks = Vec::new();
    for product in &page.account.products {
        let Some(name) = &product.name else {
            continue;
        };
        let Some(sums) = sums.get(&product.name) else {
            continue;
        };
        let largest = sums
            .iter()
            .max_by_key(|(peer, bytes)| (**bytes, Reverse(*peer)));
        let Some((most, bytes)) = largest else {
            continue;
        };
        let limit = limit(page, name);
        let share = per_mille(*bytes, sums.values().sum());
        if let Some(share) = share.filter(|share| *share > limit) {
            risks.push((
                product.label().to_owned(),
                page.peer(Some(most)),
                share,
                limit,
            ));
        }
    }
    risks.sort_by_key(|(product, _, share, _)| (Reverse(*share), product.clone()));
    risks
}

fn limit(page: &Page<'_>, product: &str) -> u64 {
    let claims = page.account.claims.iter().flat_map(|report| &report.claims);
    let limits = claims.filter(|one| one.claim.products.contains(product));
    let limits = limits.filter_map(|one| match one.claim.condition {
        Condition::NoProviderAbove { percent } => Some(u64::from(percent) * 10),
        _ => None,
    });
    limits.min().unwrap_or(RISK)
}

fn table(page: &Page<'_>, listed: &[ProviderSum]) -> Markup {
    let providers = &page.account.providers;
    html! {
        div class="table" tabindex="0" role="region" aria-label="Providers" {
            table {
                thead { tr {
                    th scope="col" { "Provider" } th scope="col" { "Ultimate parent, at home in" }
                    th scope="col" { "Hosted in" } th scope="col" { "Products" }
                    th scope="col" class="number" { "Sent" } th scope="col" class="number" { "Share" }
                } }
                tbody {
                    @for one in listed {
                        @let share = providers.per_mille(one.outbound.egress_bytes);
                        tr {
                            th scope="row" { (one.label()) br; code class="dim" { (one.peer.to_string()) } }
                            td { (parent(page, one)) }
                            td { @for (at, place) in one.hosted_in.keys().take(4).enumerate() {
                                    @if at > 0 { br; } (page.place(*place)) }
                                 @if one.hosted_in.len() > 4 { br; span class="dim" { "and " (one.hosted_in.len() - 4) " more" } }
                                 @if one.hosted_in.is_empty() { span class="dim" { "only reached in" } } }
                            td { (products(page, one)) }
                            td class="number" { (text::bytes(one.outbound.egress_bytes)) }
                            td class="number share" {
                                (if one.outbound.egress_bytes == 0 { "–".to_owned() } else { text::percent(share) })
                                (bar(share.unwrap_or(0)))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn bar(per_mille: u64) -> Markup {
    html! {
        svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" {
            rect class="track" width="100" height="6" {}
            rect class="value" width=(format!("{}.{}", per_mille / 10, per_mille % 10)) height="6" {}
        }
    }
}

fn parent(page: &Page<'_>, one: &ProviderSum) -> Markup {
    html! {
        @if let Some(parent) = one.parent.as_ref().filter(|parent| one.legal_entity.as_ref() != Some(*parent)) {
            (parent) br;
        }
        @for (at, code) in one.domiciles.iter().enumerate() {
            @if at > 0 { br; }
            (page.law(Some(*code)))
        }
        @if one.domiciles.is_empty() { span class="dim" { "not known" } }
        @else if one.domicile_unknown { br; span class="dim" { "for a part of it not known" } }
    }
}

fn products(page: &Page<'_>, one: &ProviderSum) -> Markup {
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
        @for (at, name) in one.products.keys().take(4).enumerate() {
            @if at > 0 { br; }
            (label(name))
        }
        @if one.products.len() > 4 { br; span class="dim" { "and " (one.products.len() - 4) " more" } }
    }
}
