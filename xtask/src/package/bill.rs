//! Bills of materials (CycloneDX 1.5) of the agent and of the kernel programs within it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::{
    VERSION,
    source::{Epoch, SOURCES},
};
use crate::{command, progress, workspace::Workspace};

/// What it lists the parts of, each with its directory.
const PROGRAMS: [(&str, &str); 2] = [("weir", "agent"), ("weir-ebpf", "ebpf")];
/// Name of what cargo-cyclonedx leaves in the directory of every crate; ignored by git.
const LEFT: &str = "weir-release.cdx";

/// Writes them into a directory, and has them judged by the specification's schema.
pub(super) fn make(
    workspace: &Workspace,
    lister: &Path,
    epoch: Epoch,
    into: &Path,
) -> Result<Vec<PathBuf>> {
    progress::heading("write bills of materials");
    let mut cyclonedx = Command::new(lister);
    cyclonedx
        .args([
            "cyclonedx",
            "--quiet",
            "--format",
            "json",
            "--spec-version",
            "1.5",
        ])
        .args(["--no-build-deps", "--override-filename", LEFT])
        .current_dir(workspace.root())
        .env(Epoch::VARIABLE, epoch.text());
    let listed = command::run(&mut cyclonedx, "cargo-cyclonedx");
    let made = listed.and_then(|()| {
        let make = |(name, crate_directory)| {
            let path = into.join(format!("{name}-{VERSION}.cdx.json"));
            take(workspace, crate_directory, &path)?;
            Ok(path)
        };
        PROGRAMS.into_iter().map(make).collect::<Result<Vec<_>>>()
    });
    remove_left(workspace.root())?;
    let made = made?;
    for path in &made {
        let mut python = Command::new(workspace.tools().join("python/bin/python"));
        python
            .arg(workspace.root().join("tests/python/bill_of_materials.py"))
            .arg(path);
        command::run(&mut python, "the validator of bills of materials")?;
    }
    Ok(made)
}

/// Takes the bill of one crate, without this machine's paths.
fn take(workspace: &Workspace, crate_directory: &str, to: &Path) -> Result<()> {
    let from = workspace.root().join(crate_directory);
    let from = from.join(format!("{LEFT}.json"));
    let bill =
        fs::read_to_string(&from).with_context(|| format!("cannot read {}", from.display()))?;
    let root = format!("file://{}", workspace.root().display());
    let bill = bill.replace(&root, &format!("file://{SOURCES}"));
    fs::write(to, bill).with_context(|| format!("cannot write {}", to.display()))
}

fn remove_left(root: &Path) -> Result<()> {
    let entries = fs::read_dir(root).context("directory of the repository")?;
    for entry in entries.flatten() {
        let left = entry.path().join(format!("{LEFT}.json"));
        if left.is_file() {
            fs::remove_file(&left).with_context(|| format!("cannot remove {}", left.display()))?;
        }
    }
    Ok(())
}
