//! Runs the tools of the host (`ip`, `podman`, …) with errors that say what was tried.

use std::{
    env,
    ffi::OsStr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, Result, bail};

/// Runs `program` and returns what it wrote on standard output.
///
/// # Errors
/// The program is missing or exits with a failure; the error holds the command
/// line and what it wrote on standard error.
pub fn tool<S: AsRef<OsStr>>(program: &str, arguments: &[S]) -> Result<String> {
    let output = attempt(program, arguments)?;
    if !output.status.success() {
        bail!(
            "`{}` failed ({}): {}",
            line(program, arguments),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs `program` and returns its output, whatever its exit status.
///
/// # Errors
/// The program cannot be started.
pub fn attempt<S: AsRef<OsStr>>(program: &str, arguments: &[S]) -> Result<Output> {
    Command::new(program)
        .args(arguments)
        // Ctrl-C in a terminal must not stop a tool half-way; who called it cleans up.
        .process_group(0)
        .output()
        .with_context(|| format!("`{program}` cannot be started: install it (see docs/testing.md)"))
}

/// Runs `ip` with arguments separated by blanks.
///
/// # Errors
/// As [`tool`].
pub fn ip(arguments: &str) -> Result<()> {
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    tool("ip", &arguments).map(drop)
}

/// Python with the tools that the set-up installs for it.
pub fn python() -> PathBuf {
    env::var_os("XTASK_PYTHON").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/python/bin/python"),
        PathBuf::from,
    )
}

/// Finds an executable of this workspace: the one that `variable` names, else the
/// one beside the running test.
///
/// # Errors
/// There is none at either place.
pub fn sibling(variable: &str, name: &str) -> Result<PathBuf> {
    if let Some(path) = env::var_os(variable).map(PathBuf::from) {
        if path.is_file() {
            return Ok(path);
        }
        bail!("{variable} names {}, which is not a file", path.display());
    }
    let this = env::current_exe().context("the path of the running test is not known")?;
    this.ancestors()
        .skip(1)
        .take(2)
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
        .with_context(|| {
            format!(
                "`{name}` is not beside {}: build it (`cargo xtask build`) or set {variable}",
                this.display()
            )
        })
}

/// The agent's program, to be told a command.
///
/// # Errors
/// It has not been built.
pub fn weir() -> Result<Command> {
    Ok(Command::new(sibling("XTASK_AGENT", "weir")?))
}

/// Exit code, standard output and standard error.
pub type Said = (Option<i32>, String, String);

/// Runs a program to its end.
///
/// # Errors
/// It cannot be started.
pub fn said(command: &mut Command) -> Result<Said> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    ))
}

/// The traffic generator.
///
/// # Errors
/// It has not been built.
pub fn weir_traffic() -> Result<PathBuf> {
    sibling("XTASK_TRAFFIC", "weir-traffic")
}

/// unbound: the one that `XTASK_UNBOUND` names, the one that the set-up took out of
/// its package, or an installed one.
///
/// # Errors
/// There is none.
pub fn unbound() -> Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    env::var_os("XTASK_UNBOUND")
        .map(PathBuf::from)
        .into_iter()
        .chain([
            workspace.join("target/tools/unbound/usr/sbin/unbound"),
            "/usr/sbin/unbound".into(),
        ])
        .find(|path| path.is_file())
        .context("unbound is not there: `cargo xtask setup` provides it")
}

/// A Debian package of the agent beside the tests. There are two, 1 and 2, which differ in
/// their version alone.
///
/// # Errors
/// It has not been made.
pub fn package(number: u32) -> Result<PathBuf> {
    let directory = env::var_os("XTASK_PACKAGES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/package/tests"),
        PathBuf::from,
    );
    let path = directory.join(format!("weir-{number}.deb"));
    if !path.is_file() {
        bail!(
            "{} is not there: `cargo xtask package --for-tests` makes it",
            path.display()
        );
    }
    Ok(path)
}

/// A program of Prometheus or Alertmanager: the one that the set-up took out of its package,
/// or an installed one.
///
/// # Errors
/// There is none.
pub fn monitoring(program: &str) -> Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    [
        workspace.join("target/tools/prometheus/usr/bin"),
        "/usr/bin".into(),
    ]
    .into_iter()
    .map(|directory| directory.join(program))
    .find(|path| path.is_file())
    .with_context(|| format!("{program} is not there: `cargo xtask setup` provides it"))
}

/// Directory below which the syslog daemon is: where the set-up took it out of its package, or
/// the root where it is installed.
///
/// # Errors
/// There is none.
pub fn rsyslog() -> Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    [workspace.join("target/tools/rsyslog"), "/".into()]
        .into_iter()
        .find(|root| root.join("usr/sbin/rsyslogd").is_file())
        .context("rsyslogd is not there: `cargo xtask setup` provides it")
}

fn line<S: AsRef<OsStr>>(program: &str, arguments: &[S]) -> String {
    arguments.iter().fold(program.to_owned(), |line, argument| {
        line + " " + &argument.as_ref().to_string_lossy()
    })
}
