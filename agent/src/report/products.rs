//! What each product did outside.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, btree_map::Entry},
};

use maud::{Markup, html};

use super::{
    page::Page,
    sankey::{self, Layout, Strand},
    text::{self, Law, Standing},
};
use crate::{
    account::{FlowGroup, FlowKind, ProductSum},
    finding::Jurisdiction,
    policy::Posture,
    verdict::Verdict,
};

/// Products that are shown with all they did.
const MOST_PRODUCTS: usize = 24;
/// Destinations of a product that are listed.
const MOST_ROWS: usize = 12;

/// The columns of the wide picture, and of the narrow one.
const WIDE: [(&str, f64); 4] = [
    ("Product", 0.0),
    ("Provider", 240.0),
    ("Hosted in", 520.0),
    ("Under the law of", 770.0),
];
const NARROW: [(&str, f64); 3] = [("Provider", 0.0), ("Hosted in", 112.0), ("Law of", 222.0)];

pub(super) fn section(page: &Page<'_>) -> Markup {
    let products = &page.account.products;
    let mut outside: Vec<&ProductSum> = products.iter().filter(|one| goes_out(one)).collect();
    outside.sort_by_key(|one| (Reverse(one.external().egress_bytes), one.name.clone()));
    let more = outside.len().saturating_sub(MOST_PRODUCTS);
    outside.truncate(MOST_PRODUCTS);
    let inside = products.iter().filter(|one| one.seen && !goes_out(one));
    let absent = products.iter().filter(|one| !one.seen);
    html! {
        section id="products" aria-labelledby="products-h" {
            h2 id="products-h" { "Where each product’s data went" }
            p class="lead" {
                "Connections that a product’s own workloads began, to outside the platform: who \
                 operates the other side, where it is hosted, and where its ultimate parent has \
                 its legal home. Bands are as wide as the bytes sent."
            }
            (legend())
            @for one in outside { (product(page, one)) }
            @if more > 0 {
                p class="more" { (text::counted(more as u64, "more product", "more products"))
                    " sent less; " code { "weir flows" } " lists them." }
            }
            (list("Nothing left the platform", &inside.collect::<Vec<_>>(), "✓ seen, and began no connection to outside"))
            (list("Not seen at all", &absent.collect::<Vec<_>>(), "no workload of these ran, or none was recognised"))
        }
    }
}

/// Whether its workloads began connections to outside.
fn goes_out(product: &ProductSum) -> bool {
    product
        .outbound
        .keys()
        .any(|verdict| *verdict != Verdict::Internal)
}

fn legend() -> Markup {
    html! {
        ul class="legend" aria-label="Legend of the flow diagrams" {
            @for one in Standing::ALL {
                li {
                    svg viewBox="0 0 28 14" width="28" height="14" aria-hidden="true" {
                        rect class=(format!("band {}", one.class())) width="28" height="14" {}
                        @if one != Standing::Declared {
                            rect class=(format!("hatch {}", one.class())) width="28" height="14" {}
                        }
                    }
                    " " (one.label())
                }
            }
        }
    }
}

fn list(heading: &str, products: &[&ProductSum], what: &str) -> Markup {
    html! {
        @if !products.is_empty() {
            div class="quiet" {
                h3 { (heading) }
                p { (what) ":" }
                ul class="chips" {
                    @for one in products.iter().take(MOST_PRODUCTS * 4) { li { (one.label()) } }
                    @if products.len() > MOST_PRODUCTS * 4 {
                        li { "and " (products.len() - MOST_PRODUCTS * 4) " more" }
                    }
                }
            }
        }
    }
}

fn product(page: &Page<'_>, one: &ProductSum) -> Markup {
    let groups: Vec<&FlowGroup> = page
        .account
        .flows
        .groups
        .iter()
        .filter(|group| group.kind.is_external() && group.kind.product == one.name)
        .collect();
    let rows = rows(page, &groups);
    let strands = strands(page, one, &rows);
    let sent = one.external();
    let title = format!(
        "{}: {} sent outside, by provider, country of hosting and legal home. The table below \
         has the same figures.",
        one.label(),
        text::bytes(sent.egress_bytes)
    );
    let narrow: Vec<Strand> = strands
        .iter()
        .map(|strand| Strand {
            through: strand.through.iter().skip(1).cloned().collect(),
            ..strand.clone()
        })
        .collect();
    html! {
        article class="product" {
            header {
                h3 { (one.label()) }
                p class="facts" {
                    @if let Some(name) = &one.name { code { (name) } " · " }
                    (posture(one.posture)) " · "
                    strong { (text::bytes(sent.egress_bytes)) } " sent, "
                    (text::bytes(sent.ingress_bytes)) " received · "
                    (text::counted(one.workloads.len() as u64, "workload", "workloads"))
                }
            }
            @if strands.iter().any(|strand| strand.bytes > 0) {
                (sankey::draw(&strands, &Layout { title: &title, class: "wide", columns: &WIDE, width: 960.0, letters: 26 }))
                (sankey::draw(&narrow, &Layout { title: &title, class: "narrow", columns: &NARROW, width: 360.0, letters: 13 }))
            }
            (table(page, one, &rows))
        }
    }
}

