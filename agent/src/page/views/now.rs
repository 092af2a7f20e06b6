//! Products, workloads and destinations at present.

use maud::{Markup, html};

use super::{super::query::Query, badge, table};
use crate::{
    finding::Jurisdiction,
    naming::Grade,
    now::{DestinationRow, List, Order, ProductRow, Snapshot, Sum, WorkloadRow, words},
    output::bytes,
};

/// The lists, with what they may be asked for.
pub(in crate::page) fn now(now: &Snapshot, query: &Query) -> Markup {
    html! {
        (form(query))
        section aria-labelledby="products" {
            h2 id="products" { "Products" }
            (products(&now.products))
        }
        section aria-labelledby="destinations" {
            h2 id="destinations" { "Destinations" }
            (destinations(&now.destinations))
        }
        section aria-labelledby="workloads" {
            h2 id="workloads" { "Workloads" }
            (workloads(&now.workloads))
        }
    }
}

fn form(query: &Query) -> Markup {
    html! {
        form method="get" action="/" class="ask" {
            label { "Words " input type="search" name="filter" maxlength="256" value=(query.wanted.filter); }
            input type="hidden" name="sort" value=(query.wanted.order.label());
            @if let Some(seconds) = query.refresh { input type="hidden" name="refresh" value=(seconds); }
            button type="submit" { "Filter" }
            span class="orders" {
                "First: "
                @for (number, order) in Order::ALL.into_iter().enumerate() {
                    @if number > 0 { " · " }
                    a href=(query.with(order)) aria-current=[(order == query.wanted.order).then_some("true")] {
                        (described(order))
                    }
                }
            }
        }
    }
}

fn described(order: Order) -> &'static str {
    match order {
        Order::Rate => "fastest",
        Order::Sent => "most sent",
        Order::Recent => "last seen",
        Order::Verdict => "worst",
    }
}

fn owner(product: Option<&String>) -> Markup {
    html! {
        @match product {
            Some(name) => (name),
            None => span class="doubt" { "unattributed" },
        }
    }
}

fn rate(each_second: u64) -> Markup {
    html! {
        @if each_second == 0 { span class="dim" { "–" } } @else { (words::rate(each_second)) }
    }
}

/// What is not shown.
fn rest<T>(list: &List<T>) -> Markup {
    let Sum { sent, rate, .. } = list.rest;
    html! {
        @if list.more > 0 {
            p class="dim" { "And " (list.more) " more: " (bytes(sent)) " sent, " (words::rate(rate.sent)) " at present." }
        }
    }
}

fn nothing() -> Markup {
    html! { p class="dim" { "Nothing at present." } }
}

fn products(list: &List<ProductRow>) -> Markup {
    if list.rows.is_empty() {
        return nothing();
    }
    let head = [
        ("Product", ""),
        ("Open flows", ""),
        ("Findings", "number"),
        ("Sent", "number"),
        ("Out", "number"),
        ("In", "number wide"),
    ];
    let rows = html! {
        @for row in &list.rows {
            tr {
                th scope="row" { (owner(row.product.as_ref())) }
                td {
                    @if row.verdicts.is_empty() { span class="dim" { "none" } }
                    @for verdict in words::WORST_FIRST {
                        @if let Some(sum) = row.verdicts.get(&verdict) {
                            (sum.flows) " " (badge(verdict)) " "
                        }
                    }
                }
                td class="number" {
                    @if row.findings > 0 { a href="/findings" class="bad" { (row.findings) } } @else { span class="dim" { "–" } }
                }
                td class="number" { (bytes(row.sum.sent)) }
                td class="number" { (rate(row.sum.rate.sent)) }
                td class="number wide" { (rate(row.sum.rate.received)) }
            }
        }
    };
    html! { (table("Products", &head, &rows)) (rest(list)) }
}

fn destinations(list: &List<DestinationRow>) -> Markup {
    if list.rows.is_empty() {
        return nothing();
    }
    let head = [
        ("Destination", ""),
        ("Verdict", ""),
        ("Workload", ""),
        ("Hosted in", ""),
        ("Operator", "wide"),
        ("Law", "wide"),
        ("Sent", "number wide"),
        ("Out", "number"),
        ("In", "number wide"),
    ];
    let rows = html! {
        @for row in &list.rows {
            tr {
                th scope="row" { (destination(row)) }
                td { (badge(row.verdict)) @if let Some(rule) = &row.rule { br; span class="dim" { (rule) } } }
                td { (row.workload) br; span class="dim" { (owner(row.product.as_ref())) } }
                td { (place(row)) }
                td class="wide" { (row.operator.as_deref().unwrap_or("not known")) }
                td class="wide" {
                    @match row.domicile { Some(code) => (code), None => span class="dim" { "not known" } }
                }
                td class="number wide" { (bytes(row.sum.sent)) }
                td class="number" { (rate(row.sum.rate.sent)) }
                td class="number wide" { (rate(row.sum.rate.received)) }
            }
        }
    };
    html! { (table("Destinations", &head, &rows)) (rest(list)) }
}

fn destination(row: &DestinationRow) -> Markup {
    let grade = match row.grade {
        Some(Grade::Answered) => Some("answered"),
        Some(Grade::AnsweredUntrusted) => Some("answered, not by a trusted resolver"),
        Some(Grade::Presented) => Some("only presented"),
        None => None,
    };
    html! {
        @if let Some(name) = &row.name {
            (name) br;
            span class="dim" { (words::endpoint(row)) ", name " (grade.unwrap_or_default()) }
        } @else { (words::endpoint(row)) }
        @if row.direction == crate::record::Direction::Inbound { br; span class="dim" { "the other side began" } }
    }
}

fn place(row: &DestinationRow) -> Markup {
    html! {
        @match row.hosted_in {
            Jurisdiction::Country(code) => (code),
            Jurisdiction::Anycast => "several places",
            Jurisdiction::Disputed => "sources disagree",
            Jurisdiction::Unknown => span class="dim" { "not known" },
        }
        @if row.third_country == Some(true) { br; span class="outside" { "outside the home" } }
    }
}

fn workloads(list: &List<WorkloadRow>) -> Markup {
    if list.rows.is_empty() {
        return nothing();
    }
    let head = [
        ("Workload", ""),
        ("Product", ""),
        ("Worst", ""),
        ("Flows", "number"),
        ("Out", "number"),
        ("In", "number wide"),
    ];
    let rows = html! {
        @for row in &list.rows {
            tr {
                th scope="row" { (row.workload) }
                td { (owner(row.product.as_ref())) }
                td { (badge(row.worst)) }
                td class="number" { (row.sum.flows) }
                td class="number" { (rate(row.sum.rate.sent)) }
                td class="number wide" { (rate(row.sum.rate.received)) }
            }
        }
    };
    html! { (table("Workloads", &head, &rows)) (rest(list)) }
}
