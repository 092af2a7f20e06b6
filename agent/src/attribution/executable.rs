//! Which program a process runs.

use std::{
    fs::File,
    io::{self, Read as _},
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{OFlag, open, openat, readlinkat},
    sys::stat::Mode,
    unistd::{SysconfVar, sysconf},
};

use super::workload::Executable;
use crate::{aside, bounded::Bounded, record::Process};

/// Processes remembered. Each takes about 200 bytes.
const REMEMBERED: usize = 8192;

/// Reads `/proc/<pid>/exe`, and never that of a process which got the pid
/// later: the start time has to be the one that the kernel recorded.
pub(super) struct Executables {
    proc: PathBuf,
    /// Whether another process may have to read.
    aside: bool,
    ticks_per_second: u64,
    known: Bounded<Incarnation, Executable>,
}

/// One program of one process: `exec` changes the command name and neither pid
/// nor start time.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Incarnation {
    pid: u32,
    start_ns: u64,
    comm: String,
}

impl Executables {
    /// Reads below `proc`, which is `/proc` of the initial PID namespace.
    pub(super) fn new(proc: PathBuf) -> Self {
        let ticks = sysconf(SysconfVar::CLK_TCK).ok().flatten();
        Self {
            proc,
            aside: false,
            // USER_HZ is 100 on every architecture that Rust's std and aya support.
            ticks_per_second: ticks
                .and_then(|t| u64::try_from(t).ok())
                .unwrap_or(100)
                .max(1),
            known: Bounded::new(REMEMBERED),
        }
    }

    /// Has the programs of living processes read by the process aside, where there is one.
    pub(super) fn of_this_host() -> Self {
        Self {
            aside: true,
            ..Self::new(PathBuf::from("/proc"))
        }
    }

    /// The program of `process`, as it was when first asked.
    pub(super) fn of(&mut self, process: &Process) -> Executable {
        let key = Incarnation {
            pid: process.pid,
            start_ns: process.start_ns,
            comm: process.comm.clone(),
        };
        if let Some(known) = self.known.get_mut(&key) {
            return known.clone();
        }
        let executable = if self.aside {
            aside::executable(process)
        } else {
            self.read(process).unwrap_or_else(Executable::Unknown)
        };
        self.known.insert(key, executable.clone());
        executable
    }

    fn read(&self, process: &Process) -> Result<Executable, String> {
        let pid = process.pid;
        if pid == 0 || process.start_ns == 0 {
            return Err("the kernel recorded no process for it".to_owned());
        }
        // One descriptor for both reads: it stays with this process, so the pid
        // cannot change hands between them.
        let directory = open_directory(&self.proc.join(pid.to_string()))
            .map_err(|errno| gone_or(errno, pid, "directory in /proc"))?;
        let stat = read_at(&directory, "stat").map_err(|error| {
            let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
            gone_or(errno, pid, "status")
        })?;
        let stat = Stat::parse(&stat)
            .ok_or_else(|| format!("the status of process {pid} has an unknown form"))?;
        if stat.start_ticks != self.ticks(process.start_ns) {
            return Err(ended(pid));
        }
        match readlinkat(directory.as_fd(), "exe") {
            Ok(path) => Ok(Executable::Path(PathBuf::from(path))),
            // A process that ends gives up its program before its pid.
            Err(Errno::ENOENT) if stat.kernel_thread => Err(format!(
                "process {pid} is a kernel thread and has no executable"
            )),
            Err(errno) => Err(gone_or(errno, pid, "executable")),
        }
    }

    /// Clock ticks since boot, rounded down as the kernel does for `stat`.
    fn ticks(&self, start_ns: u64) -> u64 {
        start_ns / (1_000_000_000 / self.ticks_per_second).max(1)
    }
}

/// Which program a process of this host runs, as this process can see it.
pub fn read_executable(process: &Process) -> Executable {
    let executables = Executables::new(PathBuf::from("/proc"));
    executables
        .read(process)
        .unwrap_or_else(Executable::Unknown)
}

fn open_directory(path: &Path) -> Result<OwnedFd, Errno> {
    open(
        path,
        OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )
}

