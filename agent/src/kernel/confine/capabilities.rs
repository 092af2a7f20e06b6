//! Capabilities (capabilities(7)): which stay.

use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path};

pub use rustix::thread::CapabilitySet;
use rustix::{
    io::Errno,
    thread::{
        CapabilitySets, capabilities, clear_ambient_capability_set,
        remove_capability_from_bounding_set, set_capabilities,
    },
};

/// A capability that may stay.
#[derive(Clone, Copy)]
struct Capability {
    name: &'static str,
    set: CapabilitySet,
}

/// Those that some process of Weir's keeps, by name.
const NAMED: [Capability; 10] = [
    named("CAP_DAC_OVERRIDE", CapabilitySet::DAC_OVERRIDE),
    named("CAP_DAC_READ_SEARCH", CapabilitySet::DAC_READ_SEARCH),
    named("CAP_NET_BIND_SERVICE", CapabilitySet::NET_BIND_SERVICE),
    named("CAP_NET_ADMIN", CapabilitySet::NET_ADMIN),
    named("CAP_NET_RAW", CapabilitySet::NET_RAW),
    named("CAP_SYS_PTRACE", CapabilitySet::SYS_PTRACE),
    named("CAP_SYS_ADMIN", CapabilitySet::SYS_ADMIN),
    named("CAP_PERFMON", CapabilitySet::PERFMON),
    named("CAP_BPF", CapabilitySet::BPF),
    named("CAP_CHECKPOINT_RESTORE", CapabilitySet::CHECKPOINT_RESTORE),
];

const fn named(name: &'static str, set: CapabilitySet) -> Capability {
    Capability { name, set }
}

/// The names of capabilities, in the order of their numbers.
pub(super) fn names(set: CapabilitySet) -> Vec<String> {
    let named = NAMED.iter().filter(|one| set.contains(one.set));
    let rest = NAMED.iter().fold(set, |rest, one| rest - one.set);
    let number = |bits: u64| (0..64).filter(move |number| bits & (1 << number) != 0);
    named
        .map(|one| one.name.to_owned())
        .chain(number(rest.bits()).map(|number| format!("capability {number}")))
        .collect()
}

/// Keeps of the capabilities that the calling thread has those in `kept`, and gives up all
/// others, those also that executing a program would give it. Gives those that are left.
///
/// A kernel gives each of `CAP_BPF` and `CAP_PERFMON` with `CAP_SYS_ADMIN`; whoever has only
/// the latter keeps it in their place.
pub(super) fn keep(
    mut kept: CapabilitySet,
    not_enforced: &mut Vec<String>,
) -> io::Result<CapabilitySet> {
    let before = capabilities(None)?;
    if kept.contains(CapabilitySet::BPF) && !before.permitted.contains(CapabilitySet::BPF) {
        kept |= CapabilitySet::SYS_ADMIN;
    }
    for number in 0..u64::BITS {
        let one = CapabilitySet::from_bits_retain(1 << number);
        if kept.contains(one) {
            continue;
        }
        match remove_capability_from_bounding_set(one) {
            Ok(()) => {}
            // No capability has that number or a higher one.
            Err(Errno::INVAL) => break,
            Err(Errno::PERM) => {
                not_enforced.push(
                    "capability bounding set: CAP_SETPCAP is missing; no_new_privs holds in its place"
                        .to_owned(),
                );
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    clear_ambient_capability_set()?;
    let kept = kept & before.permitted;
    set_capabilities(
        None,
        CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    Ok(kept)
}

/// Whether this process could write in a directory without `CAP_DAC_OVERRIDE`: it owns it, and
/// its owner may. `true` where it cannot be looked at.
pub fn allows_writing(directory: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    fs::metadata(directory).map_or(true, |found| {
        !found.is_dir() || (found.uid() == own && found.mode() & 0o300 == 0o300)
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::{PermissionsExt as _, chown};

    use super::*;

    #[test]
    fn capabilities_are_named_in_order() {
        let set = CapabilitySet::BPF | CapabilitySet::NET_ADMIN | CapabilitySet::CHOWN;
        assert_eq!(names(set), ["CAP_NET_ADMIN", "CAP_BPF", "capability 0"]);
    }

    #[test]
    fn a_directory_of_another_needs_more() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        assert!(allows_writing(path));
        fs::set_permissions(path, fs::Permissions::from_mode(0o500)).unwrap();
        assert!(!allows_writing(path));
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
        chown(path, Some(12_345), None).unwrap();
        assert!(!allows_writing(path));
        assert!(allows_writing(Path::new("/nonexistent")));
    }
}
