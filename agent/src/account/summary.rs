//! An account in small, and what differs between two.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Account, ProductSum};
use crate::{
    claim::Outcome,
    finding::{Jurisdiction, Severity},
    history::Span,
    jurisdiction::CountryCode,
    verdict::Verdict,
};

/// Schema of a [`Summary`].
const SCHEMA: &str = "weir-summary/1";

/// IP bytes sent, by verdict.
pub type VerdictSums = BTreeMap<Verdict, u64>;

/// How much was examined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageSummary {
    /// Whole seconds in which the node kept a ledger.
    pub eligible_seconds: i64,
    /// Whole seconds of these that were examined in full.
    pub examined_seconds: i64,
    /// Parts of the period that were not.
    pub unexamined: u64,
}

/// How a claim stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimSummary {
    /// Its id.
    pub id: String,
    /// What is claimed.
    pub statement: String,
    /// How it stood.
    pub outcome: Outcome,
    /// Why, the weightiest first.
    pub why: Vec<String>,
}

/// What a product did outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductSummary {
    /// Its name; `None` of what no product claims.
    pub product: Option<String>,
    /// Whether any of its workloads was seen.
    pub seen: bool,
    /// IP bytes that its workloads sent outside at their own beginning.
    pub external_bytes: u64,
    /// IP bytes that its workloads sent at their own beginning, by verdict.
    pub verdicts: VerdictSums,
}

/// What an operator was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderSummary {
    /// Provider, autonomous system or network.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// IP bytes sent to it.
    pub bytes: u64,
    /// Products that sent them, by name.
    pub products: BTreeSet<String>,
    /// Where.
    pub hosted_in: BTreeSet<Jurisdiction>,
    /// Legal homes of the ultimate parent, by reviewed statements.
    pub domiciles: BTreeSet<CountryCode>,
}

/// Findings in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingsSummary {
    /// Open when the period began.
    pub open_before: u64,
    /// Opened within it.
    pub opened: u64,
    /// Closed within it.
    pub closed: u64,
    /// Open when it ended.
    pub open_after: u64,
    /// Of all that were open in it, how many called the engineer on call.
    pub pages: u64,
}

/// The account of a period in small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// `weir-summary/1`.
    pub schema: String,
    /// Name of the node, if it is known.
    pub node: Option<String>,
    /// The first moment of the period.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// Whether the whole period was examined.
    pub complete: bool,
    /// How much of it was.
    pub coverage: CoverageSummary,
    /// Claims, in the order of the file.
    pub claims: Vec<ClaimSummary>,
    /// Products, by name.
    pub products: Vec<ProductSummary>,
    /// Operators, by bytes, the most first.
    pub providers: Vec<ProviderSummary>,
    /// Findings.
    pub findings: FindingsSummary,
    /// Ids of entries that a page discloses and nothing used.
    pub never_seen: BTreeSet<String>,
    /// Ids of entries that were used and no page discloses.
    pub undisclosed: BTreeSet<String>,
    /// SHA-256 of the sets of allowlists in force, in the order of time.
    pub allowlists: Vec<String>,
    /// SHA-256 of the IP databases that were in force at the end, by name.
    pub databases: BTreeMap<String, String>,
}

impl Summary {
    pub(super) fn of(account: &Account<'_>) -> Self {
        let coverage = &account.coverage;
        let ids = |wanted: fn(&super::Declared) -> bool| {
            let found = account.declared.iter().filter(|one| wanted(one));
            found.map(|one| one.entry.id.clone()).collect()
        };
        let current = account.databases.iter().filter(|one| one.to.is_none());
        Self {
            schema: SCHEMA.to_owned(),
            node: account.node.clone(),
            from: account.span.from,
            to: account.span.to,
            complete: account.is_complete(),
            coverage: CoverageSummary {
                eligible_seconds: coverage.eligible.as_secs(),
                examined_seconds: coverage.examined.as_secs(),
                unexamined: coverage.unexamined.len() as u64 + coverage.more_unexamined,
            },
            claims: claims(account),
            products: account.products.iter().map(product).collect(),
            providers: providers(account),
            findings: findings(account),
            never_seen: ids(super::Declared::is_never_seen),
            undisclosed: ids(super::Declared::is_undisclosed),
            allowlists: account
                .policies
                .in_force()
                .iter()
                .map(|set| set.digest.clone())
                .collect(),
            databases: current
                .map(|one| (one.name.clone(), one.sha256.clone()))
                .collect(),
        }
    }

    /// The period.
    pub fn span(&self) -> Span {
        Span {
            from: self.from,
            to: self.to,
        }
    }
}

fn claims(account: &Account<'_>) -> Vec<ClaimSummary> {
    let claims = account.claims.iter().flat_map(|report| &report.claims);
    claims
        .map(|one| ClaimSummary {
            id: one.claim.id.clone(),
            statement: one.claim.statement.clone(),
            outcome: one.outcome,
            why: one.why.clone(),
        })
        .collect()
}

fn product(sum: &ProductSum) -> ProductSummary {
    let verdicts = sum.outbound.iter();
    ProductSummary {
        product: sum.name.clone(),
        seen: sum.seen,
        external_bytes: sum.external().egress_bytes,
        verdicts: verdicts
            .map(|(verdict, counters)| (*verdict, counters.egress_bytes))
            .collect(),
    }
}

