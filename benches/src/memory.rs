//! Resident memory of the idle agent, by `/proc/PID`.

use std::{fs, thread, time::Duration};

use anyhow::{Context as _, Result};

use crate::{
    agent::{Agent, Places},
    report::{Goal, Row},
    stop::Stop,
};

const GROUP: &str = "Memory of the idle agent";
/// After this many seconds without work the agent counts as idle.
const SETTLE_SECONDS: u32 = 4;

/// The name that databases bear in the agent's memory.
const DATABASES: &str = "/memfd:weir-ip-database (deleted)";

/// Measures once: memory does not depend on how busy the machine is.
pub(crate) fn measure(stop: &Stop) -> Result<Vec<Row>> {
    let places = Places::find()?;
    let agent = Agent::start(&places)?;
    for _ in 0..SETTLE_SECONDS * 10 {
        stop.check()?;
        thread::sleep(Duration::from_millis(100));
    }
    let read = |file: &str| {
        let path = format!("/proc/{}/{file}", agent.id());
        fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
    };
    let status = read("status")?;
    let resident = field(&status, "VmRSS:")?;
    // Each database is a copy in sealed memory.
    let database = mapped(&read("smaps")?, DATABASES)
        .with_context(|| format!("the agent maps no {DATABASES}"))?;
    let row = |what, kilobytes: u64, goals| Row {
        group: GROUP,
        what: str::to_owned(what),
        unit: "MiB",
        with: mebibytes(kilobytes),
        without: None,
        ratio: None,
        goals,
    };
    Ok(vec![
        row(
            "resident but for databases",
            resident.saturating_sub(database),
            vec![Goal::AtMost(40.0)],
        ),
        row("databases, resident", database, vec![]),
        row("RssAnon", field(&status, "RssAnon:")?, vec![]),
        row("RssFile", field(&status, "RssFile:")?, vec![]),
        row("RssShmem", field(&status, "RssShmem:")?, vec![]),
    ])
}

#[expect(
    clippy::cast_precision_loss,
    reason = "kilobytes of one process stay far below 2^52"
)]
pub(crate) fn mebibytes(kilobytes: u64) -> f64 {
    kilobytes as f64 / 1024.0
}

/// A field in kilobytes (proc_pid_status(5)).
pub(crate) fn field(status: &str, name: &str) -> Result<u64> {
    status
        .lines()
        .find_map(|line| kilobytes(line, name))
        .with_context(|| format!("the kernel does not tell {name}"))
}

fn kilobytes(line: &str, name: &str) -> Option<u64> {
    line.strip_prefix(name)?
        .trim()
        .strip_suffix(" kB")?
        .parse()
        .ok()
}

/// Resident kilobytes of what is mapped under a name (proc_pid_smaps(5)); `None`
/// when nothing is.
fn mapped(smaps: &str, file: &str) -> Option<u64> {
    let mut inside = false;
    let mut sum = None;
    for line in smaps.lines() {
        // Mappings begin with an address in lower case, fields with a capital.
        if !line.starts_with(|c: char| c.is_ascii_uppercase()) {
            inside = line.ends_with(file);
        } else if inside && let Some(resident) = kilobytes(line, "Rss:") {
            sum = Some(sum.unwrap_or(0) + resident);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const SMAPS: &str = "\
55d0-55d1 r--p 00000000 fe:00 1   /usr/bin/weir
Size:                 16 kB
Rss:                  12 kB
7f00-7f01 r--s 00000000 fe:00 2   /memfd:weir-ip-database (deleted)
Rss:                 100 kB
Pss:                 100 kB
7f02-7f03 r--s 00001000 fe:00 2   /memfd:weir-ip-database (deleted)
Rss:                   8 kB
7f04-7f05 rw-p 00000000 00:00 0
Rss:                  64 kB
";

    #[test]
    fn finds_what_is_mapped() {
        let of = |path: &str| mapped(SMAPS, path);
        assert_eq!(of(DATABASES), Some(108));
        assert_eq!(of("/memfd:other (deleted)"), None);
    }

    #[test]
    fn reads_fields() {
        let status = "VmRSS:\t   42328 kB\nRssAnon:\t    2008 kB\n";
        assert_eq!(field(status, "RssAnon:").unwrap(), 2008);
        assert!(field(status, "RssFile:").is_err());
    }
}
