//! `/metrics` in OpenMetrics 1.0, for Prometheus to scrape.
//!
//! Labels are identities (product, verdict, country): no address, no process,
//! no time, so that their number stays bounded.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, info::Info},
    registry::{Registry, Unit},
};

use super::FindingLine;
use super::finding_metrics::{Beside, FindingMetrics};
use super::health_metrics::HealthMetrics;
use super::ip_data::IpDataMetrics;
use super::naming_metrics::NamingMetrics;
use super::notify_metrics::NotifyMetrics;
use super::policy_metrics::PolicyMetrics;
use crate::{
    balance::Sums,
    canary::{Proof, WAYS},
    coverage::{Gap, Reason},
    finding::Finding,
    jurisdiction::Description,
    kernel::{Clock, ProgramStats},
    naming::NamingCounts,
    policy::Expiring,
    record::{Counters, Direction},
    verdict::Judged,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FlowLabels {
    product: String,
    verdict: &'static str,
    direction: &'static str,
    hosted_in: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LossLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WayLabels {
    way: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GapLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BalanceLabels {
    of: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProgramLabels {
    program: &'static str,
}

type Seconds = Counter<f64, std::sync::atomic::AtomicU64>;

/// Every metric of the agent.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    flows: Family<FlowLabels, Counter>,
    open: Gauge,
    egress_bytes: Family<FlowLabels, Counter>,
    egress_packets: Family<FlowLabels, Counter>,
    ingress_bytes: Family<FlowLabels, Counter>,
    losses: Family<LossLabels, Counter>,
    self_test: Family<WayLabels, Gauge>,
    self_tested: Gauge,
    bundles_failed: Gauge,
    gaps: Family<GapLabels, Counter>,
    gap_time: Family<GapLabels, Seconds>,
    balance: Family<BalanceLabels, Gauge>,
    names: NamingMetrics,
    ip_data: IpDataMetrics,
    policy: PolicyMetrics,
    findings: FindingMetrics,
    health: HealthMetrics,
    notify: NotifyMetrics,
    runs: Family<ProgramLabels, Counter>,
    run_time: Family<ProgramLabels, Seconds>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Registers every metric; what is constant for this run is given.
    pub fn new(version: &str) -> Self {
        let mut registry = Registry::with_prefix("weir");
        let info = vec![("version".to_owned(), version.to_owned())];
        registry.register("build", "Version of the agent", Info::new(info));
        let mut metrics = Self {
            registry: Arc::default(),
            flows: Family::default(),
            open: Gauge::default(),
            egress_bytes: Family::default(),
            egress_packets: Family::default(),
            ingress_bytes: Family::default(),
            losses: Family::default(),
            self_test: Family::default(),
            self_tested: Gauge::default(),
            bundles_failed: Gauge::default(),
            gaps: Family::default(),
            gap_time: Family::default(),
            balance: Family::default(),
            names: NamingMetrics::default(),
            ip_data: IpDataMetrics::default(),
            policy: PolicyMetrics::default(),
            findings: FindingMetrics::default(),
            health: HealthMetrics::default(),
            notify: NotifyMetrics::default(),
            runs: Family::default(),
            run_time: Family::default(),
        };
        metrics.register(&mut registry);
        metrics.registry = Arc::new(registry);
        metrics
    }

    fn register(&self, registry: &mut Registry) {
        self.names.register(registry);
        registry.register("flows", "Flows first seen", self.flows.clone());
        registry.register("open_flows", "Flows counted at present", self.open.clone());
        registry.register_with_unit(
            "egress",
            "IP bytes sent, after segmentation",
            Unit::Bytes,
            self.egress_bytes.clone(),
        );
        registry.register(
            "egress_packets",
            "IP packets sent",
            self.egress_packets.clone(),
        );
        registry.register_with_unit(
            "ingress",
            "IP bytes received",
            Unit::Bytes,
            self.ingress_bytes.clone(),
        );
        registry.register(
            "losses",
            "What the kernel programs could not do, by kind",
            self.losses.clone(),
        );
        registry.register_with_unit(
            "balance",
            "IP bytes that left by an uplink, that of them no socket was seen to send, and that \
             sockets sent there but that never left",
            Unit::Bytes,
            self.balance.clone(),
        );
        registry.register(
            "self_test_recorded",
            "Whether the canary's traffic by each way was recorded as sent: 1, or 0",
            self.self_test.clone(),
        );
        registry.register_with_unit(
            "self_test_time",
            "When the canary last ran, since 1970; 0 if it never did",
            Unit::Seconds,
            self.self_tested.clone(),
        );
        registry.register(
            "evidence_export_failed",
            "Whether a bundle of evidence is due and could not be written: 1, or 0",
            self.bundles_failed.clone(),
        );
        for reason in Reason::ALL {
            let labels = GapLabels {
                reason: reason.label(),
            };
            drop(self.gaps.get_or_create(&labels));
            drop(self.gap_time.get_or_create(&labels));
        }
        registry.register(
            "gaps",
            "Intervals over which the record may be incomplete, by reason",
            self.gaps.clone(),
        );
        registry.register_with_unit(
            "gap_time",
            "Length of those intervals",
            Unit::Seconds,
            self.gap_time.clone(),
        );
        self.ip_data.register(registry);
        self.policy.register(registry);
        self.findings.register(registry);
        self.health.register(registry);
        self.notify.register(registry);
        registry.register(
            "bpf_program_runs",
            "Runs of each kernel program, while the kernel measures them",
            self.runs.clone(),
        );
        registry.register_with_unit(
            "bpf_program_run_time",
            "Time spent in each kernel program, while the kernel measures it",
            Unit::Seconds,
            self.run_time.clone(),
        );
    }

    /// A flow was seen for the first time.
    pub fn first_seen(&self, judged: &Judged) {
        self.flows.get_or_create(&labels(judged)).inc();
    }

    /// A flow has carried this much more.
    pub fn carried(&self, judged: &Judged, more: &Counters) {
        let labels = labels(judged);
        self.egress_bytes
            .get_or_create(&labels)
            .inc_by(more.egress_bytes);
        self.egress_packets
            .get_or_create(&labels)
            .inc_by(more.egress_packets);
        self.health.carried(judged, more.egress_bytes);
        self.ingress_bytes
            .get_or_create(&labels)
            .inc_by(more.ingress_bytes);
    }

    /// The canary has sent by every way, or could not be run.
    pub fn self_test(&self, ways: &[Proof], clock: &Clock) {
        for way in WAYS {
            let recorded = ways
                .iter()
                .any(|proof| proof.way == way.name && proof.holds());
            let labels = WayLabels { way: way.name };
            self.self_test
                .get_or_create(&labels)
                .set(i64::from(recorded));
        }
        self.self_tested.set(clock.now().as_second());
    }

    /// The record may be incomplete over an interval.
    pub fn gap(&self, gap: &Gap) {
        let labels = GapLabels {
            reason: gap.reason.label(),
        };
        self.gaps.get_or_create(&labels).inc();
        let length = gap.to.duration_since(gap.from).as_secs_f64();
        self.gap_time.get_or_create(&labels).inc_by(length.max(0.0));
    }

    /// Both layers compared.
    pub fn balance(&self, sums: &Sums) {
        for (of, bytes) in [
            ("uplink", sums.uplink_bytes),
            ("wrapped", sums.wrapped_bytes),
            ("unseen", sums.unseen_bytes),
            ("missing", sums.missing_bytes),
        ] {
            let gauge = self.balance.get_or_create(&BalanceLabels { of });
            gauge.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }

    /// The IP databases in force.
    pub fn databases<'a>(&self, databases: impl Iterator<Item = &'a Description>) {
        self.ip_data.put_in_force(databases);
    }

    /// How old the IP databases are now.
    pub fn database_ages<'a>(
        &self,
        databases: impl Iterator<Item = &'a Description>,
        now: Timestamp,
    ) {
        self.ip_data.measure(databases, now);
    }

    /// An IP database was refused.
    pub fn database_refused(&self) {
        self.ip_data.refused();
    }

    /// Whether a bundle of evidence that is due could not be written.
    pub fn bundles_failed(&self, failed: bool) {
        self.bundles_failed.set(failed.into());
    }

    /// These allowlists came into force.
    pub fn allowlists(&self, digest: &str, now: Timestamp) {
        self.policy.put_in_force(digest, now);
    }

    /// Whether the allowlists as they stand on disk are refused.
    pub fn allowlists_refused(&self, refused: bool) {
        self.policy.refused(refused);
    }

    /// Entries that end soon, or have ended; at most so many one by one.
    pub fn expiring(&self, found: &[Expiring<'_>], most: usize) {
        self.policy.expiring(found, most);
    }

    /// Something became of a finding.
    pub fn finding(&self, line: &FindingLine<'_>) {
        self.findings.changed(line);
    }

    /// The findings that are open.
    pub fn open_findings<'a>(&self, open: impl Iterator<Item = &'a Finding>, beside: &Beside<'_>) {
        self.findings.put(open, beside);
    }

    /// A heartbeat is on disk and the ledger is signed.
    pub fn beat(&self, now: Timestamp) {
        self.health.beat(now);
    }

    /// Metrics of the ways out for findings.
    pub fn notify(&self) -> NotifyMetrics {
        self.notify.clone()
    }

    /// Flows that are counted now.
    pub fn open_flows(&self, count: usize) {
        self.open.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Raises the count of a loss to what the kernel says.
    pub fn loss(&self, kind: &'static str, total: u64) {
        let counter = self.losses.get_or_create(&LossLabels { kind });
        counter.inc_by(total.saturating_sub(counter.get()));
    }

    /// Raises what was read of names to what the namer says.
    pub fn naming(&self, counts: &NamingCounts) {
        self.names.set(counts);
    }

    /// Raises a program's run time to what the kernel says.
    pub fn program(&self, stats: &ProgramStats) {
        let labels = ProgramLabels {
            program: stats.name,
        };
        let runs = self.runs.get_or_create(&labels);
        runs.inc_by(stats.runs.saturating_sub(runs.get()));
        let time = self.run_time.get_or_create(&labels);
        time.inc_by((stats.time.as_secs_f64() - time.get()).max(0.0));
    }

    /// All metrics as text.
    ///
    /// # Errors
    /// When a metric cannot be written, which would be a defect.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn labels(judged: &Judged) -> FlowLabels {
    FlowLabels {
        product: judged.product.clone().unwrap_or_default(),
        verdict: judged.verdict.label(),
        direction: match judged.flow.flow.flow.record.direction {
            Direction::Outbound => "outbound",
            Direction::Inbound => "inbound",
        },
        hosted_in: judged
            .flow
            .place
            .country()
            .map(String::from)
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
