//! Runs podman where the host's cgroup layout is not one it knows.

use std::{
    fs,
    path::Path,
    process::{Command, ExitStatus},
};

use anyhow::{Context, Result};
use nix::{
    errno::Errno,
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, unshare},
    sys::{prctl::set_child_subreaper, wait::wait},
};

const CGROUP: &str = "/sys/fs/cgroup";

/// Runs `podman` with `arguments` in a mount namespace where cgroup v2 is at
/// `/sys/fs/cgroup`, and waits until it and everything it left running has ended.
///
/// # Errors
/// The mounts cannot be made, or podman cannot be started.
pub fn podman(arguments: &[String]) -> Result<ExitStatus> {
    unshare(CloneFlags::CLONE_NEWNS).context("own mount namespace: the harness needs root")?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .context("make mounts private")?;
    if !Path::new(CGROUP).join("cgroup.controllers").exists() {
        for point in mounts_below(CGROUP)?.iter().rev() {
            umount2(point.as_str(), MntFlags::MNT_DETACH)
                .with_context(|| format!("unmount {point}"))?;
        }
        mount(
            Some("cgroup2"),
            CGROUP,
            Some("cgroup2"),
            MsFlags::empty(),
            none,
        )
        .context("mount cgroup v2")?;
    }
    // conmon is podman's orphan: without a parent that waits it stays a zombie.
    set_child_subreaper(true).context("become a subreaper")?;
    let status = Command::new("podman")
        .args(["--cgroup-manager=cgroupfs", "--runtime=runc"])
        .args(arguments)
        .status()
        .context("`podman` cannot be started: install podman and runc")?;
    while wait() != Err(Errno::ECHILD) {}
    Ok(status)
}

fn mounts_below(path: &str) -> Result<Vec<String>> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").context("read mountinfo")?;
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    Ok(points
        .filter(|point| Path::new(point).starts_with(path))
        .map(str::to_owned)
        .collect())
}
