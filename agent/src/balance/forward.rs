//! Whose an interface is that packets come from: of a TAP or TUN, the process
//! that holds it open, such as QEMU for its guest; of a veth, whoever lives in the
//! network namespace of its other end.

use std::{collections::BTreeSet, fs, os::unix::fs::MetadataExt as _, path::Path};

use crate::kernel::namespace_number;

/// Path of the cgroup of the process that holds an interface open, below the
/// cgroup v2 root; `None` when none does, as with a veth.
///
/// The kernel names the interface in the descriptor's information (`iff:`,
/// `drivers/net/tun.c`).
pub fn holder_of(interface: &str) -> Option<String> {
    processes(Path::new("/proc")).find_map(|pid| {
        let process = Path::new("/proc").join(pid);
        let holds = fs::read_dir(process.join("fdinfo"))
            .ok()?
            .filter_map(Result::ok)
            .filter_map(|entry| fs::read_to_string(entry.path()).ok())
            .any(|info| names(&info, interface));
        if !holds {
            return None;
        }
        cgroup(&fs::read_to_string(process.join("cgroup")).ok()?)
    })
}

/// Path of the cgroup of the first process in a network namespace, below the
/// cgroup v2 root: the lowest id is that of a container's first process or of
/// what made the namespace. The namespace by its number here.
pub fn within(namespace: i32) -> Option<String> {
    let mut ids: Vec<u32> = processes(Path::new("/proc"))
        .filter_map(|name| name.parse().ok())
        .collect();
    ids.sort_unstable();
    let mut known = BTreeSet::new();
    ids.into_iter().find_map(|id| {
        let process = Path::new("/proc").join(id.to_string());
        let file = fs::File::open(process.join("ns/net")).ok()?;
        // Asked once for each namespace.
        if !known.insert(file.metadata().ok()?.ino()) {
            return None;
        }
        if namespace_number(&file).ok()? != Some(namespace) {
            return None;
        }
        cgroup(&fs::read_to_string(process.join("cgroup")).ok()?)
    })
}

fn processes(proc: &Path) -> impl Iterator<Item = String> {
    fs::read_dir(proc)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
}

fn names(info: &str, interface: &str) -> bool {
    info.lines()
        .filter_map(|line| line.strip_prefix("iff:"))
        .any(|name| name.trim() == interface)
}

/// The line of the cgroup v2 hierarchy (cgroups(7)).
fn cgroup(text: &str) -> Option<String> {
    let path = text.lines().find_map(|line| line.strip_prefix("0::"))?;
    Some(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_names_its_interface() {
        let info = "pos:\t0\nflags:\t0104002\nmnt_id:\t21\nino:\t86\niff:\tvnet3\n";
        assert!(names(info, "vnet3"));
        assert!(!names(info, "vnet"));
    }

    #[test]
    fn the_second_hierarchy_is_read() {
        let text = "12:cpu:/a\n1:name=systemd:/b\n0::/machine.slice/machine-qemu.scope\n";
        assert_eq!(
            cgroup(text),
            Some("/machine.slice/machine-qemu.scope".to_owned())
        );
        assert_eq!(cgroup("1:cpu:/a\n"), None);
    }
}
