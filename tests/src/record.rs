//! The agent's JSON lines, read by the documentation and not by the agent's own
//! types: what these do not name is passed over.

use std::{collections::BTreeMap, fmt, net::IpAddr};

use serde::Deserialize;

/// One line.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// Recording is live.
    Started(Box<Started>),
    /// A flow, first seen or changed.
    Flow(Box<Flow>),
    /// The record may be incomplete over an interval.
    Gap(Gap),
    /// Something about an IP database.
    Database(DatabaseNews),
    /// Another set of allowlists was read.
    Allowlists(AllowlistsChange),
    /// Something became of a finding.
    Finding(Box<Finding>),
    /// Entries of the allowlists end soon, or have ended.
    Expiring(Expiring),
    /// The canary has sent by every way.
    SelfTest(SelfTest),
    /// The agent has drained everything.
    Stopped(Stopped),
    /// Kinds that these tests do not know.
    #[serde(other)]
    Other,
}

/// What the agent says once recording is live.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Started {
    pub adopted: bool,
    pub version: String,
    pub build: Build,
    pub kernel: String,
    pub cgroup_root: String,
    pub allowlists: Allowlists,
    pub databases: Vec<Database>,
    pub metrics: Option<String>,
    pub confinement: Option<Confinement>,
    /// Where the page is served.
    pub page: Option<String>,
}

/// How the agent is confined.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Confinement {
    pub mode: String,
    pub capabilities: Vec<String>,
    pub landlock_abi: u32,
    pub seccomp: bool,
    pub not_enforced: Vec<String>,
}

/// Digests of the agent that records.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Build {
    pub executable: String,
    pub programs: String,
}

/// Both layers compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Balance {
    pub uplink_bytes: u64,
    pub wrapped_bytes: u64,
    pub unseen_bytes: u64,
    pub missing_bytes: u64,
}

/// An interval over which the record may be incomplete.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Gap {
    pub from: String,
    pub to: String,
    pub reason: String,
    pub detail: String,
    pub repaired: bool,
    #[serde(default)]
    pub losses: BTreeMap<String, u64>,
}

/// What the canary proved.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct SelfTest {
    pub ways: Vec<Proof>,
}

/// What became of a way of the canary's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Proof {
    pub way: String,
    pub sent: u64,
    pub sockets: u64,
    pub uplink: u64,
    pub outcome: serde_json::Value,
}

/// Allowlists in force.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Allowlists {
    pub directory: String,
    pub digest: String,
    pub products: u64,
    pub entries: u64,
}

/// What came of reading the allowlists anew.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct AllowlistsChange {
    pub event: String,
    pub in_force: Allowlists,
    pub replaced: Option<String>,
    pub refused: Option<String>,
    pub digest: Option<String>,
    #[serde(default)]
    pub errors: Vec<serde_json::Value>,
    pub more_errors: Option<u64>,
}

/// An open deviation.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Finding {
    pub event: String,
    pub id: String,
    pub kind: String,
    pub severity: String,
    pub product: Option<String>,
    pub workload: Option<serde_json::Value>,
    pub destination: Option<serde_json::Value>,
    pub jurisdiction: Option<String>,
    pub rule: Option<String>,
    pub first_seen: String,
    pub last_seen: String,
    pub flows: u64,
    pub egress_bytes: u64,
    pub detail: String,
}

/// Entries that end soon, or have ended.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Expiring {
    pub entries: Vec<serde_json::Value>,
    pub more_entries: u64,
}

/// An IP database in use.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Database {
    pub name: String,
    pub path: String,
    pub kind: String,
    pub sha256: String,
}

/// What became of an IP database while the agent ran.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct DatabaseNews {
    pub event: String,
    pub name: String,
    pub database: Option<Database>,
    pub error: Option<String>,
}

/// Why a line about a flow was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "as documented for --format json")]
pub enum Event {
    FirstSeen,
    Updated,
    Final,
}

