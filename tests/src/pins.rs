//! The BPF filesystem, where a recording that goes on without its agent is
//! pinned.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    run::{Run, entries, retry},
    tool::tool,
};

/// Where it is mounted.
pub const MOUNT: &str = "/sys/fs/bpf";

/// Directory for a run's pins, in a BPF filesystem that is mounted if it is
/// not.
///
/// # Errors
/// It cannot be mounted.
pub fn directory(run: &Run) -> Result<PathBuf> {
    let mounts = fs::read_to_string("/proc/mounts").context("read the mounts")?;
    let mounted = |line: &str| line.split(' ').nth(1) == Some(MOUNT);
    if !mounts.lines().any(mounted) {
        tool("mount", &["-t", "bpf", "bpf", MOUNT])?;
    }
    Ok(Path::new(MOUNT).join(run.name()))
}

/// Removes the pins of runs with this prefix: programs that nothing else holds
/// are detached.
pub(crate) fn sweep(prefix: &str) -> Result<()> {
    for name in entries(Path::new(MOUNT))? {
        if name.starts_with(prefix) {
            let path = Path::new(MOUNT).join(&name);
            retry(|| fs::remove_dir_all(&path))
                .with_context(|| format!("{} cannot be removed", path.display()))?;
        }
    }
    Ok(())
}
