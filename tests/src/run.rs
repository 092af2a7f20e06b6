//! One run: a unique name, a directory for its state, and its removal however it ends.
//!
//! A run removes what it made when it is dropped. A second process, the guard,
//! holds a pipe from this one and removes what is left when the pipe closes:
//! after a panic that aborts, Ctrl-C or SIGKILL.

use std::{
    fs::{self, File},
    io::ErrorKind,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, ChildStdin, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{cgroup, container, pins, tool};

/// Where runs keep their state.
pub const STATE: &str = "/run/weir-tests";

/// What every run's name begins with.
pub(crate) const PREFIX: &str = "weir-t";

static NUMBER: AtomicU32 = AtomicU32::new(1);
/// Write end of the guard's pipe; the guard acts when this process is gone.
static GUARD: OnceLock<Mutex<Option<ChildStdin>>> = OnceLock::new();

/// A run of the harness; removes everything that bears its name when dropped.
#[derive(Debug)]
pub struct Run {
    name: String,
    /// Held while the run lasts: agents and tests share the host's root cgroup.
    _lock: File,
}

impl Run {
    /// Waits until no other run is active on this host, removes what dead runs
    /// left, and starts one.
    ///
    /// # Errors
    /// Not root, or the guard cannot be started.
    pub fn start() -> Result<Self> {
        fs::create_dir_all(STATE)
            .with_context(|| format!("{STATE} cannot be made: the harness needs root"))?;
        let lock = File::create(Path::new(STATE).join("lock")).context("lock file")?;
        lock.lock().context("wait for the other run to end")?;
        start_guard()?;
        sweep_leftovers()?;
        let name = format!(
            "{PREFIX}{}-{}",
            process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        fs::create_dir_all(Path::new(STATE).join(&name)).context("state directory")?;
        Ok(Self { name, _lock: lock })
    }

    /// Unique prefix of everything that this run makes: `weir-t<pid>-<n>`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Directory for this run's files; removed with it.
    pub fn directory(&self) -> PathBuf {
        Path::new(STATE).join(&self.name)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Err(error) = sweep(&self.name) {
            eprintln!("weir-tests: {} is not wholly removed: {error:#}", self.name);
        }
    }
}

/// Removes what runs of dead processes left behind, and says what.
///
/// # Errors
/// Something could not be removed.
pub fn sweep_leftovers() -> Result<Vec<String>> {
    let mut dead: Vec<String> = names()?
        .into_iter()
        .filter_map(|name| {
            let pid = name
                .strip_prefix(PREFIX)?
                .split_once('-')?
                .0
                .parse::<u32>()
                .ok()?;
            let run = name.splitn(4, '-').take(3).collect::<Vec<_>>().join("-");
            let run = run.trim_end_matches(".slice").to_owned();
            (!Path::new(&format!("/proc/{pid}")).exists()).then_some(run)
        })
        .collect();
    dead.sort();
    dead.dedup();
    dead.iter().try_for_each(|name| sweep(name))?;
    Ok(dead)
}

/// Removes everything whose name starts with `prefix`: processes, containers,
/// cgroups, network namespaces, state. Nothing is left out because an earlier
/// step failed.
///
/// # Errors
/// The first of the failures.
pub fn sweep(prefix: &str) -> Result<()> {
    let steps: [fn(&str) -> Result<()>; 5] = [
        // First: it ends every process of the run, a podman at work among them.
        cgroup::sweep,
        container::sweep,
        pins::sweep,
        sweep_namespaces,
        sweep_state,
    ];
    let failures: Vec<_> = steps.iter().filter_map(|step| step(prefix).err()).collect();
    failures.into_iter().next().map_or(Ok(()), Err)
}

/// Does what the guard is for: waits for the end of its input, then sweeps.
///
/// # Errors
/// As [`sweep`].
pub fn guard(prefix: &str) -> Result<()> {
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).context("guard's pipe")?;
    sweep(prefix)
}

/// Names in use by any run: namespaces, cgroups, state directories.
///
/// # Errors
/// A directory exists and cannot be read.
pub fn names() -> Result<Vec<String>> {
    let mut names = Vec::new();
    let places = [
        Path::new("/run/netns"),
        Path::new(STATE),
        Path::new(pins::MOUNT),
        cgroup::root()?,
    ];
    for directory in places {
        names.extend(
            entries(directory)?
                .into_iter()
                .filter(|name| name.starts_with(PREFIX)),
        );
    }
    Ok(names)
}

fn start_guard() -> Result<()> {
    let guard = GUARD.get_or_init(|| Mutex::new(None));
    let mut pipe = guard
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if pipe.is_some() {
        return Ok(());
    }
    let mut child = Command::new(tool::weir_traffic()?)
        .args(["guard", "--prefix", &format!("{PREFIX}{}-", process::id())])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        // Away from the terminal: Ctrl-C is for the one that is guarded.
        .process_group(0)
        .spawn()
        .context("start the guard")?;
    *pipe = child.stdin.take();
    Ok(())
}

fn sweep_namespaces(prefix: &str) -> Result<()> {
    for name in entries(Path::new("/run/netns"))? {
        if name.starts_with(prefix) {
            tool::ip(&format!("netns delete {name}"))?;
        }
    }
    Ok(())
}

fn sweep_state(prefix: &str) -> Result<()> {
    for name in entries(Path::new(STATE))? {
        if name.starts_with(prefix) {
            let path = Path::new(STATE).join(&name);
            retry(|| fs::remove_dir_all(&path))
                .with_context(|| format!("{} cannot be removed", path.display()))?;
        }
    }
    Ok(())
}

/// Entries of a directory; none when it does not exist.
pub(crate) fn entries(directory: &Path) -> Result<Vec<String>> {
    match fs::read_dir(directory) {
        Ok(entries) => Ok(entries
            .flatten()
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("read {}", directory.display())),
    }
}

/// Repeats what fails only while a dying process still holds it, at most 5 s;
/// what is gone already is well.
pub(crate) fn retry(mut act: impl FnMut() -> std::io::Result<()>) -> std::io::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        match act() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
            result => return result,
        }
    }
}
