//! Ways out for findings: Alertmanager, webhooks, syslog and the journal, commands. None
//! unless it is set up (`docs/alerts.md`).
//!
//! ```text
//! recorder ─> ledger ─> Notice ─> Queue ─┬─> webhook, syslog, journal, command   each once, in order
//!     │                 (entry)  (cursor)│
//!     └─> open findings ─> Alerts ───────┴─> Alertmanager                        what fires now
//! ```
//!
//! The ledger and a position in it are the queue of each way out, so that what the record has
//! is told, whatever happens to the agent, and nothing else is
//! (`docs/decisions/0011-the-ledger-is-the-queue-of-notifications.md`). Sending has a thread
//! of its own: a way out that hangs delays nothing.

mod alertmanager;
mod alerts;
mod backoff;
mod command;
mod cursor;
mod dial;
mod feed;
mod http;
mod journal;
mod notice;
mod notifier;
mod own;
mod queue;
mod settings;
mod shared;
mod syslog;
mod test;
#[cfg(test)]
mod tests;
mod values;
mod way;
mod webhook;
mod worker;

use std::{fmt, time::Duration};

pub(crate) use command::{Job, Outcome, most};
pub use notifier::{Begin, Notifier, StartError};
pub(crate) use own::own_cgroup;
pub use own::{Destination, OwnTraffic, destinations, endpoints, undeclared};
pub use settings::{Alertmanager, Command, Settings, Syslog, Webhook};
pub use test::{Tested, test};
pub use values::{Address, Argv, Endpoint, Facility, Label, Name, Url};

/// How long a delivery may take, from the look-up of the name to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a delivery was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Undelivered {
    /// It may be taken later.
    Failed {
        /// What is wrong.
        why: String,
        /// How long to wait, where that was said.
        after: Option<Duration>,
    },
    /// It never will be.
    Refused(String),
}

impl Undelivered {
    fn failed(why: impl fmt::Display) -> Self {
        Self::Failed {
            why: why.to_string(),
            after: None,
        }
    }

    fn too_long() -> Self {
        Self::failed(format!("no answer within {TIMEOUT:?}"))
    }
}
