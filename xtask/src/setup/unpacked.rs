//! Programs taken out of their Debian package, where an installed package would start a
//! service of this machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    progress::{self, Step},
    workspace::{Workspace, make_directory},
};

/// Downloads a package to a place of its own below `directory`.
pub(super) fn download(
    workspace: &Workspace,
    package: &str,
    why: &str,
    directory: &Path,
) -> Result<PathBuf> {
    let into = directory.join("package").join(package);
    // What an earlier attempt left may be of another version.
    drop(fs::remove_dir_all(&into));
    make_directory(&into)?;
    let step = Step {
        name: &format!("{package} package"),
        what: &format!("apt-get download {package}"),
        why,
        remedy: "check the network and /etc/apt/sources.list, then start again",
    };
    let mut apt_get = Command::new("apt-get");
    apt_get
        .args(["--quiet", "download", package])
        .current_dir(&into);
    progress::perform(workspace, step, &mut apt_get)?;
    let entries = fs::read_dir(&into).context("directory of the package")?;
    entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get downloaded no package")
}

/// Takes a package's files out, below `directory`.
pub(super) fn extract(
    workspace: &Workspace,
    (name, why): (&str, &str),
    package: &Path,
    directory: &Path,
) -> Result<()> {
    let step = Step {
        name,
        what: &format!("dpkg-deb --extract, into {}", workspace.display(directory)),
        why,
        remedy: "look at the output, then start again",
    };
    let mut dpkg = Command::new("dpkg-deb");
    dpkg.arg("--extract").arg(package).arg(directory);
    progress::perform(workspace, step, &mut dpkg)
}
