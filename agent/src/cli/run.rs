//! `weir run`: the daemon.

use std::{
    io::{self, IsTerminal as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use nix::unistd::{Gid, Group};

use super::ip_data::IpDataArgs;
use crate::{
    daemon::{self, Bundles, Options, Pinning, Uplinks},
    evidence::Schedule,
    kernel::{CaptureOptions, UplinkHook},
    ledger,
    output::{Display, JsonLines, LiveTable},
    page::{self, Listen},
};

/// Most flows that may be asked for: 2 GiB of counters.
const MOST_FLOWS: i64 = 16_000_000;

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
    #[arg(long, value_name = "GROUP", value_parser = group)]
    control_group: Option<Gid>,

    /// Where to serve OpenMetrics, or `off`.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9184", value_parser = listener)]
    metrics_listen: Listener,

    /// Where to serve the page for people, read only: ADDRESS:PORT, unix:PATH (for root and
    /// the control group), or `off`.
    #[arg(long, value_name = "WHERE", default_value = "off", value_parser = page_listener)]
    page_listen: PageListener,

    /// Serve the page at an address that is not this host's own loopback, too. Whoever
    /// reaches it reads it.
    #[arg(long)]
    page_anywhere: bool,

    /// Name by which the page may be asked for, beside addresses and localhost; may be given
    /// several times.
    #[arg(long, value_name = "NAME")]
    page_host: Vec<String>,

    /// How to show flows; a table on a terminal, JSON lines elsewhere.
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// How often to sweep the counters, such as 1s or 250ms.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    sweep_interval: Duration,

    /// Flows counted apart at a time; beyond, they fold per workload.
    #[arg(long, value_name = "N", default_value_t = 131_071, value_parser = clap::value_parser!(u32).range(63..=MOST_FLOWS))]
    max_flows: u32,

    /// Let the kernel measure the run time of the programs, at some cost.
    #[arg(long)]
    program_stats: bool,

    /// Stop by itself after this time, such as 30s.
    #[arg(long, value_name = "TIME", value_parser = time)]
    duration: Option<Duration>,

    /// Where to pin programs and maps, so that recording goes on without the
    /// agent: a directory in a BPF filesystem, `auto`, or `off`.
    #[arg(long, value_name = "DIR", default_value = "auto", value_parser = pinning)]
    pin: Pinning,

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
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = period)]
    self_test: Period,

    /// How long a finding stays open after its last flow has ended, such as 15m.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = time)]
    quiet_time: Duration,

    /// When to seal what is recorded into a segment, at the latest, such as 1h.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = time)]
    seal_after: Duration,

    /// How long to keep segments of the store, such as 9600h; or `off`. Their
    /// signed checkpoints stay.
    #[arg(long, value_name = "TIME", default_value = "off", value_parser = period)]
    keep: Period,

    /// How many MiB of segments to keep; all, unless given.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..))]
    keep_size: Option<u64>,

    /// Sign with another key from now on; the store has the change, signed by
    /// both.
    #[arg(long)]
    rotate_key: bool,

    /// Write the bundle of each period into this directory, once it is over.
    #[arg(long, value_name = "DIR")]
    evidence_dir: Option<PathBuf>,

    /// How long those periods are, in UTC.
    #[arg(long, value_enum, default_value_t, requires = "evidence_dir")]
    evidence_schedule: Schedule,

    /// Drain the recording at work, detach everything, and end.
    #[arg(long)]
    unload: bool,

    /// Root of the cgroup v2 hierarchy, if it is not the one mounted.
    #[arg(long, value_name = "DIR")]
    cgroup_root: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Aligned rows for people.
    Table,
    /// One JSON object on each line.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Hook {
    /// A link that nobody can take away unseen.
    Tcx,
    /// A filter of the qdisc clsact.
    Clsact,
}

#[derive(Clone, Copy, Debug)]
struct Listener(Option<SocketAddr>);

#[derive(Clone, Debug)]
struct PageListener(Option<Listen>);

#[derive(Clone, Copy, Debug)]
struct Period(Option<Duration>);

fn listener(text: &str) -> Result<Listener, String> {
    if text == "off" {
        return Ok(Listener(None));
    }
    text.parse()
        .map(|address| Listener(Some(address)))
        .map_err(|_| "expected ADDRESS:PORT such as 127.0.0.1:9184, or off".to_owned())
}

