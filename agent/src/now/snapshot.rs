//! The answer: bounded lists, and how the record is.

use std::{collections::BTreeMap, net::IpAddr, ops::AddAssign};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Health, Rate, Wanted};
use crate::{
    attribution::WorkloadKind,
    finding::{Acknowledgement, Finding, Jurisdiction},
    jurisdiction::CountryCode,
    naming::Grade,
    record::{Direction, FlowId, Scope},
    verdict::{Judged, Verdict},
};

/// Version of the form of a snapshot: raised when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

/// What is so at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// [`VERSION`].
    pub version: u32,
    /// When it was made.
    pub time: Timestamp,
    /// Name of the host, if it has one.
    pub host: Option<String>,
    /// Version of the agent.
    pub agent: String,
    /// When this agent began.
    pub since: Timestamp,
    /// What the lists were asked to show.
    pub wanted: Wanted,
    /// Everything that this agent was the first to record; flows that are open.
    pub total: Sum,
    /// The same by verdict; of flows that are open.
    pub verdicts: BTreeMap<Verdict, Sum>,
    /// Products, and what is no product's.
    pub products: List<ProductRow>,
    /// Workloads with open flows.
    pub workloads: List<WorkloadRow>,
    /// Flows that are open.
    pub destinations: List<DestinationRow>,
    /// Findings that are open, whatever the filter: pages first, the newest first.
    pub findings: List<FindingRow>,
    /// How the record is.
    pub health: Health,
}

/// The first rows of a list, and what the others come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List<T> {
    /// Those that are shown.
    pub rows: Vec<T>,
    /// How many are not.
    pub more: u64,
    /// Their sum.
    pub rest: Sum,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            more: 0,
            rest: Sum::default(),
        }
    }
}

/// What flows carry, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// Flows that are open.
    pub flows: u64,
    /// IP bytes sent.
    pub sent: u64,
    /// IP bytes received.
    pub received: u64,
    /// Bytes in each second, over the last five to ten.
    pub rate: Rate,
}

impl AddAssign for Sum {
    fn add_assign(&mut self, more: Self) {
        self.flows = self.flows.saturating_add(more.flows);
        self.sent = self.sent.saturating_add(more.sent);
        self.received = self.received.saturating_add(more.received);
        self.rate.sent = self.rate.sent.saturating_add(more.rate.sent);
        self.rate.received = self.rate.received.saturating_add(more.rate.received);
    }
}

/// A product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductRow {
    /// Its name; `None` for what no product claims.
    pub product: Option<String>,
    /// What it has carried since this agent began, ended flows included.
    #[serde(flatten)]
    pub sum: Sum,
    /// Of flows that are open, by verdict.
    pub verdicts: BTreeMap<Verdict, Sum>,
    /// Its findings that are open.
    pub findings: u64,
}

/// A workload of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkloadRow {
    /// Its name.
    pub workload: String,
    /// What kind of thing it is.
    pub kind: WorkloadKind,
    /// The product; `None` if none claims it.
    pub product: Option<String>,
    /// What its open flows have carried since this agent began.
    #[serde(flatten)]
    pub sum: Sum,
    /// The worst verdict of its open flows.
    pub worst: Verdict,
}

/// An open flow: one destination of one workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationRow {
    /// Number of the flow in this run of the agent.
    pub flow: FlowId,
    /// Name of the workload.
    pub workload: String,
    /// The product; `None` if none claims the workload.
    pub product: Option<String>,
    /// The name that is worth most; `None` where none is known.
    pub name: Option<String>,
    /// What it is worth.
    pub grade: Option<Grade>,
    /// How many names it has beside.
    pub more_names: u64,
    /// One destination, or many that are not kept apart.
    pub scope: Scope,
    /// Its address, or where it came from; `None` where many are not kept apart.
    pub address: Option<IpAddr>,
    /// Outbound: remote port. Inbound: local port. 0 where there are none.
    pub port: u16,
    /// Protocol, such as `tcp`.
    pub protocol: String,
    /// Who sent first.
    pub direction: Direction,
    /// Where it is hosted.
    pub hosted_in: Jurisdiction,
    /// Whether that is outside the platform's home; `None` where either is not known.
    pub third_country: Option<bool>,
    /// Provider, or who announces the address; `None` where neither is known.
    pub operator: Option<String>,
    /// Legal home of the operator's ultimate parent, where a reviewed statement has it.
    pub domicile: Option<CountryCode>,
    /// The outcome.
    pub verdict: Verdict,
    /// Entry that decided.
    pub rule: Option<String>,
    /// First sight.
    pub first_seen: Timestamp,
    /// Last sight.
    pub last_seen: Timestamp,
    /// What it has carried since its first sight.
    #[serde(flatten)]
    pub sum: Sum,
}

/// A finding, and who knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow {
    /// The finding.
    pub finding: Finding,
    /// The acknowledgement that counts, if one does.
    pub acknowledged: Option<Acknowledgement>,
}

/// All that is known of one open flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowNow {
    /// When it was asked for.
    pub time: Timestamp,
    /// First and last sight.
    pub seen: (Timestamp, Timestamp),
    /// Number of the recording.
    pub recording: String,
    /// SHA-256 of the allowlists in force.
    pub allowlists: String,
    /// The flow with its judgement.
    pub judged: Judged,
}
