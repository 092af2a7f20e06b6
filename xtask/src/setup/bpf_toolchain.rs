//! A Rust compiler with the standard library's sources, which the stable
//! toolchain lacks and a target without prebuilt `core` needs.
//!
//! `docs/decisions/0001-bpf-toolchain.md` gives the reasons.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use super::{apt::Apt, linker, version::Version};
use crate::{command, progress, workspace::Workspace};

/// Debian's newest compiler, its cargo and the sources of `core`.
const DEBIAN_PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src"];
/// The linter that goes with it.
const DEBIAN_CLIPPY: &str = "rust-web-clippy";
/// The workspace's `rust-version`.
const OLDEST_RELEASE: Version = Version(1, 95, 0);

/// Where a toolchain comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Debian's packages, in `/usr/bin`.
    Debian,
    /// A nightly of rustup that has the component `rust-src`.
    Rustup,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Debian => "Debian's",
            Self::Rustup => "rustup's nightly",
        })
    }
}

/// A compiler for the kernel programs.
#[derive(Clone, Debug)]
pub(crate) struct Toolchain {
    origin: Origin,
    binaries: PathBuf,
    release: Version,
    /// Major version of its LLVM, which the BPF linker's must equal.
    pub(crate) llvm: u32,
}

impl Toolchain {
    /// A program of the toolchain.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }

    /// Directory of its programs.
    pub(crate) fn binaries(&self) -> &Path {
        &self.binaries
    }

    fn inspect(origin: Origin, binaries: PathBuf) -> Result<Self> {
        let rustc = binaries.join("rustc");
        let text = command::output(
            command::apart_from_host(&rustc, Path::new("/"))
                .arg("--version")
                .arg("--verbose"),
        )?;
        let (release, llvm) = parse_versions(&text).with_context(|| {
            format!(
                "{} does not tell its release and LLVM version",
                rustc.display()
            )
        })?;
        Ok(Self {
            origin,
            binaries,
            release,
            llvm,
        })
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            origin,
            binaries,
            release,
            llvm,
        } = self;
        write!(
            formatter,
            "{origin} rustc {release} with LLVM {llvm} in {}",
            binaries.display()
        )
    }
}

/// Finds a usable nightly, else Debian's compiler, which is installed if need be.
pub(crate) fn provide(workspace: &Workspace, apt: &mut Apt<'_>) -> Result<Toolchain> {
    let linkable = |llvm| linker::possible(workspace, llvm);
    if let Some(toolchain) = choose(nightlies(), linkable) {
        progress::found("BPF compiler", &toolchain.to_string());
        return Ok(toolchain);
    }
    let why = "the stable toolchain lacks the sources of core, without which nothing \
               compiles for BPF";
    apt.install_missing("BPF compiler packages", why, DEBIAN_PACKAGES)?;
    let mut toolchain = debian()?;
    if toolchain.release < OLDEST_RELEASE {
        apt.install("BPF compiler packages", why, DEBIAN_PACKAGES)?;
        toolchain = debian()?;
    }
    if toolchain.release < OLDEST_RELEASE {
        bail!(
            "Debian's rustc-web is {}, {OLDEST_RELEASE} is needed: add the security updates of \
             your release to /etc/apt/sources.list, or install a nightly with rust-src",
            toolchain.release
        );
    }
    progress::found("BPF compiler", &toolchain.to_string());
    Ok(toolchain)
}

/// The linter of the toolchain; a nightly brings its own.
pub(crate) fn provide_clippy(toolchain: &Toolchain, apt: &mut Apt<'_>) -> Result<()> {
    let why = "the kernel programs are linted too";
    match toolchain.origin {
        Origin::Debian => apt.install_missing("BPF linter", why, &[DEBIAN_CLIPPY]),
        Origin::Rustup if toolchain.program("cargo-clippy").is_file() => {
            progress::found("BPF linter", "clippy of the nightly");
            Ok(())
        }
        Origin::Rustup => bail!("the nightly has no clippy: rustup component add clippy"),
    }
}

