//! Findings, each with its history.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{page::Page, text};
use crate::{
    account::{FindingHistory, Known},
    finding::{Event, Kind, Severity},
};

/// Findings that are shown.
const MOST: usize = 30;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let all = &page.account.findings;
    let more = all.listed.len().saturating_sub(MOST);
    html! {
        section id="findings" aria-labelledby="findings-h" {
            h2 id="findings-h" { "Findings" }
            p class="lead" {
                "A finding is an open deviation: opened once, whatever number of flows it has, \
                 and closed when it has had none for a while. The strip beside each is the \
                 period, dark while it was open. An acknowledgement says that somebody knew; it \
                 hides nothing and closes nothing."
            }
            @if all.listed.is_empty() {
                p { "No finding was open in this period." }
            } @else {
                ol class="findings" { @for one in all.listed.iter().take(MOST) { (finding(page, one)) } }
                @if more > 0 { p class="more" { (text::counted(more as u64, "more finding", "more findings")) "; the bundle’s " code { "findings.json" } " has each." } }
                @if all.folded_events > 0 {
                    p class="more" { (text::counted(all.folded_events, "event", "events")) " of findings beyond those that are told apart." }
                }
            }
        }
    }
}

fn finding(page: &Page<'_>, one: &FindingHistory) -> Markup {
    let finding = &one.finding;
    let key = &finding.key;
    let (class, mark, word) = match one.worst {
        Severity::Page => ("deviating", "✕", "page"),
        Severity::Ticket => ("doubtful", "!", "ticket"),
    };
    let state = if one.open_after { "open" } else { "closed" };
    html! {
        li {
            div class="what" {
                p { (text::badge(class, mark, word)) " " strong { (kind(key.kind)) }
                    @if let Some(product) = &key.product { " · " (product) }
                    @if let Some(workload) = &key.workload { " · " (workload.name) }
                    @if let Some(destination) = &key.destination { " · " (destination.to_string()) }
                    @if let Some(place) = key.jurisdiction { " · " (text::place(place)) } }
                p class="why" { (finding.detail) }
                p class="dim" {
                    code { (finding.id.to_string()) } " · "
                    @if finding.flows > 0 {
                        (text::counted(finding.flows, "flow", "flows")) ", " (text::bytes(finding.egress_bytes)) " sent · "
                    }
                    "first seen " (text::when(finding.first_seen)) ", last " (text::when(finding.last_seen))
                }
                @for one in &one.acknowledgements { (known(one)) }
            }
            div class="history" {
                (strip(page, one))
                p class="dim" { (told(one)) " " strong { (state) } " at the end." }
            }
        }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Undeclared => "Undeclared destination",
        Kind::OutOfJurisdiction => "Outside the admitted places",
        Kind::Expired => "Entry expired",
        Kind::Indeterminate => "Cannot be judged",
        Kind::Unattributed => "Workload of no product",
        Kind::ContestedWorkload => "Workload of several products",
        Kind::NameContradiction => "Name that no answer gave",
        Kind::EvidenceGap => "Gap in the record",
        Kind::AllowlistsRefused => "Allowlists refused",
        Kind::EntryExpiring => "Entry ends soon",
    }
}

/// Who knew of it. What they said is theirs, and marked as said.
fn known(one: &Known) -> Markup {
    let said = &one.acknowledgement;
    html! {
        p class="dim known" {
            "Acknowledged "
            @match one.time {
                Some(time) => { (text::when(time)) }
                None => { "before the period" }
            }
            " by " (said.by) ", until " (said.until.to_string()) ": " q { (said.reason) }
        }
    }
}

/// What became of it, in words.
fn told(one: &FindingHistory) -> Markup {
    let shown = one
        .events
        .iter()
        .filter(|event| event.event != Event::Updated);
    let shown: Vec<_> = shown.take(4).collect();
    let updates = one
        .events
        .iter()
        .filter(|event| event.event == Event::Updated)
        .count() as u64;
    html! {
        @if one.open_before { "Open before the period. " }
        @for event in shown {
            @match event.event {
                Event::Opened => { "Opened " (text::when(event.time)) ". " }
                Event::Closed => { "Closed " (text::when(event.time)) ". " }
                Event::Updated => {}
            }
        }
        @if updates + one.more_events > 0 {
            (text::counted(updates + one.more_events, "update", "updates")) ". "
        }
    }
}

/// The period as a strip, with the time in which it was open.
fn strip(page: &Page<'_>, one: &FindingHistory) -> Markup {
    let span = page.account.span;
    let mut open = one.open_before.then_some(span.from);
    let mut parts = Vec::new();
    for event in &one.events {
        match (event.event, open) {
            (Event::Closed, Some(from)) => {
                parts.push((from, event.time));
                open = None;
            }
            (Event::Closed, None) => {}
            (_, None) => open = Some(event.time),
            (_, Some(_)) => {}
        }
    }
    if let Some(from) = open {
        let last = one.events.last().map_or(span.to, |event| event.time);
        parts.push((from, if one.open_after { span.to } else { last }));
    }
    let days = |time: Timestamp| position(page, time);
    html! {
        svg class="strip" viewBox="0 0 1000 40" preserveAspectRatio="none" role="img"
            aria-label=(format!("{} over the period; the sentence below says the same", kind(one.finding.key.kind))) {
            rect class="track" width="1000" height="40" {}
            @for (from, to) in &parts {
                rect class=(if one.worst == Severity::Page { "deviating" } else { "doubtful" })
                    x=(days(*from)) width=((days(*to) - days(*from)).max(5)) height="40" {}
            }
            @for event in one.events.iter().filter(|event| event.event == Event::Updated) {
                rect class="tick" x=(days(event.time)) width="2" height="40" {}
            }
        }
    }
}

/// Where a moment is in the period, of a thousand.
pub(super) fn position(page: &Page<'_>, time: Timestamp) -> i128 {
    let span = page.account.span;
    let since = time.duration_since(span.from).as_nanos();
    let of = span.duration().as_nanos().max(1);
    (since * 1000 / of).clamp(0, 1000)
}
