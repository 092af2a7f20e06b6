//! What the service manager is told: that recording is live, how much is recorded,
//! that the sweeps go on, that files are read anew, and the end (sd_notify(3)). Where no
//! manager asks for it, by `NOTIFY_SOCKET`, nothing is told.

use std::time::Duration;

use sd_notify::NotifyState;

use super::Failure;

/// Sweeps between two statuses that differ in counts of flows only.
const SWEEPS_PER_STATUS: u32 = 10;
/// Sweeps that the manager must be willing to wait for, at the least.
const SWEEPS_PER_WATCHDOG: u32 = 3;

/// How an agent fares, for one line of `systemctl status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// Flows that are open.
    pub(super) flows: usize,
    /// Findings that are open.
    pub(super) findings: usize,
    /// Gaps that this agent has told of.
    pub(super) gaps: u64,
    /// Whether the allowlists that there are to be read are not those in force.
    pub(super) refused: bool,
}

impl Status {
    fn line(self) -> String {
        let Self {
            flows,
            findings,
            gaps,
            refused,
        } = self;
        let refused = if refused {
            "; the allowlists that were read last are refused, those of before are in force"
        } else {
            ""
        };
        format!(
            "recording; open flows: {flows}, open findings: {findings}, gaps since the start: \
             {gaps}{refused}"
        )
    }
}

/// The service manager, as far as it wants to know.
#[derive(Debug)]
pub(super) struct Service {
    /// Whether it ends the agent unless it hears of it.
    watched: bool,
    /// What it was told last, and the sweeps since.
    told: (Status, u32),
    /// Whether files are being read anew because it was asked for.
    reloading: bool,
    /// Whether it could not be told, which is said once.
    deaf: bool,
}

impl Service {
    /// Recording is live. Where sweeps are too far apart for the manager's watchdog, it
    /// is asked to wait for longer.
    pub(super) fn ready(status: Status, sweep: Duration) -> Self {
        let watchdog = sd_notify::watchdog_enabled();
        let mut service = Self {
            watched: watchdog.is_some(),
            told: (status, 0),
            reloading: false,
            deaf: false,
        };
        let line = status.line();
        let mut states = vec![NotifyState::Ready, NotifyState::Status(&line)];
        states.extend(watchdog.and_then(|limit| longer(limit, sweep)));
        service.tell(&states);
        service
    }

    /// A sweep is done: the watchdog hears of nothing else.
    pub(super) fn swept(&mut self, status: Status) {
        let (told, sweeps) = self.told;
        let counts = Status {
            flows: told.flows,
            ..status
        };
        let news = counts != told || status != told && sweeps >= SWEEPS_PER_STATUS;
        self.told = (told, sweeps.saturating_add(1));
        let line = news.then(|| {
            self.told = (status, 0);
            status.line()
        });
        let mut states = Vec::new();
        if self.watched {
            states.push(NotifyState::Watchdog);
        }
        states.extend(line.as_deref().map(NotifyState::Status));
        self.tell(&states);
    }

    /// Files are going to be read anew.
    pub(super) fn reloading(&mut self) {
        self.reloading = true;
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now]),
            // Without it, the manager would take the message for an error.
            Err(error) => tracing::warn!(%error, "the service manager is not told of a reload"),
        }
    }

    /// Something was read anew; `done` if nothing else is awaited.
    pub(super) fn reloaded(&mut self, done: bool, status: Status) {
        if self.reloading && done {
            self.reloading = false;
            self.told = (status, 0);
            self.tell(&[NotifyState::Ready, NotifyState::Status(&status.line())]);
        }
    }

    /// The agent ends in order.
    pub(super) fn stopping(&mut self) {
        let line = "draining what was counted";
        self.tell(&[NotifyState::Stopping, NotifyState::Status(line)]);
    }

    fn tell(&mut self, states: &[NotifyState<'_>]) {
        if states.is_empty() {
            return;
        }
        match sd_notify::notify(states) {
            Ok(()) => self.deaf = false,
            Err(error) => {
                if !std::mem::replace(&mut self.deaf, true) {
                    tracing::warn!(%error, "the service manager cannot be told how the agent fares");
                }
            }
        }
    }
}

/// The agent did not start, or had to stop: why is the last status of the service.
pub(super) fn failed(failure: &Failure) {
    let line = failure.to_string();
    if let Err(error) = sd_notify::notify(&[NotifyState::Status(&line)]) {
        tracing::warn!(%error, "the service manager cannot be told why the agent ends");
    }
}

/// Another limit of the watchdog, if the one that there is has no room for sweeps.
fn longer(limit: Duration, sweep: Duration) -> Option<NotifyState<'static>> {
    let least = sweep.saturating_mul(SWEEPS_PER_WATCHDOG);
    (limit < least).then(|| {
        let microseconds = u32::try_from(least.as_micros()).unwrap_or(u32::MAX);
        NotifyState::WatchdogUsec(microseconds)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_line() {
        let status = Status {
            flows: 140,
            findings: 2,
            ..Status::default()
        };
        assert_eq!(
            status.line(),
            "recording; open flows: 140, open findings: 2, gaps since the start: 0"
        );
        let refused = Status {
            gaps: 1,
            refused: true,
            ..status
        };
        assert_eq!(
            refused.line(),
            "recording; open flows: 140, open findings: 2, gaps since the start: 1; the allowlists \
             that were read last are refused, those of before are in force"
        );
    }

    #[test]
    fn a_watchdog_waits_for_three_sweeps() {
        let asked = |limit, sweep| {
            let seconds = Duration::from_secs;
            longer(seconds(limit), seconds(sweep)).map(|state| state.to_string())
        };
        assert_eq!(asked(60, 1), None);
        assert_eq!(asked(60, 20), None);
        assert_eq!(asked(60, 21), Some("WATCHDOG_USEC=63000000".to_owned()));
        assert_eq!(
            asked(60, 86_400),
            Some("WATCHDOG_USEC=4294967295".to_owned())
        );
    }
}
