//! The agent under test: the real executable, its lines, its end.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    cgroup::Unit,
    clock,
    record::{
        AllowlistsChange, DatabaseNews, Event, Expiring, Finding, Flow, Gap, Line, SelfTest,
        Started, Stopped,
    },
    tool,
    world::Host,
};

mod waiting;

/// How long an agent may take to end: it writes every flow that is open, thousands of them in an
/// emulated machine, where that takes a minute.
const TO_END: Duration = Duration::from_secs(300);

/// How long to wait for what should come.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What to start an agent with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Directory of the allowlists.
    pub allowlists: PathBuf,
    /// IP database.
    pub ip_db: PathBuf,
    /// Directory of further IP databases.
    pub ip_data: PathBuf,
    /// Directory of the store.
    pub store: PathBuf,
    /// Directory of the lock that keeps a second agent away.
    pub runtime_dir: PathBuf,
    /// Time between two sweeps of the kernel's counters, such as `200ms`.
    pub sweep_interval: String,
    /// Where programs and maps are pinned: a directory or `off`.
    pub pin: String,
    /// Further arguments.
    pub extra: Vec<String>,
    /// A config file that says everything, in the place of all of the above but for the
    /// further arguments.
    pub config: Option<PathBuf>,
    /// Variables of its environment.
    pub variables: Vec<(String, String)>,
    /// What the agent takes for the time of day when it starts; the real time if `None`.
    pub time: Option<Timestamp>,
}

impl Settings {
    /// The command line of `weir run`.
    fn arguments(&self) -> Vec<String> {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let mut arguments = vec!["run".to_owned()];
        if let Some(file) = &self.config {
            arguments.extend(["--config".to_owned(), path(file)]);
            arguments.extend(self.extra.iter().cloned());
            return arguments;
        }
        for (flag, value) in [
            ("--format", "json".to_owned()),
            ("--allowlists", path(&self.allowlists)),
            ("--ip-db", format!("test={}", path(&self.ip_db))),
            // Databases of the tests are all of one day, so that they stay the same.
            ("--ip-db-max-age", "36500".to_owned()),
            ("--ip-data", path(&self.ip_data)),
            ("--store", path(&self.store)),
            ("--runtime-dir", path(&self.runtime_dir)),
            ("--metrics-listen", "127.0.0.1:0".to_owned()),
            ("--pin", self.pin.clone()),
            ("--sweep-interval", self.sweep_interval.clone()),
        ] {
            arguments.extend([flag.to_owned(), value]);
        }
        arguments.extend(self.extra.iter().cloned());
        arguments
    }
}

/// A running agent. It is ended when dropped.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    started: Started,
    seen: Arc<Mutex<Seen>>,
    readers: Vec<JoinHandle<()>>,
}

/// Everything an agent has said so far.
#[derive(Debug, Default)]
struct Seen {
    started: Option<Started>,
    flows: BTreeMap<u64, Flow>,
    gaps: Vec<Gap>,
    databases: Vec<DatabaseNews>,
    allowlists: Vec<AllowlistsChange>,
    expiring: Vec<Expiring>,
    findings: Vec<Finding>,
    self_tests: Vec<SelfTest>,
    stopped: Option<Stopped>,
    unread: Vec<String>,
    stderr: String,
}

/// What an agent said before it ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Every flow in its final form.
    pub flows: Vec<Flow>,
    /// The sums.
    pub stopped: Option<Stopped>,
    /// Standard error.
    pub stderr: String,
}

impl Agent {
    /// Starts `weir run` in `unit` and waits until recording is live.
    ///
    /// # Errors
    /// It ends before that; the error holds what it said.
    pub fn start(unit: &Unit, settings: &Settings) -> Result<Self> {
        Self::start_on(None, unit, settings)
    }

