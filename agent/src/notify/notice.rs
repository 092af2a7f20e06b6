//! What is told, as a function of an entry of the ledger and of nothing else: told again by
//! another agent, it is the same to the byte.

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    finding::{Acknowledgement, Finding, FindingId, Severity},
    ledger::Entry,
};

/// Version of the body.
const VERSION: u32 = 1;

/// Changed when what an id is made of changes.
const ID_VERSION: &str = "weir notice 1";

/// Bytes of the digest that are the id.
const ID_BYTES: usize = 16;

/// Entries of which something may have to be told.
pub(super) const TAGS: [&str; 4] = [
    "finding_opened",
    "finding_updated",
    "finding_closed",
    "acknowledged",
];

/// An entry of which something may have to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    /// Number of the entry; 0 of a test, which is in no ledger.
    pub(super) seq: u64,
    /// When it was written.
    pub(super) time: Timestamp,
    /// What it says.
    pub(super) about: About,
}

/// What such an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum About {
    Opened(Box<Finding>),
    /// It has more than before, and is a page, now or since earlier.
    Page(Box<Finding>),
    Closed(Box<Finding>),
    Acknowledged(Acknowledgement),
    Test,
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    Opened,
    /// A ticket has become a page.
    Worsened,
    Closed,
    Acknowledged,
    Test,
}

impl What {
    /// Name in everything that is sent.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Opened => "finding_opened",
            Self::Worsened => "finding_worsened",
            Self::Closed => "finding_closed",
            Self::Acknowledged => "finding_acknowledged",
            Self::Test => "test",
        }
    }
}

impl Notice {
    /// Of an entry; `None` where there is never anything to tell of it.
    pub(super) fn of(seq: u64, time: Timestamp, entry: &Entry) -> Option<Self> {
        let about = match entry {
            Entry::FindingOpened(one) => About::Opened(one.clone()),
            Entry::FindingUpdated(one) if one.severity == Severity::Page => {
                About::Page(one.clone())
            }
            Entry::FindingClosed(one) => About::Closed(one.clone()),
            Entry::Acknowledged(one) => About::Acknowledged(one.clone()),
            _ => return None,
        };
        Some(Self { seq, time, about })
    }

    /// A test, which finds nothing.
    pub(super) fn test(time: Timestamp) -> Self {
        Self {
            seq: 0,
            time,
            about: About::Test,
        }
    }

    /// The finding, where the entry has all of it.
    pub(super) fn finding(&self) -> Option<&Finding> {
        match &self.about {
            About::Opened(one) | About::Page(one) | About::Closed(one) => Some(one),
            About::Acknowledged(_) | About::Test => None,
        }
    }

    /// Id of the finding.
    pub(super) fn finding_id(&self) -> Option<FindingId> {
        match &self.about {
            About::Acknowledged(one) => Some(one.finding),
            _ => self.finding().map(|one| one.id),
        }
    }

    /// How bad it is. A test is a ticket: nobody is called at night for it.
    pub(super) fn severity(&self) -> Severity {
        match &self.about {
            About::Acknowledged(one) => one.severity,
            _ => self.finding().map_or(Severity::Ticket, |one| one.severity),
        }
    }
}

/// A notice as it is told to somebody.
#[derive(Clone, Debug)]
pub(super) struct Message<'a> {
    /// The same whenever and by whomever it is sent: 32 hexadecimal digits.
    pub(super) id: String,
    pub(super) what: What,
    pub(super) notice: &'a Notice,
    /// Name of the node, as its checkpoints have it.
    pub(super) node: &'a str,
}

#[derive(Serialize)]
struct Body<'a> {
    version: u32,
    id: &'a str,
    #[serde(rename = "type")]
    what: &'static str,
    time: Timestamp,
    node: &'a str,
    entry: Option<u64>,
    severity: Severity,
    text: String,
    finding_id: Option<FindingId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<&'a Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledgement: Option<&'a Acknowledgement>,
}

impl<'a> Message<'a> {
    pub(super) fn new(what: What, notice: &'a Notice, node: &'a str) -> Self {
        let finding = notice.finding_id();
        let parts = [
            ID_VERSION.to_owned(),
            node.to_owned(),
            notice.seq.to_string(),
            notice.time.as_nanosecond().to_string(),
            what.label().to_owned(),
            finding.map(|id| id.to_string()).unwrap_or_default(),
        ];
        let mut hash = Sha256::new();
        for part in parts {
            // With its length before it, no part can be taken for two.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        let digits = digest.iter().take(ID_BYTES);
        Self {
            id: digits.map(|byte| format!("{byte:02x}")).collect(),
            what,
            notice,
            node,
        }
    }

    /// A sentence for people.
    pub(super) fn text(&self) -> String {
        let detail = self.notice.finding().map_or("", |one| one.detail.as_str());
        let severity = self.notice.severity().label();
        match (&self.what, &self.notice.about) {
            (_, About::Acknowledged(one)) => format!(
                "acknowledged by {} until {}: {}",
                one.by, one.until, one.reason
            ),
            (What::Worsened, _) => format!("now a {severity}: {detail}"),
            (What::Closed, _) => format!("closed: {detail}"),
            (What::Test, _) => "this is a test of a way out: nothing was found".to_owned(),
            _ => format!("{severity}: {detail}"),
        }
    }

    /// The body as JSON, on one line.
    ///
    /// # Errors
    /// It cannot be serialised, which would be a defect.
    pub(super) fn body(&self) -> Result<String, serde_json::Error> {
        let notice = self.notice;
        let acknowledgement = match &notice.about {
            About::Acknowledged(one) => Some(one),
            _ => None,
        };
        serde_json::to_string(&Body {
            version: VERSION,
            id: &self.id,
            what: self.what.label(),
            time: notice.time,
            node: self.node,
            entry: (notice.seq > 0).then_some(notice.seq),
            severity: notice.severity(),
            text: self.text(),
            finding_id: notice.finding_id(),
            finding: notice.finding(),
            acknowledgement,
        })
    }
}
