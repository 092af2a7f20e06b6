//! Has the bundle of each period written once it is over: by a process of its own, so that
//! neither the recording nor its memory has a share in it.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::{evidence::Schedule, output::Metrics};

/// How often is looked whether one is due.
const EVERY: Duration = Duration::from_secs(5);

/// The heartbeat that closes a period is written within a minute of its end.
const CLOSED_AFTER: SignedDuration = SignedDuration::from_secs(61);

/// Time until another attempt, and the most that it grows to.
const AGAIN: SignedDuration = SignedDuration::from_secs(60);
const AGAIN_AT_MOST: SignedDuration = SignedDuration::from_secs(3600);

/// Exit code of a period that the agent has not closed yet.
const NOT_YET: i32 = 8;

/// Where bundles go, and of which periods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundles {
    /// Their directory.
    pub directory: PathBuf,
    /// How long the periods are.
    pub schedule: Schedule,
}

/// Writes bundles.
pub(super) struct Writer {
    bundles: Option<Bundles>,
    store: PathBuf,
    ticks: Interval,
    /// When one may be due.
    next: Timestamp,
    again: SignedDuration,
    at_work: Option<Child>,
    /// Whether the last attempt failed.
    failed: bool,
}

impl Writer {
    /// At first, what an earlier agent may have left is looked for.
    pub(super) fn new(bundles: Option<Bundles>, store: &Path) -> Self {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            bundles,
            store: store.to_owned(),
            ticks,
            next: Timestamp::MIN,
            again: AGAIN,
            at_work: None,
            failed: false,
        }
    }

    /// Waits until there is something to look after.
    pub(super) async fn tick(&mut self) {
        match self.bundles {
            Some(_) => drop(self.ticks.tick().await),
            None => std::future::pending().await,
        }
    }

    /// Whether one is due and could not be written.
    pub(super) fn failed_last(&self) -> bool {
        self.failed
    }

    /// Looks after it.
    pub(super) fn look(&mut self, now: Timestamp, metrics: &Metrics) {
        let Some(bundles) = self.bundles.clone() else {
            return;
        };
        if let Some(child) = &mut self.at_work {
            match child.try_wait() {
                Ok(None) => return,
                Ok(Some(status)) => self.ended(status.code(), now, &bundles, metrics),
                Err(error) => self.failed(now, &error, metrics),
            }
            self.at_work = None;
        }
        if now >= self.next {
            match self.begin(&bundles) {
                Ok(child) => self.at_work = Some(child),
                Err(error) => self.failed(now, &error, metrics),
            }
        }
    }

    fn begin(&self, bundles: &Bundles) -> io::Result<Child> {
        // This very program, though another may be installed meanwhile.
        Command::new("/proc/self/exe")
            .args(["evidence", "due", "--evidence-schedule"])
            .arg(bundles.schedule.label())
            .arg("--evidence-dir")
            .arg(&bundles.directory)
            .arg("--store")
            .arg(&self.store)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
    }

    fn ended(&mut self, code: Option<i32>, now: Timestamp, bundles: &Bundles, metrics: &Metrics) {
        match code {
            Some(0) => {
                metrics.bundles_failed(false);
                self.failed = false;
                self.again = AGAIN;
                let period = bundles.schedule.period(now);
                let end = period.map_or(Timestamp::MAX, |period| period.to);
                self.next = end.checked_add(CLOSED_AFTER).unwrap_or(Timestamp::MAX);
            }
            Some(NOT_YET) => self.later(now, AGAIN),
            code => {
                let error = io::Error::other(match code {
                    Some(code) => format!("exit code {code}"),
                    None => "a signal ended it".to_owned(),
                });
                self.failed(now, &error, metrics);
            }
        }
    }

    /// What is wrong was said by the process itself, on standard error.
    fn failed(&mut self, now: Timestamp, error: &io::Error, metrics: &Metrics) {
        metrics.bundles_failed(true);
        self.failed = true;
        tracing::error!(%error, seconds = self.again.as_secs(), "a bundle of evidence was not written; it is tried again");
        self.later(now, self.again);
        self.again = (self.again * 2).min(AGAIN_AT_MOST);
    }

    fn later(&mut self, now: Timestamp, after: SignedDuration) {
        self.next = now.checked_add(after).unwrap_or(Timestamp::MAX);
    }
}

/// One that is being written is not of use half done; the next agent writes it.
impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.at_work {
            // It has ended, or ends now: both are well.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn attempts_become_rare_and_a_success_ends_them() {
        let bundles = Bundles {
            directory: PathBuf::from("bundles"),
            schedule: Schedule::Day,
        };
        let metrics = Metrics::new("0");
        let mut writer = Writer::new(Some(bundles.clone()), Path::new("store"));
        let now = time("2026-11-01T12:00:00Z");
        let mut waits = Vec::new();
        for _ in 0..8 {
            writer.ended(Some(7), now, &bundles, &metrics);
            waits.push(writer.next.duration_since(now).as_secs());
        }
        assert_eq!(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert!(
            metrics
                .text()
                .unwrap()
                .contains("weir_evidence_export_failed 1\n")
        );
        writer.ended(Some(0), now, &bundles, &metrics);
        assert_eq!(writer.next, time("2026-11-02T00:01:01Z"));
        assert!(
            metrics
                .text()
                .unwrap()
                .contains("weir_evidence_export_failed 0\n")
        );
        writer.ended(Some(8), now, &bundles, &metrics);
        assert_eq!(writer.next, time("2026-11-01T12:01:00Z"));
        assert!(
            metrics
                .text()
                .unwrap()
                .contains("weir_evidence_export_failed 0\n")
        );
    }
}
