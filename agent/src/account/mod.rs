//! The account of a period: everything that a report, a bundle or a public statement says
//! of it, gathered in one pass over the record.
//!
//! ```text
//! entries, in order ─> Builder ─> Account ─┬─> Summary (small; what changed since the last)
//! sets of allowlists ─────┘                ├─> report (HTML, text, public statement)
//!                                          └─> views of evidence bundles
//! ```
//!
//! Pure: no clock, no input or output. The same entries and the same sets give the same
//! account, whatever they are read from. Memory is bounded; what is folded is counted, and
//! sums hold in full.

mod builder;
mod coverage;
mod databases;
mod declared;
mod findings;
mod flows;
mod known;
mod policies;
mod providers;
mod record;
mod silence;
mod stored;
mod summary;
#[cfg(test)]
pub(crate) mod tests;

pub use self::{
    builder::Builder,
    coverage::{Coverage, Disposition, Unexamined},
    databases::DatabaseInForce,
    declared::{Declared, Used},
    findings::{FindingEvent, FindingHistories, FindingHistory},
    flows::{FlowGroup, FlowKind, Flows, Met, ProductSum},
    known::Known,
    policies::{Policies, SetInForce},
    providers::{ProviderSum, Providers},
    record::{Balanced, Facts, Heartbeats, RefusedSet, SelfTests},
    stored::{accounts, sets_in_force, silences},
    summary::{
        Changes, ClaimSummary, CoverageSummary, FindingsSummary, ProductSummary, ProviderSummary,
        Summary, Then, VerdictSums,
    },
};

pub(crate) use self::providers::per_mille;
use crate::{
    claim,
    coverage::Gap,
    history::{Span, Start, Stop},
    policy::Policy,
};

/// What the record has of a period.
#[derive(Debug)]
pub struct Account<'p> {
    /// The period.
    pub span: Span,
    /// Name of the node, if its key was among the entries.
    pub node: Option<String>,
    /// The sets of allowlists: the one that speaks for the period, and those in force.
    pub policies: &'p Policies,
    /// How much of the period was examined, and what was not.
    pub coverage: Coverage,
    /// How each claim stands; `None` where the set claims nothing.
    pub claims: Option<claim::Report<'p>>,
    /// Sums of each product, by name; `None` of what no product claims.
    pub products: Vec<ProductSum>,
    /// Flows in groups.
    pub flows: Flows,
    /// Who operates what was reached outside, by bytes sent, the most first.
    pub providers: Providers,
    /// Every entry of the sets in force, and whether it was used.
    pub declared: Vec<Declared>,
    /// Findings that were open in the period.
    pub findings: FindingHistories,
    /// Gaps that touch the period, in the order of the record, silences among them.
    pub gaps: Vec<Gap>,
    /// Gaps beyond those that are listed.
    pub more_gaps: u64,
    /// Starts of the agent within the period.
    pub starts: Vec<Start>,
    /// Its ends in order.
    pub stops: Vec<Stop>,
    /// IP databases in force, by name and time.
    pub databases: Vec<DatabaseInForce>,
    /// What else the record says.
    pub facts: Facts,
}

impl<'p> Account<'p> {
    /// Begins an account of a period. Entries from the beginning of the record on, or at
    /// least those that say what was in force when the period began, are taken in order.
    pub fn builder(span: Span, policies: &'p Policies) -> Builder<'p> {
        Builder::new(span, policies)
    }

    /// The set that speaks for the period: its products, entries and claims.
    pub fn policy(&self) -> &'p Policy {
        self.policies.own()
    }

    /// Whether the record is without a gap from end to end, so that what it does not have
    /// did not happen.
    pub fn is_complete(&self) -> bool {
        self.coverage.is_complete(&self.span)
    }

    /// The account in small.
    pub fn summary(&self) -> Summary {
        Summary::of(self)
    }
}
