//! The short statement for a product's page: what is declared, who was seen, where and under
//! whose law, and how much of the time was looked at. It never says more than the account.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use jiff::Timestamp;
use maud::{Markup, html};
use serde::Serialize;

use super::text;
use crate::{
    account::{Account, Declared, ProductSum},
    claim::Outcome,
    cli::text::wrapped,
    finding::Jurisdiction,
    jurisdiction::CountryCode,
    verdict::Verdict,
};

/// A destination that the product's allowlist declares outside the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Declaration {
    /// Id of the entry.
    pub entry: String,
    /// What it is for.
    pub purpose: String,
    /// Kinds of data that go there.
    pub data_categories: Vec<String>,
    /// Page that discloses it.
    pub disclosed_at: Option<String>,
    /// Whether it was used in the period, for certain.
    pub seen: bool,
}

/// An operator that the product's workloads sent something to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// Its name.
    pub name: String,
    /// Where that is hosted.
    pub hosted_in: BTreeSet<Jurisdiction>,
    /// Legal homes of its ultimate parent, by reviewed statements; empty where none counts.
    pub domiciles: BTreeSet<CountryCode>,
    /// Whether everything that went there was declared.
    pub declared: bool,
}

/// What is said of a product to everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// `weir-statement/1`.
    pub schema: &'static str,
    /// Name of the product.
    pub product: String,
    /// Its name for people.
    pub title: String,
    /// The first moment of the period.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// The period, for people.
    pub period: String,
    /// Whether the whole period was examined.
    pub complete: bool,
    /// Share of the time that the node kept a ledger which was examined, in hundredths of a
    /// percent, rounded down; `None` where there is none.
    pub examined_per_myriad: Option<u64>,
    /// Whether any workload of it was seen.
    pub seen: bool,
    /// What it declares outside the platform.
    pub declarations: Vec<Declaration>,
    /// Who was sent something, by bytes, the most first.
    pub operators: Vec<Operator>,
    /// IP bytes sent to outside that no entry declares, or not so.
    pub undeclared_bytes: u64,
    /// IP bytes sent to outside of which it cannot be told.
    pub undecided_bytes: u64,
    /// Whether workloads that no product claims sent something outside: some of it may have
    /// been this product's.
    pub others_unattributed: bool,
    /// Claims about it, and how they stand.
    pub claims: Vec<(String, Outcome)>,
}

impl Statement {
    /// What an account says of a product; `None` where neither the record nor the allowlists
    /// know it.
    pub fn of(account: &Account<'_>, product: &str) -> Option<Self> {
        let name = Some(product.to_owned());
        let sum = account.products.iter().find(|one| one.name == name)?;
        let bytes = |wanted: fn(Verdict) -> bool| {
            let sums = sum.outbound.iter().filter(|(verdict, _)| wanted(**verdict));
            sums.map(|(_, counters)| counters.egress_bytes).sum()
        };
        let nobodys = account.products.iter().filter(|one| one.name.is_none());
        let claims = account.claims.iter().flat_map(|report| &report.claims);
        let claims = claims.filter(|one| one.claim.products.contains(product));
        Some(Self {
            schema: "weir-statement/1",
            product: product.to_owned(),
            title: sum.label().to_owned(),
            from: account.span.from,
            to: account.span.to,
            period: text::period(&account.span),
            complete: account.is_complete(),
            examined_per_myriad: account.coverage.per_myriad(),
            seen: sum.seen,
            declarations: declarations(account, &name),
            operators: operators(account, &name),
            undeclared_bytes: bytes(|verdict| {
                text::Standing::of(verdict) == text::Standing::Deviating
            }),
            undecided_bytes: bytes(|verdict| verdict == Verdict::Indeterminate),
            others_unattributed: nobodys
                .into_iter()
                .any(|one: &ProductSum| one.external().egress_bytes > 0),
            claims: claims
                .map(|one| (one.claim.statement.clone(), one.outcome))
                .collect(),
        })
    }

    /// What it says, each a sentence. What is missing comes first.
    pub fn sentences(&self) -> Vec<String> {
        let mut all = Vec::new();
        all.extend(self.coverage());
        if !self.seen {
            all.push(
                "No workload of this product was seen, so that nothing is said of it.".to_owned(),
            );
            return all;
        }
        if self.undeclared_bytes > 0 {
            all.push(format!(
                "{} went to destinations that are not declared, or not as declared.",
                text::bytes(self.undeclared_bytes)
            ));
        }
        if self.undecided_bytes > 0 {
            all.push(format!(
                "Of {} it cannot be told whether they went where it is declared.",
                text::bytes(self.undecided_bytes)
            ));
        }
        if self.others_unattributed {
            all.push(
                "Workloads that belong to no known product sent data outside as well.".to_owned(),
            );
        }
        let nothing_against = self.undeclared_bytes == 0 && self.undecided_bytes == 0;
        if self.operators.is_empty() {
            all.push(format!(
                "{} connection to outside the platform was seen.",
                self.no()
            ));
        } else if nothing_against {
            all.push(
                "Every connection to outside the platform that was seen is declared.".to_owned(),
            );
        }
        all
    }

