//! Metrics of what was read of names.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::naming::NamingCounts;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

/// Counts of messages, and names held.
#[derive(Clone, Default)]
pub(super) struct NamingMetrics {
    dns: Family<OutcomeLabels, Counter>,
    hellos: Family<OutcomeLabels, Counter>,
    malformed: Counter,
    held: Gauge,
    forgotten: Counter,
}

impl NamingMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "dns_messages",
            "DNS messages read, by what they were",
            self.dns.clone(),
        );
        registry.register(
            "client_hellos",
            "TLS and QUIC hellos read, by whether they name a server",
            self.hellos.clone(),
        );
        registry.register(
            "malformed_messages",
            "Messages that are not what their port or first bytes say",
            self.malformed.clone(),
        );
        registry.register("names", "Names held at present", self.held.clone());
        registry.register(
            "forgotten_names",
            "Names forgotten before their time for want of room",
            self.forgotten.clone(),
        );
    }

    pub(super) fn set(&self, counts: &NamingCounts) {
        for (outcome, total) in [
            ("query", counts.queries),
            ("answer", counts.answers),
            ("unasked", counts.unasked),
            ("conflicting", counts.conflicting),
        ] {
            raise(&self.dns.get_or_create(&OutcomeLabels { outcome }), total);
        }
        for (outcome, total) in [
            ("named", counts.hellos),
            ("nameless", counts.nameless_hellos),
        ] {
            raise(
                &self.hellos.get_or_create(&OutcomeLabels { outcome }),
                total,
            );
        }
        raise(&self.malformed, counts.malformed);
        raise(&self.forgotten, counts.forgotten);
        self.held
            .set(i64::try_from(counts.held).unwrap_or(i64::MAX));
    }
}

fn raise(counter: &Counter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}
