//! Findings that are open.

use maud::{Markup, html};

use crate::{
    finding::Severity,
    now::{FindingRow, Snapshot},
    output::bytes,
};

/// The findings, pages that nobody knows of first.
pub(in crate::page) fn findings(now: &Snapshot) -> Markup {
    let list = &now.findings;
    html! {
        @if list.rows.is_empty() { p { "No finding is open." } }
        ul class="findings" { @for row in &list.rows { (finding(row)) } }
        @if list.more > 0 {
            p class="dim" { "And " (list.more) " more: " code { "weir findings" } " lists all." }
        }
    }
}

fn finding(row: &FindingRow) -> Markup {
    let (finding, key) = (&row.finding, &row.finding.key);
    let class = match (finding.severity, row.acknowledged.is_some()) {
        (Severity::Page, false) => "badge bad",
        _ => "badge doubt",
    };
    let workload = key.workload.as_ref().map(|one| one.name.as_str());
    html! {
        li {
            h2 {
                span class=(class) { (finding.severity.label()) } " " (key.kind.label()) ": "
                (key.product.as_deref().or(workload).unwrap_or("the platform"))
                @if let Some(to) = &key.destination { " to " (to) }
                @if let Some(place) = key.jurisdiction { " (" (place) ")" }
            }
            p { (finding.detail) }
            @match &row.acknowledged {
                Some(known) => p { b { "Known to " (known.by) } " until " (known.until) ": " (known.reason) },
                None => p class="dim" { "Nobody has said that they know: "
                    code { "weir ack " (finding.id) " --reason TEXT --until DATE" } },
            }
            p class="dim" {
                code { (finding.id) } " · "
                @if let Some(workload) = workload { (workload) " · " }
                (finding.flows) " flows, " (bytes(finding.egress_bytes)) " sent · first "
                (finding.first_seen.strftime("%F %T UTC")) " · last " (finding.last_seen.strftime("%F %T UTC"))
            }
        }
    }
}
