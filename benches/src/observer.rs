//! Who else can watch connections on a Linux host, each started as its manual
//! says, to be measured beside Weir.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use nix::{
    mount::{MsFlags, mount, umount},
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::agent::{Agent, Places};

/// Where bpftrace looks for tracepoints.
const TRACEFS: &str = "/sys/kernel/tracing";

/// An observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Observer {
    /// Weir's agent.
    Weir,
    /// auditd with a rule for connect(2).
    Auditd,
    /// Events of connection tracking (`conntrack -E`).
    Conntrack,
    /// bpftrace on the tracepoint of connect(2).
    Bpftrace,
}

/// An observer at work. Dropping it ends it.
pub(crate) enum AtWork {
    Agent {
        _agent: Agent,
    },
    Auditd {
        _rule: Rule,
        _daemon: Daemon,
    },
    Bpftrace {
        _tracer: Daemon,
        _tracefs: Option<Tracefs>,
    },
    /// It watches a network namespace: the traffic starts it in its own.
    WithTraffic,
}

impl Observer {
    /// Every one, Weir first.
    pub(crate) const ALL: [Self; 4] = [Self::Weir, Self::Auditd, Self::Conntrack, Self::Bpftrace];

    /// As in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Weir => "Weir",
            Self::Auditd => "auditd, connect rule",
            Self::Conntrack => "conntrack events",
            Self::Bpftrace => "bpftrace, connect",
        }
    }

    /// Starts it and waits until it watches.
    pub(crate) fn start(self, places: &Places) -> Result<AtWork> {
        Ok(match self {
            Self::Weir => AtWork::Agent {
                _agent: Agent::start(places)?,
            },
            Self::Auditd => auditd()?,
            Self::Conntrack => AtWork::WithTraffic,
            Self::Bpftrace => bpftrace()?,
        })
    }
}

/// A process of the benchmark's. Dropping it ends it.
pub(crate) struct Daemon {
    child: Child,
    _directory: Option<tempfile::TempDir>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Ok(id) = i32::try_from(self.child.id()) {
            // It may have ended by itself.
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}

/// The rule, and auditing switched on. Dropping it takes both back.
pub(crate) struct Rule;

const RULE: [&str; 7] = [
    "always,exit",
    "-F",
    "arch=b64",
    "-S",
    "connect",
    "-k",
    "weir-bench",
];

impl Rule {
    fn set() -> Result<Self> {
        call("auditctl", &["-e", "1"])?;
        let rule = Self;
        let mut words = vec!["-a"];
        words.extend(RULE);
        call("auditctl", &words)?;
        Ok(rule)
    }
}

impl Drop for Rule {
    fn drop(&mut self) {
        let mut words = vec!["-d"];
        words.extend(RULE);
        // Told by the tool itself if it fails.
        let _ = call("auditctl", &words);
        let _ = call("auditctl", &["-e", "0"]);
    }
}

fn call(program: &str, arguments: &[&str]) -> Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot start {program}: run `cargo xtask bench`"))?;
    if !output.status.success() {
        bail!(
            "`{program} {}` failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

fn auditd() -> Result<AtWork> {
    let directory = tempfile::tempdir().context("cannot make a directory for auditd")?;
    let at = directory.path().display();
    let settings = format!(
        "log_file = {at}/audit.log\nlog_format = RAW\nflush = INCREMENTAL_ASYNC\nfreq = 50\n\
         max_log_file = 64\nnum_logs = 2\nmax_log_file_action = ROTATE\n\
         plugin_dir = {at}/plugins\nspace_left = 75\nspace_left_action = IGNORE\n\
         admin_space_left = 50\nadmin_space_left_action = IGNORE\n\
         disk_full_action = IGNORE\ndisk_error_action = IGNORE\n"
    );
    fs::write(directory.path().join("auditd.conf"), settings)?;
    fs::create_dir(directory.path().join("plugins"))?;
    let child = Command::new("auditd")
        .arg("-n")
        .arg("-c")
        .arg(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start auditd: run `cargo xtask bench`")?;
    let daemon = Daemon {
        child,
        _directory: Some(directory),
    };
    // It says nothing when it is ready; the kernel knows its process then.
    for _ in 0..100 {
        let output = Command::new("auditctl").arg("-s").output()?;
        let known = format!("pid {}\n", daemon.child.id());
        if String::from_utf8_lossy(&output.stdout).contains(&known) {
            return Ok(AtWork::Auditd {
                _rule: Rule::set()?,
                _daemon: daemon,
            });
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!("the kernel does not take auditd")
}

/// The mount that bpftrace needs. Dropping it takes it away again.
pub(crate) struct Tracefs;

impl Drop for Tracefs {
    fn drop(&mut self) {
        if let Err(error) = umount(TRACEFS) {
            eprintln!("weir-bench: {TRACEFS} stays mounted: {error}");
        }
    }
}

fn bpftrace() -> Result<AtWork> {
    const PROGRAM: &str = "BEGIN { printf(\"ready\\n\"); } \
         tracepoint:syscalls:sys_enter_connect { printf(\"%d %s\\n\", pid, comm); }";
    let mounted = fs::read_dir(TRACEFS).is_ok_and(|mut entries| entries.next().is_some());
    let tracefs = if mounted {
        None
    } else {
        let none: Option<&str> = None;
        let kind = Some("tracefs");
        mount(kind, TRACEFS, kind, MsFlags::empty(), none).context("cannot mount tracefs")?;
        Some(Tracefs)
    };
    let mut child = Command::new("bpftrace")
        .args(["-e", PROGRAM])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start bpftrace: run `cargo xtask bench`")?;
    let output = child.stdout.take().context("bpftrace without a pipe")?;
    let tracer = Daemon {
        child,
        _directory: None,
    };
    let mut output = BufReader::new(output);
    let mut line = String::new();
    while line.trim() != "ready" {
        line.clear();
        if output.read_line(&mut line)? == 0 {
            bail!("bpftrace ended: it cannot trace connect(2) here");
        }
    }
    // It must never wait for us.
    thread::spawn(move || {
        let mut rest = [0; 65_536];
        while output.read(&mut rest).is_ok_and(|read| read > 0) {}
    });
    Ok(AtWork::Bpftrace {
        _tracer: tracer,
        _tracefs: tracefs,
    })
}
