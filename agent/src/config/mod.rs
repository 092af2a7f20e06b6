//! The config file, `/etc/weir/weir.toml`.

mod sections;
mod values;

pub use self::{
    sections::{
        CaptureSection, ControlSection, EvidenceSection, FindingsSection, IpDataSection,
        LedgerSection, MetricsSection, PathsSection, SelfTestSection,
    },
    values::{Database, Hook, Listener, Period, Pin, Size, Time},
};

/// Where the file is unless `--config` says otherwise.
pub const CONFIG: &str = "/etc/weir/weir.toml";

/// Fewest flows that may be asked for.
pub const LEAST_FLOWS: i64 = 63;
/// Most flows that may be asked for: 2 GiB of counters.
pub const MOST_FLOWS: i64 = 16_000_000;

/// What the file says. A key that it leaves out is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where things are.
    pub paths: PathsSection,
    /// IP databases.
    pub ip_data: IpDataSection,
    /// The kernel side.
    pub capture: CaptureSection,
    /// OpenMetrics.
    pub metrics: MetricsSection,
    /// The control socket.
    pub control: ControlSection,
    /// Findings.
    pub findings: FindingsSection,
    /// The agent's test of itself.
    pub self_test: SelfTestSection,
    /// Segments of the store.
    pub ledger: LedgerSection,
    /// Bundles that the agent writes by itself.
    pub evidence: EvidenceSection,
    /// Ways out for findings.
    pub notify: crate::notify::Settings,
}
