//! What leaves the agent: lines of JSON, a table for people, metrics.

mod allowlists;
mod facts;
mod finding;
mod finding_metrics;
mod health_metrics;
mod ip_data;
mod json;
mod metrics;
mod naming_metrics;
mod notify_metrics;
mod policy_metrics;
mod quantity;
mod rows;
mod serve;
mod table;

pub use allowlists::{
    AllowlistsChange, AllowlistsEvent, AllowlistsLine, ExpiringEntry, ExpiringLine,
};
pub use facts::FlowFacts;
pub use finding::{AcknowledgedLine, FindingLine};
pub use finding_metrics::Beside;
pub use json::{
    DatabaseEvent, DatabaseLine, DatabaseNews, FlowEvent, GapLine, JsonLines, SelfTestLine,
    Started, Stopped,
};
pub use metrics::Metrics;
pub use notify_metrics::NotifyMetrics;
pub use quantity::bytes;
pub use serve::serve;
pub use table::{LiveTable, verdict_style};

use std::io;

use jiff::Timestamp;

use crate::verdict::Judged;

/// A flow to show.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// What became of it.
    pub event: FlowEvent,
    /// When this is said.
    pub time: Timestamp,
    /// First and last sight.
    pub seen: (Timestamp, Timestamp),
    /// Everything known of it.
    pub judged: &'a Judged,
    /// Whether the country of hosting lies outside the platform's home; `None`
    /// when either is not known.
    pub third_country: Option<bool>,
    /// Whether its workload also serves others on this host, and so may send what
    /// they asked it to, as a proxy does.
    pub relay: bool,
}

/// Where the daemon shows what it sees.
pub trait Display {
    /// Recording is live.
    ///
    /// # Errors
    /// When it cannot be written.
    fn started(&mut self, started: &Started<'_>) -> io::Result<()>;

    /// Something is to be said of a flow.
    ///
    /// # Errors
    /// When it cannot be written.
    fn flow(&mut self, flow: &Shown<'_>) -> io::Result<()>;

    /// The record may be incomplete over an interval.
    ///
    /// # Errors
    /// When it cannot be written.
    fn gap(&mut self, gap: &GapLine<'_>) -> io::Result<()>;

    /// An IP database came into force, went, or was refused.
    ///
    /// # Errors
    /// When it cannot be written.
    fn database(&mut self, news: &DatabaseNews<'_>) -> io::Result<()>;

    /// Another set of allowlists came into force, or was refused.
    ///
    /// # Errors
    /// When it cannot be written.
    fn allowlists(&mut self, change: &AllowlistsChange<'_>) -> io::Result<()>;

    /// Something became of a finding.
    ///
    /// # Errors
    /// When it cannot be written.
    fn finding(&mut self, line: &FindingLine<'_>) -> io::Result<()>;

    /// Somebody has said that they know of a finding.
    ///
    /// # Errors
    /// When it cannot be written.
    fn acknowledged(&mut self, line: &AcknowledgedLine<'_>) -> io::Result<()>;

    /// Entries of the allowlists end soon, or have ended.
    ///
    /// # Errors
    /// When it cannot be written.
    fn expiring(&mut self, line: &ExpiringLine<'_>) -> io::Result<()>;

    /// The canary has sent by every way.
    ///
    /// # Errors
    /// When it cannot be written.
    fn self_test(&mut self, line: &SelfTestLine<'_>) -> io::Result<()>;

    /// Recording has ended.
    ///
    /// # Errors
    /// When it cannot be written.
    fn stopped(&mut self, stopped: &Stopped<'_>) -> io::Result<()>;
}
