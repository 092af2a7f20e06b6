//! Which key of the file is which option of the command line.

/// A key that is an option, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Section and key: `metrics.listen`.
    pub path: &'static str,
    /// The option's id: `metrics_listen`, written `--metrics-listen`.
    pub option: &'static str,
    /// What holds where nobody says anything and the option has no default of its own.
    pub unset: &'static str,
    /// Whether every command that has the option takes its default from the key, rather
    /// than `weir run` alone.
    pub shared: bool,
}

impl Key {
    /// Section and key.
    pub fn parts(&self) -> (&'static str, &'static str) {
        self.path.split_once('.').unwrap_or(("", self.path))
    }
}

const fn of_run(path: &'static str, option: &'static str, unset: &'static str) -> Key {
    Key {
        path,
        option,
        unset,
        shared: false,
    }
}

const fn of_all(path: &'static str, option: &'static str, unset: &'static str) -> Key {
    Key {
        path,
        option,
        unset,
        shared: true,
    }
}

/// Every one, in the order in which they are shown. A new option of `weir run` gets its
/// key here and in its section (`sections.rs`), and its lines in `packaging/weir.toml`
/// and `docs/config.md`; tests say what is missing.
pub const KEYS: &[Key] = &[
    of_all("paths.allowlists", "allowlists", ""),
    of_all("paths.store", "store", ""),
    of_all("paths.runtime_dir", "runtime_dir", ""),
    of_run("paths.pin", "pin", ""),
    of_run("paths.cgroup_root", "cgroup_root", "the one mounted"),
    of_all(
        "ip_data.directory",
        "ip_data",
        "/var/lib/weir/ipdata, if there is one",
    ),
    of_all("ip_data.databases", "ip_db", "none"),
    of_all("ip_data.max_age_days", "ip_db_max_age", ""),
    of_run("capture.max_flows", "max_flows", ""),
    of_run("capture.sweep_interval", "sweep_interval", ""),
    of_run(
        "capture.uplinks",
        "uplink",
        "those with a gateway or a default route, and devices with any route",
    ),
    of_run(
        "capture.uplink_hook",
        "uplink_hook",
        "tcx if the kernel has it",
    ),
    of_run("capture.program_stats", "program_stats", ""),
    of_run("metrics.listen", "metrics_listen", ""),
    of_run("control.group", "control_group", "root alone"),
    of_run("findings.quiet_time", "quiet_time", ""),
    of_run("self_test.every", "self_test", ""),
    of_run("ledger.seal_after", "seal_after", ""),
    of_run("ledger.keep", "keep", ""),
    of_run("ledger.keep_size", "keep_size", "all"),
    of_run("evidence.directory", "evidence_dir", "none written"),
    of_run("evidence.schedule", "evidence_schedule", "month"),
];

/// Options that keep a meaning of their own where they are left out, by command: a key
/// gives them no default.
pub const KEPT: &[(&str, &str, &str)] = &[
    (
        "diff",
        "store",
        "without it, no recorded flows are compared",
    ),
    ("evidence due", "store", "`weir run` says it"),
    (
        "explain",
        "allowlists",
        "without it, the record is shown as it is",
    ),
    (
        "geo compare",
        "allowlists",
        "without it, every address is compared",
    ),
    (
        "geo lookup",
        "allowlists",
        "without it, the databases alone answer",
    ),
    (
        "learn",
        "allowlists",
        "without it, the record is taken as it is",
    ),
    (
        "replay",
        "ip_data",
        "without it, places are as they were recorded",
    ),
    (
        "replay",
        "ip_db",
        "without it, places are as they were recorded",
    ),
    (
        "report",
        "allowlists",
        "without it, the set that was in force counts",
    ),
];

/// Options of `weir run` without a key, and why.
pub const WITHOUT: &[(&str, &str)] = &[
    ("config", "it says where the file is"),
    ("duration", "an agent that ends by itself is no service"),
    ("format", "it is of the terminal that it is started from"),
    ("rotate_key", "it is done once"),
    ("unload", "it is done once"),
];

/// The keys whose values a command takes, by the command's name: `geo lookup`.
pub fn keys_of(command: &str) -> impl Iterator<Item = &'static Key> {
    let run = matches!(command, "run" | "config show");
    let kept = move |key: &&Key| {
        let kept = KEPT
            .iter()
            .any(|(of, option, _)| *of == command && *option == key.option);
        !kept && (run || key.shared)
    };
    KEYS.iter().filter(kept)
}