    /// `No`, unless something may have been missed.
    fn no(&self) -> &'static str {
        if self.complete {
            "No"
        } else {
            "In what was examined, no"
        }
    }

    fn coverage(&self) -> Option<String> {
        match self.examined_per_myriad {
            None => Some("Incomplete: the record has nothing of this period.".to_owned()),
            Some(share) if !self.complete => Some(format!(
                "Incomplete: {} of the recorded time was examined in full; of the rest nothing is said.",
                text::fine_percent(share)
            )),
            Some(_) => Some("The whole period was examined.".to_owned()),
        }
    }

    /// For a terminal, within 80 columns.
    ///
    /// # Errors
    /// The writer's.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        wrapped(
            "",
            &format!("{}: egress in {}", self.title, self.period),
            out,
        )?;
        writeln!(out)?;
        for sentence in self.sentences() {
            wrapped("", &sentence.replace('\u{a0}', " "), out)?;
        }
        for one in &self.operators {
            wrapped("  sent to      ", &operator(one), out)?;
        }
        for one in &self.declarations {
            wrapped("  declared     ", &declaration(one), out)?;
        }
        for (claim, outcome) in &self.claims {
            wrapped(&format!("  {:<13}", outcome.label()), claim, out)?;
        }
        writeln!(out)?;
        wrapped("", VERIFY, out)
    }

    /// A fragment for a page: one `section`, without style or script.
    pub fn html(&self) -> String {
        let markup: Markup = html! {
            section class="weir-statement" data-complete=(self.complete) {
                h2 { (self.title) ": where its data went in " (self.period) }
                @for sentence in self.sentences() { p { (sentence) } }
                @if !self.operators.is_empty() {
                    h3 { "Who was sent data" }
                    ul { @for one in &self.operators { li { (operator(one)) } } }
                }
                @if !self.declarations.is_empty() {
                    h3 { "What is declared" }
                    ul { @for one in &self.declarations { li { (declaration(one)) } } }
                }
                @if !self.claims.is_empty() {
                    h3 { "What is claimed" }
                    ul { @for (claim, outcome) in &self.claims { li { strong { (outcome.label()) } ": " (claim) } } }
                }
                p { small { (VERIFY) } }
            }
        };
        let mut text = markup.into_string();
        text.push('\n');
        text
    }
}

/// How to check it.
const VERIFY: &str = "To verify: ask for the evidence bundle of the period; `weir evidence verify` \
                      and the script in the bundle check it without trusting its maker.";

fn declarations(account: &Account<'_>, product: &Option<String>) -> Vec<Declaration> {
    let own = account.declared.iter();
    let own =
        own.filter(|one: &&Declared| one.product == *product && one.leads_outside() && one.is_due);
    own.map(|one| Declaration {
        entry: one.entry.id.clone(),
        purpose: one.entry.purpose.clone(),
        data_categories: one.entry.duties.data_categories.clone(),
        disclosed_at: one.entry.duties.disclosed_at.clone(),
        seen: one.used.as_ref().is_some_and(|used| used.is_certain()),
    })
    .collect()
}

fn operators(account: &Account<'_>, product: &Option<String>) -> Vec<Operator> {
    let mut operators = Vec::new();
    for provider in &account.providers.listed {
        if !provider.products.contains_key(product) {
            continue;
        }
        let groups = account.flows.groups.iter().filter(|group| {
            group.kind.is_external()
                && group.kind.product == *product
                && group.kind.peer.as_ref() == Some(&provider.peer)
        });
        let groups: Vec<_> = groups.collect();
        operators.push(Operator {
            name: provider.label(),
            hosted_in: groups
                .iter()
                .filter_map(|group| group.kind.hosted_in)
                .collect(),
            domiciles: groups
                .iter()
                .filter_map(|group| group.kind.domicile)
                .collect(),
            // What was folded is not known to be declared.
            declared: !groups.is_empty()
                && account.flows.folded.intervals == 0
                && groups
                    .iter()
                    .all(|group| group.kind.verdict == Verdict::Declared),
        });
    }
    operators
}

fn operator(one: &Operator) -> String {
    let places: Vec<_> = one
        .hosted_in
        .iter()
        .map(|place| text::place(*place))
        .collect();
    let homes: Vec<_> = one
        .domiciles
        .iter()
        .map(|code| text::country(*code))
        .collect();
    let law = if homes.is_empty() {
        "under a law that is not known".to_owned()
    } else {
        format!("under the law of {}", homes.join(", "))
    };
    let declared = if one.declared {
        ""
    } else {
        "; not all of it declared"
    };
    let place = if places.is_empty() {
        "not known".to_owned()
    } else {
        places.join(", ")
    };
    format!("{}, hosted in {place}, {law}{declared}", one.name)
}

fn declaration(one: &Declaration) -> String {
    let page = match &one.disclosed_at {
        Some(page) => format!("; disclosed at {page}"),
        None => String::new(),
    };
    let seen = if one.seen {
        ""
    } else {
        "; not seen in this period"
    };
    format!(
        "{}: {}{page}{seen}",
        one.purpose,
        one.data_categories.join(", ")
    )
}
