//! What of this host can be covered, and what cannot.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    balance::leading_off,
    kernel::{
        Interface, Kind, Pins, UplinkHook, capable, find_cgroup_root, interfaces, new_enough,
        routes, type_information,
    },
};

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
        match new_enough() {
            Ok(release) => examined("kernel", State::Ok, release),
            Err(error) => examined("kernel", State::Missing, error.to_string()),
        },
        match capable() {
            Ok(()) => examined("capabilities", State::Ok, "all that are needed"),
            Err(error) => examined("capabilities", State::Missing, error.to_string()),
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
        second_layer(),
    ]
    .into_iter()
    .chain(uplinks())
    .chain([
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
    ])
    .collect()
}

/// What of this host is not covered, with the reason.
pub fn not_covered() -> BTreeMap<String, String> {
    examine()
        .into_iter()
        .filter(|one| one.state != State::Ok)
        .map(|one| (one.what.to_owned(), one.found))
        .collect()
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

fn second_layer() -> Examined {
    let found = match UplinkHook::of_this_kernel() {
        UplinkHook::Tcx => "tcx",
        UplinkHook::Clsact => "clsact (tcx from Linux 6.6 on)",
    };
    examined("second layer", State::Ok, found)
}

fn uplinks() -> Vec<Examined> {
    let listed = interfaces().and_then(|all| Ok((routes()?, all)));
    let (routes, all) = match listed {
        Ok(listed) => listed,
        Err(error) => {
            let found = format!("interfaces and routes cannot be listed: {error}");
            return vec![examined("uplinks", State::NotCovered, found)];
        }
    };
    let leading = leading_off(&all, &routes);
    let named = |wanted: &dyn Fn(&Interface) -> bool| -> Option<String> {
        let names: Vec<_> = all
            .iter()
            .filter(|one| wanted(one))
            .map(|one| one.name.as_str())
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let uplinks = match named(&|one| leading.contains(&one.index)) {
        Some(names) => examined("uplinks", State::Ok, names),
        None => examined(
            "uplinks",
            State::NotCovered,
            "no interface leads off the host: name those that do with --uplink",
        ),
    };
    let tunnels = named(&|one| matches!(one.kind, Kind::Tunnel { .. }));
    std::iter::once(uplinks)
        .chain(tunnels.map(|names| examined("tunnels", State::Ok, names)))
        .collect()
}
