//! Programs taken out of their Debian package, where an installed package would start a
//! service of this machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::apt::Apt;
use crate::{
    command,
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

/// A daemon that the tests start themselves.
pub(super) struct Daemon {
    /// Of the program and of its package.
    pub(super) name: &'static str,
    pub(super) why: &'static str,
    /// Where its package puts it; `sbin` is not on everyone's `PATH`.
    pub(super) installed: &'static str,
    /// What makes it say its version, and the version in what it says.
    pub(super) asked: &'static str,
    pub(super) version: fn(&str) -> Option<String>,
    /// Packages with modules of it, and the file that each is wanted for, by its name.
    pub(super) modules: &'static [(&'static str, &'static str)],
}

impl Daemon {
    /// Finds it, or unpacks it below `target/tools`.
    pub(super) fn provide(&self, workspace: &Workspace, apt: &mut Apt<'_>) -> Result<()> {
        let Self { name, why, .. } = *self;
        let directory = workspace.tools().join(name);
        let private = directory.join(self.installed.trim_start_matches('/'));
        let found = self.find(&[&private, Path::new(self.installed)]);
        let found = found.filter(|(path, _)| {
            let root = if *path == private {
                &*directory
            } else {
                Path::new("/")
            };
            self.modules
                .iter()
                .all(|(_, file)| has_module(root, name, file))
        });
        if let Some((path, version)) = found {
            progress::found(name, &format!("{version} at {}", path.display()));
            return Ok(());
        }
        if command::find_on_path("dpkg-deb").is_none() {
            progress::note(name, &format!("not a Debian machine; have {name}"));
            return Ok(());
        }
        apt.refresh()?;
        let modules = self.modules.iter().map(|(package, _)| *package);
        for one in std::iter::once(name).chain(modules) {
            let package = download(workspace, one, why, &directory)?;
            let mut field = Command::new("dpkg-deb");
            field.arg("--field").arg(&package).arg("Depends");
            let depends = command::output(&mut field)?;
            apt.install_missing(&format!("libraries of {one}"), why, &libraries(&depends))?;
            extract(workspace, (one, why), &package, &directory)?;
        }
        self.find(&[&private])
            .map(drop)
            .with_context(|| format!("{name} was unpacked but does not start"))
    }

    fn find<'p>(&self, places: &[&'p Path]) -> Option<(&'p Path, String)> {
        places.iter().find_map(|path| {
            let text = command::output(Command::new(path).arg(self.asked)).ok()?;
            Some((*path, (self.version)(&text)?))
        })
    }
}

/// Whether a module is there, in the directory of libraries that has the machine's name.
fn has_module(root: &Path, name: &str, file: &str) -> bool {
    let entries = fs::read_dir(root.join("usr/lib")).into_iter().flatten();
    let mut places = entries.flatten().map(|entry| entry.path().join(name));
    places.any(|place| place.join(file).is_file())
}

/// Libraries of a `Depends` field: the first of alternatives, without versions.
/// The others are for a service.
fn libraries(depends: &str) -> Vec<&str> {
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
}