fn read_at(directory: &OwnedFd, name: &str) -> io::Result<String> {
    let file = openat(
        directory,
        name,
        OFlag::O_RDONLY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )?;
    let mut bytes = Vec::new();
    File::from(file).take(4096).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn ended(pid: u32) -> String {
    format!("process {pid} had ended before its executable was read")
}

/// The reason for `errno`, met on `what`.
fn gone_or(errno: Errno, pid: u32, what: &str) -> String {
    match errno {
        Errno::ENOENT | Errno::ESRCH => ended(pid),
        Errno::EACCES | Errno::EPERM => {
            format!("permission denied for the {what} of process {pid}")
        }
        other => format!(
            "the {what} of process {pid} cannot be read: {}",
            other.desc()
        ),
    }
}

/// What is taken from `/proc/<pid>/stat`.
struct Stat {
    /// Field 9 has `PF_KTHREAD`.
    kernel_thread: bool,
    /// Field 22: start, in clock ticks since boot.
    start_ticks: u64,
}

impl Stat {
    fn parse(stat: &str) -> Option<Self> {
        const PF_KTHREAD: u64 = 0x0020_0000;
        // Field 2, the command name in parentheses, may itself hold both.
        let (_, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        let flags: u64 = fields.nth(6)?.parse().ok()?;
        let start_ticks = fields.nth(12)?.parse().ok()?;
        Some(Self {
            kernel_thread: flags & PF_KTHREAD != 0,
            start_ticks,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::{fs, process::Command, thread, time::Duration};

    use super::*;

    fn process(pid: u32, start_ns: u64) -> Process {
        Process {
            pid,
            uid: 0,
            comm: "test".into(),
            start_ns,
        }
    }

    /// A process's start in nanoseconds, somewhere within its tick.
    fn start_of(pid: u32) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        Stat::parse(&stat).unwrap().start_ticks * 10_000_000 + 1_234_567
    }

    fn unknown(executable: &Executable) -> &str {
        match executable {
            Executable::Unknown(reason) => reason,
            Executable::Path(_) => "a path",
        }
    }

    #[test]
    fn the_own_program_is_found() {
        let mut executables = Executables::new("/proc".into());
        let pid = std::process::id();
        let mine = std::env::current_exe().unwrap();
        assert_eq!(
            executables.of(&process(pid, start_of(pid))),
            Executable::Path(mine)
        );
    }

    #[test]
    fn a_reused_pid_is_never_named() {
        let mut executables = Executables::new("/proc".into());
        let pid = std::process::id();
        for other in [start_of(pid) - 10_000_000, start_of(pid) + 10_000_000] {
            assert_eq!(
                unknown(&executables.of(&process(pid, other))),
                format!("process {pid} had ended before its executable was read")
            );
        }
    }

    #[test]
    fn what_ended_keeps_the_name_that_was_read_in_time() {
        let mut executables = Executables::new("/proc".into());
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let early = process(child.id(), start_of(child.id()));
        let late = Process {
            comm: "late".into(),
            ..early.clone()
        };
        // The fork may still be this program; the answer is only remembered.
        let known = executables.of(&early);
        assert!(matches!(known, Executable::Path(_)), "{known:?}");
        child.kill().unwrap();
        // A zombie until it is waited for, then nothing.
        let zombie = Process {
            comm: "zombie".into(),
            ..early.clone()
        };
        let status = format!("/proc/{}/stat", child.id());
        while !fs::read_to_string(&status).unwrap().contains(") Z ") {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(unknown(&executables.of(&zombie)).contains("had ended"));
        child.wait().unwrap();
        assert_eq!(executables.of(&early), known);
        assert!(unknown(&executables.of(&late)).contains("had ended"));
    }

    #[test]
    fn each_other_cause_is_said() {
        let mut executables = Executables::new("/proc".into());
        assert_eq!(
            unknown(&executables.of(&process(1, 0))),
            "the kernel recorded no process for it"
        );
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("7")).unwrap();
        let stat = "7 (a) b) S 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 250 0 0\n";
        fs::write(dir.path().join("7/stat"), stat).unwrap();
        let mut executables = Executables::new(dir.path().to_owned());
        assert_eq!(
            unknown(&executables.of(&process(7, 2_509_999_999))),
            "process 7 is a kernel thread and has no executable"
        );
        fs::write(dir.path().join("7/stat"), "7 nonsense").unwrap();
        assert_eq!(
            unknown(&executables.of(&process(7, 1))),
            "the status of process 7 has an unknown form"
        );
    }
}
