//! What an evaluation says.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::findings::Found;
use crate::{
    coverage::Gap,
    history::{InForce, Span},
    policy::ReportClaim,
};

/// How a claim stands over a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The record bears it out.
    Upheld,
    /// It could not be shown, and nothing that was recorded contradicts it.
    Unproven,
    /// What was recorded contradicts it.
    Contradicted,
}

impl Outcome {
    /// Name in output.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Upheld => "upheld",
            Self::Unproven => "unproven",
            Self::Contradicted => "contradicted",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

/// How much of the period the record speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completeness {
    /// Parts of the period before the first entry of the record and after its last.
    pub not_recorded: Vec<(Timestamp, Timestamp)>,
    /// Gaps that touch the period, in the order of the record: at most
    /// [`crate::history::MOST_GAPS`].
    pub gaps: Vec<Gap>,
    /// Gaps that are not listed.
    pub more_gaps: u64,
    /// Sets of allowlists by which its flows were judged.
    pub policies: Vec<InForce>,
}

impl Completeness {
    /// Whether the record is without a gap from end to end.
    pub fn is_complete(&self) -> bool {
        self.not_recorded.is_empty() && self.gaps.is_empty() && self.more_gaps == 0
    }

    /// How much of the period lies before the first entry and after the last.
    pub fn missing(&self) -> SignedDuration {
        let parts = self.not_recorded.iter();
        parts
            .map(|(from, to)| to.duration_since(*from))
            .fold(SignedDuration::ZERO, |all, one| all.saturating_add(one))
    }
}

/// What an operator takes of the bytes that leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Provider, or autonomous system.
    pub operator: Arc<str>,
    /// IP bytes that were sent to it.
    pub bytes: u64,
    /// IP bytes that were sent to any known operator.
    pub of: u64,
}

/// How one claim stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluated<'p> {
    /// The claim.
    pub claim: &'p ReportClaim,
    /// How it stands.
    pub outcome: Outcome,
    /// What decided, each in one sentence, the weightiest first.
    pub why: Vec<String>,
    /// Entries of the record that are of the claim's products.
    pub examined: u64,
    /// Flows that contradict it.
    pub against: Found,
    /// Flows that may.
    pub doubts: Found,
    /// Products of the claim of which no workload was seen.
    pub absent: Vec<&'p str>,
    /// Of `no_provider_above`: who takes how much, the largest first.
    pub shares: Vec<Share>,
    /// Of `every_disclosed_provider_seen`: disclosed entries that nothing used.
    pub unseen: Vec<&'p str>,
}

/// Every claim of a set over a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report<'p> {
    /// The period.
    pub span: Span,
    /// How much of it the record speaks of.
    pub completeness: Completeness,
    /// The claims, in the order of the file.
    pub claims: Vec<Evaluated<'p>>,
}

impl Report<'_> {
    /// How the weakest of the claims stands; `None` without a claim.
    pub fn worst(&self) -> Option<Outcome> {
        self.claims.iter().map(|claim| claim.outcome).max()
    }
}
