//! Makes what is released: the Debian package, bills of materials, and their digests.
//! `docs/release.md` says what each is for.

mod bill;
mod deb;
mod generated;
mod judge;
mod source;
mod third_party;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use self::{deb::Deb, source::Epoch};
use crate::{
    build, command, progress,
    setup::{self, Goal},
    workspace::{Workspace, make_directory},
};

pub(crate) use self::judge::{scripts, unit};

/// Version of the workspace.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is to be asserted beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// Nothing.
    Never,
    /// That packing again what was compiled gives the same bytes.
    Packed,
    /// That a clone of the commit, elsewhere, gives the same bytes from nothing.
    Compiled,
}

/// Makes everything that is released below `target/package`.
pub(crate) fn release(workspace: &Workspace, again: Again) -> Result<()> {
    let tools = setup::prepare(workspace, Goal::Build)?;
    let packager = setup::packager(workspace)?;
    let lister = setup::bill_of_materials(workspace)?;
    let epoch = Epoch::of(workspace)?;
    build::kernel_programs(workspace, &tools)?;
    progress::heading("build the agent for release");
    let agent = source::released_agent(workspace)?;
    let directory = directory(workspace);
    let deb = Deb {
        agent: &agent,
        version: VERSION.to_owned(),
        small: true,
    };
    let package = deb.make(workspace, &packager, epoch, &directory)?;
    let mut made = vec![package.clone()];
    made.extend(bill::make(workspace, &lister, epoch, &directory)?);
    judge::package(workspace, &package)?;
    digests(&directory, &made)?;
    match again {
        Again::Never => {}
        Again::Packed => {
            progress::heading("pack again");
            let elsewhere = directory.join("again");
            let second = deb.make(workspace, &packager, epoch, &elsewhere)?;
            same(&package, &second)?;
        }
        Again::Compiled => {
            let second = source::from_clone(workspace)?;
            same(&package, &second)?;
        }
    }
    for path in &made {
        eprintln!("    {}", workspace.display(path));
    }
    Ok(())
}

/// Packages of the agent that the tests run, which differ in their version alone, for tests
/// that install them.
pub(crate) fn for_tests(workspace: &Workspace, packager: &Path, agent: &Path) -> Result<()> {
    progress::heading("make packages for the tests");
    let epoch = Epoch::of(workspace)?;
    let directory = directory(workspace).join("tests");
    for number in [1, 2] {
        let deb = Deb {
            agent,
            version: format!("{VERSION}+test{number}"),
            small: false,
        };
        let package = deb.make(workspace, packager, epoch, &directory)?;
        let path = directory.join(format!("weir-{number}.deb"));
        fs::rename(&package, &path)
            .with_context(|| format!("cannot rename {}", package.display()))?;
        if number == 1 {
            judge::package(workspace, &path)?;
        }
    }
    Ok(())
}

fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target().join("package")
}

fn digest(path: &Path) -> Result<String> {
    let text = command::output(Command::new("sha256sum").arg("--binary").arg(path))?;
    let digest = text.split(' ').next().unwrap_or_default();
    Ok(digest.to_owned())
}

/// Writes `SHA256SUMS`, as `sha256sum --check` reads it.
fn digests(directory: &Path, made: &[PathBuf]) -> Result<()> {
    let mut text = String::new();
    for path in made {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        text += &format!("{}  {name}\n", digest(path)?);
    }
    let path = directory.join("SHA256SUMS");
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn same(first: &Path, second: &Path) -> Result<()> {
    let (one, other) = (digest(first)?, digest(second)?);
    if one != other {
        bail!(
            "{} ({one}) and {} ({other}) differ: `diffoscope` of both shows where",
            first.display(),
            second.display()
        );
    }
    eprintln!("    the same bytes twice: SHA-256 {one}");
    Ok(())
}

/// Makes a directory with nothing in it.
fn fresh(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => make_directory(path),
    }
}
