//! Everything that is judged without running it. All of it is reported, not
//! only the first thing that is wrong.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{
    build, command, package, progress,
    setup::{self, Goal, Tools},
    workspace::Workspace,
};

/// Sets up, builds and checks.
pub(crate) fn prepared(workspace: &Workspace) -> Result<()> {
    let tools = setup::prepare(workspace, Goal::Test)?;
    let agent = build::all(workspace, &tools, false)?;
    run(workspace, &tools, &agent)
}

/// Checks formatting, lints, dependencies and allowlists.
pub(crate) fn run(workspace: &Workspace, tools: &Tools, agent: &Path) -> Result<()> {
    let checks = [
        ("formatting (cargo fmt corrects it)", formatting(workspace)),
        ("lints of the host's crates", host_lints(workspace)),
        (
            "lints of the kernel programs",
            kernel_lints(workspace, tools),
        ),
        (
            "licences and sources of dependencies",
            dependencies(workspace, tools),
        ),
        ("allowlists", allowlists(workspace, agent)),
        ("alerting rules", alerting_rules(workspace, tools)),
        ("shell scripts", package::scripts(workspace)),
        ("the unit", package::unit(workspace)),
    ];
    let failed: Vec<_> = checks
        .into_iter()
        .filter_map(|(name, outcome)| outcome.err().map(|error| format!("{name}: {error:#}")))
        .collect();
    if !failed.is_empty() {
        bail!("checks failed:\n  {}", failed.join("\n  "));
    }
    Ok(())
}

fn formatting(workspace: &Workspace) -> Result<()> {
    progress::heading("check formatting");
    let mut cargo = command::host_cargo(workspace.root());
    command::run(cargo.args(["fmt", "--all", "--check"]), "cargo fmt")
}

fn host_lints(workspace: &Workspace) -> Result<()> {
    progress::heading("check lints of the host's crates");
    let mut cargo = build::host_cargo(workspace);
    cargo
        .arg("clippy")
        .args(build::HOST_CRATES)
        .arg("--all-targets");
    command::run(cargo.args(["--", "-D", "warnings"]), "cargo clippy")
}

fn kernel_lints(workspace: &Workspace, tools: &Tools) -> Result<()> {
    progress::heading("check lints of the kernel programs");
    let mut cargo = build::bpf_cargo(workspace, &tools.toolchain, "clippy")?;
    command::run(cargo.args(["--", "-D", "warnings"]), "cargo clippy")
}

fn dependencies(workspace: &Workspace, tools: &Tools) -> Result<()> {
    progress::heading("check licences and sources of dependencies");
    let deny = tools.deny.as_ref().context("cargo-deny was not set up")?;
    let mut command = Command::new(deny);
    command.current_dir(workspace.root()).args([
        "--log-level",
        "error",
        "check",
        "licenses",
        "bans",
        "sources",
    ]);
    command::run(&mut command, "cargo-deny")
}

fn allowlists(workspace: &Workspace, agent: &Path) -> Result<()> {
    progress::heading("check allowlists");
    let mut weir = Command::new(agent);
    command::run(
        weir.arg("check")
            .arg(workspace.root().join("allowlists"))
            .arg("--deny-warnings"),
        "weir check",
    )
}

/// The rules are what Prometheus takes, and do what their tests say.
fn alerting_rules(workspace: &Workspace, tools: &Tools) -> Result<()> {
    progress::heading("check alerting rules");
    let promtool = tools.promtool.as_ref().context("promtool was not set up")?;
    let directory = workspace.root().join("packaging/prometheus");
    let mut check = Command::new(promtool);
    check
        .args(["check", "rules"])
        .arg(directory.join("weir.rules.yml"));
    command::run(&mut check, "promtool check rules")?;
    let entries = fs::read_dir(directory.join("tests")).context("tests of the rules")?;
    let mut tests: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    tests.sort();
    let mut test = Command::new(promtool);
    test.args(["test", "rules"]).args(tests);
    command::run(&mut test, "promtool test rules")
}