fn posture(posture: Option<Posture>) -> &'static str {
    match posture {
        Some(Posture::InternalOnly) => "must call nothing outside",
        Some(Posture::ExternalDeclared) => "may call what it declares",
        None => "in no set of allowlists",
    }
}

/// What went one way.
struct Row {
    provider: String,
    place: Jurisdiction,
    law: Option<crate::jurisdiction::CountryCode>,
    verdict: Verdict,
    names: Vec<String>,
    bytes: u64,
    flows: u64,
}

fn rows(page: &Page<'_>, groups: &[&FlowGroup]) -> Vec<Row> {
    let mut rows = BTreeMap::new();
    for group in groups {
        let FlowKind {
            peer,
            hosted_in,
            domicile,
            verdict,
            ..
        } = &group.kind;
        let provider = page.peer(peer.as_ref());
        let place = hosted_in.unwrap_or(Jurisdiction::Unknown);
        let bytes = group.sum.counters.egress_bytes;
        let row = match rows.entry((provider.clone(), place, *domicile, *verdict)) {
            Entry::Vacant(entry) => entry.insert(Row {
                provider,
                place,
                law: *domicile,
                verdict: *verdict,
                names: Vec::new(),
                bytes: 0,
                flows: 0,
            }),
            Entry::Occupied(entry) => entry.into_mut(),
        };
        row.bytes += bytes;
        row.flows += group.sum.flows;
        let name = group.kind.name.as_ref();
        let name = name.map_or_else(|| group.met.address.to_string(), ToString::to_string);
        if !row.names.contains(&name) {
            row.names.push(name);
        }
    }
    let mut rows: Vec<Row> = rows.into_values().collect();
    rows.sort_by(|a, b| {
        let key = |row: &Row| (Reverse(Standing::of(row.verdict)), Reverse(row.bytes));
        key(a).cmp(&key(b))
    });
    rows
}

fn strands(page: &Page<'_>, one: &ProductSum, rows: &[Row]) -> Vec<Strand> {
    let strand = |row: &Row| {
        let law = row.law.map_or(Law::Unknown, |code| page.home.law(code));
        let law_of = row.law.map_or_else(|| "not known".into(), text::country);
        Strand {
            through: vec![
                (one.label().to_owned(), None),
                (row.provider.clone(), None),
                (
                    text::place(row.place).into_owned(),
                    page.home.note(page.home.of_place(row.place)),
                ),
                (law_of.into_owned(), page.home.note(law)),
            ],
            standing: Standing::of(row.verdict),
            bytes: row.bytes,
        }
    };
    rows.iter().map(strand).collect()
}

fn table(page: &Page<'_>, one: &ProductSum, rows: &[Row]) -> Markup {
    let more = rows.len().saturating_sub(MOST_ROWS);
    html! {
        div class="table" tabindex="0" role="region" aria-label=(format!("Destinations of {}", one.label())) {
            table {
                thead { tr {
                    th scope="col" { "Provider" } th scope="col" { "Verdict" }
                    th scope="col" class="number" { "Sent" } th scope="col" { "Hosted in" }
                    th scope="col" { "Law of" } th scope="col" { "Known as" }
                    th scope="col" class="number" { "Flows" }
                } }
                tbody {
                    @for row in rows.iter().take(MOST_ROWS) {
                        tr {
                            th scope="row" { (row.provider) }
                            td { (text::verdict_badge(row.verdict)) }
                            td class="number" { (text::bytes(row.bytes)) }
                            td { (page.place(row.place)) }
                            td { (page.law(row.law)) }
                            td class="names" { (names(&row.names)) }
                            td class="number" { (text::grouped(row.flows)) }
                        }
                    }
                }
            }
        }
        @if more > 0 {
            p class="more" { (text::counted(more as u64, "more row", "more rows")) " with less or nothing against them." }
        }
    }
}

fn names(names: &[String]) -> Markup {
    html! {
        @for (at, name) in names.iter().take(2).enumerate() {
            @if at > 0 { br; }
            (breakable(name))
        }
        @if names.len() > 2 { br; span class="dim" { "and " (names.len() - 2) " more" } }
    }
}

/// A name that may break after a dot, and nowhere else.
pub(super) fn breakable(name: &str) -> Markup {
    html! {
        code {
            @for (at, part) in name.split('.').enumerate() {
                @if at > 0 { "." wbr; }
                (part)
            }
        }
    }
}
