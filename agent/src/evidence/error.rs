//! Why a bundle cannot be made.

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use weir_evidence::{archive, name::BadName};

use crate::{history::Span, ledger::LedgerError, policy};

/// Why a bundle cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The store cannot be read, or what was written is not as it was made.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Allowlists that were in force are not at hand.
    #[error(transparent)]
    Policy(#[from] policy::ArchiveError),
    /// Nothing says by which allowlists the period was judged.
    #[error(
        "no entry says by which allowlists {0} was judged: the start of that agent is pruned; export a period before that"
    )]
    NoPolicy(Span),
    /// The record has nothing of the period.
    #[error(
        "nothing of {period} is recorded: {}", since.map_or_else(
            || "the store is empty; name another with --store".to_owned(),
            |since| format!("the record begins at {since}; ask for a later period"))
    )]
    NotRecorded {
        /// The period.
        period: Span,
        /// When the record begins.
        since: Option<Timestamp>,
    },
    /// The period is not over, or the agent has not said so yet.
    #[error(
        "{period} is not closed: that takes a heartbeat at or after {}, and the last entry is of {}; let the agent run past it (it writes one each minute), or ask for what there is with --unfinished",
        period.to, until.map_or_else(|| "no time".to_owned(), |until| until.to_string())
    )]
    NotClosed {
        /// The period.
        period: Span,
        /// When the last entry was written.
        until: Option<Timestamp>,
    },
    /// No set of allowlists has such a product.
    #[error("no allowlists of {period} have a product `{product}`: ask for {known}")]
    NoProduct {
        /// The period.
        period: Span,
        /// What was asked for.
        product: String,
        /// Those that there are.
        known: String,
    },
    /// The file system refuses.
    #[error("{} cannot be {action} ({source}): {}", path.display(), remedy(action))]
    Io {
        /// What was touched.
        path: PathBuf,
        /// `read` or `written`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The archive cannot be made.
    #[error(transparent)]
    Archive(#[from] archive::ArchiveError),
    /// A file has a name that none in a bundle may have.
    #[error(transparent)]
    Name(#[from] BadName),
    /// What has no place in a bundle, which would be a defect.
    #[error("the bundle cannot be made ({0}): report this as a defect of weir")]
    Defect(String),
}

/// What helps against an error of the system.
fn remedy(action: &str) -> &'static str {
    match action {
        "read" => "check that it is there and may be read by this user",
        _ => {
            "check that its directory is there, is writable and has space, or name another with --out"
        }
    }
}

impl EvidenceError {
    /// Exit code of the process (`docs/exit-codes.md`).
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NoProduct { .. } => 2,
            Self::Ledger(_) | Self::Policy(_) | Self::NoPolicy(_) => 7,
            Self::NotRecorded { .. } | Self::NotClosed { .. } => 8,
            Self::Io { .. } | Self::Archive(_) | Self::Name(_) | Self::Defect(_) => 1,
        }
    }

    /// Gives an error its place.
    pub(super) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io {
            path,
            action,
            source,
        }
    }
}