fn debian() -> Result<Toolchain> {
    Toolchain::inspect(Origin::Debian, PathBuf::from("/usr/bin"))
}

/// The newest toolchain whose output some linker can read.
fn choose(mut toolchains: Vec<Toolchain>, linkable: impl Fn(u32) -> bool) -> Option<Toolchain> {
    toolchains.sort_by_key(|toolchain| toolchain.release);
    toolchains
        .into_iter()
        .rev()
        .find(|toolchain| toolchain.release >= OLDEST_RELEASE && linkable(toolchain.llvm))
}

/// Nightlies of rustup that have the sources of `core`.
fn nightlies() -> Vec<Toolchain> {
    let home = env::var_os("RUSTUP_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".rustup")));
    let Some(entries) = home.and_then(|home| fs::read_dir(home.join("toolchains")).ok()) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("nightly"))
        .map(|entry| entry.path())
        .filter(|path| {
            path.join("lib/rustlib/src/rust/library/core/Cargo.toml")
                .is_file()
        })
        .filter_map(|path| Toolchain::inspect(Origin::Rustup, path.join("bin")).ok())
        .collect()
}

/// Reads `rustc -vV`: the release, and the major version of LLVM.
fn parse_versions(text: &str) -> Option<(Version, u32)> {
    let value = |name| text.lines().find_map(|line| line.strip_prefix(name));
    let release = Version::parse(value("release: ")?)?;
    let Version(llvm, ..) = Version::parse(value("LLVM version: ")?)?;
    Some((release, llvm))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN: &str = "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\n\
        binary: rustc\ncommit-hash: ac68faa20\nhost: x86_64-unknown-linux-gnu\n\
        release: 1.96.0\nLLVM version: 22.1.8\n";

    fn toolchain(release: Version, llvm: u32) -> Toolchain {
        Toolchain {
            origin: Origin::Rustup,
            binaries: PathBuf::new(),
            release,
            llvm,
        }
    }

    #[test]
    fn release_and_llvm_are_read() {
        assert_eq!(parse_versions(DEBIAN), Some((Version(1, 96, 0), 22)));
        let nightly = "release: 1.98.0-nightly\nLLVM version: 23.0\n";
        assert_eq!(parse_versions(nightly), Some((Version(1, 98, 0), 23)));
    }

    #[test]
    fn a_compiler_without_llvm_is_no_use() {
        assert_eq!(parse_versions("release: 1.96.0\n"), None);
        assert_eq!(
            parse_versions("release: 1.96.0\nLLVM version: unknown\n"),
            None
        );
    }

    #[test]
    fn the_newest_linkable_nightly_is_chosen() {
        let all = vec![
            toolchain(Version(1, 97, 0), 22),
            toolchain(Version(1, 98, 0), 23),
        ];
        let chosen = |linkable: &dyn Fn(u32) -> bool| {
            choose(all.clone(), linkable).map(|toolchain| toolchain.llvm)
        };
        assert_eq!(chosen(&|_| true), Some(23));
        assert_eq!(chosen(&|llvm| llvm == 22), Some(22));
        assert_eq!(chosen(&|_| false), None);
    }

    #[test]
    fn a_nightly_older_than_the_workspace_asks_is_not_chosen() {
        assert!(choose(vec![toolchain(Version(1, 90, 0), 21)], |_| true).is_none());
    }

    #[test]
    fn the_oldest_release_is_that_of_the_workspace() {
        let manifest = include_str!("../../../Cargo.toml");
        let Version(major, minor, _) = OLDEST_RELEASE;
        assert!(manifest.contains(&format!("rust-version = \"{major}.{minor}\"")));
    }

    #[test]
    fn a_missing_program_is_an_error() {
        let missing = Toolchain::inspect(Origin::Debian, PathBuf::from("/nonexistent"));
        assert!(missing.is_err_and(|error| error.to_string().contains("/nonexistent/rustc")));
    }
}
