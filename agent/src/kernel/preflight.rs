//! Whether this host can be covered, asked before anything is attached.

use std::path::PathBuf;

use nix::sys::utsname::uname;

/// Oldest kernel on which the programs load.
const MINIMUM_KERNEL: (u32, u32) = (6, 1);

/// Bits of the capabilities needed, `include/uapi/linux/capability.h`.
const NEEDED: [(u32, &str); 4] = [
    (12, "CAP_NET_ADMIN"),
    (21, "CAP_SYS_ADMIN"),
    (38, "CAP_PERFMON"),
    (39, "CAP_BPF"),
];

/// Why this host cannot be covered: cause, then remedy.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// The kernel lacks what the programs need.
    #[error("kernel {0} is too old: boot Linux {min}.{minor} or later", min = MINIMUM_KERNEL.0, minor = MINIMUM_KERNEL.1)]
    KernelTooOld(String),
    /// No cgroup v2 hierarchy is mounted.
    #[error(
        "no cgroup v2 hierarchy is mounted: mount one with \
         `mount -t cgroup2 none /sys/fs/cgroup/unified`, or name it with --cgroup-root"
    )]
    NoCgroup2,
    /// The path given is not a cgroup v2 root.
    #[error("{0} is not the root of a cgroup v2 hierarchy: give the mount point of type cgroup2")]
    NotCgroup2(PathBuf),
    /// A capability is missing.
    #[error("{}", missing(.0))]
    Capabilities(Vec<&'static str>),
    /// A file of the kernel cannot be read.
    #[error("{0} cannot be read ({1}): mount procfs and sysfs")]
    Unreadable(&'static str, std::io::Error),
}

fn missing(names: &[&str]) -> String {
    let (verb, object) = if names.len() == 1 {
        ("is", "it")
    } else {
        ("are", "them")
    };
    format!(
        "{} {verb} missing: run as root, or grant {object}",
        names.join(", ")
    )
}

/// Release of the running kernel, as `uname -r`.
pub fn kernel_release() -> String {
    uname().map_or_else(
        |_| "unknown".to_owned(),
        |u| u.release().to_string_lossy().into_owned(),
    )
}

/// Checks kernel and capabilities.
///
/// # Errors
/// The first thing that makes covering this host impossible.
pub fn preflight() -> Result<(), Unfit> {
    new_enough().and_then(|_| capable())
}

/// Release of the running kernel, if the programs load on it.
///
/// # Errors
/// They do not.
pub fn new_enough() -> Result<String, Unfit> {
    let release = kernel_release();
    if version(&release).is_none_or(|found| found < MINIMUM_KERNEL) {
        return Err(Unfit::KernelTooOld(release));
    }
    Ok(release)
}

/// Checks that this process has the capabilities to load and attach.
///
/// # Errors
/// Those that it lacks.
pub fn capable() -> Result<(), Unfit> {
    let status = std::fs::read_to_string("/proc/self/status")
        .map_err(|error| Unfit::Unreadable("/proc/self/status", error))?;
    let missing = missing_capabilities(&status);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Unfit::Capabilities(missing))
    }
}

/// Whether the running kernel is this version or later.
pub fn kernel_at_least(wanted: (u32, u32)) -> bool {
    version(&kernel_release()).is_some_and(|found| found >= wanted)
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn missing_capabilities(status: &str) -> Vec<&'static str> {
    let effective = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    // CAP_SYS_ADMIN holds all that was split off it later.
    let admin = effective & (1 << 21) != 0;
    NEEDED
        .iter()
        .filter(|(bit, _)| effective & (1 << bit) == 0 && !(admin && *bit > 21))
        .map(|(_, name)| *name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        assert_eq!(version("6.18.44-fc-v595"), Some((6, 18)));
        assert_eq!(version("6.1.0-13-cloud-amd64"), Some((6, 1)));
        assert_eq!(version("5.10"), Some((5, 10)));
        assert_eq!(version("unknown"), None);
    }

    #[test]
    fn names_missing_capabilities() {
        assert_eq!(
            missing_capabilities("CapEff:\t000001ffffffffff"),
            Vec::<&str>::new()
        );
        assert_eq!(
            missing_capabilities("CapEff:\t0000000000201000"),
            Vec::<&str>::new()
        );
        assert_eq!(
            missing_capabilities("CapEff:\t0000000000000000"),
            ["CAP_NET_ADMIN", "CAP_SYS_ADMIN", "CAP_PERFMON", "CAP_BPF"]
        );
    }

    #[test]
    fn says_cause_and_remedy() {
        assert_eq!(
            Unfit::Capabilities(vec!["CAP_BPF"]).to_string(),
            "CAP_BPF is missing: run as root, or grant it"
        );
        assert_eq!(
            Unfit::KernelTooOld("5.10.0".to_owned()).to_string(),
            "kernel 5.10.0 is too old: boot Linux 6.1 or later"
        );
    }
}
