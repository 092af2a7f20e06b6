//! Prometheus, its `promtool` and Alertmanager, taken out of their Debian packages. Installed
//! ones would start as services of this machine.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::{apt::Apt, unpacked, version::Version};
use crate::{
    command, progress,
    workspace::{Workspace, make_directory},
};

const WHY: &str = "judges the alerting rules, and fires them in the tests";
/// The oldest that knows `keep_firing_for`.
const OLDEST: Version = Version(2, 42, 0);
/// Packages, each with a program of it.
const PACKAGES: [(&str, &str); 2] = [
    ("prometheus", "promtool"),
    ("prometheus-alertmanager", "prometheus-alertmanager"),
];

/// Finds them or unpacks them below `target/tools`; the path of `promtool`.
pub(super) fn provide(workspace: &Workspace, apt: &mut Apt<'_>) -> Result<Option<PathBuf>> {
    let directory = workspace.tools().join("prometheus");
    if let Some((path, version)) = find(&directory) {
        let found = format!("{version} at {}", path.display());
        progress::found("Prometheus and Alertmanager", &found);
        return Ok(Some(path));
    }
    if command::find_on_path("dpkg-deb").is_none() {
        let note = "not a Debian machine; have prometheus, promtool and prometheus-alertmanager";
        progress::note("Prometheus and Alertmanager", note);
        return Ok(None);
    }
    make_directory(&directory)?;
    apt.refresh()?;
    for (name, _) in PACKAGES {
        let package = unpacked::download(workspace, name, WHY, &directory)?;
        unpacked::extract(workspace, (name, WHY), &package, &directory)?;
    }
    let (path, _) = find(&directory).context("promtool was unpacked but does not start")?;
    Ok(Some(path))
}

/// `promtool`, where the programs of every package are.
fn find(directory: &Path) -> Option<(PathBuf, Version)> {
    let programs = PACKAGES.map(|(_, program)| {
        let unpacked = directory.join("usr/bin").join(program);
        Some(unpacked)
            .filter(|path| path.is_file())
            .or_else(|| command::find_on_path(program))
    });
    let [promtool, alertmanager] = programs;
    alertmanager?;
    let promtool = promtool?;
    let text = command::output(Command::new(&promtool).arg("--version")).ok()?;
    let version = Version::after_name(&text, "promtool, version")?;
    (version >= OLDEST).then_some((promtool, version))
}
