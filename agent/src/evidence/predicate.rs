//! What the statement of a bundle says beside the files.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use weir_evidence::digest::Digest;

use super::disclosure::Disclosure;
use crate::{
    Build,
    history::{Span, SpanError},
};

/// What kind of statement it is.
pub const PREDICATE_TYPE: &str = "https://weir.example/evidence/v1";

/// Version of the bundle's format.
pub const SCHEMA: &str = "weir-bundle/1";

/// A bundle, in short. It has no time of export: the same period gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predicate {
    /// [`SCHEMA`].
    pub schema: String,
    /// Version of the agent that made it.
    pub version: String,
    /// The builds that recorded, as the entries that are shown say.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub builds: BTreeSet<Build>,
    /// Name of the node, and origin of its checkpoints.
    pub node: String,
    /// The period.
    pub period: Period,
    /// Entries from the period's first to the one that closes it.
    pub entries: Entries,
    /// The log up to the last entry.
    pub tree: Tree,
    /// The log where the bundle before ends; none where the log begins in this one.
    pub previous: Option<Tree>,
    /// How much is shown.
    pub disclosure: Disclosure,
    /// Whether the period is over, and all is in that was noticed of it.
    pub closed: bool,
}

/// A period of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

impl Period {
    /// As history has it.
    ///
    /// # Errors
    /// It is empty.
    pub fn span(&self) -> Result<Span, SpanError> {
        Span::new(self.from, self.to)
    }
}

/// A range of entries, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entries {
    /// The first, counted from 1.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// A Merkle tree (RFC 6962).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// How many entries.
    pub size: u64,
    /// Its root.
    pub root: Digest,
}
