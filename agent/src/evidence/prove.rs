//! One entry of a bundle with the proof that it is in the log, to be shown alone.

use std::{
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use weir_evidence::archive;
use weir_ledger::Excerpt;

use super::{EvidenceError, staging::Staging};

/// Members beyond this length are none of a log's.
const LARGEST: u64 = 1 << 36;

/// Name of the checkpoint in the directory of a log.
const CHECKPOINT: &str = "checkpoint";

/// Proves of an entry of a bundle that it is in the log: a text as C2SP tlog-proof has it,
/// which holds the entry, too. What it needs of the bundle is unpacked beside `target` for
/// that time.
///
/// The bundle need not be trusted: whoever gets the proof verifies it by the node's key. A log
/// that does not fit the checkpoint is refused all the same.
///
/// # Errors
/// The bundle cannot be read or is not whole, or does not show the entry.
pub fn prove(bundle: &Path, seq: u64, target: &Path) -> Result<String, EvidenceError> {
    let staging = Staging::beside(target)?;
    let log = unpack(bundle, &staging)?;
    let not_shown = || EvidenceError::NotShown { seq };
    let found = Excerpt::open(&log)?.prove(seq)?.ok_or_else(not_shown)?;
    let path = log.join(CHECKPOINT);
    let checkpoint = fs::read_to_string(&path).map_err(EvidenceError::io(&path, "read"))?;
    if !found.is_of(&checkpoint) {
        return Err(EvidenceError::OtherTree);
    }
    Ok(found.tlog_proof(&checkpoint))
}

/// Unpacks the log of a bundle; its directory.
fn unpack(bundle: &Path, staging: &Staging) -> Result<PathBuf, EvidenceError> {
    let file = File::open(bundle).map_err(EvidenceError::io(bundle, "read"))?;
    let mut log = None;
    archive::each(BufReader::new(file), LARGEST, |name, _, content| {
        let parts: Vec<&str> = name.as_str().split('/').collect();
        if let ["log", node, _] = parts[..] {
            log = Some(staging.subdirectory(&format!("log/{node}"))?);
            staging.add(name.as_str(), |to| io::copy(content, to).map(drop))?;
        }
        Ok::<_, EvidenceError>(())
    })?;
    log.ok_or(EvidenceError::NoLog)
}
