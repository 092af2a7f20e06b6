//! Becomes another program in a cgroup and a network namespace.

use std::{
    convert::Infallible,
    fs,
    os::unix::process::CommandExt,
    path::Path,
    process::{self, Command},
};

use anyhow::{Context, Result};

use crate::world;

/// Moves this process into the cgroup and the namespace, then executes `command`.
/// Doing it here needs no code between `fork` and `exec`.
///
/// # Errors
/// One of the steps fails; on success it does not return.
pub fn exec(cgroup: &Path, netns: Option<&Path>, command: &[String]) -> Result<Infallible> {
    fs::write(cgroup.join("cgroup.procs"), process::id().to_string())
        .with_context(|| format!("enter cgroup {}", cgroup.display()))?;
    if let Some(netns) = netns {
        world::enter(netns)?;
    }
    let (program, arguments) = command.split_first().context("no command to execute")?;
    let error = Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("execute {program}"))
}
