//! Runs the fuzz targets under libFuzzer, which `cargo test` only replays.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

use crate::{
    build, command, progress,
    setup::{self, Goal},
    workspace::{Workspace, make_directory},
};

/// Bytes of the longest input.
const LONGEST: u32 = 8 * 1024;
/// Seconds after which one input counts as a hang.
const HANG: u32 = 10;

/// Sets up, builds, and gives each target, or the one named, this many inputs.
pub(crate) fn run(workspace: &Workspace, only: Option<&str>, runs: u64) -> Result<()> {
    let directory = workspace.root().join("fuzz/libfuzzer");
    let mut targets = targets(&directory.join("fuzz_targets"))?;
    if let Some(only) = only {
        if !targets.iter().any(|target| target == only) {
            bail!(
                "there is no target {only}: there are {}",
                targets.join(", ")
            );
        }
        targets.retain(|target| target == only);
    }
    let tools = setup::prepare(workspace, Goal::Build)?;
    build::kernel_programs(workspace, &tools)?;
    let fuzzer = setup::fuzzer(workspace)?;
    let bin = fuzzer.parent().context("cargo-fuzz is in no directory")?;
    for target in targets {
        one(workspace, &directory, bin, &target, runs)?;
    }
    Ok(())
}

fn targets(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let unreadable = || format!("cannot read {}", directory.display());
    for entry in fs::read_dir(directory).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        names.extend(
            path.file_stem()
                .map(|name| name.to_string_lossy().into_owned()),
        );
    }
    names.sort();
    Ok(names)
}

fn one(workspace: &Workspace, directory: &Path, bin: &Path, target: &str, runs: u64) -> Result<()> {
    progress::heading(&format!("fuzz {target}"));
    let built = workspace.target().join("fuzz");
    // What libFuzzer finds worth keeping goes into the first; the second is only
    // read.
    let found = built.join("corpus").join(target);
    make_directory(&found)?;
    let mut cargo = command::host_cargo(workspace.root());
    cargo
        .env("PATH", command::path_with(bin)?)
        .args(["fuzz", "run", target])
        // Weir's own code has no unsafe to sanitize where these targets lead, and
        // without it stable Rust is enough.
        .args(["--sanitizer", "none", "--fuzz-dir"])
        .arg(directory)
        .arg("--target-dir")
        .arg(&built)
        .arg(&found)
        .arg(workspace.root().join("fuzz/corpus").join(target))
        .args([
            "--",
            &format!("-runs={runs}"),
            &format!("-max_len={LONGEST}"),
            &format!("-timeout={HANG}"),
        ]);
    command::run(&mut cargo, &format!("fuzzing {target}")).with_context(|| {
        format!("if an input broke it: mend it, and keep the input in fuzz/corpus/{target}/")
    })
}
