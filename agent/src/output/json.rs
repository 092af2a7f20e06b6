//! `--format json`: one object on each line. The fields are documented in
//! `docs/output.md`.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    AcknowledgedLine, Display, FindingLine, Shown,
    allowlists::{AllowlistsChange, AllowlistsLine, ExpiringLine},
    facts::FlowFacts,
};
use crate::{
    Build,
    balance::Sums,
    canary::Proof,
    coverage::{Confinement, Gap},
    jurisdiction::Description,
    record::FlowId,
};

/// What became of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowEvent {
    /// Seen for the first time.
    FirstSeen,
    /// Counted on, or known better.
    Updated,
    /// Idle and closed, or the agent stops: the counts are final.
    Final,
}

/// One IP database in force.
#[derive(Clone, Debug, Serialize)]
pub struct DatabaseLine {
    /// Name as configured.
    pub name: String,
    /// File.
    pub path: String,
    /// Type as the database states it.
    pub kind: String,
    /// When its data were built.
    pub built: Timestamp,
    /// Days after that for which its answers count.
    pub max_age_days: u32,
    /// Under which licence it is used, as far as somebody says so.
    pub licence: Option<String>,
    /// Digest of the file.
    pub sha256: String,
}

impl From<&Description> for DatabaseLine {
    fn from(database: &Description) -> Self {
        Self {
            name: database.name.clone(),
            path: database.path.display().to_string(),
            kind: database.kind.clone(),
            built: database.built,
            max_age_days: database.max_age_days,
            licence: database.licence.clone(),
            sha256: database.sha256.clone(),
        }
    }
}

/// What became of an IP database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseEvent {
    /// It came into force.
    Loaded,
    /// It is no longer in force.
    Removed,
    /// It cannot be used; what was in force under its name still is.
    Refused,
}

/// Something is to be said of an IP database.
#[derive(Clone, Debug, Serialize)]
pub struct DatabaseNews<'a> {
    /// When this is said.
    pub time: Timestamp,
    /// What became of it.
    pub event: DatabaseEvent,
    /// Its name.
    pub name: &'a str,
    /// What it is, if it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<&'a DatabaseLine>,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
}

/// Recording is live.
#[derive(Clone, Debug, Serialize)]
pub struct Started<'a> {
    /// When.
    pub time: Timestamp,
    /// Whether an earlier agent began what is recorded.
    pub adopted: bool,
    /// Version of the agent.
    pub version: &'a str,
    /// Digests of its executable and of its kernel programs, if the executable can be read.
    pub build: Option<&'a Build>,
    /// Release of the kernel.
    pub kernel: &'a str,
    /// Root of the cgroup v2 hierarchy.
    pub cgroup_root: &'a Path,
    /// The allowlists in force.
    pub allowlists: AllowlistsLine<'a>,
    /// The IP databases in force.
    pub databases: &'a [DatabaseLine],
    /// Where metrics are served.
    pub metrics: Option<String>,
    /// How the agent is confined; `None` of one that ends at once.
    pub confinement: Option<&'a Confinement>,
    /// Where the page is served.
    pub page: Option<String>,
}

/// The record may be incomplete over an interval.
#[derive(Clone, Debug, Serialize)]
pub struct GapLine<'a> {
    /// When this is said.
    pub time: Timestamp,
    /// The interval and its reason.
    #[serde(flatten)]
    pub gap: &'a Gap,
}

/// The canary has sent by every way.
#[derive(Clone, Debug, Serialize)]
pub struct SelfTestLine<'a> {
    /// When this is said.
    pub time: Timestamp,
    /// Each way; none if the canary could not be run, which a gap tells.
    pub ways: &'a [Proof],
}

/// Recording has ended.
#[derive(Clone, Debug, Serialize)]
pub struct Stopped<'a> {
    /// When.
    pub time: Timestamp,
    /// Whether the kernel goes on recording without the agent.
    pub continues: bool,
    /// Flows of this run.
    pub flows: u64,
    /// Flows by verdict.
    pub verdicts: &'a BTreeMap<&'static str, u64>,
    /// IP bytes sent.
    pub egress_bytes: u64,
    /// IP bytes received.
    pub ingress_bytes: u64,
    /// Both layers compared.
    pub balance: Sums,
    /// Every kind of loss with its count.
    pub losses: &'a BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct FlowLine<'a> {
    event: FlowEvent,
    time: Timestamp,
    id: FlowId,
    #[serde(flatten)]
    facts: FlowFacts<'a>,
    third_country: Option<bool>,
    relay: bool,
    first_seen: Timestamp,
    last_seen: Timestamp,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Started(&'a Started<'a>),
    Flow(Box<FlowLine<'a>>),
    Gap(&'a GapLine<'a>),
    Database(&'a DatabaseNews<'a>),
    Allowlists(&'a AllowlistsChange<'a>),
    Expiring(&'a ExpiringLine<'a>),
    Finding(&'a FindingLine<'a>),
    Acknowledged(&'a AcknowledgedLine<'a>),
    SelfTest(&'a SelfTestLine<'a>),
    Stopped(&'a Stopped<'a>),
}

/// Writes lines of JSON, each complete before the next begins.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
}

impl<W: Write> JsonLines<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.out.write_all(&text)?;
        self.out.flush()
    }
}

impl<W: Write> Display for JsonLines<W> {
    fn started(&mut self, started: &Started<'_>) -> io::Result<()> {
        self.line(&Line::Started(started))
    }

    fn flow(&mut self, shown: &Shown<'_>) -> io::Result<()> {
        self.line(&Line::Flow(Box::new(FlowLine {
            event: shown.event,
            time: shown.time,
            id: shown.judged.flow.flow.flow.record.id,
            facts: FlowFacts::from(shown.judged),
            third_country: shown.third_country,
            relay: shown.relay,
            first_seen: shown.seen.0,
            last_seen: shown.seen.1,
        })))
    }

    fn gap(&mut self, gap: &GapLine<'_>) -> io::Result<()> {
        self.line(&Line::Gap(gap))
    }

    fn database(&mut self, news: &DatabaseNews<'_>) -> io::Result<()> {
        self.line(&Line::Database(news))
    }

    fn allowlists(&mut self, change: &AllowlistsChange<'_>) -> io::Result<()> {
        self.line(&Line::Allowlists(change))
    }

    fn finding(&mut self, line: &FindingLine<'_>) -> io::Result<()> {
        self.line(&Line::Finding(line))
    }

    fn acknowledged(&mut self, line: &AcknowledgedLine<'_>) -> io::Result<()> {
        self.line(&Line::Acknowledged(line))
    }

    fn expiring(&mut self, line: &ExpiringLine<'_>) -> io::Result<()> {
        self.line(&Line::Expiring(line))
    }

    fn self_test(&mut self, line: &SelfTestLine<'_>) -> io::Result<()> {
        self.line(&Line::SelfTest(line))
    }

    fn stopped(&mut self, stopped: &Stopped<'_>) -> io::Result<()> {
        self.line(&Line::Stopped(stopped))
    }
}
