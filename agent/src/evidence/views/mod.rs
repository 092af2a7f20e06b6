//! Files of a bundle that follow from the account of its period: what a reviewer reads, and
//! what other tools take in.
//!
//! ```text
//! account ─┬─> coverage.json, findings.json, databases.json, policy/in-force.json
//!          └─> views/: flows.ocsf.jsonl, flows.csv, providers.csv, oscal-assessment-results.json
//! ```
//!
//! Pure: the same account gives the same bytes, so that a verifier makes them again and
//! compares. `docs/evidence-formats.md` describes every field.

mod coverage;
mod csv;
mod databases;
mod findings;
mod in_force;
mod ocsf;
mod oscal;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use serde::Serialize;

use crate::{account::Account, history::Span};

/// One file, and what writes it.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Path in the bundle.
    pub name: &'static str,
    /// Writes it; the only errors are the writer's.
    pub write: fn(&Account<'_>, &mut dyn Write) -> io::Result<()>,
}

impl View {
    /// The whole file.
    ///
    /// # Errors
    /// None that memory gives; what writes to disk has others.
    pub fn bytes(&self, account: &Account<'_>) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        (self.write)(account, &mut bytes)?;
        Ok(bytes)
    }
}

/// Every file, by path.
pub const ALL: [View; 8] = [
    View {
        name: "coverage.json",
        write: coverage::write,
    },
    View {
        name: "databases.json",
        write: databases::write,
    },
    View {
        name: "findings.json",
        write: findings::write,
    },
    View {
        name: "policy/in-force.json",
        write: in_force::write,
    },
    View {
        name: "views/flows.csv",
        write: csv::flows,
    },
    View {
        name: "views/flows.ocsf.jsonl",
        write: ocsf::write,
    },
    View {
        name: "views/oscal-assessment-results.json",
        write: oscal::write,
    },
    View {
        name: "views/providers.csv",
        write: csv::providers,
    },
];

/// A period, as every file names it.
#[derive(Clone, Copy, Debug, Serialize)]
struct Period {
    from: jiff::Timestamp,
    to: jiff::Timestamp,
}

impl From<Span> for Period {
    fn from(span: Span) -> Self {
        Self {
            from: span.from,
            to: span.to,
        }
    }
}

/// For people to read: indented, with a newline at the end.
fn pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}
