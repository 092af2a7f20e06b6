//! Metrics of findings: a gauge for each that is open, beside the counters, since a counter
//! that is born at 1 never increases.

use std::collections::{BTreeMap, BTreeSet};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::FindingLine;
use crate::finding::{Event, Finding, FindingId, Identity, Kind, Severity};

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
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

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: String,
    operator_domicile: String,
}

/// What is known of findings beside themselves.
#[derive(Debug)]
pub struct Beside<'a> {
    /// Flows of findings beyond those that are kept apart.
    pub folded: usize,
    /// Those of which somebody has said that they know.
    pub acknowledged: &'a BTreeSet<FindingId>,
    /// Legal home of providers of findings, by id, where it is known.
    pub domiciles: BTreeMap<&'a str, String>,
}

#[derive(Clone, Default)]
pub(super) struct FindingMetrics {
    open: Family<OpenLabels, Gauge>,
    acknowledged: Family<OpenLabels, Gauge>,
    providers: Family<ProviderLabels, Gauge>,
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
            "acknowledged_finding",
            "Findings that are open, where somebody has said of all with these labels that they \
             know; always 1",
            self.acknowledged.clone(),
        );
        registry.register(
            "finding_provider_info",
            "Providers of findings that are open, with their legal home; always 1",
            self.providers.clone(),
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

    pub(super) fn put<'a>(&self, open: impl Iterator<Item = &'a Finding>, beside: &Beside<'_>) {
        let mut known: BTreeMap<OpenLabels, bool> = BTreeMap::new();
        self.open.clear();
        for finding in open {
            let labels = labels(finding);
            self.open.get_or_create(&labels).set(1);
            let acknowledged = beside.acknowledged.contains(&finding.id);
            // One that nobody has seen must not hide behind another of the same labels.
            *known.entry(labels).or_insert(true) &= acknowledged;
        }
        self.acknowledged.clear();
        for (labels, _) in known.iter().filter(|(_, acknowledged)| **acknowledged) {
            self.acknowledged.get_or_create(labels).set(1);
        }
        self.providers.clear();
        for (provider, domicile) in &beside.domiciles {
            let labels = ProviderLabels {
                provider: (*provider).to_owned(),
                operator_domicile: domicile.clone(),
            };
            self.providers.get_or_create(&labels).set(1);
        }
        let folded = i64::try_from(beside.folded).unwrap_or(i64::MAX);
        self.folded.set(folded);
    }

    /// One sample of each.
    #[cfg(test)]
    pub(super) fn touch(&self) {
        let labels = OpenLabels {
            kind: "",
            severity: "",
            product: String::new(),
            workload: String::new(),
            provider: String::new(),
            jurisdiction: String::new(),
            rule: String::new(),
        };
        self.open.get_or_create(&labels).set(1);
        self.acknowledged.get_or_create(&labels).set(1);
        let labels = ProviderLabels {
            provider: String::new(),
            operator_domicile: String::new(),
        };
        self.providers.get_or_create(&labels).set(1);
    }
}

fn labels(finding: &Finding) -> OpenLabels {
    let one = Identity::from(finding);
    OpenLabels {
        kind: one.kind,
        severity: finding.severity.label(),
        product: one.product,
        workload: one.workload,
        provider: one.provider,
        jurisdiction: one.jurisdiction,
        rule: one.rule,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Group, Key};

    fn finding(network: &str) -> Finding {
        let key = Key {
            kind: Kind::Undeclared,
            product: Some("p".to_owned()),
            workload: None,
            destination: network.parse().ok().map(Group::Network),
            jurisdiction: None,
            rule: None,
        };
        Finding {
            id: key.id(),
            key,
            severity: Severity::Page,
            first_seen: jiff::Timestamp::UNIX_EPOCH,
            last_seen: jiff::Timestamp::UNIX_EPOCH,
            flows: 1,
            egress_bytes: 0,
            detail: String::new(),
            detail_seen: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    /// Findings that differ in a network alone are one series: it counts as known only when
    /// each of them is.
    #[test]
    fn an_acknowledgement_does_not_cover_another_finding() {
        let (one, other) = (finding("203.0.113.0/24"), finding("198.51.100.0/24"));
        let metrics = FindingMetrics::default();
        let acknowledged = |known: &[&Finding]| {
            let known = known.iter().map(|finding| finding.id).collect();
            let beside = Beside {
                folded: 0,
                acknowledged: &known,
                domiciles: BTreeMap::new(),
            };
            metrics.put([&one, &other].into_iter(), &beside);
            metrics.acknowledged.get(&labels(&one)).is_some()
        };
        assert!(!acknowledged(&[]));
        assert!(!acknowledged(&[&one]));
        assert!(acknowledged(&[&one, &other]));
        assert!(!acknowledged(&[&other]));
    }
}
