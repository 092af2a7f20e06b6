//! What is around every view: where it is, how the record is, where else to look.

use maud::{DOCTYPE, Markup, html};

use super::query::Query;
use crate::{
    counted::count,
    now::{Snapshot, words},
};

/// A view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Now,
    Findings,
    Coverage,
    Claims,
}

impl View {
    const ALL: [Self; 4] = [Self::Now, Self::Findings, Self::Coverage, Self::Claims];

    const fn title(self) -> &'static str {
        match self {
            Self::Now => "Now",
            Self::Findings => "Findings",
            Self::Coverage => "Coverage",
            Self::Claims => "Claims",
        }
    }

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Now => "/",
            Self::Findings => "/findings",
            Self::Coverage => "/coverage",
            Self::Claims => "/claims",
        }
    }
}

/// The whole page.
pub(super) fn document(view: View, now: &Snapshot, query: &Query, content: &Markup) -> Markup {
    let host = now.host.as_deref().unwrap_or("a host without a name");
    let findings = now.findings.rows.len() as u64 + now.findings.more;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let Some(seconds) = query.refresh {
                    meta http-equiv="refresh" content=(seconds);
                }
                title { (view.title()) ", " (host) ", Weir" }
                // An empty icon, so that no browser asks for one.
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/style.css";
            }
            body {
                header {
                    p class="eyebrow" { "Weir on " (host) }
                    h1 { (heading(view)) }
                    p class="facts" {
                        time datetime=(now.time) { (now.time.strftime("%F %T UTC")) }
                        " · " (words::rate(now.total.rate.sent)) " out · "
                        (words::rate(now.total.rate.received)) " in · "
                        (now.total.flows) " flows"
                        @if let Some(seconds) = query.refresh { " · every " (seconds) " s" }
                    }
                    nav aria-label="Views" {
                        ul {
                            @for one in View::ALL {
                                li {
                                    a href=(address(one, query)) aria-current=[(one == view).then_some("page")] {
                                        (one.title())
                                        @if one == View::Findings && findings > 0 {
                                            " " span class="count" { (findings) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                main { (banner(now)) (content) }
                footer {
                    p { "Weir " (now.agent) ", recording since " (now.since.strftime("%F %T UTC"))
                        ". Read only; bytes are IP bytes with headers; rates are means over the last five to ten seconds." }
                }
            }
        }
    }
}

/// The refresh goes along from view to view.
fn address(view: View, query: &Query) -> String {
    match query.refresh {
        Some(seconds) => format!("{}?refresh={seconds}", view.path()),
        None => view.path().to_owned(),
    }
}

fn heading(view: View) -> &'static str {
    match view {
        View::Now => "What leaves this host",
        View::Findings => "What deviates",
        View::Coverage => "How complete the record is",
        View::Claims => "How the claims stand",
    }
}

/// What is wrong with the record, before anything that rests on it.
fn banner(now: &Snapshot) -> Markup {
    let health = &now.health;
    let losses: u64 = health.losses.values().sum();
    let mut wrong = Vec::new();
    if health.gaps.count() > 0 {
        let examined = health.gaps.examined();
        let gaps = count(health.gaps.count(), "gap");
        wrong.push(format!(
            "{}.{:02} % of the time since the agent began was examined ({gaps})",
            examined / 100,
            examined % 100,
        ));
    }
    if losses > 0 {
        wrong.push(format!(
            "the kernel programs could not do something {losses} times"
        ));
    }
    if health.self_test.as_ref().is_some_and(|test| !test.holds()) {
        wrong.push("the canary was not recorded by every way".to_owned());
    }
    if health.allowlists.refused.is_some() {
        wrong.push("the allowlists on disk are refused, and others are in force".to_owned());
    }
    if health.evidence.failed {
        wrong.push("a bundle of evidence is due and could not be written".to_owned());
    }
    for database in &health.databases {
        if let Some(why) = &database.too_old {
            wrong.push(format!(
                "the IP database {} does not count: {why}",
                database.name
            ));
        }
    }
    html! {
        @if wrong.is_empty() {
            p class="banner good" { b { "Complete." } " Nothing has made the record incomplete since the agent began." }
        } @else {
            div class="banner doubt" {
                p { b { "Incomplete." } " What is shown may lack something:" }
                ul { @for one in &wrong { li { (one) } } }
            }
        }
    }
}
