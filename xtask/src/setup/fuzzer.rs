//! `cargo-fuzz`, which builds programs for libFuzzer.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use super::version::Version;
use crate::{
    command,
    progress::{self, Step},
    workspace::Workspace,
};

/// What is installed when none is found.
const RELEASE: &str = "0.13.2";
/// The oldest that was tried.
const OLDEST: Version = Version(0, 13, 0);

/// Finds `cargo-fuzz` or builds it below `target/tools`.
pub(super) fn provide(workspace: &Workspace) -> Result<PathBuf> {
    if let Some((path, version)) = find(workspace) {
        progress::found("cargo-fuzz", &format!("{version} at {}", path.display()));
        return Ok(path);
    }
    install(workspace)?;
    let (path, _) = find(workspace).context("cargo-fuzz was installed but does not start")?;
    Ok(path)
}

fn find(workspace: &Workspace) -> Option<(PathBuf, Version)> {
    let private = workspace.tools().join("bin/cargo-fuzz");
    [private]
        .into_iter()
        .chain(command::all_on_path("cargo-fuzz"))
        .filter(|path| path.is_file())
        .find_map(|path| {
            let text = command::output(Command::new(&path).arg("--version")).ok()?;
            let version = Version::after_name(&text, "cargo-fuzz")?;
            (version >= OLDEST).then_some((path, version))
        })
}

fn install(workspace: &Workspace) -> Result<()> {
    let build = workspace.tools().join("build");
    let mut cargo = command::host_cargo(workspace.root());
    cargo
        .args(["install", "cargo-fuzz", "--version", RELEASE])
        .args(["--locked", "--force", "--debug", "--root"])
        .arg(workspace.tools())
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_TARGET_DIR", &build);
    let step = Step {
        name: "cargo-fuzz",
        what: &format!("cargo install cargo-fuzz {RELEASE}, about a minute"),
        why: "builds programs for libFuzzer",
        remedy: "check that crates can be downloaded (cargo fetch), then start again",
    };
    progress::perform(workspace, step, &mut cargo)?;
    // Only costs space; the next attempt replaces it.
    drop(fs::remove_dir_all(build));
    Ok(())
}
