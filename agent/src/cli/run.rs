//! `weir run`: the daemon.

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::FromArgMatches as _;
use nix::unistd::{Gid, Group};

use super::{WRONG_COMMAND_LINE, configured, ip_data::IpDataArgs};
use crate::{
    config::{
        Hook, LEAST_FLOWS, Listener, Loaded, MOST_FLOWS, Origin, PageListener, Period, Pin, Size,
        Time,
    },
    coverage::ConfineMode,
    daemon::{self, Bundles, Options, Uplinks},
    evidence::Schedule,
    kernel::{CaptureOptions, UplinkHook},
    ledger,
    output::{Display, JsonLines, LiveTable},
    page::{self, Listen},
};

/// What `weir run` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct RunArgs {
    /// Directory of the allowlists.
    #[arg(long, value_name = "DIR", default_value = "/etc/weir/allowlists")]
    allowlists: PathBuf,

    #[command(flatten)]
    ip_data: IpDataArgs,

    /// Directory of the embedded store.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    /// Directory of the lock that admits one agent for each host.
    #[arg(long, value_name = "DIR", default_value = "/run/weir")]
    runtime_dir: PathBuf,

    /// Group whose members may ask the agent at its control socket, beside root.
    #[arg(long, value_name = "GROUP")]
    control_group: Option<String>,

    /// Where to serve OpenMetrics, or `off`.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9184")]
    metrics_listen: Listener,

    /// Where to serve the page for people, read only: ADDRESS:PORT, unix:PATH (for root and
    /// the control group), or `off`.
    #[arg(long, value_name = "WHERE", default_value = "off")]
    page_listen: PageListener,

    /// Serve the page at an address that is not this host's own loopback, too. Whoever
    /// reaches it reads it.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", action = clap::ArgAction::Set)]
    page_anywhere: bool,

    /// Name by which the page may be asked for, beside addresses and localhost; may be given
    /// several times.
    #[arg(long, value_name = "NAME")]
    page_host: Vec<String>,

    /// How to show flows; a table on a terminal, JSON lines elsewhere.
    #[arg(long, value_enum)]
    pub(super) format: Option<Format>,

    /// How often to sweep the counters, such as 1s or 250ms.
    #[arg(long, value_name = "TIME", default_value = "1s")]
    sweep_interval: Time,

    /// Flows counted apart at a time; beyond, they fold per workload.
    #[arg(long, value_name = "N", default_value_t = 131_071, value_parser = clap::value_parser!(u32).range(LEAST_FLOWS..=MOST_FLOWS))]
    max_flows: u32,

    /// Let the kernel measure the run time of the programs, at some cost.
    #[arg(
        long,
        value_name = "YES",
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        action = clap::ArgAction::Set
    )]
    program_stats: bool,

    /// Stop by itself after this time, such as 30s.
    #[arg(long, value_name = "TIME")]
    duration: Option<Time>,

    /// Where to pin programs and maps, so that recording goes on without the
    /// agent: a directory in a BPF filesystem, `auto`, or `off`.
    #[arg(long, value_name = "DIR", default_value = "auto")]
    pin: Pin,

    /// Interface that leads off the host; may be given several times. Those
    /// with a gateway or a default route, and devices with any route, unless
    /// given.
    #[arg(long, value_name = "NAME")]
    uplink: Vec<String>,

    /// How to attach to them: tcx (Linux 6.6) or clsact; tcx if there is.
    #[arg(long, value_enum)]
    uplink_hook: Option<Hook>,

    /// How often to send by every way from a namespace of the agent's own, and
    /// to compare the record with what was sent, such as 1h; or `off`.
    #[arg(long, value_name = "TIME", default_value = "1h")]
    self_test: Period,

    /// How long a finding stays open after its last flow has ended, such as 15m.
    #[arg(long, value_name = "TIME", default_value = "15m")]
    quiet_time: Time,

    /// When to seal what is recorded into a segment, at the latest, such as 1h.
    #[arg(long, value_name = "TIME", default_value = "1h")]
    seal_after: Time,

    /// How long to keep segments of the store, such as 9600h; or `off`. Their
    /// signed checkpoints stay.
    #[arg(long, value_name = "TIME", default_value = "off")]
    keep: Period,

    /// How much of segments to keep, such as 20GiB, or a number of MiB; all, unless
    /// given.
    #[arg(long, value_name = "SIZE")]
    keep_size: Option<Size>,

    /// Sign with another key from now on; the store has the change, signed by
    /// both.
    #[arg(long)]
    rotate_key: bool,

    /// Write the bundle of each period into this directory, once it is over.
    #[arg(long, value_name = "DIR")]
    evidence_dir: Option<PathBuf>,

    /// How long those periods are, in UTC; a month, unless given.
    #[arg(long, value_enum)]
    evidence_schedule: Option<Schedule>,

    /// Drain the recording at work, detach everything, and end.
    #[arg(long)]
    unload: bool,

    /// Whether to give up privileges, paths and system calls that are not needed
    /// once programs are attached.
    #[arg(long, value_enum, default_value_t)]
    confine: ConfineMode,

    /// Root of the cgroup v2 hierarchy, if it is not the one mounted.
    #[arg(long, value_name = "DIR")]
    cgroup_root: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Aligned rows for people.
    Table,
    /// One JSON object on each line.
    Json,
}

fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// The hook asked for, or the best one.
pub(super) fn hook(asked: Option<Hook>) -> UplinkHook {
    match asked {
        None => UplinkHook::of_this_kernel(),
        Some(Hook::Tcx) => UplinkHook::Tcx,
        Some(Hook::Clsact) => UplinkHook::Clsact,
    }
}

/// How the page is served; an address that others reach has to be wished for.
fn page_settings(args: &RunArgs) -> Result<Option<page::Settings>, String> {
    let Some(listen) = args.page_listen.0.clone() else {
        return Ok(None);
    };
    match &listen {
        Listen::Tcp(address) if !address.ip().is_loopback() && !args.page_anywhere => Err(format!(
            "--page-listen {address} is not on loopback, and whoever reaches it reads the page: \
             use 127.0.0.1 or unix:PATH, or add --page-anywhere"
        )),
        _ => Ok(Some(page::Settings {
            listen,
            hosts: args.page_host.clone(),
        })),
    }
}

/// Runs the daemon.
pub(super) fn run(args: &RunArgs, loaded: &Loaded) -> ExitCode {
    let format = args.format.unwrap_or_else(|| {
        if io::stdout().is_terminal() {
            Format::Table
        } else {
            Format::Json
        }
    });
    let page = match page_settings(args) {
        Ok(page) => page,
        Err(why) => {
            anstream::eprintln!("weir: {why}");
            return ExitCode::from(WRONG_COMMAND_LINE);
        }
    };
    let mut display: Box<dyn Display> = match format {
        Format::Json => Box::new(JsonLines::new(io::stdout())),
        Format::Table => Box::new(LiveTable::new(anstream::stdout())),
    };
    if args.evidence_schedule.is_some() && args.evidence_dir.is_none() {
        anstream::eprintln!(
            "weir: --evidence-schedule says nothing without --evidence-dir: say where the bundles go"
        );
        return ExitCode::from(WRONG_COMMAND_LINE);
    }
    let control_group = match args.control_group.as_deref().map(group).transpose() {
        Ok(group) => group,
        Err(why) => return no_such_group(args, loaded, why),
    };
    for (name, near) in loaded.unknown() {
        let near = near.as_deref().unwrap_or("none");
        tracing::warn!(name, near, "the environment has a variable that no key has");
    }
    match daemon::run(
        &options(args, (control_group, page), loaded),
        display.as_mut(),
    ) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            anstream::eprintln!("weir: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// What `weir run` would do with this file and this environment, and no option of its own.
///
/// # Errors
/// A value that no option takes.
pub(super) fn by_config(loaded: &Loaded) -> Result<Options, clap::Error> {
    let matches = configured::matches_of_run(loaded)?;
    let args = RunArgs::from_arg_matches(&matches)?;
    Ok(options(&args, (None, None), loaded))
}

fn options(
    args: &RunArgs,
    (control_group, page): (Option<Gid>, Option<page::Settings>),
    loaded: &Loaded,
) -> Options {
    Options {
        allowlists: args.allowlists.clone(),
        ip_data: args.ip_data.wanted(),
        store: args.store.clone(),
        ledger: ledger::Options {
            seal_age_ns: nanoseconds(args.seal_after.0),
            keep_ns: args.keep.0.map(nanoseconds),
            keep_bytes: args.keep_size.map(|size| size.0),
            ..ledger::Options::default()
        },
        rotate_key: args.rotate_key,
        runtime: args.runtime_dir.clone(),
        control_group,
        metrics: args.metrics_listen.0,
        page,
        pin: args.pin.0.clone(),
        uplinks: if args.uplink.is_empty() {
            Uplinks::Routes
        } else {
            Uplinks::Named(args.uplink.iter().cloned().collect())
        },
        unload: args.unload,
        cgroup_root: args.cgroup_root.clone(),
        sweep: args.sweep_interval.0,
        self_test: args.self_test.0,
        bundles: args.evidence_dir.clone().map(|directory| Bundles {
            directory,
            schedule: args.evidence_schedule.unwrap_or_default(),
        }),
        confine: args.confine,
        duration: args.duration.map(|time| time.0),
        quiet: args.quiet_time.0,
        notify: loaded.config().notify.clone(),
        capture: CaptureOptions {
            max_flows: args.max_flows,
            program_stats: args.program_stats,
            uplink_hook: hook(args.uplink_hook),
        },
    }
}

/// A group that this host does not have is refused where it is named.
fn no_such_group(args: &RunArgs, loaded: &Loaded, why: String) -> ExitCode {
    const KEY: &str = "control.group";
    let name = args.control_group.as_deref().unwrap_or_default();
    let of_key = loaded.texts(KEY).is_some_and(|texts| texts == [name]);
    if of_key && loaded.origin(KEY) != Origin::Default {
        let message = format!("the group `{}` cannot be used", name.escape_debug());
        return configured::refuse(&loaded.refusal(KEY, message, why));
    }
    anstream::eprintln!("weir: --control-group {}: {why}", name.escape_debug());
    ExitCode::from(WRONG_COMMAND_LINE)
}

/// The group of a name.
pub(super) fn group(text: &str) -> Result<Gid, String> {
    match Group::from_name(text) {
        Ok(Some(group)) => Ok(group.gid),
        Ok(None) => Err("this host has no such group: make it, or name another".to_owned()),
        Err(error) => Err(format!("the groups of this host cannot be read ({error})")),
    }
}
