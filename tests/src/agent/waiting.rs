//! What an agent is waited for to tell.

use std::{
    fmt::Debug,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use super::{Agent, PATIENCE, Seen, lock};
use crate::record::{AllowlistsChange, DatabaseNews, Finding, Flow, Gap, SelfTest};

impl Agent {
    /// Asks again and again until there is an answer. The error has what was told of instead,
    /// and every flow.
    fn wait<T, D: Debug>(
        &self,
        what: impl Fn() -> String,
        told: impl Fn(&Seen) -> D,
        ask: impl Fn(&Seen) -> Option<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask(&lock(&self.seen)) {
                return Ok(answer);
            }
            if Instant::now() > deadline {
                let told = told(&lock(&self.seen));
                bail!("{}; told of: {told:#?}\n{}", what(), self.said());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for a flow that `wanted` accepts.
    ///
    /// # Errors
    /// None comes in time; the error lists the flows that did.
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&Flow) -> bool) -> Result<Flow> {
        self.wait(
            || format!("no flow is {what}"),
            |_| (),
            |seen| seen.flows.values().find(|flow| wanted(flow)).cloned(),
        )
    }

    /// Waits until it tells of a gap for this reason.
    ///
    /// # Errors
    /// None comes in time; the error lists those that did.
    pub fn wait_for_gap(&self, reason: &str) -> Result<Gap> {
        self.wait_for_gaps(reason, 1)
    }

    /// Waits until it has told of so many gaps for this reason; the last of them.
    ///
    /// # Errors
    /// It does not in time; the error lists those that it told of.
    pub fn wait_for_gaps(&self, reason: &str, times: usize) -> Result<Gap> {
        self.wait(
            || format!("not {times} gaps are `{reason}`"),
            |seen| seen.gaps.clone(),
            |seen| {
                let mut of = seen.gaps.iter().filter(|gap| gap.reason == reason);
                of.nth(times.saturating_sub(1)).cloned()
            },
        )
    }

    /// Waits until its canary has sent by every way.
    ///
    /// # Errors
    /// It does not in time.
    pub fn wait_for_self_test(&self) -> Result<SelfTest> {
        self.wait(
            || "no self-test".to_owned(),
            |seen| seen.gaps.clone(),
            |seen| seen.self_tests.first().cloned(),
        )
    }

    /// Waits until it tells of this event of an IP database of that name.
    ///
    /// # Errors
    /// It does not in time; the error lists what it told of.
    pub fn wait_for_database(&self, name: &str, event: &str) -> Result<DatabaseNews> {
        self.wait(
            || format!("`{name}` is not {event}"),
            |seen| seen.databases.clone(),
            |seen| {
                let wanted = |one: &&DatabaseNews| one.name == name && one.event == event;
                seen.databases.iter().rev().find(wanted).cloned()
            },
        )
    }

    /// Waits until this became of a finding that `wanted` accepts.
    ///
    /// # Errors
    /// It does not in time; the error lists what it told of.
    pub fn wait_for_finding(
        &self,
        event: &str,
        wanted: impl Fn(&Finding) -> bool,
    ) -> Result<Finding> {
        self.wait_for_findings(event, wanted, 1)
    }

    /// Waits until this became of such findings so many times; the last of them.
    ///
    /// # Errors
    /// It does not in time; the error lists what it told of.
    pub fn wait_for_findings(
        &self,
        event: &str,
        wanted: impl Fn(&Finding) -> bool,
        times: usize,
    ) -> Result<Finding> {
        self.wait(
            || format!("not {times} such findings are {event}"),
            |seen| seen.findings.clone(),
            |seen| {
                let of = seen.findings.iter().filter(|one| one.event == event);
                let mut of = of.filter(|one| wanted(one));
                of.nth(times.saturating_sub(1)).cloned()
            },
        )
    }

    /// How often it has told so far that this became of such findings.
    pub fn findings_told(&self, event: &str, wanted: impl Fn(&Finding) -> bool) -> usize {
        let seen = lock(&self.seen);
        let of = seen.findings.iter().filter(|one| one.event == event);
        of.filter(|one| wanted(one)).count()
    }

    /// Waits until it has told so many times of the allowlists, and returns the last time.
    ///
    /// # Errors
    /// It does not in time; the error lists what it told of.
    pub fn wait_for_allowlists(&self, times: usize) -> Result<AllowlistsChange> {
        self.wait(
            || format!("not told of allowlists {times} times"),
            |seen| seen.allowlists.clone(),
            |seen| seen.allowlists.get(times.saturating_sub(1)).cloned(),
        )
    }
}
