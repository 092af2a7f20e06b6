//! What a finding is in metrics and alerts: identities alone, so that findings that differ in
//! a network are one series.

use super::{Finding, Group};

/// Labels of a finding, all but how bad it is; what it does not have is empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// What is found.
    pub kind: &'static str,
    /// Product that it is of.
    pub product: String,
    /// Workload that deviates, by name.
    pub workload: String,
    /// Whose the destination is.
    pub provider: String,
    /// Where it is.
    pub jurisdiction: String,
    /// Entry that decided, or that ends; reason of a gap; products that claim a workload.
    pub rule: String,
}

impl From<&Finding> for Identity {
    fn from(finding: &Finding) -> Self {
        let key = &finding.key;
        let workload = key.workload.as_ref().map(|one| one.name.clone());
        let provider = key.destination.as_ref().map(Group::operator);
        let jurisdiction = key.jurisdiction.map(|one| one.to_string());
        Self {
            kind: key.kind.label(),
            product: key.product.clone().unwrap_or_default(),
            workload: workload.unwrap_or_default(),
            provider: provider.unwrap_or_default(),
            jurisdiction: jurisdiction.unwrap_or_default(),
            rule: key.rule.clone().unwrap_or_default(),
        }
    }
}
