//! `weir evidence key`: the node's public key.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use serde::Serialize;
use weir_evidence::dsse;
use weir_ledger::{public_keys, verifying_key};

use crate::{cli::check::CheckFormat, evidence::EvidenceError, ledger::LedgerError};

/// What `weir evidence key` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct KeyArgs {
    /// Directory of the embedded store.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    /// How to print it: PEM, or a JSON object with its id and the node's name.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

#[derive(Debug, Serialize)]
struct Key {
    node: String,
    key_id: String,
    pem: String,
}

/// Prints the key that signs now.
///
/// # Errors
/// The store has none, or the answer cannot be written.
pub(super) fn run(args: &KeyArgs) -> anyhow::Result<ExitCode> {
    let keys = public_keys(&args.store).map_err(EvidenceError::from)?;
    let newest = keys.last().and_then(|key| {
        let (node, key) = verifying_key(key)?;
        Some(Key {
            node,
            key_id: dsse::key_id(&key),
            pem: dsse::to_pem(&key)?,
        })
    });
    let damaged = || {
        EvidenceError::from(LedgerError::Damaged {
            path: args.store.clone(),
            at: "its public keys: the last of them is none".to_owned(),
        })
    };
    let newest = newest.ok_or_else(damaged)?;
    let mut out = anstream::stdout().lock();
    match args.format {
        CheckFormat::Text => write!(out, "{}", newest.pem)?,
        CheckFormat::Json => writeln!(out, "{}", serde_json::to_string(&newest)?)?,
    }
    Ok(ExitCode::SUCCESS)
}
