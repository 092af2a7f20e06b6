//! What of this host can be covered, and what cannot.

use serde::Serialize;

use crate::{
    balance::leading_off,
    kernel::{
        Pins, find_cgroup_root, kernel_at_least, kernel_release, preflight, type_information,
    },
};

/// First Linux with tcx.
const TCX: (u32, u32) = (6, 6);

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// Recording works; this is not covered.
    NotCovered,
    /// Recording cannot begin.
    Missing,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Examined {
    /// What.
    pub what: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found, and the remedy where there is one.
    pub found: String,
}

fn examined(what: &'static str, state: State, found: impl Into<String>) -> Examined {
    Examined {
        what,
        state,
        found: found.into(),
    }
}

/// Looks at everything; changes nothing.
pub fn examine() -> Vec<Examined> {
    vec![
        match preflight() {
            Ok(()) => examined("kernel and rights", State::Ok, kernel_release()),
            Err(error) => examined("kernel and rights", State::Missing, error.to_string()),
        },
        match type_information() {
            Ok(()) => examined("type information", State::Ok, "/sys/kernel/btf/vmlinux"),
            Err(error) => examined("type information", State::Missing, error.to_string()),
        },
        match find_cgroup_root() {
            Ok(root) => examined("cgroup v2", State::Ok, root.display().to_string()),
            Err(error) => examined("cgroup v2", State::Missing, error.to_string()),
        },
        pins(),
        tcx(),
        uplinks(),
        examined(
            "packet sockets",
            State::NotCovered,
            "PACKET_QDISC_BYPASS: frames pass both layers",
        ),
        examined(
            "AF_XDP",
            State::NotCovered,
            "frames go to the driver, past both layers",
        ),
    ]
}

fn pins() -> Examined {
    const WHAT: &str = "BPF filesystem";
    match Pins::mounted() {
        Some(pins) if pins.exist() => {
            let path = pins.current();
            examined(WHAT, State::Ok, format!("recording at {}", path.display()))
        }
        Some(_) => examined(WHAT, State::Ok, "mounted; no recording at work"),
        None => examined(
            WHAT,
            State::Ok,
            "not mounted; `weir run` mounts one at /sys/fs/bpf",
        ),
    }
}

fn tcx() -> Examined {
    if kernel_at_least(TCX) {
        return examined("second layer", State::Ok, "tcx");
    }
    examined(
        "second layer",
        State::NotCovered,
        "no tcx before Linux 6.6: sockets are counted, uplinks are not",
    )
}

fn uplinks() -> Examined {
    const WHAT: &str = "uplinks";
    match leading_off() {
        Ok(names) if names.is_empty() => examined(
            WHAT,
            State::NotCovered,
            "no interface has a gateway: name those that lead off with --uplink",
        ),
        Ok(names) => {
            let names: Vec<_> = names.into_iter().collect();
            examined(WHAT, State::Ok, names.join(", "))
        }
        Err(error) => examined(
            WHAT,
            State::NotCovered,
            format!("routes cannot be read ({error}): mount procfs"),
        ),
    }
}
