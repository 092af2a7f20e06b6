//! What is found, and who is called for it.

use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Flows that no entry declares.
    Undeclared,
    /// Flows to a declared destination in a place that its entry does not admit.
    OutOfJurisdiction,
    /// Flows whose entry has ended.
    Expired,
    /// Flows of which too little is known to judge them.
    Indeterminate,
    /// Flows of a workload that is no product's.
    Unattributed,
    /// A workload that several products claim.
    ContestedWorkload,
    /// Flows under a name that no answer gave.
    NameContradiction,
    /// The record may be incomplete.
    EvidenceGap,
    /// The allowlists as they stand on disk are refused.
    AllowlistsRefused,
    /// An entry ends soon, or has ended.
    EntryExpiring,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Undeclared,
        Self::OutOfJurisdiction,
        Self::Expired,
        Self::Indeterminate,
        Self::Unattributed,
        Self::ContestedWorkload,
        Self::NameContradiction,
        Self::EvidenceGap,
        Self::AllowlistsRefused,
        Self::EntryExpiring,
    ];

    /// Name in output, metrics and records.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Undeclared => "undeclared",
            Self::OutOfJurisdiction => "out_of_jurisdiction",
            Self::Expired => "expired",
            Self::Indeterminate => "indeterminate",
            Self::Unattributed => "unattributed",
            Self::ContestedWorkload => "contested_workload",
            Self::NameContradiction => "name_contradiction",
            Self::EvidenceGap => "evidence_gap",
            Self::AllowlistsRefused => "allowlists_refused",
            Self::EntryExpiring => "entry_expiring",
        }
    }

    /// The deviation that a verdict is; `None` where it is none.
    pub const fn of(verdict: Verdict) -> Option<Self> {
        match verdict {
            Verdict::Internal | Verdict::Declared => None,
            Verdict::Undeclared => Some(Self::Undeclared),
            Verdict::OutOfJurisdiction => Some(Self::OutOfJurisdiction),
            Verdict::Expired => Some(Self::Expired),
            Verdict::Indeterminate => Some(Self::Indeterminate),
            Verdict::Unattributed => Some(Self::Unattributed),
        }
    }
}

/// Who is called, the least first.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Severity {
    /// Somebody, within days.
    Ticket,
    /// The engineer on call, now.
    Page,
}

impl Severity {
    /// Name in output, metrics and records.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }
}
