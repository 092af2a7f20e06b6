//! The config file, `/etc/weir/weir.toml`, and the environment that overrides it.
//!
//! ```text
//! sections, values (types) ──> schema ──> reader (file) ──┐
//!                                 └────> environment ─────┴─> Loaded ─> options of the command line
//! ```
//!
//! The command line is asked last (`cli/configured.rs`): what file and environment say
//! takes the place of its options' defaults, so that an option has one reader and one
//! default. `docs/config.md` lists every key.

mod check;
mod environment;
mod judge;
mod keys;
mod loaded;
mod reader;
mod schema;
mod sections;
pub(crate) mod text_value;
mod values;

#[cfg(test)]
mod tests;

pub(crate) use self::schema::{
    example, is_tables, keys as keys_in, ordered, required, resolved, schema, sections, type_of,
    written,
};
pub use self::{
    environment::variable,
    keys::{KEPT, KEYS, Key, WITHOUT, keys_of},
    loaded::{Loaded, Origin, Wanted},
    sections::{
        CaptureSection, ConfineSection, ControlSection, EvidenceSection, FindingsSection,
        IpDataSection, LedgerSection, MetricsSection, PageSection, PathsSection, SelfTestSection,
    },
    values::{Database, Hook, Listener, PageListener, Period, Pin, Size, Time},
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
    /// The page for people.
    pub page: PageSection,
    /// The control socket.
    pub control: ControlSection,
    /// Findings.
    pub findings: FindingsSection,
    /// The agent's test of itself.
    pub self_test: SelfTestSection,
    /// What the agent gives up once it records.
    pub confine: ConfineSection,
    /// Segments of the store.
    pub ledger: LedgerSection,
    /// Bundles that the agent writes by itself.
    pub evidence: EvidenceSection,
    /// Ways out for findings.
    pub notify: crate::notify::Settings,
}
