//! The kernel, what is mounted, the hooks and the interfaces.

use super::check::{Area, Check};
use crate::{
    coverage::{ConfineMode, Examined, State, examine},
    kernel::{has_seccomp, landlock_abi},
};

const KERNEL: Area = Area("kernel");

/// ABI of Landlock that knows every rule the agent uses: TCP ports (Linux 6.7).
const WHOLE_LANDLOCK: u32 = 4;

/// Looks at all of them.
pub(super) fn checks(confine: ConfineMode) -> Vec<Check> {
    let mut checks: Vec<_> = examine().into_iter().map(as_check).collect();
    // Behind the kernel's others.
    let at = checks.iter().take_while(|one| one.area == KERNEL.0).count();
    let confinement = [landlock(confine), seccomp(confine)];
    checks.splice(at..at, confinement);
    checks
}

fn as_check(one: Examined) -> Check {
    let Examined { what, state, found } = one;
    let (area, remedy) = match what {
        "kernel" | "capabilities" | "type information" => (KERNEL, ""),
        "cgroup v2" | "BPF filesystem" => (Area("mounts"), ""),
        "second layer" => (Area("hooks"), ""),
        "packet sockets" => (
            Area("interfaces"),
            "give CAP_NET_RAW to no workload that can do without it",
        ),
        "AF_XDP" => (
            Area("interfaces"),
            "give CAP_NET_RAW and CAP_BPF to no workload that can do without them",
        ),
        _ => (Area("interfaces"), "name what leads off with --uplink"),
    };
    match state {
        State::Ok => area.pass(what, found),
        State::NotCovered => {
            // Where the remedy is known, what was found may end with it.
            let found = found
                .split_once(": name ")
                .map_or(&*found, |(cause, _)| cause);
            area.warn(what, found, remedy)
        }
        State::Missing => area.refused(what, found),
    }
}

fn landlock(confine: ConfineMode) -> Check {
    const WHAT: &str = "Landlock";
    match (landlock_abi(), confine) {
        (_, ConfineMode::Off) => KERNEL.warn(
            WHAT,
            "the agent is not to be confined",
            "leave confine.mode as it is by default",
        ),
        (0, _) => KERNEL.warn(
            WHAT,
            "the kernel has none, or it is off",
            "boot with `landlock` in lsm=, or a kernel with CONFIG_SECURITY_LANDLOCK",
        ),
        (abi, _) if abi < WHOLE_LANDLOCK => KERNEL.warn(
            WHAT,
            format_args!("ABI {abi}: the agent's TCP ports are not confined"),
            "boot Linux 6.7 or later",
        ),
        (abi, _) => KERNEL.pass(WHAT, format_args!("ABI {abi}")),
    }
}

fn seccomp(confine: ConfineMode) -> Check {
    const WHAT: &str = "seccomp";
    match (has_seccomp(), confine) {
        (true, _) => KERNEL.pass(WHAT, "filters system calls"),
        (false, ConfineMode::On) => KERNEL.fail(
            WHAT,
            "the kernel filters no system calls",
            "boot a kernel with CONFIG_SECCOMP_FILTER, or set confine.mode to best-effort",
        ),
        (false, _) => KERNEL.warn(
            WHAT,
            "the kernel filters no system calls",
            "boot a kernel with CONFIG_SECCOMP_FILTER",
        ),
    }
}
