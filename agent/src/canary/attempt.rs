//! Runs the canary: makes its cgroup, starts it, has the uplink layer count at
//! its interface, and takes what it says it sent.

use std::{
    fs, io,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::{child::READY, network::INTERFACE, send::Tried};
use crate::kernel::{CanaryUplink, CgroupDirectory, UplinkProgram};

/// What the paths of canaries' cgroups begin with.
pub const CANARY_CGROUP: &str = "/weir-canary-";

/// Why the canary could not be run.
#[derive(Debug, thiserror::Error)]
pub enum CanaryError {
    /// Its cgroup cannot be made.
    #[error("the canary's cgroup {0} cannot be made ({1}): run as root on a cgroup v2 hierarchy")]
    Cgroup(PathBuf, io::Error),
    /// It cannot be started, or talked to.
    #[error("the canary cannot be started ({0})")]
    Start(io::Error),
    /// It said something else than was expected.
    #[error("the canary failed: {0}")]
    Failed(String),
    /// The uplink layer cannot count at its interface.
    #[error("the canary's interface cannot be counted at ({0})")]
    Uplink(io::Error),
}

/// A run of the canary: dropping it ends it and removes its cgroup.
#[derive(Debug)]
pub struct Attempt {
    cgroup: Cgroup,
    process: Option<Process>,
    _uplink: Option<CanaryUplink>,
}

#[derive(Debug)]
struct Cgroup {
    path: PathBuf,
    id: u64,
}

#[derive(Debug)]
struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Removes cgroups of canaries whose makers are no more.
fn remove_leftovers(root: &CgroupDirectory) {
    let prefix = CANARY_CGROUP.trim_start_matches('/');
    for entry in fs::read_dir(root.path()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(maker) = name.strip_prefix(prefix) else {
            continue;
        };
        if !Path::new("/proc").join(maker).exists() {
            // Fails while a process is in it.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

impl Attempt {
    /// Makes the cgroup; from here on it is known whose flows are the canary's.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(root: &CgroupDirectory) -> Result<Self, CanaryError> {
        remove_leftovers(root);
        let name = format!("{CANARY_CGROUP}{}", std::process::id());
        let name = name.trim_start_matches('/');
        let path = root.path().join(name);
        let refused = |error| CanaryError::Cgroup(path.clone(), error);
        match fs::create_dir(&path) {
            // Left by an attempt that did not end.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(refused)?,
        }
        let id = root
            .id_of(Path::new(name))
            .ok_or_else(|| refused(io::ErrorKind::NotFound.into()))?;
        Ok(Self {
            cgroup: Cgroup { path, id },
            process: None,
            _uplink: None,
        })
    }

    /// Id of the canary's cgroup.
    pub fn cgroup(&self) -> u64 {
        self.cgroup.id
    }

    /// Sends by every way, and says what was sent, or why not, in the order of
    /// [`super::WAYS`]. Takes about as long as a process takes to start.
    ///
    /// # Errors
    /// When the canary cannot be run at all.
    pub fn play(&mut self, program: &UplinkProgram) -> Result<Vec<Tried>, CanaryError> {
        let process = self.process.insert(Process::start(&self.cgroup.path)?);
        let line = process.line()?;
        if line.trim_end() != READY {
            return Err(process.failed(&line));
        }
        let uplink = program
            .attach_in(process.child.id(), INTERFACE)
            .map_err(CanaryError::Uplink)?;
        self._uplink = Some(uplink);
        process.say("go\n")?;
        let line = process.line()?;
        serde_json::from_str(&line).map_err(|_| process.failed(&line))
    }
}

impl Process {
    fn start(cgroup: &Path) -> Result<Self, CanaryError> {
        let mut child = Command::new("/proc/self/exe")
            .args(["canary", "--cgroup"])
            .arg(cgroup)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(CanaryError::Start)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let missing = || CanaryError::Start(io::ErrorKind::BrokenPipe.into());
        Ok(Self {
            input: Some(input.ok_or_else(missing)?),
            output: BufReader::new(output.ok_or_else(missing)?),
            child,
        })
    }

    fn line(&mut self) -> Result<String, CanaryError> {
        let mut line = String::new();
        self.output
            .read_line(&mut line)
            .map_err(CanaryError::Start)?;
        Ok(line)
    }

    fn say(&mut self, text: &str) -> Result<(), CanaryError> {
        self.input
            .as_mut()
            .ok_or(io::ErrorKind::BrokenPipe.into())
            .and_then(|input| input.write_all(text.as_bytes()))
            .map_err(CanaryError::Start)
    }

    /// What it said on its way out, or else what it said last.
    fn failed(&mut self, line: &str) -> CanaryError {
        drop(self.input.take());
        let mut said = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            // Whatever can be read of it.
            let _ = io::Read::read_to_string(&mut errors, &mut said);
        }
        let said = if said.trim().is_empty() { line } else { &said };
        CanaryError::Failed(said.trim().to_owned())
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It ends when its input does.
            drop(process.input.take());
            if let Err(error) = process.child.wait() {
                tracing::warn!(%error, "the canary did not end");
            }
        }
        if let Err(error) = fs::remove_dir(&self.cgroup.path) {
            tracing::warn!(%error, path = %self.cgroup.path.display(), "a cgroup is left");
        }
    }
}
