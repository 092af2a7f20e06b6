//! How the record is: what makes it incomplete, and what proves it.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{balance::Sums, canary::Proof, coverage::Gap};

/// How the record is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Intervals over which it may be incomplete.
    pub gaps: GapsNow,
    /// What the kernel programs could not do since the recording began, by kind.
    pub losses: BTreeMap<String, u64>,
    /// Both layers compared, since this agent began.
    pub balance: Sums,
    /// The canary's last run; `None` before the first.
    pub self_test: Option<SelfTestNow>,
    /// When the canary last proved every way.
    pub proven: Option<Timestamp>,
    /// When a heartbeat last came to the disk, and the ledger was signed.
    pub heartbeat: Option<Timestamp>,
    /// Number of the ledger's last entry.
    pub entries: u64,
    /// Bundles of evidence.
    pub evidence: EvidenceNow,
    /// IP databases in force.
    pub databases: Vec<DatabaseNow>,
    /// Allowlists in force.
    pub allowlists: AllowlistsNow,
}

/// Gaps since this agent began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapsNow {
    /// How many, by reason.
    pub by_reason: BTreeMap<String, u64>,
    /// Milliseconds of this agent's time that any of them touches.
    pub touched_ms: u64,
    /// Milliseconds since this agent began.
    pub of_ms: u64,
    /// The last of them, the newest first.
    pub last: Vec<Gap>,
}

impl GapsNow {
    /// Hundredths of a percent of this agent's time that no gap touches, rounded down: only
    /// what is whole is 10,000.
    pub fn examined(&self) -> u64 {
        if self.touched_ms == 0 {
            return 10_000;
        }
        let whole = self.of_ms.saturating_sub(self.touched_ms);
        let share = whole.saturating_mul(10_000) / self.of_ms.max(1);
        share.min(9_999)
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.by_reason.values().sum()
    }
}

/// What the canary found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTestNow {
    /// When.
    pub time: Timestamp,
    /// Each way out; none if it could not run.
    pub ways: Vec<Proof>,
}

impl SelfTestNow {
    /// Whether nothing leaves unrecorded by any way.
    pub fn holds(&self) -> bool {
        !self.ways.is_empty() && self.ways.iter().all(Proof::holds)
    }
}

/// Bundles of evidence that the agent has written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceNow {
    /// Where they go; `None` if none are written.
    pub directory: Option<String>,
    /// How long their periods are.
    pub schedule: Option<String>,
    /// Whether one is due and could not be written.
    pub failed: bool,
    /// The newest in the directory.
    pub last: Option<BundleNow>,
    /// Why the directory cannot be read, if it cannot.
    pub unread: Option<String>,
}

/// A bundle in the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleNow {
    /// Name of the file: node and period.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was written.
    pub written: Timestamp,
}

/// An IP database in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseNow {
    /// Its name.
    pub name: String,
    /// What it says it is.
    pub kind: String,
    /// Day on which it was built.
    pub built: Date,
    /// Why its answers do not count, if they do not.
    pub too_old: Option<String>,
}

/// Allowlists in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowlistsNow {
    /// Their SHA-256.
    pub digest: String,
    /// Products.
    pub products: u64,
    /// Entries.
    pub entries: u64,
    /// SHA-256 of what is on disk and refused, if it is.
    pub refused: Option<String>,
}
