//! The sections of the file. What a key is worth when nobody writes it is said where its
//! option is (`cli/run.rs`), so that a default stands once.

use std::path::PathBuf;

use super::values::{Database, Hook, Listener, Period, Pin, Size, Time};
use crate::evidence::Schedule;

/// Where things are.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PathsSection {
    /// Directory of the allowlists.
    #[schemars(example = &"/etc/weir/allowlists")]
    pub allowlists: Option<PathBuf>,
    /// Directory of the embedded store.
    #[schemars(example = &"/var/lib/weir")]
    pub store: Option<PathBuf>,
    /// Directory of the lock and the control socket; one agent for each.
    #[schemars(example = &"/run/weir")]
    pub runtime_dir: Option<PathBuf>,
    /// Where programs and maps are pinned, so that recording goes on without the agent: a
    /// directory in a BPF filesystem, `auto` or `off`.
    #[schemars(example = &"/sys/fs/bpf/weir")]
    pub pin: Option<Pin>,
    /// Root of the cgroup v2 hierarchy.
    #[schemars(example = &"/sys/fs/cgroup")]
    pub cgroup_root: Option<PathBuf>,
}

/// IP databases.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IpDataSection {
    /// Directory of which every `*.mmdb` is used. One that is named must be there.
    #[schemars(example = &"/var/lib/weir/ipdata")]
    pub directory: Option<PathBuf>,
    /// Further databases, each `FILE` or `NAME=FILE`.
    #[schemars(example = ["/srv/ipdata/country.mmdb", "asn=/srv/ipdata/asn.mmdb"])]
    pub databases: Option<Vec<Database>>,
    /// Days after its build date for which a database counts, unless the file NAME.toml
    /// beside it says otherwise.
    #[schemars(range(min = 1, max = u32::MAX))]
    #[schemars(example = 45)]
    pub max_age_days: Option<u32>,
}

/// The kernel side.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CaptureSection {
    /// Flows counted apart at a time; beyond, they fold per workload.
    #[schemars(range(min = super::LEAST_FLOWS, max = super::MOST_FLOWS))]
    #[schemars(example = 131_071)]
    pub max_flows: Option<u32>,
    /// How often to sweep the counters.
    #[schemars(example = &"1s")]
    pub sweep_interval: Option<Time>,
    /// Interfaces that lead off the host.
    #[schemars(example = ["eth0", "bond0.100"])]
    pub uplinks: Option<Vec<String>>,
    /// How to attach to them.
    #[schemars(example = &"tcx")]
    pub uplink_hook: Option<Hook>,
    /// Let the kernel measure the run time of the programs, at some cost.
    #[schemars(example = true)]
    pub program_stats: Option<bool>,
}

/// OpenMetrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSection {
    /// Where to serve them, or `off`.
    #[schemars(example = &"127.0.0.1:9184")]
    pub listen: Option<Listener>,
}

/// The control socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ControlSection {
    /// Group whose members may ask the agent there, beside root.
    #[schemars(length(min = 1))]
    #[schemars(example = &"weir")]
    pub group: Option<String>,
}

/// Findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FindingsSection {
    /// How long a finding stays open after its last flow has ended.
    #[schemars(example = &"15m")]
    pub quiet_time: Option<Time>,
}

/// The agent's test of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SelfTestSection {
    /// How often to send by every way from a namespace of the agent's own, and to compare
    /// the record with what was sent; or `off`.
    #[schemars(example = &"1h")]
    pub every: Option<Period>,
}

/// Segments of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerSection {
    /// When to seal what is recorded into a segment, at the latest.
    #[schemars(example = &"1h")]
    pub seal_after: Option<Time>,
    /// How long to keep segments, or `off`. Their signed checkpoints stay.
    #[schemars(example = &"9600h")]
    pub keep: Option<Period>,
    /// How much of segments to keep.
    #[schemars(example = &"20 GiB")]
    pub keep_size: Option<Size>,
}

/// Bundles that the agent writes by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceSection {
    /// Directory that the bundle of each period goes into, once the period is over.
    #[schemars(example = &"/srv/evidence")]
    pub directory: Option<PathBuf>,
    /// How long those periods are, in UTC.
    #[schemars(example = &"month")]
    pub schedule: Option<Schedule>,
}
