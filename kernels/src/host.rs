//! Runs the suites on the running kernel.

use std::{fs, process::Command, time::Duration};

use anyhow::Context as _;

use crate::{
    outcome::{self, Outcome},
    paths,
    suite::Suite,
};

/// Runs each suite in turn.
pub(crate) fn run(suites: &[Suite], time_limit: Duration) -> anyhow::Result<Vec<Outcome>> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")
        .context("/proc/sys/kernel/osrelease cannot be read")?
        .trim()
        .to_owned();
    suites
        .iter()
        .map(|suite| {
            println!("host: running the suite `{}` on {release}", suite.name);
            // coreutils' timeout ends only what it started.
            let output = Command::new("timeout")
                .arg("--kill-after=5")
                .arg(time_limit.as_secs().to_string())
                .arg(&suite.executable)
                .args(suite.arguments())
                .current_dir(paths::workspace())
                .output()
                .context("timeout(1) cannot be started")?;
            let printed = String::from_utf8_lossy(&output.stdout);
            for line in printed.lines() {
                println!("host| {line}");
            }
            for line in String::from_utf8_lossy(&output.stderr).lines() {
                eprintln!("host| {line}");
            }
            let summary = printed.lines().rev().find_map(outcome::summary);
            Ok(Outcome {
                kernel: "host",
                release: release.clone(),
                suite: suite.name,
                result: outcome::judge(output.status.code().unwrap_or(-1), summary),
            })
        })
        .collect()
}
