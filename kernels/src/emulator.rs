//! QEMU: the machine's own, or a copy that is unpacked and not installed.
//!
//! A copy, because Debian's package cannot be installed beside parts of a newer
//! QEMU, and nothing that a machine has is removed for a test.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

use crate::{debian, paths};

const PROGRAM: &str = "qemu-system-x86_64";
const PACKAGE: &str = "qemu-system-x86";

/// How to start QEMU.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Emulator {
    /// The program.
    pub(crate) program: PathBuf,
    /// Directories of its libraries that the machine does not have.
    pub(crate) libraries: Vec<PathBuf>,
    /// Directories of its firmware, if it is not where the program looks.
    pub(crate) firmware: Vec<PathBuf>,
}

/// QEMU as installed; or the copy in `target/kernels`, which is fetched first
/// if there is none.
pub(crate) fn find() -> anyhow::Result<Emulator> {
    let path = env::var_os("PATH").unwrap_or_default();
    let installed = env::split_paths(&path)
        .map(|directory| directory.join(PROGRAM))
        .find(|program| program.is_file());
    if let Some(program) = installed {
        return Ok(Emulator {
            program,
            libraries: Vec::new(),
            firmware: Vec::new(),
        });
    }
    let kept = paths::cache().join("qemu");
    if !kept.exists() {
        let packages = packages()?;
        println!(
            "QEMU is not installed: downloading {PACKAGE} and {} packages that it needs with \
             apt-get; not installed",
            packages.len() - 1
        );
        debian::unpack(&packages, &kept)?;
    }
    let copy = unpacked(&kept);
    if !copy.program.is_file() {
        bail!(
            "{} holds no {PROGRAM}: remove that directory, or install {PACKAGE}",
            kept.display()
        );
    }
    Ok(copy)
}

fn unpacked(root: &Path) -> Emulator {
    let share = root.join("usr/share");
    Emulator {
        program: root.join("usr/bin").join(PROGRAM),
        libraries: ["usr/lib", "lib"]
            .map(|lib| root.join(lib).join("x86_64-linux-gnu"))
            .into(),
        firmware: vec![share.join("qemu"), share.join("seabios")],
    }
}

/// The package and those that it needs and the machine does not have.
fn packages() -> anyhow::Result<Vec<String>> {
    let output = Command::new("apt-get")
        .args(["install", "--simulate", "--no-install-recommends", PACKAGE])
        .env("LC_ALL", "C.UTF-8")
        .output()
        .context("apt-get cannot be started: Debian's QEMU is fetched with apt")?;
    let packages = to_install(&String::from_utf8_lossy(&output.stdout));
    if !packages.iter().any(|package| package == PACKAGE) {
        bail!(
            "apt-get cannot install {PACKAGE}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(packages)
}

/// Packages that a simulated installation would install.
fn to_install(simulation: &str) -> Vec<String> {
    simulation
        .lines()
        .filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next())
        .map(ToOwned::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_installed_is_downloaded() {
        let simulation = "The following packages will be REMOVED:\n  qemu-utils\n\
                          Remv qemu-utils [1:10.0.2]\n\
                          Inst libslirp0 (4.7.0-1 Debian:12 [amd64])\n\
                          Inst qemu-system-x86 (1:7.2 Debian:12 [amd64])\n\
                          Conf libslirp0 (4.7.0-1 Debian:12 [amd64])\n";
        assert_eq!(to_install(simulation), ["libslirp0", "qemu-system-x86"]);
    }
}
