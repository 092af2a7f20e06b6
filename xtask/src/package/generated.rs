//! What a package has that nobody wrote: man pages and completions of the command line,
//! Debian's changelog, and the licences of what is compiled in.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::{directory, source::Epoch, third_party};
use crate::{build, command, workspace::Workspace};

/// Puts all of it into a directory, but the changelog, which cargo-deb looks for at a place
/// of its own.
pub(super) fn make(workspace: &Workspace, epoch: Epoch, version: &str, into: &Path) -> Result<()> {
    pages(workspace, epoch, into)?;
    let pages = fs::read_dir(into.join("man")).context("man pages")?;
    let pages: Vec<_> = pages.flatten().map(|page| page.path()).collect();
    let mut gzip = Command::new("gzip");
    gzip.args(["--best", "--no-name"]).args(pages);
    command::run(&mut gzip, "gzip")?;
    let licences = third_party::licences(workspace)?;
    write(&into.join("third-party"), &licences)?;
    let changelog = format!(
        "weir ({version}) unstable; urgency=medium\n\n  * As changelog.gz beside this file has \
         it.\n\n -- Weir maintainers <weir@weir.example>  {}\n",
        epoch.date()?
    );
    write(&directory(workspace).join("changelog.Debian"), &changelog)
}

/// Man pages in `man`, completions in `completions`, made by an example of the agent's crate
/// from its real command line.
pub(super) fn pages(workspace: &Workspace, epoch: Epoch, into: &Path) -> Result<()> {
    let mut cargo = build::host_cargo(workspace);
    cargo.arg("build").args(build::HOST_CRATES);
    cargo.args(["--example", "pages"]);
    command::run(&mut cargo, "building what writes man pages")?;
    let program: PathBuf = workspace.binaries(false).join("examples/pages");
    let mut pages = Command::new(program);
    pages.arg(into).env(Epoch::VARIABLE, epoch.text());
    command::output(&mut pages).map(drop)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
