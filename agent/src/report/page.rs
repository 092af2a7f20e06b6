//! The page: what comes in which order.

use std::collections::HashMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    answer, changes, coverage, declared, doubts, findings, map, method, products, providers,
    text::{self, Home, Law},
};
use crate::{
    account::{Account, Changes, ProviderSum, Summary},
    finding::{Group, Jurisdiction},
    jurisdiction::CountryCode,
};

/// How it looks.
const STYLE: &str = include_str!("style.css");

/// Patterns that tell apart what colours tell apart.
const PATTERNS: &str = r#"<svg width="0" height="0" class="patterns" aria-hidden="true"><defs>
<pattern id="slashes" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2.4" height="7"/></pattern>
<pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse"><circle cx="2" cy="2" r="1.2"/></pattern>
<pattern id="mapslashes" width="90" height="90" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="22" height="90"/></pattern>
</defs></svg>"#;

/// What every section is made of.
pub(super) struct Page<'a> {
    pub(super) account: &'a Account<'a>,
    pub(super) previous: Option<&'a Summary>,
    pub(super) changes: Option<Changes>,
    pub(super) home: Home<'a>,
    peers: HashMap<&'a Group, &'a ProviderSum>,
}

/// The report of a period, whole and in one piece: it needs no other file, no script and no
/// network. With the previous period's summary it says what changed.
pub fn html(account: &Account<'_>, previous: Option<&Summary>) -> String {
    let page = Page::new(account, previous);
    page.document().into_string()
}

impl<'a> Page<'a> {
    fn new(account: &'a Account<'a>, previous: Option<&'a Summary>) -> Self {
        let now = account.summary();
        let listed = account.providers.listed.iter();
        Self {
            account,
            previous,
            changes: previous.map(|before| Changes::between(before, &now)),
            home: Home::of(account),
            peers: listed.map(|one| (&one.peer, one)).collect(),
        }
    }

    /// Name for people of whose the other side is.
    pub(super) fn peer(&self, peer: Option<&Group>) -> String {
        let Some(peer) = peer else {
            return "(not kept apart)".to_owned();
        };
        match self.peers.get(peer) {
            Some(known) => known.label(),
            None => peer.to_string(),
        }
    }

    /// A place of hosting in a table.
    pub(super) fn place(&self, place: Jurisdiction) -> Markup {
        let law = self.home.of_place(place);
        html! { (text::place(place)) (self.mark(law)) }
    }

    /// A legal home in a table.
    pub(super) fn law(&self, country: Option<CountryCode>) -> Markup {
        match country {
            Some(code) => html! { (text::country(code)) (self.mark(self.home.law(code))) },
            None => html! { span class="dim" { "not known" } },
        }
    }

    fn mark(&self, law: Law) -> Markup {
        html! {
            @if let Some(note) = self.home.note(law) { " " span class="outside" { (note) } }
        }
    }

    fn document(&self) -> Markup {
        let period = text::period(&self.account.span);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    meta http-equiv="Content-Security-Policy"
                        content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                    title { "Egress report, " (period) }
                    // An empty icon, so that no browser asks for one.
                    link rel="icon" href="data:,";
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    (PreEscaped(PATTERNS))
                    a class="skip" href="#answer" { "Skip to the answer" }
                    (self.head(&period))
                    main {
                        (answer::section(self))
                        (products::section(self))
                        (map::section(self))
                        (providers::section(self))
                        (declared::section(self))
                        (findings::section(self))
                        (doubts::section(self))
                        (coverage::section(self))
                        (changes::section(self))
                        (method::section(self))
                    }
                    footer {
                        p { "Made from the ledger of "
                            code { (self.account.node.as_deref().unwrap_or("a node that is not named")) }
                            " by Weir. All times are UTC; bytes are IP bytes with headers." }
                    }
                }
            }
        }
    }

    fn head(&self, period: &str) -> Markup {
        let contents = [
            ("answer", "Answer"),
            ("products", "Products"),
            ("map", "Map"),
            ("providers", "Providers"),
            ("declared", "Declared and seen"),
            ("findings", "Findings"),
            ("doubts", "Undecided"),
            ("coverage", "Coverage"),
            ("changes", "Changes"),
            ("method", "Basis and method"),
        ];
        let report = self
            .account
            .policy()
            .claims()
            .map(|claims| claims.report.as_str());
        html! {
            header class="top" {
                p class="eyebrow" { "Egress report" }
                h1 { (period) }
                p class="facts" {
                    @if let Some(node) = &self.account.node { "Node " code { (node) } " · " }
                    @if let Some(report) = report { "Claims of " q { (report) } " · " }
                    (text::when(self.account.span.from)) " to " (text::when(self.account.span.to)) " UTC"
                }
                nav aria-label="Contents" {
                    ol { @for (id, name) in contents { li { a href=(format!("#{id}")) { (name) } } } }
                }
            }
        }
    }
}
