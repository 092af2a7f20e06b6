//! What a judgement says.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::jurisdiction::Located;

/// The outcome for one flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The destination is this host or one of the platform's own networks.
    Internal,
    /// An entry in force declares it.
    Declared,
    /// No entry declares it.
    Undeclared,
    /// An entry names the destination, but its place is not one the entry admits.
    OutOfJurisdiction,
    /// The only entry that names it is no longer in force.
    Expired,
    /// What is known does not suffice to decide.
    Indeterminate,
    /// The workload belongs to no product.
    Unattributed,
}

impl Verdict {
    /// Every verdict, in the order in which they are listed.
    pub const ALL: [Self; 7] = [
        Self::Internal,
        Self::Declared,
        Self::Undeclared,
        Self::OutOfJurisdiction,
        Self::Expired,
        Self::Indeterminate,
        Self::Unattributed,
    ];

    /// Name in output, metrics and records.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Declared => "declared",
            Self::Undeclared => "undeclared",
            Self::OutOfJurisdiction => "out_of_jurisdiction",
            Self::Expired => "expired",
            Self::Indeterminate => "indeterminate",
            Self::Unattributed => "unattributed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

/// A located flow with its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The flow with everything known of it.
    pub flow: Located,
    /// Product whose selector takes the workload.
    pub product: Option<String>,
    /// The outcome.
    pub verdict: Verdict,
    /// Id of the entry that decided; `None` where no entry did.
    pub rule: Option<String>,
    /// One sentence that says why, with the facts that decided.
    pub reason: String,
}
