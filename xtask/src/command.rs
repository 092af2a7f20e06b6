//! Starting other programs: in which environment, with which rights, and what
//! a failure means.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

/// Variables that cargo sets for the program it runs. Handed on to another
/// cargo they would make it believe in another package, and rebuild.
const FROM_OUTER_CARGO: &[&str] = &[
    "CARGO",
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PRIMARY_",
];

/// Variables that choose a compiler or its flags. They are meant for the host
/// and must not reach the build of the kernel programs.
const CHOOSE_COMPILER: &[&str] = &[
    "CARGO_BUILD_",
    "CARGO_ENCODED_",
    "CARGO_INCREMENTAL",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "LD_LIBRARY_PATH",
    "RUSTC",
    "RUSTC_",
    "RUSTDOC",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
];

/// The cargo that started this program, for crates of the host.
pub(crate) fn host_cargo(directory: &Path) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    with_cargo(cargo.as_ref(), directory)
}

/// A program that is cargo, or starts one.
pub(crate) fn with_cargo(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory);
    forget(&mut command, |name| names(FROM_OUTER_CARGO, name));
    command
}

/// Any program that must not notice the host's toolchain.
pub(crate) fn apart_from_host(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory);
    forget(&mut command, |name| {
        names(FROM_OUTER_CARGO, name) || names(CHOOSE_COMPILER, name)
    });
    command
}

fn forget(command: &mut Command, unwanted: impl Fn(&str) -> bool) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(&unwanted) {
            command.env_remove(name);
        }
    }
}

/// Entries that end in `_` are prefixes, others whole names.
fn names(list: &[&str], name: &str) -> bool {
    list.iter().any(|entry| match entry.strip_suffix('_') {
        Some(_) => name.starts_with(entry),
        None => name == *entry,
    })
}

/// Whether this process is root.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// A command that runs as root, through `sudo` where this process is not.
/// `sudo` clears the environment, so what must be kept is given here.
pub(crate) fn as_root(program: &OsStr, environment: &[(&str, OsString)]) -> Result<Command> {
    if is_root() {
        let mut command = Command::new(program);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        return Ok(command);
    }
    let sudo = find_on_path("sudo")
        .context("root is needed and there is no sudo: start the same command again as root")?;
    let mut command = Command::new(sudo);
    if !environment.is_empty() {
        command.arg("env");
        for (name, value) in environment {
            let mut pair = OsString::from(name);
            pair.push("=");
            pair.push(value);
            command.arg(pair);
        }
    }
    command.arg(program);
    Ok(command)
}

/// All files of this name in the directories of `PATH`, first one first.
pub(crate) fn all_on_path(name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for directory in env::split_paths(&env::var_os("PATH").unwrap_or_default()) {
        let path = directory.join(name);
        if path.is_file() && !found.contains(&path) {
            found.push(path);
        }
    }
    found
}

/// The program that a shell would start.
pub(crate) fn find_on_path(name: &str) -> Option<PathBuf> {
    all_on_path(name).into_iter().next()
}

/// `PATH` with a directory put first.
pub(crate) fn path_with(first: &Path) -> Result<OsString> {
    let rest = env::var_os("PATH").unwrap_or_default();
    env::join_paths(
        [first.to_owned()]
            .into_iter()
            .chain(env::split_paths(&rest)),
    )
    .with_context(|| format!("{} cannot be put into PATH", first.display()))
}

/// Standard output of a command that is expected to succeed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("cannot start {shown}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{shown} failed ({}): {}", output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command in the foreground; its own output says what is wrong.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    if !status.success() {
        bail!("{what} failed ({status}); the reason is above");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_outer_cargo_are_known() {
        assert!(names(FROM_OUTER_CARGO, "CARGO"));
        assert!(names(FROM_OUTER_CARGO, "CARGO_PKG_NAME"));
        assert!(names(FROM_OUTER_CARGO, "CARGO_MANIFEST_DIR"));
        assert!(!names(FROM_OUTER_CARGO, "CARGO_HOME"));
        assert!(!names(FROM_OUTER_CARGO, "CARGO_TARGET_DIR"));
        assert!(!names(FROM_OUTER_CARGO, "RUSTFLAGS"));
    }

    #[test]
    fn variables_that_choose_a_compiler_are_known() {
        assert!(names(CHOOSE_COMPILER, "RUSTUP_TOOLCHAIN"));
        assert!(names(CHOOSE_COMPILER, "RUSTC"));
        assert!(names(CHOOSE_COMPILER, "RUSTC_WRAPPER"));
        assert!(names(CHOOSE_COMPILER, "CARGO_ENCODED_RUSTFLAGS"));
        assert!(names(CHOOSE_COMPILER, "CARGO_TARGET_DIR"));
        assert!(!names(CHOOSE_COMPILER, "CARGO_HTTP_PROXY"));
        assert!(!names(CHOOSE_COMPILER, "CARGO_HOME"));
        assert!(!names(CHOOSE_COMPILER, "RUSTUP_HOME"));
    }
}