    /// As [`Agent::start`], with the network of `host`: its interfaces are then
    /// those that lead off the host.
    ///
    /// # Errors
    /// As [`Agent::start`].
    pub fn start_on(host: Option<&Host>, unit: &Unit, settings: &Settings) -> Result<Self> {
        let mut child = Self::command(host, unit, settings)?
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("start the agent")?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let readers = read(&mut child, &seen)?;
        let deadline = Instant::now() + PATIENCE;
        let started = loop {
            if let Some(started) = lock(&seen).started.clone() {
                break started;
            }
            if let Some(status) = child.try_wait().context("wait for the agent")? {
                readers.into_iter().for_each(|reader| drop(reader.join()));
                bail!("the agent ended ({status}): {}", lock(&seen).stderr.trim());
            }
            if Instant::now() > deadline {
                let _ = child.kill();
                bail!("the agent does not start: {}", lock(&seen).stderr.trim());
            }
            thread::sleep(Duration::from_millis(5));
        };
        Ok(Self {
            child,
            started,
            seen,
            readers,
        })
    }

    /// Runs `weir run` where it is expected to end by itself: its exit code and
    /// its standard error.
    ///
    /// # Errors
    /// It cannot be started, or it does not end.
    pub fn refused(unit: &Unit, settings: &Settings) -> Result<(Option<i32>, String)> {
        let mut child = Self::command(None, unit, settings)?
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("start the agent")?;
        let status = wait(&mut child)?;
        let mut stderr = String::new();
        child
            .stderr
            .take()
            .context("agent's errors")?
            .read_to_string(&mut stderr)?;
        Ok((status, stderr))
    }

    fn command(host: Option<&Host>, unit: &Unit, settings: &Settings) -> Result<Command> {
        let agent = tool::sibling("XTASK_AGENT", "weir")?
            .to_string_lossy()
            .into_owned();
        let clock = match settings.time {
            Some(time) => clock::at(time)?,
            None => Vec::new(),
        };
        let line = clock.into_iter().chain([agent]).chain(settings.arguments());
        let mut command = unit.command(host, &line.collect::<Vec<String>>())?;
        command.envs(settings.variables.iter().cloned());
        Ok(command)
    }

    /// What it said when recording went live.
    pub fn started(&self) -> &Started {
        &self.started
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Latest form of every flow so far, by id.
    pub fn flows(&self) -> Vec<Flow> {
        lock(&self.seen).flows.values().cloned().collect()
    }

    /// Gaps that it has told of so far.
    pub fn gaps(&self) -> Vec<Gap> {
        lock(&self.seen).gaps.clone()
    }

    /// What it has told of entries that end soon.
    pub fn expiring(&self) -> Vec<Expiring> {
        lock(&self.seen).expiring.clone()
    }

    /// Everything that it has told of findings so far.
    pub fn findings(&self) -> Vec<Finding> {
        lock(&self.seen).findings.clone()
    }

    /// Ends it with SIGKILL: it can do nothing more.
    ///
    /// # Errors
    /// It has ended before.
    pub fn kill(mut self) -> Result<()> {
        self.signal(Signal::SIGKILL)?;
        wait(&mut self.child).map(drop)
    }

    /// Scrapes `/metrics`.
    ///
    /// # Errors
    /// The agent does not listen, or does not answer with success.
    pub fn metrics(&self) -> Result<String> {
        let address = self
            .started
            .metrics
            .as_ref()
            .context("the agent has no /metrics")?;
        crate::metrics::scrape(address)
    }

    /// Sends a signal and does not wait.
    ///
    /// # Errors
    /// The agent has ended.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.pid()).context("pid")?);
        kill(pid, signal).with_context(|| format!("{signal} to the agent"))
    }

    /// Ends it with SIGTERM and returns everything it said.
    ///
    /// # Errors
    /// It does not end in time.
    pub fn stop(mut self) -> Result<Ended> {
        self.signal(Signal::SIGTERM)?;
        self.ended()
    }

    /// Waits until it has ended and returns everything it said.
    ///
    /// # Errors
    /// It does not end in time, or it wrote lines that are not what is documented.
    pub fn ended(&mut self) -> Result<Ended> {
        let code = wait(&mut self.child)?;
        self.readers
            .drain(..)
            .for_each(|reader| drop(reader.join()));
        let seen = lock(&self.seen);
        if !seen.unread.is_empty() {
            bail!("lines that cannot be read:\n{}", seen.unread.join("\n"));
        }
        let flows = seen
            .flows
            .values()
            .filter(|flow| flow.event == Event::Final)
            .cloned();
        Ok(Ended {
            code,
            flows: flows.collect(),
            stopped: seen.stopped.clone(),
            stderr: seen.stderr.clone(),
        })
    }

