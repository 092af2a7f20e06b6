//! What may be asked of an agent that runs: one line of JSON each way, over a Unix socket
//! that only root and one group can open (`docs/alerts.md`, `docs/seeing.md`).

mod client;
mod server;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use client::{ControlError, ask};
pub use server::{Gate, Request, bind, serve};

use crate::{
    finding::Acknowledgement,
    now::{FlowNow, Snapshot, Wanted},
    record::FlowId,
};

/// Name of the socket in the runtime directory.
pub const SOCKET: &str = "control.sock";

/// Bytes of a question that are taken.
pub const MOST_OF_LINE: usize = 16 * 1024;

/// Bytes of an answer that are given, and taken.
pub const MOST_OF_ANSWER: usize = 4 * 1024 * 1024;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    /// That somebody knows of a finding.
    Acknowledge {
        /// Its id: 16 hexadecimal digits.
        finding: String,
        /// Why it may stay for now.
        reason: String,
        /// Last day on which that counts, in UTC.
        until: Date,
        /// Who says so.
        by: String,
    },
    /// What is so now.
    Now(Wanted),
    /// All that is known of an open flow.
    Flow {
        /// Its number in this run of the agent, as a snapshot has it.
        flow: FlowId,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is in the ledger.
    Acknowledged(Acknowledgement),
    /// No such finding is open; these are, at most so many.
    NotOpen {
        /// Ids of findings that are open.
        open: Vec<String>,
    },
    /// What is so now.
    Now(Box<Snapshot>),
    /// All that is known of the flow.
    Flow(Box<FlowNow>),
    /// The flow is not open any more, or never was: the record may have it.
    Ended,
    /// It cannot be done.
    Refused {
        /// Cause and remedy.
        why: String,
    },
}
