//! Becomes another program in a cgroup and a network namespace.

use std::{
    convert::Infallible,
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Command},
    str::FromStr,
};

use anyhow::{Context, Result};
use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};

use crate::world;

/// A file that a program sees in place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// The file.
    pub file: PathBuf,
    /// Where it is seen; there must be one already.
    pub place: PathBuf,
}

impl FromStr for Bind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (file, place) = text.split_once('=').ok_or("not of the form FILE=PLACE")?;
        Ok(Self {
            file: file.into(),
            place: place.into(),
        })
    }
}

/// Moves this process into the cgroup and the namespace, then executes `command`.
/// Doing it here needs no code between `fork` and `exec`.
///
/// # Errors
/// One of the steps fails; on success it does not return.
pub fn exec(
    cgroup: &Path,
    netns: Option<&Path>,
    binds: &[Bind],
    command: &[String],
) -> Result<Infallible> {
    fs::write(cgroup.join("cgroup.procs"), process::id().to_string())
        .with_context(|| format!("enter cgroup {}", cgroup.display()))?;
    if let Some(netns) = netns {
        world::enter(netns)?;
    }
    if !binds.is_empty() {
        apart(binds)?;
    }
    let (program, arguments) = command.split_first().context("no command to execute")?;
    let error = Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("execute {program}"))
}

/// Mounts the files where nobody else sees it.
fn apart(binds: &[Bind]) -> Result<()> {
    const NONE: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS).context("a mount namespace needs root")?;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NONE, "/", NONE, private, NONE).context("keep mounts to this process")?;
    for Bind { file, place } in binds {
        mount(Some(file), place, NONE, MsFlags::MS_BIND, NONE)
            .with_context(|| format!("show {} as {}", file.display(), place.display()))?;
    }
    Ok(())
}
