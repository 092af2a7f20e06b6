//! What the ledger holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Build,
    balance::Sums,
    canary::Proof,
    coverage::{Confinement, Gap},
    finding::{Acknowledgement, Finding},
    record::{Counters, UplinkRecord},
    verdict::Judged,
};

/// Counts of one flow over one interval, with all that was known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowInterval {
    /// Counts within the interval, not cumulative.
    pub counters: Counters,
    /// Slot in the kernel's table; with the flow's first sight, an identity that
    /// is not reused within a recording.
    pub slot: u32,
    /// Number of the recording that the slot belongs to, in hexadecimal.
    pub recording: String,
    /// The judged flow as of the end of the interval, with its cumulative
    /// counts.
    pub judged: Judged,
}

/// Counts of the uplink layer for one owner and destination, over one
/// interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UplinkInterval {
    /// Counts within the interval, not cumulative.
    pub counters: Counters,
    /// Slot in the kernel's table.
    pub slot: u32,
    /// Number of the recording that the slot belongs to, in hexadecimal.
    pub recording: String,
    /// The record as of the end of the interval, with its cumulative counts.
    pub record: UplinkRecord,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Entry {
    /// An agent began to record, or went on with what an earlier one began.
    Started {
        /// Number of the recording, in hexadecimal: counts of one continue over
        /// restarts of the agent.
        recording: String,
        /// Whether an earlier agent began it.
        adopted: bool,
        /// Version of the agent.
        version: String,
        /// Boot id of the host, so that times since boot mean something.
        boot_id: String,
        /// Nanoseconds since boot when this was written, so that times since boot are
        /// times of day, too; `None` in stores of earlier builds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        boot_ns: Option<u64>,
        /// SHA-256 of the allowlists in force.
        allowlists: String,
        /// SHA-256 of each IP database, by name.
        databases: BTreeMap<String, String>,
        /// The build that records; `None` in stores of earlier builds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        build: Option<Build>,
        /// How the agent is confined; `None` in stores of earlier builds, and of an agent that
        /// ends at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confinement: Option<Confinement>,
    },
    /// What this host cannot cover, with the reason, as [`crate::coverage::examine`]
    /// found it when the agent began.
    NotCovered(BTreeMap<String, String>),
    /// Counts of one flow.
    Flow(Box<FlowInterval>),
    /// Counts of the uplink layer.
    Uplink(Box<UplinkInterval>),
    /// Both layers compared, over the run of one agent so far.
    Balance(Sums),
    /// The end of the log was torn and has been cut off.
    Repaired {
        /// Bytes cut off.
        bytes: u64,
    },
    /// The record may be incomplete over an interval.
    Gap(Gap),
    /// The canary sent by every way; what was recorded of it.
    SelfTest {
        /// Each way; none if the canary could not be run.
        ways: Vec<Proof>,
    },
    /// An IP database came into force while the agent ran.
    DatabaseLoaded {
        /// Its name.
        name: String,
        /// SHA-256 of the file.
        sha256: String,
        /// When it was built.
        built: Timestamp,
    },
    /// An IP database is no longer in force: its file was taken away.
    DatabaseRemoved {
        /// Its name.
        name: String,
        /// SHA-256 of the file.
        sha256: String,
    },
    /// A file that should have become an IP database cannot be used. What was in
    /// force under the name still is.
    DatabaseRefused {
        /// Name of the database, or of the directory.
        name: String,
        /// Why.
        error: String,
    },
    /// The node's key came into being with the ledger.
    NodeKey {
        /// Name of the node, and origin of its checkpoints.
        node: String,
        /// The public key, as signed notes have it: name, key id and key.
        public_key: String,
    },
    /// Another key took the place of the node's.
    KeyRotated {
        /// The public key before.
        old: String,
        /// The public key from now on.
        new: String,
        /// A signed note that names both, with the signature of either.
        note: String,
    },
    /// The agent records, as of now.
    Heartbeat {
        /// Number of the recording, in hexadecimal.
        recording: String,
        /// Boot id of the host.
        boot_id: String,
        /// Nanoseconds since boot, time asleep included: goes on whatever is done to the
        /// time of day.
        boot_ns: u64,
        /// Flows that are open.
        open_flows: u64,
        /// Counts of all flows since this agent began.
        counters: Counters,
        /// Every kind of loss since the recording began, with its count.
        losses: BTreeMap<String, u64>,
    },
    /// A segment of the ledger is removed after this entry. Its sidecar stays.
    Pruned {
        /// Its first entry.
        first: u64,
        /// Its last entry.
        last: u64,
        /// Bytes that are freed.
        bytes: u64,
        /// Whether for its age, or else for the room that all segments take.
        for_age: bool,
    },
    /// Another set of allowlists came into force while the agent ran. Everything judged
    /// in entries from here on is judged by it, until the next of this kind.
    AllowlistsLoaded {
        /// SHA-256 of the set; its text is kept in the store under this name.
        digest: String,
        /// SHA-256 of the set that was in force until now.
        replaced: String,
        /// Number of its products.
        products: u64,
        /// Number of its entries.
        entries: u64,
    },
    /// A set of allowlists was read and is refused whole. The one in force stays.
    AllowlistsRefused {
        /// SHA-256 of what could be read of it.
        digest: String,
        /// SHA-256 of the set that stays in force.
        in_force: String,
        /// The first errors, `file:line:column: what is wrong; what to do`.
        errors: Vec<String>,
        /// How many more there are.
        more_errors: u64,
    },
    /// The set in force is again what is there to be read, after another was refused.
    AllowlistsReverted {
        /// SHA-256 of the set in force.
        digest: String,
        /// SHA-256 of what was refused last.
        refused: String,
    },
    /// A deviation was found that is not open yet.
    FindingOpened(Box<Finding>),
    /// An open finding is worse, or has more than before.
    FindingUpdated(Box<Finding>),
    /// A finding is no longer open; as it was at its end.
    FindingClosed(Box<Finding>),
    /// Every finding that is open, so that nobody has to read further back.
    OpenFindings {
        /// By id.
        findings: Vec<Finding>,
    },
    /// Somebody knows of a finding that is open. It stays open.
    Acknowledged(Acknowledgement),
    /// Every acknowledgement that counts, so that nobody has to read further back.
    OpenAcknowledgements {
        /// By finding.
        acknowledgements: Vec<Acknowledgement>,
    },
    /// The agent ended in order.
    Stopped {
        /// Whether the kernel goes on recording without it.
        continues: bool,
        /// Every kind of loss with its count.
        losses: BTreeMap<String, u64>,
        /// Counts of all flows of this run.
        counters: Counters,
    },
}
