//! Metrics of findings: a gauge for each that is open, beside the counters, since a counter
//! that is born at 1 never increases.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::FindingLine;
use crate::finding::{Event, Finding, Group, Kind, Severity};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OpenLabels {
    kind: &'static str,
    severity: &'static str,
    product: String,
    workload: String,
    provider: String,
    jurisdiction: String,
    rule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
    severity: &'static str,
}

#[derive(Clone, Default)]
pub(super) struct FindingMetrics {
    open: Family<OpenLabels, Gauge>,
    opened: Family<KindLabels, Counter>,
    folded: Gauge,
}

impl FindingMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        for kind in Kind::ALL {
            for severity in [Severity::Ticket, Severity::Page] {
                drop(self.opened.get_or_create(&KindLabels {
                    kind: kind.label(),
                    severity: severity.label(),
                }));
            }
        }
        registry.register(
            "open_finding",
            "Findings that are open; always 1",
            self.open.clone(),
        );
        registry.register(
            "findings_opened",
            "Findings that were opened, by the severity that they had then",
            self.opened.clone(),
        );
        registry.register(
            "folded_flows",
            "Flows of findings beyond those that are kept apart",
            self.folded.clone(),
        );
    }

    pub(super) fn changed(&self, line: &FindingLine<'_>) {
        if line.event == Event::Opened {
            let labels = KindLabels {
                kind: line.finding.key.kind.label(),
                severity: line.finding.severity.label(),
            };
            self.opened.get_or_create(&labels).inc();
        }
    }

    pub(super) fn put<'a>(&self, open: impl Iterator<Item = &'a Finding>, folded: usize) {
        self.open.clear();
        for finding in open {
            self.open.get_or_create(&labels(finding)).set(1);
        }
        self.folded.set(i64::try_from(folded).unwrap_or(i64::MAX));
    }
}

/// Identities alone: findings that differ in an address group are one series.
fn labels(finding: &Finding) -> OpenLabels {
    let key = &finding.key;
    let workload = key.workload.as_ref().map(|one| one.name.clone());
    let jurisdiction = key.jurisdiction.map(|one| one.to_string());
    OpenLabels {
        kind: key.kind.label(),
        severity: finding.severity.label(),
        product: key.product.clone().unwrap_or_default(),
        workload: workload.unwrap_or_default(),
        provider: key
            .destination
            .as_ref()
            .map(Group::operator)
            .unwrap_or_default(),
        jurisdiction: jurisdiction.unwrap_or_default(),
        rule: key.rule.clone().unwrap_or_default(),
    }
}
