//! Starts what was built: the agent, the demonstration, the benchmark.

use std::{
    convert::Infallible, ffi::OsString, os::unix::process::CommandExt as _, path::Path,
    process::Command,
};

use anyhow::{Result, bail};

use crate::{
    build, command, progress,
    setup::{self, Goal},
    workspace::{Workspace, make_directory},
};

/// The demonstration, and what it sends with.
const DEMO: &[&str] = &["weir-demo", "weir-traffic"];
/// The soak, and what it sends with.
const SOAK: &[&str] = &["weir-soak", "weir-traffic"];
/// What boots kernels, the catalogue of ways out, and what it sends with.
const COVERAGE: &[&str] = &["weir-kernels", "weir-coverage", "weir-traffic"];
const BENCHMARK: &[&str] = &["weir-bench"];

/// Sets up, builds and becomes the agent, so that signals and the exit code
/// are its own.
pub(crate) fn agent(
    workspace: &Workspace,
    release: bool,
    arguments: &[String],
) -> Result<Infallible> {
    let tools = setup::prepare(workspace, Goal::Run)?;
    let agent = build::all(workspace, &tools, release)?;
    let store = workspace.target().join("run/store");
    make_directory(&store)?;
    let mut command = agent_command(workspace, &agent, &store)?;
    command.args(arguments);
    progress::heading("run the agent; Ctrl-C ends it with a summary");
    explain_root();
    let error = command.exec();
    bail!("cannot start {}: {error}", agent.display());
}

fn agent_command(workspace: &Workspace, agent: &Path, store: &Path) -> Result<Command> {
    let mut database = OsString::from("tor-geoipdb=");
    database.push(workspace.country_database());
    let mut command = command::as_root(agent.as_os_str(), &[])?;
    command
        .arg("run")
        .arg("--allowlists")
        .arg(workspace.root().join("allowlists"))
        .arg("--ip-db")
        .arg(database)
        .arg("--store")
        .arg(store)
        // Nothing stays on a developer's machine after Ctrl-C.
        .args(["--pin", "off"]);
    Ok(command)
}

/// Runs sample products and shows the verdicts; or two months of them, with what a reviewer
/// gets.
pub(crate) fn demo(workspace: &Workspace, months: bool) -> Result<Infallible> {
    if !months {
        return program(workspace, DEMO, false, &[]);
    }
    setup::two_months(workspace)?;
    let out = workspace.target().join("demo").display().to_string();
    program(workspace, DEMO, false, &["--months".to_owned(), out])
}

/// Soaks an agent for a time.
pub(crate) fn soak(workspace: &Workspace, seconds: u64) -> Result<Infallible> {
    let arguments = ["--seconds".to_owned(), seconds.to_string()];
    program(workspace, SOAK, false, &arguments)
}

/// Sends by every way out and shows what was recorded.
pub(crate) fn coverage(workspace: &Workspace, kernels: &[String]) -> Result<Infallible> {
    let mut arguments = vec!["--ways".to_owned()];
    for kernel in kernels {
        arguments.extend(["--kernel".to_owned(), kernel.clone()]);
    }
    program(workspace, COVERAGE, false, &arguments)
}

/// Measures; optimised, as what is measured should be what is installed.
pub(crate) fn bench(workspace: &Workspace, arguments: &[String]) -> Result<Infallible> {
    setup::observers(workspace)?;
    program(workspace, BENCHMARK, true, arguments)
}

fn program(
    workspace: &Workspace,
    names: &[&str],
    release: bool,
    arguments: &[String],
) -> Result<Infallible> {
    let tools = setup::prepare(workspace, Goal::Demo)?;
    let agent = build::all(workspace, &tools, release)?;
    progress::heading(&format!("build {}", names.join(", ")));
    let program = build::programs(workspace, names, release)?;
    progress::heading(&format!("run {}", workspace.display(&program)));
    explain_root();
    let mut command = command::as_root(program.as_os_str(), &environment(workspace, &agent))?;
    let error = command.args(arguments).current_dir(workspace.root()).exec();
    bail!("cannot start {}: {error}", program.display());
}

/// What the programs that start an agent are told.
pub(crate) fn environment(workspace: &Workspace, agent: &Path) -> [(&'static str, OsString); 3] {
    [
        ("XTASK_AGENT", agent.into()),
        (build::OBJECT_VARIABLE, workspace.bpf_object().into()),
        ("XTASK_COUNTRY_DB", workspace.country_database().into()),
    ]
}

/// Says why `sudo` asks for a password.
pub(crate) fn explain_root() {
    if !command::is_root() {
        eprintln!("    sudo: loading kernel programs and making namespaces needs root");
    }
}
