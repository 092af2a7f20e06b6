//! What makes two deviations one finding.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Group, Jurisdiction, Kind, Severity};
use crate::attribution::{Workload, WorkloadKind};

/// Changed when the fields of a key change their meaning: then no id is the same.
const VERSION: &str = "weir finding 1";

/// A workload by kind and name, whatever instance of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WorkloadName {
    /// What kind of thing it is.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: String,
}

impl From<&Workload> for WorkloadName {
    fn from(workload: &Workload) -> Self {
        Self {
            kind: workload.kind,
            name: workload.name.clone(),
        }
    }
}

/// Deviations with the same key are one finding. What does not belong to a kind is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// What is found.
    pub kind: Kind,
    /// Product that it is of.
    pub product: Option<String>,
    /// Workload that deviates.
    pub workload: Option<WorkloadName>,
    /// Whose the destination is.
    pub destination: Option<Group>,
    /// Where it is.
    pub jurisdiction: Option<Jurisdiction>,
    /// Entry that decided, or that ends; reason of a gap; products that claim a workload.
    pub rule: Option<String>,
}

impl Key {
    /// A key of nothing but a kind.
    pub(super) fn of(kind: Kind) -> Self {
        Self {
            kind,
            product: None,
            workload: None,
            destination: None,
            jurisdiction: None,
            rule: None,
        }
    }

    /// What it is beyond the findings that are kept apart.
    pub(super) fn folded(&self, severity: Severity) -> Self {
        Self {
            product: self.product.clone(),
            destination: Some(Group::Many(severity)),
            ..Self::of(self.kind)
        }
    }

    /// The same for the same key on every host and in every run.
    pub fn id(&self) -> FindingId {
        let text = |part: Option<String>| part.unwrap_or_default();
        let workload = self.workload.as_ref();
        let destination = self.destination.as_ref().map(|group| match group {
            Group::Provider(id) => format!("provider {id}"),
            Group::System(number) => format!("system {number}"),
            Group::Network(network) => format!("network {network}"),
            Group::Many(severity) => format!("many {}", severity.label()),
        });
        let parts = [
            VERSION.to_owned(),
            self.kind.label().to_owned(),
            text(self.product.clone()),
            text(workload.map(|one| format!("{:?}", one.kind))),
            text(workload.map(|one| one.name.clone())),
            text(destination),
            text(self.jurisdiction.map(|one| one.to_string())),
            text(self.rule.clone()),
        ];
        let mut hash = Sha256::new();
        for part in parts {
            // With its length before it, no part can be taken for two.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let mut id = [0; 8];
        for (to, from) in id.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        FindingId(u64::from_be_bytes(id))
    }
}

/// Digest of a [`Key`]: 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct FindingId(u64);

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl From<FindingId> for String {
    fn from(id: FindingId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for FindingId {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u64::from_str_radix(&text, 16).map(Self)
    }
}