fn providers(account: &Account<'_>) -> Vec<ProviderSummary> {
    let listed = account.providers.listed.iter();
    listed
        .map(|one| ProviderSummary {
            id: one.peer.to_string(),
            name: one.label(),
            bytes: one.outbound.egress_bytes,
            products: one.products.keys().flatten().cloned().collect(),
            hosted_in: one.hosted_in.keys().copied().collect(),
            domiciles: one.domiciles.clone(),
        })
        .collect()
}

fn findings(account: &Account<'_>) -> FindingsSummary {
    let listed = &account.findings.listed;
    let count = |wanted: fn(&super::FindingHistory) -> bool| {
        listed.iter().filter(|one| wanted(one)).count() as u64
    };
    FindingsSummary {
        open_before: count(|one| one.open_before),
        opened: listed.iter().map(|one| one.opened).sum(),
        closed: listed.iter().map(|one| one.closed).sum(),
        open_after: count(|one| one.open_after),
        pages: count(|one| one.worst == Severity::Page),
    }
}

/// A number then and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Then {
    /// In the previous period.
    pub before: u64,
    /// In this one.
    pub now: u64,
}

/// What differs from the previous period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// The previous period.
    pub since: Span,
    /// Claims that stand otherwise, or are new (`None` before) or gone (`None` now).
    pub claims: Vec<(String, Option<Outcome>, Option<Outcome>)>,
    /// Operators that were sent something and were not before, by bytes.
    pub new_providers: Vec<ProviderSummary>,
    /// Operators that were and are not any more.
    pub gone_providers: Vec<ProviderSummary>,
    /// Places of hosting that are new.
    pub new_places: BTreeSet<Jurisdiction>,
    /// Places of hosting that are gone.
    pub gone_places: BTreeSet<Jurisdiction>,
    /// IP bytes that each product sent outside, where either is not nothing.
    pub products: Vec<(Option<String>, Then)>,
    /// Findings open at the end.
    pub open_findings: Then,
    /// Share of the eligible time that was examined, in hundredths of a percent.
    pub examined: Then,
    /// Whether other sets of allowlists were in force at the end.
    pub allowlists: bool,
    /// IP databases that are others than before, by name.
    pub databases: BTreeSet<String>,
}

impl Changes {
    /// What differs between two periods.
    pub fn between(before: &Summary, now: &Summary) -> Self {
        let ids = |of: &Summary| -> BTreeSet<String> {
            of.providers.iter().map(|one| one.id.clone()).collect()
        };
        let only = |of: &Summary, not: &BTreeSet<String>| -> Vec<ProviderSummary> {
            let new = of.providers.iter().filter(|one| !not.contains(&one.id));
            new.cloned().collect()
        };
        let (places_before, places) = (places(before), places(now));
        let (ids_before, ids_now) = (ids(before), ids(now));
        let names = before.databases.keys().chain(now.databases.keys());
        Self {
            since: before.span(),
            claims: claims_between(before, now),
            new_providers: only(now, &ids_before),
            gone_providers: only(before, &ids_now),
            new_places: places.difference(&places_before).copied().collect(),
            gone_places: places_before.difference(&places).copied().collect(),
            products: products_between(before, now),
            open_findings: Then {
                before: before.findings.open_after,
                now: now.findings.open_after,
            },
            examined: Then {
                before: examined(before),
                now: examined(now),
            },
            allowlists: before.allowlists.last() != now.allowlists.last(),
            databases: names
                .filter(|name| before.databases.get(*name) != now.databases.get(*name))
                .cloned()
                .collect(),
        }
    }
}

fn places(of: &Summary) -> BTreeSet<Jurisdiction> {
    let providers = of.providers.iter();
    providers
        .flat_map(|one| one.hosted_in.iter().copied())
        .collect()
}

fn examined(of: &Summary) -> u64 {
    let share = of.coverage.examined_seconds.saturating_mul(10_000);
    let share = share.checked_div(of.coverage.eligible_seconds);
    share
        .and_then(|share| u64::try_from(share).ok())
        .unwrap_or(0)
}

fn claims_between(
    before: &Summary,
    now: &Summary,
) -> Vec<(String, Option<Outcome>, Option<Outcome>)> {
    let mut all: BTreeMap<&str, (Option<Outcome>, Option<Outcome>)> = BTreeMap::new();
    for one in &before.claims {
        all.entry(&one.id).or_default().0 = Some(one.outcome);
    }
    for one in &now.claims {
        all.entry(&one.id).or_default().1 = Some(one.outcome);
    }
    let changed = all.into_iter().filter(|(_, (then, now))| then != now);
    changed
        .map(|(id, (then, now))| (id.to_owned(), then, now))
        .collect()
}

fn products_between(before: &Summary, now: &Summary) -> Vec<(Option<String>, Then)> {
    let mut all: BTreeMap<Option<&str>, Then> = BTreeMap::new();
    let none = Then { before: 0, now: 0 };
    for one in &before.products {
        all.entry(one.product.as_deref()).or_insert(none).before = one.external_bytes;
    }
    for one in &now.products {
        all.entry(one.product.as_deref()).or_insert(none).now = one.external_bytes;
    }
    let some = all
        .into_iter()
        .filter(|(_, then)| then.before > 0 || then.now > 0);
    some.map(|(product, then)| (product.map(str::to_owned), then))
        .collect()
}
