//! Metrics of the ways out for findings.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

/// `sink` and `type`, which is no name that a field can have.
type SinkLabels = [(&'static str, String); 2];

/// Metrics of the ways out for findings, each by its name.
#[derive(Clone, Debug, Default)]
pub struct NotifyMetrics {
    /// Type of each.
    types: Arc<Mutex<BTreeMap<String, &'static str>>>,
    delivered: Family<SinkLabels, Counter>,
    failed: Family<SinkLabels, Counter>,
    refused: Family<SinkLabels, Counter>,
    dropped: Family<SinkLabels, Counter>,
    waiting: Family<SinkLabels, Gauge>,
    success: Family<SinkLabels, Gauge>,
}

impl NotifyMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "notify_delivered",
            "Deliveries that a way out has taken; of an Alertmanager, pushes",
            self.delivered.clone(),
        );
        registry.register(
            "notify_failed",
            "Attempts at a delivery that failed and are made again",
            self.failed.clone(),
        );
        registry.register(
            "notify_refused",
            "Deliveries that a way out refused for good",
            self.refused.clone(),
        );
        registry.register(
            "notify_dropped",
            "Deliveries that were left out, for lack of room or because the ledger has them no \
             longer",
            self.dropped.clone(),
        );
        registry.register(
            "notify_waiting",
            "Deliveries that wait; of an Alertmanager, alerts of the push that is to be made",
            self.waiting.clone(),
        );
        registry.register_with_unit(
            "notify_last_success_timestamp",
            "When a way out took something last, since 1970; 0 before the first time",
            Unit::Seconds,
            self.success.clone(),
        );
    }

    /// These are the ways out: name and type of each. Their counters are there from now on,
    /// since one that is born at 1 never increases.
    pub fn sinks(&self, names: &[(&str, &'static str)]) {
        let mut types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        types.extend(names.iter().map(|(name, of)| ((*name).to_owned(), *of)));
        drop(types);
        for (name, _) in names {
            let labels = self.labels(name);
            for counter in [&self.delivered, &self.failed, &self.refused, &self.dropped] {
                drop(counter.get_or_create(&labels));
            }
            for gauge in [&self.waiting, &self.success] {
                drop(gauge.get_or_create(&labels));
            }
        }
    }

    fn labels(&self, name: &str) -> SinkLabels {
        let types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        let of = types.get(name).copied().unwrap_or_default();
        [("sink", name.to_owned()), ("type", of.to_owned())]
    }

    /// It has taken a delivery.
    pub fn delivered(&self, name: &str, now: Timestamp) {
        let labels = self.labels(name);
        self.delivered.get_or_create(&labels).inc();
        self.success.get_or_create(&labels).set(now.as_second());
    }

    /// An attempt failed.
    pub fn failed(&self, name: &str) {
        self.failed.get_or_create(&self.labels(name)).inc();
    }

    /// It has refused a delivery for good.
    pub fn refused(&self, name: &str) {
        self.refused.get_or_create(&self.labels(name)).inc();
    }

    /// So many deliveries were left out.
    pub fn dropped(&self, name: &str, count: u64) {
        let counter = self.dropped.get_or_create(&self.labels(name));
        counter.inc_by(count);
    }

    /// One sample of each.
    #[cfg(test)]
    pub(super) fn touch(&self) {
        self.sinks(&[("", "")]);
    }

    /// So many deliveries wait.
    pub fn waiting(&self, name: &str, count: usize) {
        let gauge = self.waiting.get_or_create(&self.labels(name));
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}
