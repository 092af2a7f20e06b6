//! The answer first: what is claimed and how it stands, and how much was looked at.

use maud::{Markup, html};

use super::{
    page::Page,
    text::{self, Law},
};
use crate::{
    account::ProviderSum,
    claim::{Evaluated, Outcome, Report},
    finding::Severity,
};

pub(super) fn section(page: &Page<'_>) -> Markup {
    html! {
        section id="answer" aria-labelledby="answer-h" {
            h2 id="answer-h" { (headline(page)) }
            (banner(page))
            (figures(page))
            @match &page.account.claims {
                Some(report) => (claims(report)),
                None => p { "The allowlists claim nothing (" code { "claims.toml" } "), so that \
                    nothing is answered here; what was seen follows." },
            }
        }
    }
}

/// One sentence.
fn headline(page: &Page<'_>) -> String {
    let Some(report) = &page.account.claims else {
        return "What left the platform".to_owned();
    };
    let all = report.claims.len();
    let count = |outcome| {
        report
            .claims
            .iter()
            .filter(|one| one.outcome == outcome)
            .count()
    };
    let (against, open) = (count(Outcome::Contradicted), count(Outcome::Unproven));
    let are = |count: usize| if count == 1 { "is" } else { "are" };
    match (against, open) {
        (0, 0) => format!("All {all} claims are upheld by what was recorded"),
        (0, _) => format!(
            "{open} of {all} claims {} unproven, none is contradicted",
            are(open)
        ),
        (_, 0) => format!(
            "{against} of {all} claims {} contradicted by what was recorded",
            are(against)
        ),
        _ => format!(
            "{against} of {all} claims {} contradicted, {open} {} unproven",
            are(against),
            are(open)
        ),
    }
}

/// What is incomplete says so before anything else.
fn banner(page: &Page<'_>) -> Markup {
    let coverage = &page.account.coverage;
    let line = coverage_line(page);
    html! {
        @if page.account.is_complete() {
            p class="banner complete" role="note" {
                span class="mark" aria-hidden="true" { "✓" }
                span { strong { "Complete. " } (line) }
            }
        } @else {
            p class="banner incomplete" role="note" {
                span class="mark" aria-hidden="true" { "!" }
                span {
                    strong { "Incomplete. " } (line) " "
                    @if coverage.eligible_from.is_none() {
                        "Nothing below shows that anything was as claimed."
                    } @else {
                        "What was not examined counts for nothing: no claim is upheld across it. "
                        a href="#coverage" { "What is missing, and why" } "."
                    }
                }
            }
        }
    }
}

/// Coverage in one line.
pub(super) fn coverage_line(page: &Page<'_>) -> String {
    let coverage = &page.account.coverage;
    let (Some(from), Some(share)) = (coverage.eligible_from, coverage.per_myriad()) else {
        return "The record has nothing of this period.".to_owned();
    };
    let whole = if from > page.account.span.from {
        format!(" since {}, when the record begins", text::time(from))
    } else {
        " of the period".to_owned()
    };
    format!(
        "{} was examined: {} of {}{whole}.",
        text::fine_percent(share),
        text::duration(coverage.examined),
        text::duration(coverage.eligible)
    )
}

/// A few figures.
fn figures(page: &Page<'_>) -> Markup {
    let account = page.account;
    let providers = &account.providers;
    let (mut outside, mut nowhere) = (0, providers.unknown_bytes);
    let mut places = std::collections::BTreeSet::new();
    for one in &providers.listed {
        for (place, bytes) in &one.hosted_in {
            places.insert(*place);
            match page.home.of_place(*place) {
                Law::Outside => outside += bytes,
                Law::Unknown => nowhere += bytes,
                Law::Inside => {}
            }
        }
    }
    let by_law = |wanted: Law| -> u64 {
        let listed = providers.listed.iter();
        let of = listed.filter(|one| law_of(page, one) == wanted);
        of.map(|one| one.outbound.egress_bytes).sum()
    };
    let (foreign, lawless) = (by_law(Law::Outside), by_law(Law::Unknown));
    let findings = &account.findings.listed;
    let pages = findings
        .iter()
        .filter(|one| one.worst == Severity::Page)
        .count();
    let open = findings.iter().filter(|one| one.open_after).count();
    let sent = providers
        .listed
        .iter()
        .filter(|one| one.outbound.egress_bytes > 0)
        .count();
    html! {
        dl class="figures" {
            (figure("Sent outside", &text::bytes(providers.external_bytes),
                &format!("to {} in {}", text::counted(sent as u64, "operator", "operators"),
                    text::counted(places.len() as u64, "place", "places"))))
            @if let Some(home) = &page.home.name {
                (figure(&format!("Hosted outside {home}"), &share(providers.per_mille(outside), outside),
                    &unknown("of the bytes sent", providers.per_mille(nowhere), nowhere)))
                (figure(&format!("Under other law than {home}’s"), &share(providers.per_mille(foreign), foreign),
                    &unknown("by the operator’s parent", providers.per_mille(lawless), lawless)))
            }
            (figure("Findings", &findings.len().to_string(),
                &format!("{pages} for the engineer on call, {open} still open")))
        }
    }
}

/// Under whose law an operator is: outside if any of its homes is.
fn law_of(page: &Page<'_>, one: &ProviderSum) -> Law {
    let laws = one.domiciles.iter().map(|code| page.home.law(*code));
    let laws: Vec<Law> = laws.collect();
    if laws.contains(&Law::Outside) {
        Law::Outside
    } else if one.domicile_unknown || laws.contains(&Law::Unknown) {
        Law::Unknown
    } else {
        Law::Inside
    }
}

/// With the share of which it is not known.
fn unknown(what: &str, per_mille: Option<u64>, bytes: u64) -> String {
    if bytes == 0 {
        what.to_owned()
    } else {
        format!("{what}; of {} not known", text::percent(per_mille))
    }
}

fn share(per_mille: Option<u64>, bytes: u64) -> String {
    if bytes == 0 {
        "none".to_owned()
    } else {
        text::percent(per_mille)
    }
}

fn figure(what: &str, value: &str, more: &str) -> Markup {
    html! { div { dt { (what) } dd { strong { (value) } span { (more) } } } }
}

/// The claims as sentences, the worst first.
fn claims(report: &Report<'_>) -> Markup {
    let of = |outcome| {
        report
            .claims
            .iter()
            .filter(move |one| one.outcome == outcome)
    };
    html! {
        ol class="claims" {
            @for outcome in [Outcome::Contradicted, Outcome::Unproven, Outcome::Upheld] {
                @for one in of(outcome) { (claim(one)) }
            }
        }
    }
}

fn claim(one: &Evaluated<'_>) -> Markup {
    let (class, mark, word) = text::outcome(one.outcome);
    html! {
        li class=(class) {
            div { (text::badge(class, mark, word)) }
            div {
                p class="statement" { (one.claim.statement) }
                @for why in one.why.iter().take(4) { p class="why" { (why) } }
                @if one.why.len() > 4 { p class="why" { "and " (one.why.len() - 4) " more reasons" } }
                p class="dim" { code { (one.claim.id) } " · " (one.claim.products.to_string())
                    " · " (one.claim.section.join("; ")) }
            }
        }
    }
}