    /// Everything seen, for a failure message.
    fn said(&self) -> String {
        let seen = lock(&self.seen);
        let mut text = String::new();
        for flow in seen.flows.values() {
            let _ = writeln!(text, "  {flow}");
        }
        for line in &seen.unread {
            let _ = writeln!(text, "  cannot be read: {line}");
        }
        text + &seen.stderr
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.signal(Signal::SIGTERM);
            if wait(&mut self.child).is_err() {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
        }
    }
}

impl Ended {
    /// The only outbound flow of the workload at `cgroup_path` to that
    /// destination.
    ///
    /// # Errors
    /// There is none, or more than one; the error lists every flow.
    pub fn only(
        &self,
        cgroup_path: &str,
        to: std::net::SocketAddr,
        protocol: &str,
    ) -> Result<&Flow> {
        let mut found = self.flows.iter().filter(|flow| {
            flow.workload.cgroup_path.as_deref() == Some(cgroup_path)
                && flow.destination.address == to.ip()
                && flow.destination.port == to.port()
                && flow.destination.protocol == protocol
        });
        match (found.next(), found.next()) {
            (Some(flow), None) => Ok(flow),
            (first, _) => {
                let count = if first.is_some() {
                    "more than one"
                } else {
                    "no"
                };
                let all: String = self
                    .flows
                    .iter()
                    .map(|flow| format!("  {flow}\n"))
                    .collect();
                bail!("{count} flow of {cgroup_path} to {protocol} {to}; flows:\n{all}")
            }
        }
    }
}

fn read(child: &mut Child, seen: &Arc<Mutex<Seen>>) -> Result<Vec<JoinHandle<()>>> {
    let stdout = child.stdout.take().context("agent's output")?;
    let stderr = child.stderr.take().context("agent's errors")?;
    let (lines, errors) = (Arc::clone(seen), Arc::clone(seen));
    Ok(vec![
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                lock(&lines).take(&line);
            }
        }),
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = writeln!(lock(&errors).stderr, "{line}");
            }
        }),
    ])
}

impl Seen {
    fn take(&mut self, line: &str) {
        match serde_json::from_str(line) {
            Ok(Line::Started(started)) => self.started = Some(*started),
            Ok(Line::Flow(flow)) => drop(self.flows.insert(flow.id, *flow)),
            Ok(Line::Gap(gap)) => self.gaps.push(gap),
            Ok(Line::Database(news)) => self.databases.push(news),
            Ok(Line::Allowlists(change)) => self.allowlists.push(change),
            Ok(Line::Finding(finding)) => self.findings.push(*finding),
            Ok(Line::Expiring(line)) => self.expiring.push(line),
            Ok(Line::SelfTest(test)) => self.self_tests.push(test),
            Ok(Line::Stopped(stopped)) => self.stopped = Some(stopped),
            Ok(Line::Other) => {}
            Err(error) => self.unread.push(format!("{error}: {line}")),
        }
    }
}

fn wait(child: &mut Child) -> Result<Option<i32>> {
    let deadline = Instant::now() + TO_END;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().context("wait for the agent")? {
            return Ok(status.code());
        }
        thread::sleep(Duration::from_millis(5));
    }
    bail!(
        "the agent does not end within {TO_END:?}; its threads:\n{}",
        threads(child.id())
    )
}

/// Where each thread of a process is, for a failure message.
fn threads(pid: u32) -> String {
    let mut text = String::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten()
    {
        for file in ["comm", "wchan", "syscall", "stack"] {
            let content = fs::read_to_string(task.path().join(file)).unwrap_or_default();
            let _ = writeln!(text, "  {file}: {}", content.trim());
        }
    }
    text
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
