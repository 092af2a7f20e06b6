//! More new flows than a host ever makes: is every byte still in the record,
//! and what does the agent take for it?

use std::{
    fs,
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, Result};

use crate::{
    agent::{Agent, Places},
    report::{Goal, Row},
    stop::Stop,
    world::World,
};

/// New flows each second, for so many milliseconds.
const STORMS: [(&str, u64, u64); 2] = [
    ("Storm: 1 M flows in 60 s", 16_700, 60_000),
    ("Storm: 100 k flows/s, 10 s", 100_000, 10_000),
];

/// What the agent says at the end of each flow.
#[derive(serde::Deserialize)]
struct Line {
    workload: Option<Workload>,
    #[serde(default)]
    direction: String,
    #[serde(default)]
    egress_bytes: u64,
}

#[derive(serde::Deserialize)]
struct Workload {
    cgroup_path: Option<String>,
}

/// Runs both storms.
pub(crate) fn measure(stop: &Stop) -> Result<Vec<Row>> {
    let places = Places::find()?;
    let mut rows = Vec::new();
    for (group, rate, milliseconds) in STORMS {
        stop.check()?;
        rows.extend(storm(&places, group, rate, milliseconds)?);
    }
    Ok(rows)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bytes and milliseconds of a minute stay far below 2^52"
)]
fn storm(places: &Places, group: &'static str, rate: u64, milliseconds: u64) -> Result<Vec<Row>> {
    let world = World::make()?;
    let total = Arc::new(AtomicU64::new(0));
    let agent = Agent::start_into(
        places,
        Sum {
            cgroup: world.cgroup_path(),
            line: Vec::new(),
            total: Arc::clone(&total),
        },
    )?;
    let before = cpu_seconds(agent.id())?;
    let outcome = world.storm(rate, milliseconds)?;
    let cpu = cpu_seconds(agent.id())? - before;
    let status = fs::read_to_string(format!("/proc/{}/status", agent.id()))?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .context("the kernel does not tell VmHWM")?;
    agent.finish()?;
    let recorded = total.load(Ordering::Relaxed) as f64;
    let sent = outcome.ip_bytes() as f64;
    let row = |what: &str, unit, with, without: Option<f64>, goals| Row {
        group,
        what: what.to_owned(),
        unit,
        with,
        without,
        ratio: without.map(|without| with / without),
        goals,
    };
    Ok(vec![
        row(
            "bytes recorded of those sent",
            "MB",
            recorded / 1e6,
            Some(sent / 1e6),
            vec![Goal::AtLeast(1.0), Goal::AtMost(1.0)],
        ),
        row(
            "flows made of those asked",
            "k/s",
            outcome.rate() / 1e3,
            Some(rate as f64 / 1e3),
            vec![],
        ),
        row(
            "agent, peak resident",
            "MiB",
            peak as f64 / 1024.0,
            None,
            vec![Goal::AtMost(256.0)],
        ),
        row(
            "agent, processor time",
            "%",
            cpu / outcome.seconds() * 100.0,
            None,
            vec![],
        ),
    ])
}

/// Adds up what the flows of a cgroup sent, as the agent says in the end.
struct Sum {
    cgroup: String,
    line: Vec<u8>,
    total: Arc<AtomicU64>,
}

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend(part);
            if part.ends_with(b"\n") {
                self.add()?;
                self.line.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sum {
    fn add(&mut self) -> io::Result<()> {
        // The others need not be parsed.
        if !contains(&self.line, br#""event":"final""#) {
            return Ok(());
        }
        let line: Line = serde_json::from_slice(&self.line)?;
        let own = line.workload.and_then(|one| one.cgroup_path);
        if line.direction == "outbound" && own.as_ref() == Some(&self.cgroup) {
            self.total.fetch_add(line.egress_bytes, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn contains(line: &[u8], words: &[u8]) -> bool {
    line.windows(words.len()).any(|window| window == words)
}

/// User and system time of a process (proc_pid_stat(5)).
#[expect(
    clippy::cast_precision_loss,
    reason = "ticks of a process stay far below 2^52"
)]
fn cpu_seconds(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(") ").context("the kernel's stat")?;
    let ticks: u64 = rest
        .split(' ')
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    let second = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK)?
        .context("the kernel does not tell its ticks")?;
    Ok(ticks as f64 / second as f64)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn this_process_has_used_some_time() {
        assert!(cpu_seconds(std::process::id()).unwrap() >= 0.0);
    }
}
