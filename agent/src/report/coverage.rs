//! What was examined, and what was not.

use maud::{Markup, html};

use super::{answer::coverage_line, findings::position, page::Page, text};
use crate::account::{Disposition, Unexamined};

/// Parts that are listed.
const MOST: usize = 40;
/// Parts that are drawn.
const MOST_DRAWN: usize = 400;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let coverage = &page.account.coverage;
    let unexamined = &coverage.unexamined;
    let more = unexamined.len().saturating_sub(MOST) as u64 + coverage.more_unexamined;
    html! {
        section id="coverage" aria-labelledby="coverage-h" {
            h2 id="coverage-h" { "Coverage and gaps" }
            p { (coverage_line(page)) " " (beats(page)) }
            (strip(page))
            @if unexamined.is_empty() {
                @if coverage.eligible_from.is_some() { p { "There is no gap." } }
            } @else {
                div class="table" tabindex="0" role="region" aria-label="Gaps" {
                    table {
                        thead { tr {
                            th scope="col" { "From" } th scope="col" { "To" } th scope="col" class="number" { "Lasted" }
                            th scope="col" { "Disposition" } th scope="col" { "What happened" }
                        } }
                        tbody { @for one in unexamined.iter().take(MOST) { (row(one)) } }
                    }
                }
                @if more > 0 { p class="more" { (text::counted(more, "more part", "more parts")) " of the period." } }
            }
            (balance(page))
            (not_covered(page))
        }
    }
}

fn beats(page: &Page<'_>) -> String {
    let beats = &page.account.facts.heartbeats;
    format!(
        "{} of {} have a heartbeat.",
        text::grouped(beats.minutes),
        text::counted(beats.of_minutes, "minute", "minutes")
    )
}

fn row(one: &Unexamined) -> Markup {
    html! {
        tr {
            td { (text::when(one.from)) }
            td { (text::when(one.to)) }
            td class="number" { (text::duration(one.to.duration_since(one.from))) }
            td { (text::badge("doubtful", "!", disposition(one.disposition))) }
            td { (one.detail) }
        }
    }
}

fn disposition(of: Disposition) -> &'static str {
    match of {
        Disposition::AgentDown => "nobody recorded",
        Disposition::RingBufferLoss => "details lost",
        Disposition::MapFull => "no room to keep flows apart",
        Disposition::AttachFailed => "a way out not covered",
        Disposition::ExcludedByPolicy => "excluded by the operator",
        Disposition::ClockFault => "clock was set",
        Disposition::StoreFull => "store was full",
        Disposition::Tampered => "tampered with",
        Disposition::NotClosed => "period not closed",
    }
}

/// The period as a strip, with what was not examined.
fn strip(page: &Page<'_>) -> Markup {
    let coverage = &page.account.coverage;
    let begin = coverage
        .eligible_from
        .map_or(1000, |from| position(page, from));
    html! {
        svg class="strip tall" viewBox="0 0 1000 40" preserveAspectRatio="none" role="img"
            aria-label="The period from left to right; what was examined is filled, gaps are hatched" {
            rect class="track" width="1000" height="40" {}
            rect class="examined" x=(begin) width=(1000 - begin) height="40" {}
            @for one in coverage.unexamined.iter().take(MOST_DRAWN) {
                @let (x, end) = (position(page, one.from), position(page, one.to));
                rect class="gap" x=(x) width=((end - x).max(4)) height="40" {}
                rect class="gaphatch" x=(x) width=((end - x).max(4)) height="40" {}
            }
        }
        p class="ends dim" { span { (text::when(page.account.span.from)) } span { (text::when(page.account.span.to)) } }
    }
}

/// The independent count.
fn balance(page: &Page<'_>) -> Markup {
    let facts = &page.account.facts;
    let losses: Vec<String> = facts
        .losses
        .iter()
        .map(|(kind, count)| format!("{kind} {}", text::grouped(*count)))
        .collect();
    html! {
        h3 { "Do the books balance?" }
        @match &facts.balance {
            Some(one) => {
                dl class="figures small" {
                    div { dt { "Left by the uplinks" } dd { strong { (text::bytes(one.sums.uplink_bytes)) } } }
                    div { dt { "Seen at sockets, or wrapped" } dd { strong { (text::bytes(one.accounted())) } } }
                    div { dt { "Seen at no socket" } dd { strong { (text::bytes(one.sums.unseen_bytes)) } span { "has an owner and a verdict all the same" } } }
                    div { dt { "Sent, and not seen to leave" } dd { strong { (text::bytes(one.sums.missing_bytes)) } span { "dropped between the layers" } } }
                }
                p class="dim" { "Two programs count at different places of the kernel and are compared, from "
                    (text::when(one.from)) " to " (text::when(one.to)) "." }
            }
            None => p { "The two layers were not compared in this period." },
        }
        @if losses.is_empty() {
            p { "The kernel programs report no loss in this period." }
        } @else {
            p { "What the kernel programs could not do: " (losses.join(", ")) "." }
        }
    }
}

fn not_covered(page: &Page<'_>) -> Markup {
    let facts = &page.account.facts;
    let tests = &facts.self_tests;
    html! {
        h3 { "What this host cannot cover" }
        @if facts.not_covered.is_empty() {
            p { "The agent found nothing that it could not cover." }
        } @else {
            dl class="plain" { @for (what, why) in &facts.not_covered {
                dt { (what) } dd { (why) }
            } }
        }
        @if tests.runs > 0 {
            p { "A canary sent by " (text::counted(tests.ways, "way", "ways")) " out of the host, "
                (text::counted(tests.runs, "time", "times")) "; all of it was recorded as sent in " (tests.held) " of " (tests.runs) "."
                @if !tests.failed.is_empty() { " Not recorded once: " (tests.failed.iter().cloned().collect::<Vec<_>>().join(", ")) "." } }
        }
    }
}
