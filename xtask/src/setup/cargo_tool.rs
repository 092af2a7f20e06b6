//! Programs that are built from their crate: found, or built below `target/tools`.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use super::version::Version;
use crate::{
    command,
    progress::{self, Step},
    workspace::Workspace,
};

/// One of them.
pub(super) struct CargoTool {
    /// Name of the crate and of its program.
    pub(super) name: &'static str,
    /// What is installed when none is found.
    pub(super) release: &'static str,
    /// The oldest that does what is asked of it here.
    pub(super) oldest: Version,
    /// What it is needed for, and how long building it takes.
    pub(super) why: &'static str,
    /// Arguments to which it answers with a name and its version.
    pub(super) version: &'static [&'static str],
}

/// Makes Debian packages.
pub(super) const DEB: CargoTool = CargoTool {
    name: "cargo-deb",
    release: "3.8.0",
    oldest: Version(3, 8, 0),
    why: "makes the Debian package; about a minute",
    version: &["--version"],
};

/// Makes software bills of materials.
pub(super) const CYCLONEDX: CargoTool = CargoTool {
    name: "cargo-cyclonedx",
    release: "0.5.9",
    oldest: Version(0, 5, 9),
    why: "lists what a release is made of; about two minutes",
    version: &["cyclonedx", "--version"],
};

impl CargoTool {
    /// Finds it or builds it.
    pub(super) fn provide(&self, workspace: &Workspace) -> Result<PathBuf> {
        if let Some((path, version)) = self.find(workspace) {
            progress::found(self.name, &format!("{version} at {}", path.display()));
            return Ok(path);
        }
        self.install(workspace)?;
        let found = self.find(workspace);
        let (path, _) =
            found.with_context(|| format!("{} was installed but does not start", self.name))?;
        Ok(path)
    }

    fn find(&self, workspace: &Workspace) -> Option<(PathBuf, Version)> {
        let private = workspace.tools().join("bin").join(self.name);
        [private]
            .into_iter()
            .chain(command::all_on_path(self.name))
            .filter(|path| path.is_file())
            .find_map(|path| {
                let text = command::output(Command::new(&path).args(self.version)).ok()?;
                let version = Version::parse(text.split_whitespace().nth(1)?)?;
                (version >= self.oldest).then_some((path, version))
            })
    }

    fn install(&self, workspace: &Workspace) -> Result<()> {
        let build = workspace.tools().join("build");
        let mut cargo = command::host_cargo(workspace.root());
        cargo
            .args(["install", self.name, "--version", self.release])
            .args(["--locked", "--force", "--debug", "--root"])
            .arg(workspace.tools())
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_TARGET_DIR", &build);
        let step = Step {
            name: self.name,
            what: &format!("cargo install {} {}", self.name, self.release),
            why: self.why,
            remedy: "check that crates can be downloaded (cargo fetch), then start again",
        };
        progress::perform(workspace, step, &mut cargo)?;
        // Only costs space; the next attempt replaces it.
        drop(fs::remove_dir_all(build));
        Ok(())
    }
}
