//! What fires, said again and again to an Alertmanager: its API has no news, only the state of
//! now. So nothing is queued for it; what it missed, it is told with the next push.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{sleep, timeout};

use super::{
    TIMEOUT, Undelivered,
    alerts::{Alert, Alerts, Firing, Subject, alert},
    backoff::Backoff,
    http::{self, Headers},
    settings::Alertmanager,
    shared::Shared,
    webhook,
};
use crate::kernel::Clock;

/// Time between two pushes, unless that is said.
const RESEND: Duration = Duration::from_secs(60);

/// An alert that is not said again ends after this time, or after four pushes: as long as
/// the rules keep one over a restart of the agent.
const LAPSES: Duration = Duration::from_secs(300);

/// Alerts of one push.
const AT_ONCE: usize = 500;

/// The path of its API, version 2.
const API: &str = "/api/v2/alerts";

/// One Alertmanager, and what it was told.
pub(super) struct Pusher {
    to: Alertmanager,
    shared: Arc<Shared>,
    host: String,
    /// What it has as firing.
    told: Alerts,
}

impl Pusher {
    pub(super) fn new(to: Alertmanager, shared: Arc<Shared>) -> Self {
        Self {
            to,
            shared,
            host: super::syslog::host_name(),
            told: BTreeMap::new(),
        }
    }

    fn resend(&self) -> Duration {
        self.to.resend.map_or(RESEND, |time| time.0)
    }

    /// Pushes whenever what fires changes, and again after a time; until the agent stops, and
    /// once more then if there is something new.
    pub(super) async fn run(mut self) {
        let mut firing = self.shared.alerts();
        let mut stop = self.shared.stopping();
        let mut backoff = Backoff::default();
        // What fires is not known before the agent records.
        if firing.borrow().is_empty() && firing.changed().await.is_err() {
            return;
        }
        loop {
            let now = firing.borrow_and_update().clone();
            let wait = match self.push(&now).await {
                Ok(()) => {
                    backoff = Backoff::default();
                    self.resend()
                }
                Err(error) => self.failed(&error, &mut backoff),
            };
            if *stop.borrow() {
                return;
            }
            let again = sleep(wait);
            tokio::pin!(again);
            loop {
                tokio::select! {
                    () = &mut again => break,
                    _ = stop.changed() => break,
                    changed = firing.changed() => {
                        let other = !self.has_told(&firing.borrow());
                        if changed.is_err() || (other && backoff.failures() == 0) {
                            break;
                        }
                    }
                }
            }
            if *stop.borrow() && self.has_told(&firing.borrow()) {
                return;
            }
        }
    }

    /// Whether these are the alerts that it has.
    fn has_told(&self, now: &Alerts) -> bool {
        now.keys().eq(self.told.keys())
    }

    async fn push(&mut self, now: &Arc<Alerts>) -> Result<(), Undelivered> {
        let clock = Clock::read().map_err(Undelivered::failed)?;
        let alerts = self.alerts(now, clock.now());
        self.shared.metrics.waiting(self.to.name(), alerts.len());
        for some in alerts.chunks(AT_ONCE) {
            let sent = timeout(TIMEOUT, send(&self.to, some)).await;
            sent.unwrap_or_else(|_| Err(Undelivered::too_long()))?;
        }
        self.told = Alerts::clone(now);
        self.shared.metrics.delivered(self.to.name(), clock.now());
        self.shared.metrics.waiting(self.to.name(), 0);
        Ok(())
    }

    /// What fires, and what has ceased to since the last push that was taken.
    fn alerts(&self, now: &Alerts, time: Timestamp) -> Vec<Alert> {
        let lapses = LAPSES.max(self.resend().saturating_mul(4));
        let lapses = SignedDuration::try_from(lapses).unwrap_or(SignedDuration::MAX);
        let later = time.checked_add(lapses).unwrap_or(Timestamp::MAX);
        let alert = |one: (&Subject, &Firing), ends| alert(one, &self.to, &self.host, ends);
        let firing = now.iter().map(|one| alert(one, later));
        let ceased = self.told.iter();
        let ceased = ceased.filter(|(subject, _)| !now.contains_key(subject));
        firing.chain(ceased.map(|one| alert(one, time))).collect()
    }

    fn failed(&self, error: &Undelivered, backoff: &mut Backoff) -> Duration {
        let name = self.to.name();
        let (why, after, refused) = match error {
            Undelivered::Refused(why) => (why, None, true),
            Undelivered::Failed { why, after } => (why, *after, false),
        };
        if backoff.failures() == 0 {
            tracing::error!(sink = name, %why, "alerts are not taken; they are pushed again");
        }
        let wait = backoff.wait(after);
        match refused {
            true => self.shared.metrics.refused(name),
            false => self.shared.metrics.failed(name),
        }
        wait.min(self.resend())
    }
}

/// Pushes alerts.
///
/// # Errors
/// They are not taken.
pub(super) async fn send(to: &Alertmanager, alerts: &[Alert]) -> Result<(), Undelivered> {
    let body = serde_json::to_string(alerts).map_err(Undelivered::failed)?;
    // Read anew each time, so that it can be changed.
    let token = to.bearer_token_file.as_deref().map(webhook::read);
    let headers = Headers {
        plain: Vec::new(),
        token: token.transpose()?,
    };
    let url = to.url.below(API);
    let answer = http::post(&url, to.ca_file.as_deref(), &headers, body).await;
    answer.map_err(Undelivered::failed)?.judged()
}
