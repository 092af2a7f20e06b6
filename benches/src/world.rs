//! A cgroup for the traffic, and the processes that make it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
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
        let mut command = self.command(kind, milliseconds)?;
        outcome(kind, &command.stdin(Stdio::null()).output()?)
    }

    /// New flows at a rate.
    pub(crate) fn storm(&self, rate: u64, milliseconds: u64) -> Result<Outcome> {
        Self::storm_in(&self.cgroup, rate, milliseconds)
    }

    /// The same, in a cgroup that is given.
    pub(crate) fn storm_in(cgroup: &Path, rate: u64, milliseconds: u64) -> Result<Outcome> {
        let mut command = command(cgroup, Kind::Storm, milliseconds)?;
        command.arg("--rate").arg(rate.to_string());
        outcome(Kind::Storm, &command.stdin(Stdio::null()).output()?)
    }

    /// Directory of the cgroup.
    pub(crate) fn cgroup(&self) -> &Path {
        &self.cgroup
    }

    /// Sends one packet to a place that no database knows, from a unit of that name that is
    /// there for no longer. Gives the time before, in nanoseconds of `CLOCK_MONOTONIC`.
    pub(crate) fn probe(&self, unit: &str) -> Result<u64> {
        let cgroup = self.cgroup.with_file_name(unit);
        fs::create_dir(&cgroup)
            .with_context(|| format!("cannot make the cgroup {}", cgroup.display()))?;
        let output = command(&cgroup, Kind::Probe, 0).and_then(|mut command| {
            let output = command.stdin(Stdio::null()).output();
            output.context("cannot start the traffic")
        });
        fs::remove_dir(&cgroup)
            .with_context(|| format!("the cgroup {} stays", cgroup.display()))?;
        let output = output?;
        if !output.status.success() {
            bail!("the traffic `probe` failed: {}", output.status);
        }
        let said = String::from_utf8(output.stdout).context("the traffic's time")?;
        said.trim().parse().context("the traffic's time")
    }

    /// Path of the cgroup below the root of the hierarchy.
    pub(crate) fn cgroup_path(&self) -> String {
        let name = self.cgroup.file_name().unwrap_or_default();
        format!("/{}", name.to_string_lossy())
    }

    /// The same, with its connections tracked.
    pub(crate) fn load_tracked(&self, kind: Kind, milliseconds: u64) -> Result<Outcome> {
        let mut command = self.command(kind, milliseconds)?;
        command.arg("--conntrack").stdin(Stdio::null());
        outcome(kind, &command.output()?)
    }

    /// The same; once its namespace is there, `prepare` is given its process, and
    /// what that gives lasts until the end.
    pub(crate) fn load_with<T>(
        &self,
        kind: Kind,
        milliseconds: u64,
        prepare: impl FnOnce(u32) -> Result<T>,
    ) -> Result<Outcome> {
        let mut child = self
            .command(kind, milliseconds)?
            .arg("--wait")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the traffic")?;
        let ready = child.stdout.as_mut().context("traffic without a pipe")?;
        // One byte at a time: what follows is read by someone else.
        BufReader::with_capacity(1, ready).read_line(&mut String::new())?;
        let prepared = prepare(child.id());
        // At the end of its input it goes on, too.
        drop(child.stdin.take());
        let output = child.wait_with_output()?;
        let _prepared = prepared?;
        outcome(kind, &output)
    }

    fn command(&self, kind: Kind, milliseconds: u64) -> Result<Command> {
        command(&self.cgroup, kind, milliseconds)
    }
}

fn command(cgroup: &Path, kind: Kind, milliseconds: u64) -> Result<Command> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new(program);
    command
        .args(["load", kind.name(), "--milliseconds"])
        .arg(milliseconds.to_string())
        .arg("--cgroup")
        .arg(cgroup)
        .stderr(Stdio::inherit());
    Ok(command)
}

fn outcome(kind: Kind, output: &Output) -> Result<Outcome> {
    if !output.status.success() {
        bail!("the traffic `{}` failed: {}", kind.name(), output.status);
    }
    serde_json::from_slice(&output.stdout).context("the traffic did not say what it sent")
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
