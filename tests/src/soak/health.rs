//! What the agent holds: memory, open files, threads.

use std::{
    fmt::Write as _,
    fs, thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

/// How long to wait for files that are about to be closed.
const PATIENCE: Duration = Duration::from_secs(10);

/// The agent after a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// Memory of its own in kibibytes (`RssAnon`, proc_pid_status(5)): pages of its executable
    /// are the kernel's to keep or drop.
    pub resident_kib: u64,
    /// Open files.
    pub files: usize,
    /// Threads.
    pub threads: u64,
}

impl Health {
    /// Looks at a process, once it has no more files than before, or some seconds have passed.
    ///
    /// # Errors
    /// There is no such process.
    pub fn of(process: u32, before: Option<&Self>) -> Result<Self> {
        let begin = Instant::now();
        loop {
            let health = Self::now(process)?;
            let more = before.is_some_and(|before| health.files > before.files);
            if !more || begin.elapsed() > PATIENCE {
                return Ok(health);
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn now(process: u32) -> Result<Self> {
        let status =
            fs::read_to_string(format!("/proc/{process}/status")).context("the agent has ended")?;
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let first = line.and_then(|line| line.split_whitespace().next());
            first.and_then(|text| text.parse().ok()).context("status")
        };
        Ok(Self {
            resident_kib: number("RssAnon:")?,
            files: fs::read_dir(format!("/proc/{process}/fd"))?.count(),
            threads: number("Threads:")?,
        })
    }
}

/// How much the agent may grow once it is warm.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// Of its memory, for a hundred.
    pub per_cent: u64,
    /// And kibibytes beside that.
    pub kib: u64,
    /// Threads: those for what blocks come with work and go after some seconds without.
    pub threads: u64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self {
            per_cent: 10,
            kib: 4096,
            threads: 2,
        }
    }
}

impl Tolerance {
    /// What has grown from the first half of these to the second, by the least of each: what
    /// comes and goes is no leak, and what leaks raises the least.
    pub fn faults(self, health: &[Health]) -> Vec<String> {
        let mut faults = Vec::new();
        let (early, late) = health.split_at(health.len() / 2);
        let least = |of: &dyn Fn(&Health) -> u64| -> Option<(u64, u64)> {
            Some((early.iter().map(of).min()?, late.iter().map(of).min()?))
        };
        let files = |one: &Health| u64::try_from(one.files).unwrap_or(u64::MAX);
        let (Some(memory), Some(files), Some(threads)) = (
            least(&|one| one.resident_kib),
            least(&files),
            least(&|one| one.threads),
        ) else {
            return vec!["too few rounds".to_owned()];
        };
        let (before, after) = memory;
        if after > before * (100 + self.per_cent) / 100 + self.kib {
            faults.push(format!("memory grew from {before} KiB to {after} KiB"));
        }
        for (what, (before, after), more) in
            [("open files", files, 0), ("threads", threads, self.threads)]
        {
            if after > before + more {
                faults.push(format!("{what} grew from {before} to {after}"));
            }
        }
        faults
    }
}

/// Ten rounds or so of all, as a table.
pub(super) fn table(health: &[Health]) -> String {
    let mut text = format!(
        "{:>5}  {:>9}  {:>5}  {:>7}\n",
        "round", "KiB", "files", "threads"
    );
    let step = health.len().div_ceil(10).max(1);
    for (number, one) in health.iter().enumerate() {
        if number % step == 0 || number + 1 == health.len() {
            let Health {
                resident_kib,
                files,
                threads,
            } = one;
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{:>5}  {resident_kib:>9}  {files:>5}  {threads:>7}",
                number + 1
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(resident_kib: u64, files: usize) -> Health {
        Health {
            resident_kib,
            files,
            threads: 2,
        }
    }

    #[test]
    fn growth_beyond_the_tolerance_is_a_fault() {
        let tolerance = Tolerance::default();
        assert_eq!(
            tolerance.faults(&[health(40_000, 30), health(48_096, 30)]),
            Vec::<String>::new()
        );
        assert_eq!(
            tolerance.faults(&[health(40_000, 30), health(48_097, 31)]),
            [
                "memory grew from 40000 KiB to 48097 KiB",
                "open files grew from 30 to 31"
            ]
        );
        let peaks = [(40_000, 31), (90_000, 40), (90_000, 40), (40_100, 31)];
        assert_eq!(
            tolerance.faults(&peaks.map(|(kib, files)| health(kib, files))),
            Vec::<String>::new(),
            "what comes and goes"
        );
        assert_eq!(tolerance.faults(&[health(1, 1)]), ["too few rounds"]);
    }
}
