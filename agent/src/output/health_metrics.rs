//! Metrics of the record itself: when it was last known to be whole, and whose the
//! destinations are that bytes go to.

use jiff::Timestamp;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use crate::verdict::{Judged, Verdict};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: String,
}

#[derive(Clone, Default)]
pub(super) struct HealthMetrics {
    heartbeat: Gauge,
    checkpoint: Gauge,
    /// As many series as `providers.toml` has providers, and one.
    to_providers: Family<ProviderLabels, Counter>,
}

impl HealthMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "heartbeat_timestamp",
            "When the last heartbeat came to the disk, since 1970; 0 before the first",
            Unit::Seconds,
            self.heartbeat.clone(),
        );
        registry.register_with_unit(
            "checkpoint_timestamp",
            "When the ledger was last signed, since 1970; 0 before the first time",
            Unit::Seconds,
            self.checkpoint.clone(),
        );
        registry.register_with_unit(
            "provider_egress",
            "IP bytes sent to each provider by flows that are not internal; the provider is \
             empty where none is known",
            Unit::Bytes,
            self.to_providers.clone(),
        );
    }

    /// A heartbeat is on disk and the ledger is signed.
    pub(super) fn beat(&self, now: Timestamp) {
        self.heartbeat.set(now.as_second());
        self.checkpoint.set(now.as_second());
    }

    pub(super) fn carried(&self, judged: &Judged, egress_bytes: u64) {
        if judged.verdict == Verdict::Internal || egress_bytes == 0 {
            return;
        }
        let provider = judged.flow.operator_domicile.provider.as_deref();
        let labels = ProviderLabels {
            provider: provider.unwrap_or_default().to_owned(),
        };
        self.to_providers
            .get_or_create(&labels)
            .inc_by(egress_bytes);
    }

    /// One sample of each.
    #[cfg(test)]
    pub(super) fn touch(&self) {
        let provider = String::new();
        let labels = ProviderLabels { provider };
        self.to_providers.get_or_create(&labels).inc();
    }
}
