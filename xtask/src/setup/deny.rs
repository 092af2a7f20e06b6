//! `cargo-deny`, which checks licences, duplicates and sources of
//! dependencies.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use super::version::Version;
use crate::{
    command,
    progress::{self, Step},
    workspace::Workspace,
};

/// What is installed when none is found.
const RELEASE: &str = "0.20.2";
/// The oldest that reads this repository's `deny.toml`.
const OLDEST: Version = Version(0, 18, 0);

/// Finds `cargo-deny` or builds it below `target/tools`.
pub(super) fn provide(workspace: &Workspace) -> Result<PathBuf> {
    if let Some((path, version)) = find(workspace) {
        progress::found("cargo-deny", &format!("{version} at {}", path.display()));
        return Ok(path);
    }
    install(workspace)?;
    let (path, _) = find(workspace).context("cargo-deny was installed but does not start")?;
    Ok(path)
}

fn find(workspace: &Workspace) -> Option<(PathBuf, Version)> {
    let private = workspace.tools().join("bin/cargo-deny");
    [private]
        .into_iter()
        .chain(command::all_on_path("cargo-deny"))
        .filter(|path| path.is_file())
        .find_map(|path| {
            let text = command::output(Command::new(&path).arg("--version")).ok()?;
            let version = Version::after_name(&text, "cargo-deny")?;
            (version >= OLDEST).then_some((path, version))
        })
}

fn install(workspace: &Workspace) -> Result<()> {
    let build = workspace.tools().join("build");
    let mut cargo = command::host_cargo(workspace.root());
    // Its release profile asks for link-time optimisation, which takes longer
    // than every check it will do here.
    cargo
        .args([
            "install",
            "cargo-deny",
            "--version",
            RELEASE,
            "--locked",
            "--force",
            "--debug",
        ])
        .arg("--root")
        .arg(workspace.tools())
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_TARGET_DIR", &build);
    let step = Step {
        name: "cargo-deny",
        what: &format!("cargo install cargo-deny {RELEASE}, two to four minutes"),
        why: "checks licences and sources of dependencies",
        remedy: "check that crates can be downloaded (cargo fetch), then start again",
    };
    progress::perform(workspace, step, &mut cargo)?;
    // Only costs space; the next attempt replaces it.
    drop(fs::remove_dir_all(build));
    Ok(())
}
