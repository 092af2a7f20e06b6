//! A cgroup for the traffic, and the processes that make it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use weir::kernel::{CgroupDirectory, find_cgroup_root};

use crate::load::{Kind, Outcome};

/// A cgroup of the benchmark's own. Dropping it removes it.
pub(crate) struct World {
    cgroup: PathBuf,
}

impl World {
    /// Makes it below the root of the hierarchy.
    pub(crate) fn make() -> Result<Self> {
        let cgroup = find_cgroup_root()?.join(format!("weir-bench-{}", std::process::id()));
        fs::create_dir(&cgroup)
            .with_context(|| format!("cannot make the cgroup {}", cgroup.display()))?;
        Ok(Self { cgroup })
    }

    /// To attach programs to: they then see the benchmark's packets only.
    pub(crate) fn directory(&self) -> Result<CgroupDirectory> {
        Ok(CgroupDirectory::open(&self.cgroup)?)
    }

    /// Makes traffic in a process of this cgroup and of a new network
    /// namespace, and waits for its end.
    pub(crate) fn load(&self, kind: Kind, milliseconds: u64) -> Result<Outcome> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let output = Command::new(program)
            .args(["load", kind.name(), "--milliseconds"])
            .arg(milliseconds.to_string())
            .arg("--cgroup")
            .arg(&self.cgroup)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .context("cannot start the traffic")?;
        if !output.status.success() {
            bail!("the traffic `{}` failed: {}", kind.name(), output.status);
        }
        serde_json::from_slice(&output.stdout).context("the traffic did not say what it sent")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir(&self.cgroup) {
            eprintln!(
                "weir-bench: the cgroup {} stays: {error}",
                self.cgroup.display()
            );
        }
    }
}

/// Moves this process into a cgroup.
pub(crate) fn enter(cgroup: &Path) -> Result<()> {
    fs::write(cgroup.join("cgroup.procs"), "0")
        .with_context(|| format!("cannot enter the cgroup {}", cgroup.display()))
}
