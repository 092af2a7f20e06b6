//! How complete the record is, and what proves it.

use jiff::Timestamp;
use maud::{Markup, html};

use super::table;
use crate::{
    canary::Outcome,
    coverage::Gap,
    now::{Health, SelfTestNow, Snapshot, words},
    output::bytes,
};

/// Coverage, gaps, losses, the canary, evidence, databases and allowlists.
pub(in crate::page) fn coverage(now: &Snapshot) -> Markup {
    let health = &now.health;
    html! {
        (figures(now))
        section aria-labelledby="gaps" { h2 id="gaps" { "Gaps" } (gaps(health)) }
        section aria-labelledby="losses" { h2 id="losses" { "Losses and balance" } (losses(health)) }
        section aria-labelledby="canary" { h2 id="canary" { "Canary" } (canary(health.self_test.as_ref(), health.proven)) }
        section aria-labelledby="evidence" { h2 id="evidence" { "Evidence" } (evidence(health)) }
        section aria-labelledby="basis" { h2 id="basis" { "What it is judged by" } (basis(health)) }
    }
}

fn when(time: Timestamp) -> String {
    time.strftime("%F %T UTC").to_string()
}

fn figures(now: &Snapshot) -> Markup {
    let examined = now.health.gaps.examined();
    let heartbeat = now.health.heartbeat.map(|time| words::ago(time, now.time));
    let proven = now.health.proven.map(|time| words::ago(time, now.time));
    html! {
        dl class="figures" {
            div { dt { "Examined" } dd { strong { (examined / 100) "." (format!("{:02}", examined % 100)) " %" } "of the time since the agent began" } }
            div { dt { "Last heartbeat and checkpoint" } dd { strong { (heartbeat.as_deref().unwrap_or("none yet")) } "ago; one is due each minute" } }
            div { dt { "Every way proven" } dd { strong { (proven.as_deref().unwrap_or("not yet")) } "ago, by the canary" } }
            div { dt { "Entries of the ledger" } dd { strong { (now.health.entries) } "each in a signed tree" } }
        }
    }
}

fn gaps(health: &Health) -> Markup {
    if health.gaps.last.is_empty() {
        return html! { p { "None since the agent began." } };
    }
    let row = |gap: &Gap| {
        html! {
            tr {
                th scope="row" { (gap.reason.label()) }
                td { (when(gap.from)) " to " (when(gap.to)) }
                td { (gap.detail) }
                td { (if gap.repaired { "yes" } else { "no" }) }
            }
        }
    };
    let head = [
        ("Reason", ""),
        ("Interval", ""),
        ("What", ""),
        ("Put right", ""),
    ];
    let rows = html! { @for gap in &health.gaps.last { (row(gap)) } };
    let more = health
        .gaps
        .count()
        .saturating_sub(health.gaps.last.len() as u64);
    html! {
        (table("Gaps", &head, &rows))
        @if more > 0 { p class="dim" { "And " (more) " earlier ones, in the ledger." } }
    }
}

fn losses(health: &Health) -> Markup {
    let lost = health.losses.iter().filter(|(_, count)| **count > 0);
    let lost: Vec<_> = lost.collect();
    let balance = &health.balance;
    html! {
        @if lost.is_empty() {
            p { "The kernel programs could do everything: none of " (health.losses.len()) " kinds of loss has happened." }
        } @else {
            ul { @for (kind, count) in lost { li { b { (kind) } ": " (count) } } }
        }
        p { (bytes(balance.uplink_bytes)) " left by uplinks; of that, " (bytes(balance.unseen_bytes))
            " was seen at no socket. " (bytes(balance.missing_bytes)) " that sockets sent there never left." }
    }
}

fn canary(test: Option<&SelfTestNow>, proven: Option<Timestamp>) -> Markup {
    let Some(test) = test else {
        return html! { p { "It has not run yet, or is switched off (" code { "--self-test" } ")." } };
    };
    let head = [("Way", ""), ("Outcome", ""), ("Sent", "number")];
    let rows = html! {
        @for way in &test.ways {
            tr {
                th scope="row" { (way.way) }
                td {
                    @match &way.outcome {
                        Outcome::Recorded => span class="badge good" { "recorded" },
                        Outcome::Absent(why) => span { "not on this host: " (why) },
                        Outcome::Missed(how) => span class="bad" { "missed: " (how) },
                        Outcome::Failed(why) => span class="bad" { "not sent: " (why) },
                    }
                }
                td class="number" { (bytes(way.sent)) }
            }
        }
    };
    html! {
        p {
            "It ran at " (when(test.time)) "."
            @if test.holds() { " Nothing leaves unrecorded by any way." }
            @else if let Some(time) = proven { " " b { "It failed." } " It last proved every way at " (when(time)) "." }
            @else { " " b { "It failed." } }
        }
        @if !test.ways.is_empty() { (table("Ways out", &head, &rows)) }
    }
}

fn evidence(health: &Health) -> Markup {
    let evidence = &health.evidence;
    html! {
        @match (&evidence.directory, &evidence.schedule) {
            (Some(directory), Some(schedule)) => {
                p { "A bundle each " (schedule) ", in " code { (directory) } "." }
                @if let Some(why) = &evidence.unread { p class="bad" { "The directory cannot be read: " (why) } }
                @if evidence.failed { p class="bad" { "One is due and could not be written; the agent's own log says why." } }
                @match &evidence.last {
                    Some(last) => p { "The last: " code { (last.name) } ", " (bytes(last.bytes)) ", written " (when(last.written)) "." },
                    None => p { "None is there yet." },
                }
            },
            _ => p { "The agent writes none by itself (" code { "--evidence-dir" } "); "
                code { "weir evidence export" } " does." },
        }
    }
}

fn basis(health: &Health) -> Markup {
    let allowlists = &health.allowlists;
    let head = [
        ("IP database", ""),
        ("Kind", ""),
        ("Built", ""),
        ("Counts", ""),
    ];
    let rows = html! {
        @for one in &health.databases {
            tr {
                th scope="row" { (one.name) }
                td { (one.kind) }
                td { (one.built) }
                td { @match &one.too_old { Some(why) => span class="bad" { "no: " (why) }, None => "yes" } }
            }
        }
    };
    html! {
        p { "Allowlists: " (allowlists.products) " products, " (allowlists.entries) " entries, SHA-256 "
            code class="digest" { (allowlists.digest) } "." }
        @if let Some(refused) = &allowlists.refused {
            p class="bad" { "Refused on disk: " code class="digest" { (refused) } "; " code { "weir check" } " says why." }
        }
        (table("IP databases", &head, &rows))
    }
}
