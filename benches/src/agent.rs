//! The agent as a process, as an operator runs it.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Until the agent says that it records.
const START: Duration = Duration::from_secs(30);
/// Until it has drained and left.
const END: Duration = Duration::from_secs(60);
/// The agent ends by itself then, should the benchmark be killed.
const LONGEST: &str = "240s";

/// Where things are: from the environment, else where `cargo xtask` puts them.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    program: PathBuf,
    allowlists: PathBuf,
    /// The country database.
    pub(crate) database: PathBuf,
}

impl Places {
    /// The agent's program.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Finds them, or says what to do.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let from = |variable: &str, otherwise: PathBuf| {
            env::var_os(variable).map_or(otherwise, PathBuf::from)
        };
        let beside = env::current_exe().context("cannot find this program")?;
        let places = Self {
            program: from("XTASK_AGENT", beside.with_file_name("weir")),
            allowlists: from("XTASK_ALLOWLISTS", root.join("allowlists")),
            database: from("XTASK_COUNTRY_DB", root.join("target/ipdata/country.mmdb")),
        };
        for (path, variable) in [
            (&places.program, "XTASK_AGENT"),
            (&places.allowlists, "XTASK_ALLOWLISTS"),
            (&places.database, "XTASK_COUNTRY_DB"),
        ] {
            if !path.exists() {
                bail!(
                    "{} is missing: run `cargo xtask bench`, or name it in {variable}",
                    path.display()
                );
            }
        }
        Ok(places)
    }
}

/// Of what it says first.
#[derive(serde::Deserialize)]
struct Started {
    metrics: Option<SocketAddr>,
}

/// The running agent. Dropping it ends it.
pub(crate) struct Agent {
    child: Child,
    /// Where it serves metrics, if it does.
    metrics: Option<SocketAddr>,
    /// Passes on what it says.
    reader: Option<JoinHandle<()>>,
    /// Store and lock; removed at the end.
    _directory: tempfile::TempDir,
}

impl Agent {
    /// Starts it and waits until it records.
    pub(crate) fn start(places: &Places) -> Result<Self> {
        Self::start_into(places, std::io::sink())
    }

    /// The same; it serves metrics on loopback.
    pub(crate) fn start_with_metrics(places: &Places) -> Result<Self> {
        Self::begin(places, "127.0.0.1:0", std::io::sink())
    }

    /// Where it serves metrics.
    pub(crate) fn metrics(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// The same; what it says then goes to `listener`.
    pub(crate) fn start_into(
        places: &Places,
        listener: impl std::io::Write + Send + 'static,
    ) -> Result<Self> {
        Self::begin(places, "off", listener)
    }

    fn begin(
        places: &Places,
        metrics: &str,
        mut listener: impl std::io::Write + Send + 'static,
    ) -> Result<Self> {
        let directory = tempfile::tempdir().context("cannot make a directory for the store")?;
        let runtime = directory.path().join("run");
        fs::create_dir(&runtime).context("cannot make a directory for the lock")?;
        let mut child = Command::new(&places.program)
            .arg("run")
            .args([
                "--format",
                "json",
                "--metrics-listen",
                metrics,
                "--pin",
                "off",
            ])
            .args(["--duration", LONGEST])
            .arg("--allowlists")
            .arg(&places.allowlists)
            .arg("--ip-db")
            .arg(&places.database)
            .arg("--store")
            .arg(directory.path().join("store"))
            .arg("--runtime-dir")
            .arg(&runtime)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", places.program.display()))?;
        let output = child.stdout.take();
        let errors = child.stderr.take();
        let mut agent = Self {
            child,
            metrics: None,
            reader: None,
            _directory: directory,
        };
        let complaints = thread::spawn(move || {
            let mut text = String::new();
            if let Some(mut errors) = errors {
                // What cannot be read is not worth failing for.
                let _ = errors.read_to_string(&mut text);
            }
            text
        });
        let (said, hear) = mpsc::channel();
        let reader = thread::spawn(move || {
            let Some(output) = output else { return };
            let mut output = BufReader::new(output);
            let mut line = String::new();
            if output.read_line(&mut line).is_ok() && said.send(line).is_err() {
                return;
            }
            // The agent must never wait for us.
            let _ = std::io::copy(&mut output, &mut listener);
        });
        agent.reader = Some(reader);
        match hear.recv_timeout(START) {
            Ok(line) if line.contains(r#""type":"started""#) => {
                let started: Started = serde_json::from_str(&line).context("its first line")?;
                agent.metrics = started.metrics;
                Ok(agent)
            }
            Err(RecvTimeoutError::Timeout) => {
                bail!("the agent did not record within {} s", START.as_secs())
            }
            _ => {
                drop(agent);
                let text = complaints.join().unwrap_or_default();
                let text = match text.trim() {
                    "" => "it ended without a word",
                    text => text,
                };
                bail!("{} does not record: {text}", places.program.display());
            }
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it, and waits until all that it said has been passed on.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.end()?;
        if let Some(reader) = self.reader.take()
            && reader.join().is_err()
        {
            bail!("what the agent said could not be read");
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        let id = Pid::from_raw(i32::try_from(self.child.id())?);
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        kill(id, Signal::SIGTERM)?;
        let start = Instant::now();
        while start.elapsed() < END {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.child.kill()?;
        self.child.wait()?;
        bail!("it did not leave within {} s and was killed", END.as_secs());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            let _ = writeln!(std::io::stderr(), "weir-bench: ending the agent: {error:#}");
        }
    }
}
