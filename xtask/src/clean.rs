//! Removes what the other tasks made.

use std::{fs, io::ErrorKind};

use anyhow::{Context as _, Result};

use crate::{command, workspace::Workspace};

/// Removes the host's binaries and everything below `target/`. Debian packages
/// stay.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut cargo = command::host_cargo(workspace.root());
    command::run(cargo.arg("clean"), "cargo clean")?;
    let target = workspace.target();
    match fs::remove_dir_all(&target) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).with_context(|| {
            let target = target.display();
            format!("cannot remove {target}: the agent ran as root: sudo rm -r {target}")
        }),
        _ => {
            eprintln!("removed {}", target.display());
            Ok(())
        }
    }
}
