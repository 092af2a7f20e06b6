//! How each thread of this process is confined, as the kernel tells (`/proc/PID/status`,
//! proc_pid_status(5)).

use std::fs;

use super::ConfineError;

/// How a thread is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadStatus {
    /// Its effective capabilities.
    pub effective: u64,
    /// Whether executing a program gives it nothing.
    pub no_new_privs: bool,
    /// Mode of seccomp: 0 none, 2 a filter.
    pub seccomp: u32,
}

impl ThreadStatus {
    /// Reads what a `status` says; `None` where a line is missing.
    pub fn parse(status: &str) -> Option<Self> {
        let field = |name: &str| {
            let mut lines = status.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        };
        Some(Self {
            effective: u64::from_str_radix(field("CapEff")?.trim(), 16).ok()?,
            no_new_privs: field("NoNewPrivs")?.trim() == "1",
            seccomp: field("Seccomp")?.trim().parse().ok()?,
        })
    }
}

/// Looks at every thread.
pub(super) fn all_alike(wanted: &ThreadStatus) -> Result<(), ConfineError> {
    let odd = |thread: &str, what: String| ConfineError::Thread(thread.to_owned(), what);
    let tasks = fs::read_dir("/proc/self/task")
        .map_err(|error| odd("of any number", format!("procfs cannot be read: {error}")))?;
    for task in tasks.flatten() {
        let number = task.file_name().to_string_lossy().into_owned();
        let Ok(status) = fs::read_to_string(task.path().join("status")) else {
            // It has ended.
            continue;
        };
        let found = ThreadStatus::parse(&status);
        if found != Some(*wanted) {
            return Err(odd(&number, format!("{found:?}, wanted {wanted:?}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read() {
        let status = "Name:\tweir\nCapEff:\t0000008000001004\nNoNewPrivs:\t1\nSeccomp:\t2\n\
                      Seccomp_filters:\t2\n";
        assert_eq!(
            ThreadStatus::parse(status),
            Some(ThreadStatus {
                effective: 0x80_0000_1004,
                no_new_privs: true,
                seccomp: 2
            })
        );
        assert_eq!(ThreadStatus::parse("Name:\tweir\n"), None);
    }
}
