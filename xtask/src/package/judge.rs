//! What others say of what is installed: lintian of the package, man and mandoc of its
//! pages, shellcheck of its scripts, systemd of the unit.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use super::fresh;
use crate::{command, progress, workspace::Workspace};

/// Most exposure that `systemd-analyze security` may find, in tenths (0 to 100).
const EXPOSURE: u32 = 33;
/// What it finds all the same: each has its reason in the unit.
const WEAKER: [&str; 22] = [
    "CapabilityBoundingSet_CAP_BPF",
    "CapabilityBoundingSet_CAP_DAC_FOWNER_IPC_OWNER",
    "CapabilityBoundingSet_CAP_NET_ADMIN",
    "CapabilityBoundingSet_CAP_NET_BIND_SERVICE_BROADCAST_RAW)",
    "CapabilityBoundingSet_CAP_SYS_ADMIN",
    "CapabilityBoundingSet_CAP_SYS_PTRACE",
    "DeviceAllow",
    "IPAddressDeny",
    "PrivateNetwork",
    "PrivateUsers",
    "ProcSubset",
    "ProtectControlGroups",
    "ProtectHome",
    "ProtectKernelTunables",
    "RestrictAddressFamilies_AF_INET_INET6",
    "RestrictAddressFamilies_AF_NETLINK",
    "RestrictAddressFamilies_AF_PACKET",
    "RestrictAddressFamilies_AF_UNIX",
    "RestrictNamespaces_net",
    "RootDirectoryOrRootImage",
    "SystemCallFilter_privileged",
    "UserOrDynamicUser",
];

/// Lintian finds no error, and every man page is what man and mandoc take.
pub(super) fn package(workspace: &Workspace, package: &std::path::Path) -> Result<()> {
    progress::heading("judge the package");
    let mut lintian = Command::new("lintian");
    lintian
        .args(["--fail-on", "error,warning", "--tag-display-limit", "0"])
        .arg("--allow-root")
        .arg(package);
    command::run(&mut lintian, "lintian")?;
    pages(workspace, package)
}

fn pages(workspace: &Workspace, package: &std::path::Path) -> Result<()> {
    let directory = super::directory(workspace).join("unpacked");
    fresh(&directory)?;
    let mut extract = Command::new("dpkg-deb");
    extract.arg("--extract").arg(package).arg(&directory);
    command::run(&mut extract, "dpkg-deb")?;
    let entries = fs::read_dir(directory.join("usr/share/man/man1")).context("man pages")?;
    let mut pages: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    pages.sort();
    for page in &pages {
        // Of several that are compressed, it reads the first only.
        let mut mandoc = Command::new("mandoc");
        mandoc.args(["-T", "lint", "-W", "warning"]).arg(page);
        command::run(&mut mandoc, "mandoc")?;
        let mut man = Command::new("man");
        man.args(["--warnings", "--local-file", "--encoding=UTF-8"])
            .arg(page)
            .env("LC_ALL", "C.UTF-8")
            .env("MANWIDTH", "80");
        let output = man.output().context("cannot start man")?;
        if !output.status.success() || !output.stderr.is_empty() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("man --warnings {}: {}", page.display(), said.trim());
        }
    }
    eprintln!("    {} man pages", pages.len());
    fs::remove_dir_all(&directory).context("remove what was unpacked")
}

/// Shell scripts that run as root on other people's machines.
pub(crate) fn scripts(workspace: &Workspace) -> Result<()> {
    progress::heading("check shell scripts");
    let of = |name: &str| workspace.root().join(name);
    let mut shellcheck = Command::new("shellcheck");
    shellcheck.args(["--shell=sh", "--severity=style"]);
    for script in ["config", "postinst", "postrm", "prerm"] {
        shellcheck.arg(of("packaging/debian").join(script));
    }
    shellcheck.arg(of("tests/machine/boot.sh"));
    command::run(&mut shellcheck, "shellcheck")
}

/// The unit is as confined as it says, and no more is open than has its reason there.
pub(crate) fn unit(workspace: &Workspace) -> Result<()> {
    progress::heading("check the unit");
    let unit = workspace.root().join("packaging/systemd/weir.service");
    let text = fs::read_to_string(&unit).context("the unit")?;
    if let Some(line) = text.lines().position(|line| line.len() > 120) {
        bail!("{}:{}: over 120 columns", unit.display(), line + 1);
    }
    let mut analyze = Command::new("systemd-analyze");
    analyze
        .args(["security", "--offline=true", "--no-pager"])
        .arg(format!("--threshold={EXPOSURE}"))
        .arg(&unit);
    let mut quiet = Command::new("systemd-analyze");
    quiet
        .args(["security", "--offline=true", "--json=short"])
        .arg(&unit);
    command::output(&mut analyze).context("the unit is more exposed than it may be")?;
    let found: serde_json::Value =
        serde_json::from_str(&command::output(&mut quiet)?).context("systemd-analyze")?;
    let mut weaker: Vec<_> = found
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| !one["exposure"].is_null())
        .filter_map(|one| one["json_field"].as_str())
        .collect();
    weaker.sort_unstable();
    if weaker != WEAKER {
        bail!("the unit is weaker in {weaker:?}, and {WEAKER:?} have their reasons");
    }
    Ok(())
}
