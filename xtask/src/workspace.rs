//! Where things are in the repository and below its target directory.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// Paths of the repository, all absolute.
///
/// What `cargo` builds for the host is found beside this program, wherever the
/// target directory was put. Everything else that is made (tools, kernel
/// programs, IP database, logs) is below `target/` of the repository.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    host_target: PathBuf,
}

impl Workspace {
    /// Finds the repository that this program was built from.
    pub(crate) fn locate() -> Result<Self> {
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package
            .parent()
            .context("xtask has no directory above it")?;
        let executable = env::current_exe().context("cannot tell where xtask itself is")?;
        let host_target = executable
            .ancestors()
            .nth(2)
            .context("xtask is not in a target directory: start it as `cargo xtask`")?;
        Ok(Self {
            root: root.to_owned(),
            host_target: host_target.to_owned(),
        })
    }

    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            host_target: root.join("target"),
        }
    }

    /// The directory of the workspace's `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What this repository's tasks make, apart from host binaries.
    pub(crate) fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// Directory of the host binaries of a profile.
    pub(crate) fn binaries(&self, release: bool) -> PathBuf {
        self.host_target
            .join(if release { "release" } else { "debug" })
    }

    /// Root of privately installed tools; their binaries are in `bin` below.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target().join("tools")
    }

    /// Full output of every set-up step.
    pub(crate) fn setup_logs(&self) -> PathBuf {
        self.target().join("setup-logs")
    }

    /// Target directory of the kernel programs.
    pub(crate) fn bpf_target(&self) -> PathBuf {
        self.target().join("bpf")
    }

    /// The built kernel programs.
    pub(crate) fn bpf_object(&self) -> PathBuf {
        self.bpf_target()
            .join("bpfel-unknown-none/release/weir-ebpf")
    }

    /// The country database built from the package `tor-geoipdb`.
    pub(crate) fn country_database(&self) -> PathBuf {
        self.target().join("ipdata/country.mmdb")
    }

    /// A path for people: relative to the repository where it is inside.
    pub(crate) fn display(&self, path: &Path) -> String {
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .display()
            .to_string()
    }
}

/// Makes a directory and those above it.
pub(crate) fn make_directory(path: &Path) -> Result<()> {
    fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))
}
