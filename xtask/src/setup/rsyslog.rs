//! The syslog daemon for the tests, taken out of its Debian package. An installed one would
//! start as a service of this machine, and read its log.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result};

use super::{apt::Apt, unbound::libraries, unpacked, version::Version};
use crate::{command, progress, workspace::Workspace};

/// Where packages put it; `sbin` is not on everyone's `PATH`.
const INSTALLED: &str = "/usr/sbin/rsyslogd";
const WHY: &str = "reads what the agent sends to syslog, in the tests";

/// Finds rsyslog or unpacks it below `target/tools`.
pub(super) fn provide(workspace: &Workspace, apt: &mut Apt<'_>) -> Result<()> {
    let directory = workspace.tools().join("rsyslog");
    let private = directory.join("usr/sbin/rsyslogd");
    if let Some((path, version)) = find(&[&private, Path::new(INSTALLED)]) {
        progress::found("rsyslog", &format!("{version} at {}", path.display()));
        return Ok(());
    }
    if command::find_on_path("dpkg-deb").is_none() {
        progress::note("rsyslog", "not a Debian machine; have rsyslog");
        return Ok(());
    }
    apt.refresh()?;
    let package = unpacked::download(workspace, "rsyslog", WHY, &directory)?;
    let mut field = Command::new("dpkg-deb");
    field.arg("--field").arg(&package).arg("Depends");
    let depends = command::output(&mut field)?;
    apt.install_missing("libraries of rsyslog", WHY, &libraries(&depends))?;
    unpacked::extract(workspace, ("rsyslog", WHY), &package, &directory)?;
    find(&[&private])
        .map(drop)
        .context("rsyslog was unpacked but does not start")
}

fn find<'p>(places: &[&'p Path]) -> Option<(&'p Path, Version)> {
    places.iter().find_map(|path| {
        let text = command::output(Command::new(path).arg("-v")).ok()?;
        Some((*path, Version::after_name(&text, "rsyslogd ")?))
    })
}
