//! The Debian package, by cargo-deb; what is in it stands in `agent/Cargo.toml`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::{fresh, generated, source::Epoch};
use crate::{
    command,
    workspace::{Workspace, make_directory},
};

/// A package to be made.
pub(super) struct Deb<'a> {
    /// The agent that it installs.
    pub(super) agent: &'a Path,
    /// Its version, as Debian orders versions.
    pub(super) version: String,
    /// Whether to take time to make it small.
    pub(super) small: bool,
}

impl Deb<'_> {
    /// Makes it in a directory; gives back its path.
    pub(super) fn make(
        &self,
        workspace: &Workspace,
        packager: &Path,
        epoch: Epoch,
        into: &Path,
    ) -> Result<PathBuf> {
        // As cargo lays it out: cargo-deb takes `target/release` from there.
        let stage = into.join("stage");
        let release = stage.join("release");
        fresh(&stage)?;
        make_directory(&release)?;
        let agent = release.join("weir");
        fs::copy(self.agent, &agent)
            .with_context(|| format!("cannot copy {}", self.agent.display()))?;
        generated::make(workspace, epoch, &self.version, &release.join("generated"))?;
        let path = into.join(name(&self.version)?);
        let mut deb = Command::new(packager);
        deb.arg("--manifest-path")
            .arg(workspace.root().join("agent/Cargo.toml"))
            .args([
                "--no-build",
                "--locked",
                "--strip",
                "--deb-version",
                &self.version,
            ])
            .arg("--output")
            .arg(&path)
            .env("CARGO_TARGET_DIR", &stage)
            .env(Epoch::VARIABLE, epoch.text());
        // Its own compressor takes minutes, built as set-up builds it.
        deb.arg("--compress-system");
        if !self.small {
            deb.args(["--fast", "--compress-type", "gz"]);
        }
        command::run(&mut deb, "cargo-deb")?;
        Ok(path)
    }
}

/// Name of the file of a package of this machine's architecture.
pub(super) fn name(version: &str) -> Result<String> {
    let architecture = command::output(Command::new("dpkg").arg("--print-architecture"))?;
    Ok(format!("weir_{version}_{}.deb", architecture.trim()))
}
