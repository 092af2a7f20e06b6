//! Set-up: finds what is there, installs what is missing, says both.
//!
//! Every step can be repeated: it looks first and acts only when it must.
//! Nothing is installed outside `target/` except Debian packages.

mod apt;
mod bpf_toolchain;
mod cargo_tool;
mod chromium;
mod deny;
mod fuzzer;
mod ipdata;
mod linker;
mod prometheus;
mod python;
mod rsyslog;
mod unbound;
mod unpacked;
mod version;

use std::path::PathBuf;

use anyhow::Result;

pub(crate) use bpf_toolchain::Toolchain;
pub(crate) use linker::Linker;

use crate::{progress, workspace::Workspace};

/// What the set-up is for. Later ones include those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Goal {
    /// Compile the kernel programs and the agent.
    Build,
    /// Start the agent: a country database.
    Run,
    /// Make sample hosts and containers.
    Demo,
    /// Everything, with the tools of `cargo xtask check`.
    Test,
}

/// What was found or installed.
#[derive(Debug)]
pub(crate) struct Tools {
    /// Compiles the kernel programs.
    pub(crate) toolchain: Toolchain,
    /// Links them.
    pub(crate) linker: Linker,
    /// `cargo-deny`, when the goal asks for it.
    pub(crate) deny: Option<PathBuf>,
    /// `promtool`, when the goal asks for it and the machine has packages.
    pub(crate) promtool: Option<PathBuf>,
    /// `cargo-deb`, when the goal asks for it.
    pub(crate) packager: Option<PathBuf>,
}

/// Installs what the benchmark measures beside Weir.
pub(crate) fn observers(workspace: &Workspace) -> Result<()> {
    apt::Apt::new(workspace).install_missing(
        "observers",
        "to be measured beside Weir",
        &["auditd", "bpftrace", "conntrack"],
    )
}

/// Installs what two months of the demonstration take: a clock of their own, and what checks
/// evidence without Weir.
pub(crate) fn two_months(workspace: &Workspace) -> Result<()> {
    let mut apt = apt::Apt::new(workspace);
    apt.install_missing("clock", "a time of day of their own", &["libfaketime"])?;
    python::provide(workspace, &mut apt)
}

/// Installs what pages are looked at with.
pub(crate) fn browser(workspace: &Workspace) -> Result<()> {
    chromium::provide(&mut apt::Apt::new(workspace))
}

/// Finds or installs what builds programs for libFuzzer.
pub(crate) fn fuzzer(workspace: &Workspace) -> Result<PathBuf> {
    fuzzer::provide(workspace)
}

/// Finds or installs what makes packages: `cargo-deb`.
pub(crate) fn packager(workspace: &Workspace) -> Result<PathBuf> {
    apt::Apt::new(workspace).install_missing(
        "packaging",
        "makes and judges packages, and boots machines of their own to install them on",
        PACKAGING,
    )?;
    cargo_tool::DEB.provide(workspace)
}

/// Finds or installs what lists the parts of a release: `cargo-cyclonedx`, and the Python
/// that judges its list.
pub(crate) fn bill_of_materials(workspace: &Workspace) -> Result<PathBuf> {
    python::provide(workspace, &mut apt::Apt::new(workspace))?;
    cargo_tool::CYCLONEDX.provide(workspace)
}

/// Debian packages that make and judge packages.
const PACKAGING: &[&str] = &[
    "dpkg-dev",
    "lintian",
    "man-db",
    "mandoc",
    "shellcheck",
    "systemd",
    "util-linux",
];

/// Makes everything available that the goal needs.
pub(crate) fn prepare(workspace: &Workspace, goal: Goal) -> Result<Tools> {
    progress::heading("set-up");
    let mut apt = apt::Apt::new(workspace);
    apt.need(goal)?;
    let toolchain = bpf_toolchain::provide(workspace, &mut apt)?;
    let linker = linker::provide(workspace, &mut apt, toolchain.llvm)?;
    if goal >= Goal::Run {
        ipdata::provide(workspace)?;
    }
    let mut promtool = None;
    if goal >= Goal::Test {
        bpf_toolchain::provide_clippy(&toolchain, &mut apt)?;
        unbound::UNBOUND.provide(workspace, &mut apt)?;
        python::provide(workspace, &mut apt)?;
        rsyslog::RSYSLOG.provide(workspace, &mut apt)?;
        chromium::provide(&mut apt)?;
        promtool = prometheus::provide(workspace, &mut apt)?;
    }
    let packager = match goal {
        Goal::Test => Some(packager(workspace)?),
        _ => None,
    };
    let deny = if goal >= Goal::Test {
        Some(deny::provide(workspace)?)
    } else {
        None
    };
    Ok(Tools {
        toolchain,
        linker,
        deny,
        promtool,
        packager,
    })
}
