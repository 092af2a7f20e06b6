//! The resolver unbound for the tests, taken out of its Debian package. An
//! installed one would start as a service of this machine, now or when it boots.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result};

use super::{apt::Apt, unpacked};
use crate::{command, progress, workspace::Workspace};

/// Where packages put it; `sbin` is not on everyone's `PATH`.
const INSTALLED: &str = "/usr/sbin/unbound";
const WHY: &str = "answers DNS queries in the tests";

/// Finds unbound or unpacks it below `target/tools`.
pub(super) fn provide(workspace: &Workspace, apt: &mut Apt<'_>) -> Result<()> {
    let directory = workspace.tools().join("unbound");
    let private = directory.join("usr/sbin/unbound");
    if let Some((path, version)) = find(&[&private, Path::new(INSTALLED)]) {
        progress::found("unbound", &format!("{version} at {}", path.display()));
        return Ok(());
    }
    if command::find_on_path("dpkg-deb").is_none() {
        progress::note("unbound", "not a Debian machine; have unbound");
        return Ok(());
    }
    apt.refresh()?;
    let package = unpacked::download(workspace, "unbound", WHY, &directory)?;
    let mut field = Command::new("dpkg-deb");
    field.arg("--field").arg(&package).arg("Depends");
    let depends = command::output(&mut field)?;
    apt.install_missing("libraries of unbound", WHY, &libraries(&depends))?;
    unpacked::extract(workspace, ("unbound", WHY), &package, &directory)?;
    find(&[&private])
        .map(drop)
        .context("unbound was unpacked but does not start")
}

fn find<'p>(places: &[&'p Path]) -> Option<(&'p Path, String)> {
    places.iter().find_map(|path| {
        let text = command::output(Command::new(path).arg("-V")).ok()?;
        Some((*path, version(&text)?.to_owned()))
    })
}

/// `1.17.1` of `Version 1.17.1`.
fn version(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("Version "))
}

/// Libraries of a `Depends` field: the first of alternatives, without versions.
/// The others are for a service.
pub(super) fn libraries(depends: &str) -> Vec<&str> {
    depends
        .split(',')
        .filter_map(|entry| entry.split_whitespace().next())
        .filter(|name| name.starts_with("lib"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_libraries_are_taken() {
        let depends = "adduser, init-system-helpers (>= 1.54~), libc6 (>= 2.34), libevent-2.1-7 \
                       (>= 2.1.8-stable), libsystemd0 | libelogind0\n";
        assert_eq!(
            libraries(depends),
            ["libc6", "libevent-2.1-7", "libsystemd0"]
        );
    }

    #[test]
    fn the_version_is_a_line_of_its_own() {
        let text = "Version 1.17.1\n\nConfigure line: --build=x86_64-linux-gnu\n";
        assert_eq!(version(text), Some("1.17.1"));
        assert_eq!(version("unbound: error"), None);
    }
}
