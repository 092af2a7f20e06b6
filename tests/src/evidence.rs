//! `weir evidence` on a store, and bundles as a reviewer has them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::tool::{self, Said, said};

/// How long a bundle may take that the daemon writes: the heartbeat that closes a period, the
/// look for it, and the work.
const PATIENCE: Duration = Duration::from_secs(150);

/// Runs `weir evidence` with these words.
///
/// # Errors
/// It cannot be started.
pub fn weir_evidence(words: &[&str]) -> Result<Said> {
    said(tool::weir()?.arg("evidence").args(words))
}

/// Waits for the bundle of a period that a daemon writes.
///
/// # Errors
/// It does not.
pub fn wait_for(directory: &Path, period: &str) -> Result<PathBuf> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        for entry in fs::read_dir(directory)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("weir-") && name.ends_with(&format!("-{period}.tar")) {
                return Ok(entry.path());
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
    bail!("no bundle of {period} after {PATIENCE:?}")
}

/// A file of a bundle, as `tar` takes it out.
///
/// # Errors
/// There is none.
pub fn member(bundle: &Path, name: &str) -> Result<String> {
    let mut command = Command::new("tar");
    command
        .arg("--extract")
        .arg("--to-stdout")
        .arg("--file")
        .arg(bundle)
        .arg(name);
    match said(&mut command)? {
        (Some(0), text, _) => Ok(text),
        (_, _, error) => bail!("{name}: {error}"),
    }
}

/// As [`member`], of one in JSON.
///
/// # Errors
/// As [`member`].
pub fn object(bundle: &Path, name: &str) -> Result<Value> {
    Ok(serde_json::from_str(&member(bundle, name)?)?)
}

/// Checks a bundle by the verifier that came with it, by the key that came with it, which
/// somebody has compared.
///
/// # Errors
/// It cannot be started.
pub fn verify(bundle: &Path, previous: Option<&PathBuf>) -> Result<Said> {
    let beside = |name: &str| bundle.with_file_name(name);
    let (script, key) = (beside("verify.py"), beside("node.pem"));
    fs::write(&script, member(bundle, "verify.py")?)?;
    let mut list = Command::new("tar");
    let (_, names, _) = said(list.arg("--list").arg("--file").arg(bundle))?;
    let pem = names
        .lines()
        .rfind(|name| name.starts_with("keys/") && name.ends_with(".pem"));
    fs::write(&key, member(bundle, pem.context("no key")?)?)?;
    let mut python = Command::new(tool::python());
    python.arg(script).arg(bundle).arg("--trust").arg(key);
    if let Some(previous) = previous {
        python.arg("--previous").arg(previous);
    }
    said(&mut python)
}
