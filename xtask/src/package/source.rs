//! What a release is made from: the commit's time, and an agent that bears no path of the
//! machine it was built on.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use super::{VERSION, directory, fresh};
use crate::{build, command, progress, workspace::Workspace};

/// Seconds since 1970 that everything made bears
/// (<https://reproducible-builds.org/docs/source-date-epoch/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Epoch(u64);

impl Epoch {
    /// The variable that says it.
    pub(super) const VARIABLE: &str = "SOURCE_DATE_EPOCH";

    /// The variable's, else the time of the commit that is checked out.
    pub(super) fn of(workspace: &Workspace) -> Result<Self> {
        let said = match env::var(Self::VARIABLE) {
            Ok(said) => said,
            Err(_) => command::output(
                Command::new("git")
                    .args(["log", "-1", "--format=%ct"])
                    .current_dir(workspace.root()),
            )
            .context("this is no clone: set SOURCE_DATE_EPOCH to the time of the sources")?,
        };
        let seconds = said.trim().parse();
        seconds
            .map(Self)
            .with_context(|| format!("{} is {said:?}", Self::VARIABLE))
    }

    /// As the variable has it.
    pub(super) fn text(self) -> String {
        self.0.to_string()
    }

    /// As changelogs of Debian have it (RFC 5322).
    pub(super) fn date(self) -> Result<String> {
        let mut date = Command::new("date");
        date.args(["--utc", "--rfc-email", "--date"])
            .arg(format!("@{}", self.0))
            .env("LC_ALL", "C");
        Ok(command::output(&mut date)?.trim().to_owned())
    }
}

/// Where sources are said to be, in place of where they are.
pub(super) const SOURCES: &str = "/usr/src/weir";

/// Builds the agent in a target directory of its own, for paths are flags, and other flags
/// would build everything else anew.
pub(super) fn released_agent(workspace: &Workspace) -> Result<PathBuf> {
    let target = directory(workspace).join("build");
    let mut cargo = build::host_cargo(workspace);
    cargo
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "weir",
            "--bin",
            "weir",
        ])
        .env("CARGO_TARGET_DIR", &target)
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            build::without_paths(workspace)?.join("\x1f"),
        )
        .env("CFLAGS", c_flags(workspace)?);
    command::run(&mut cargo, "building the agent")?;
    Ok(target.join("release/weir"))
}

fn c_flags(workspace: &Workspace) -> Result<String> {
    let map = |(from, to): &(PathBuf, &str)| format!("-ffile-prefix-map={}={to}", from.display());
    let maps = build::paths(workspace)?;
    Ok(maps.iter().map(map).collect::<Vec<_>>().join(" "))
}

/// Clones what is committed into another directory, makes its package there from nothing but
/// installed tools, and gives back its path.
pub(super) fn from_clone(workspace: &Workspace) -> Result<PathBuf> {
    progress::heading("clone the commit elsewhere, and build all of it again");
    let clone = env::temp_dir().join(format!("weir-again-{}", std::process::id()));
    fresh(&clone)?;
    let mut git = Command::new("git");
    git.args(["clone", "--quiet", "--no-hardlinks"])
        .arg(workspace.root())
        .arg(&clone);
    command::run(&mut git, "git clone")?;
    let target = clone.join("target");
    std::fs::create_dir(&target).context("directory of the clone")?;
    std::os::unix::fs::symlink(workspace.tools(), target.join("tools")).context("tools")?;
    let mut cargo = command::host_cargo(&clone);
    cargo
        .args(["run", "--quiet", "--package", "xtask", "--", "package"])
        .env_remove("CARGO_TARGET_DIR");
    command::run(&mut cargo, "the package of the clone")?;
    kept(workspace, &clone)
}

fn kept(workspace: &Workspace, clone: &Path) -> Result<PathBuf> {
    let name = super::deb::name(VERSION)?;
    let (made, kept) = (
        clone.join("target/package").join(&name),
        directory(workspace).join("again").join(&name),
    );
    if !made.is_file() {
        bail!("the clone made no {}", made.display());
    }
    fresh(&directory(workspace).join("again"))?;
    std::fs::copy(&made, &kept).with_context(|| format!("cannot copy {}", made.display()))?;
    std::fs::remove_dir_all(clone).context("remove the clone")?;
    Ok(kept)
}