fn page_listener(text: &str) -> Result<PageListener, String> {
    if text == "off" {
        return Ok(PageListener(None));
    }
    if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
        return Ok(PageListener(Some(Listen::Unix(path.into()))));
    }
    text.parse()
        .map(|address| PageListener(Some(Listen::Tcp(address))))
        .map_err(|_| "expected ADDRESS:PORT such as 127.0.0.1:9185, unix:PATH, or off".to_owned())
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

fn group(text: &str) -> Result<Gid, String> {
    match Group::from_name(text) {
        Ok(Some(group)) => Ok(group.gid),
        Ok(None) => Err("this host has no such group: make it, or name another".to_owned()),
        Err(error) => Err(format!("the groups of this host cannot be read ({error})")),
    }
}

fn pinning(text: &str) -> Result<Pinning, String> {
    Ok(match text {
        "" => return Err("expected a directory, auto or off".to_owned()),
        "auto" => Pinning::Auto,
        "off" => Pinning::Off,
        path => Pinning::At(path.into()),
    })
}

fn period(text: &str) -> Result<Period, String> {
    if text == "off" {
        return Ok(Period(None));
    }
    time(text)
        .map(|time| Period(Some(time)))
        .map_err(|error| format!("{error}, or off"))
}

pub(super) fn time(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "expected a time such as 250ms, 1s or 5m".to_owned())?;
    match Duration::try_from(span) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("expected a time above zero".to_owned()),
    }
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

/// Runs the daemon.
pub(super) fn run(args: &RunArgs) -> ExitCode {
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
            return ExitCode::from(super::WRONG_COMMAND_LINE);
        }
    };
    let mut display: Box<dyn Display> = match format {
        Format::Json => Box::new(JsonLines::new(io::stdout())),
        Format::Table => Box::new(LiveTable::new(anstream::stdout())),
    };
    let options = Options {
        allowlists: args.allowlists.clone(),
        ip_data: args.ip_data.wanted(),
        store: args.store.clone(),
        ledger: ledger::Options {
            seal_age_ns: nanoseconds(args.seal_after),
            keep_ns: args.keep.0.map(nanoseconds),
            keep_bytes: args.keep_size.map(|mib| mib.saturating_mul(1 << 20)),
            ..ledger::Options::default()
        },
        rotate_key: args.rotate_key,
        runtime: args.runtime_dir.clone(),
        control_group: args.control_group,
        metrics: args.metrics_listen.0,
        page,
        pin: args.pin.clone(),
        uplinks: if args.uplink.is_empty() {
            Uplinks::Routes
        } else {
            Uplinks::Named(args.uplink.iter().cloned().collect())
        },
        unload: args.unload,
        cgroup_root: args.cgroup_root.clone(),
        sweep: args.sweep_interval,
        self_test: args.self_test.0,
        bundles: args.evidence_dir.clone().map(|directory| Bundles {
            directory,
            schedule: args.evidence_schedule,
        }),
        duration: args.duration,
        quiet: args.quiet_time,
        capture: CaptureOptions {
            max_flows: args.max_flows,
            program_stats: args.program_stats,
            uplink_hook: hook(args.uplink_hook),
        },
    };
    match daemon::run(&options, display.as_mut()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            anstream::eprintln!("weir: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn reads_times() {
        assert_eq!(time("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(time("5m"), Ok(Duration::from_secs(300)));
        assert!(time("0s").is_err());
        assert!(time("-1s").is_err());
        assert!(time("soon").is_err());
    }

    #[test]
    fn reads_listeners() {
        assert!(listener("off").unwrap().0.is_none());
        assert_eq!(
            listener("127.0.0.1:1").unwrap().0,
            "127.0.0.1:1".parse().ok()
        );
        assert!(listener("9184").is_err());
    }

    #[test]
    fn reads_where_the_page_is_served() {
        assert_eq!(page_listener("off").unwrap().0, None);
        let tcp = Listen::Tcp("[::1]:9185".parse().unwrap());
        assert_eq!(page_listener("[::1]:9185").unwrap().0, Some(tcp));
        let unix = Listen::Unix("/run/weir/page.sock".into());
        assert_eq!(
            page_listener("unix:/run/weir/page.sock").unwrap().0,
            Some(unix)
        );
        assert!(page_listener("unix:").is_err());
        assert!(page_listener("9185").is_err());
    }
}
