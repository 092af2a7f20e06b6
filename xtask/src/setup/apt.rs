//! Debian packages: one look, one update of the lists, one install of what is
//! missing.

use std::{collections::BTreeSet, ffi::OsStr, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use super::Goal;
use crate::{
    command,
    progress::{self, Step},
    workspace::Workspace,
};

/// Packages with one purpose.
struct Group {
    goal: Goal,
    why: &'static str,
    packages: &'static [&'static str],
}

/// What the goals need, apart from the BPF toolchain, which depends on the
/// machine.
const GROUPS: &[Group] = &[
    Group {
        goal: Goal::Run,
        why: "country of addresses",
        packages: &["tor-geoipdb"],
    },
    Group {
        goal: Goal::Demo,
        why: "sample hosts and real containers",
        packages: &[
            "podman",
            "runc",
            "busybox-static",
            "iproute2",
            "iputils-ping",
            "iptables",
        ],
    },
    Group {
        goal: Goal::Test,
        why: "other kernels in an emulator, and tampering with programs",
        packages: &["util-linux", "libc-bin", "bpftool"],
    },
    Group {
        goal: Goal::Test,
        why: "a time of day of their own for programs under test",
        packages: &["libfaketime"],
    },
    Group {
        goal: Goal::Test,
        why: "a terminal for `weir top`, in the tests",
        packages: &["tmux"],
    },
    Group {
        goal: Goal::Test,
        why: "real clients and servers of names; none of them is a service",
        packages: &["dnsmasq-base", "bind9-dnsutils", "curl", "openssl"],
    },
];

/// The package manager, as one run of the set-up uses it.
pub(crate) struct Apt<'a> {
    workspace: &'a Workspace,
    lists_are_fresh: bool,
}

impl<'a> Apt<'a> {
    pub(crate) fn new(workspace: &'a Workspace) -> Self {
        Self {
            workspace,
            lists_are_fresh: false,
        }
    }

    /// Installs what the goal needs and is missing.
    pub(crate) fn need(&mut self, goal: Goal) -> Result<()> {
        let groups: Vec<_> = GROUPS.iter().filter(|group| group.goal <= goal).collect();
        let packages: Vec<_> = groups
            .iter()
            .flat_map(|group| group.packages)
            .copied()
            .collect();
        let reasons: Vec<_> = groups.iter().map(|group| group.why).collect();
        if packages.is_empty() {
            return Ok(());
        }
        self.install_missing("packages", &reasons.join(", "), &packages)
    }

    /// Installs those of the packages that are missing. Where that cannot be
    /// told, says what has to be there.
    pub(crate) fn install_missing(
        &mut self,
        name: &str,
        why: &str,
        packages: &[&str],
    ) -> Result<()> {
        if command::find_on_path("dpkg-query").is_none() {
            progress::note(
                name,
                &format!("not a Debian machine; have {}", packages.join(" ")),
            );
            return Ok(());
        }
        let missing = missing(packages, &installed(packages)?);
        if missing.is_empty() {
            progress::found(name, &format!("{} installed", packages.join(" ")));
            return Ok(());
        }
        self.install(name, why, &missing)
    }

    /// Installs packages, or brings installed ones to the newest version.
    pub(crate) fn install(&mut self, name: &str, why: &str, packages: &[&str]) -> Result<()> {
        if command::find_on_path("apt-get").is_none() {
            bail!(
                "this is not a Debian machine (no apt-get): install the equivalent of {} by hand",
                packages.join(" ")
            );
        }
        self.refresh()?;
        let step = Step {
            name,
            what: &format!("apt-get install {}", packages.join(" ")),
            why,
            remedy: "look for the first line with E: in the output; Debian 12 with its security \
                     updates has every package. A package that conflicts with an installed one \
                     is not forced: remove that one yourself",
        };
        // Never at the price of something that the user has installed.
        let mut arguments = vec!["install", "--yes", "--no-install-recommends", "--no-remove"];
        arguments.extend(packages);
        progress::perform(self.workspace, step, &mut apt_get(&arguments)?)
    }

    /// Brings the lists of packages up to date, once.
    pub(crate) fn refresh(&mut self) -> Result<()> {
        if self.lists_are_fresh {
            return Ok(());
        }
        let step = Step {
            name: "package lists",
            what: "apt-get update",
            why: "the lists may be older than the packages",
            remedy: "check the network and /etc/apt/sources.list, then start again",
        };
        progress::perform(self.workspace, step, &mut apt_get(&["update"])?)?;
        self.lists_are_fresh = true;
        Ok(())
    }

    /// Whether all packages are installed or can be.
    pub(crate) fn offers(packages: &[&str]) -> bool {
        let mut policy = Command::new("apt-cache");
        policy.arg("policy").args(packages).env("LC_ALL", "C");
        command::output(&mut policy).is_ok_and(|text| candidates(&text) == packages.len())
    }
}

fn apt_get(arguments: &[&str]) -> Result<Command> {
    let quiet = [
        ("DEBIAN_FRONTEND", "noninteractive".into()),
        ("LC_ALL", "C.UTF-8".into()),
    ];
    let mut command = command::as_root(OsStr::new("apt-get"), &quiet)?;
    command
        .arg("--quiet")
        .args(arguments)
        .current_dir(Path::new("/"));
    Ok(command)
}

/// Installed packages among the given ones.
fn installed(packages: &[&str]) -> Result<BTreeSet<String>> {
    // It fails when it does not know a package; what it prints is right all the same.
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\\n"])
        .args(packages)
        .output()
        .context("cannot start dpkg-query")?;
    Ok(parse_installed(&String::from_utf8_lossy(&output.stdout)))
}

fn parse_installed(listing: &str) -> BTreeSet<String> {
    listing
        .lines()
        .filter_map(|line| line.strip_suffix(" installed"))
        .map(ToOwned::to_owned)
        .collect()
}

fn missing<'p>(wanted: &[&'p str], installed: &BTreeSet<String>) -> Vec<&'p str> {
    wanted
        .iter()
        .copied()
        .filter(|package| !installed.contains(*package))
        .collect()
}

/// Number of packages in the output of `apt-cache policy` that have a candidate.
fn candidates(policy: &str) -> usize {
    policy
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Candidate: "))
        .filter(|version| *version != "(none)")
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_installed_packages_count() {
        let listing = "runc installed\npodman config-files\niproute2 not-installed\n";
        let installed = parse_installed(listing);
        assert_eq!(
            missing(&["podman", "runc", "iproute2"], &installed),
            ["podman", "iproute2"]
        );
        assert_eq!(missing(&["runc"], &installed), Vec::<&str>::new());
    }

    #[test]
    fn a_package_without_candidate_is_not_offered() {
        let policy = "llvm-22-dev:\n  Installed: (none)\n  Candidate: 1:22.1.8\n  Version table:\n\
                      libpolly-99-dev:\n  Installed: (none)\n  Candidate: (none)\n";
        assert_eq!(candidates(policy), 1);
    }

    #[test]
    fn running_needs_no_containers() {
        let packages = |goal| -> Vec<_> {
            GROUPS
                .iter()
                .filter(|group| group.goal <= goal)
                .flat_map(|g| g.packages)
                .collect()
        };
        assert_eq!(packages(Goal::Build), Vec::<&&str>::new());
        assert_eq!(packages(Goal::Run), [&"tor-geoipdb"]);
        assert!(packages(Goal::Test).contains(&&"podman"));
    }
}