/// A flow with everything that the agent says of it.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Flow {
    pub event: Event,
    pub id: u64,
    pub scope: String,
    pub direction: String,
    pub workload: Workload,
    pub executable: Executable,
    pub process: Option<Process>,
    pub netns: Option<u64>,
    pub forwarded_from: Option<String>,
    pub destination: Destination,
    pub names: Names,
    pub hosted_in: Answers<String>,
    pub registered_in: Answers<String>,
    pub operator: Answers<Operator>,
    pub anycast: Answers<bool>,
    pub operator_domicile: Domicile,
    pub encrypted_dns: Option<EncryptedDns>,
    pub third_country: Option<bool>,
    pub relay: bool,
    pub product: Option<String>,
    pub verdict: String,
    pub rule: Option<String>,
    pub reason: String,
    pub egress_bytes: u64,
    pub egress_packets: u64,
    pub ingress_bytes: u64,
    pub ingress_packets: u64,
    pub attempts: u32,
}

/// Whose a flow is.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Workload {
    pub host: Option<String>,
    pub kind: String,
    pub name: String,
    pub cgroup_path: Option<String>,
    pub unit: Option<String>,
    pub slice: Option<String>,
    pub container: Option<Container>,
    pub unknown: Option<String>,
}

/// The container of a workload.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Container {
    pub id: String,
    pub runtime: String,
    pub name: Option<String>,
    pub image: Option<String>,
    pub labels: Labels,
}

/// Labels of a container.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Labels {
    pub known: BTreeMap<String, String>,
    pub incomplete: Option<String>,
}

/// The program that used a flow first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Executable {
    /// Its path.
    Path(String),
    /// Why it is not known.
    Unknown(String),
}

/// The process that used a flow first.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Process {
    pub pid: u32,
    pub uid: u32,
    pub comm: String,
}

/// Where a flow went.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Destination {
    pub address: IpAddr,
    pub port: u16,
    pub protocol: String,
}

/// What the destination is called, and how that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Names {
    pub names: Vec<Name>,
    pub reason: Option<String>,
    pub contradiction: Option<String>,
}

/// One name of a destination.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Name {
    pub name: String,
    pub grade: Grade,
    #[serde(default)]
    pub aliases: Vec<String>,
    pub source: Source,
    pub time: String,
    pub doubt: Option<String>,
}

/// What a name is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "as documented for --format json")]
pub enum Grade {
    Answered,
    AnsweredUntrusted,
    Presented,
}

/// Where a name comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "as documented for --format json")]
pub enum Source {
    Dns {
        resolver: IpAddr,
        transport: String,
        served_by: Option<String>,
        asked_by: Option<String>,
    },
    Tls {
        alpn: Vec<String>,
        ech: String,
    },
    Quic {
        alpn: Vec<String>,
        ech: String,
    },
}

/// Under whose law the operator of a destination is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Domicile {
    pub country: Option<String>,
    pub provider: Option<String>,
    pub parent: Option<String>,
    pub reason: Option<String>,
    pub stated: Option<String>,
}

/// A service of encrypted DNS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct EncryptedDns {
    pub over: String,
    pub provider: Option<String>,
}

/// The answer to a question about a place.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Answers<T> {
    pub value: Option<T>,
    pub agreement: String,
    pub sources: Vec<SourceAnswer<T>>,
    pub reason: Option<String>,
}

/// What one database says to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct SourceAnswer<T> {
    pub source: String,
    pub value: Option<T>,
    pub prefix: Option<String>,
    pub note: Option<String>,
}

/// Who announces an address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Operator {
    pub asn: u32,
    pub organisation: Option<String>,
}

/// Sums at the end.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as documented for --format json")]
pub struct Stopped {
    pub balance: Balance,
    pub continues: bool,
    pub flows: u64,
    pub verdicts: BTreeMap<String, u64>,
    pub egress_bytes: u64,
    pub ingress_bytes: u64,
    pub losses: BTreeMap<String, u64>,
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Destination {
            address,
            port,
            protocol,
        } = &self.destination;
        write!(
            f,
            "#{} {} {} -> {protocol} {address} {port} [{}] {} rule={:?} product={:?} out={}/{} in={}/{} ({})",
            self.id,
            self.direction,
            self.workload
                .cgroup_path
                .as_deref()
                .unwrap_or(&self.workload.name),
            self.hosted_in.value.as_deref().unwrap_or("?"),
            self.verdict,
            self.rule,
            self.product,
            self.egress_bytes,
            self.egress_packets,
            self.ingress_bytes,
            self.ingress_packets,
            self.reason,
        )
    }
}
