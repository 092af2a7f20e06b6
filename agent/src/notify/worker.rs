//! One way out at work: one notice after the other, each until it is done with.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{sleep, timeout},
};

use super::{
    Undelivered,
    backoff::Backoff,
    cursor::Cursor,
    feed::{self, Ready},
    notice::{Message, Notice},
    queue::Next,
    shared::Shared,
    way::Way,
};
use crate::kernel::Clock;

/// How long to wait for what cannot be read or written here.
const PAUSE: Duration = Duration::from_secs(5);

/// Failures between two that are said.
const SAID_EVERY: u32 = 60;

/// One way out.
pub(super) struct Worker {
    pub(super) way: Way,
    /// Place of its queue.
    pub(super) place: usize,
    pub(super) shared: Arc<Shared>,
    stop: watch::Receiver<bool>,
    backoff: Backoff,
    /// What is on disk.
    saved: Option<Cursor>,
    /// Whether somebody was told that it is not.
    unsaved: bool,
}

/// The agent stops, and a delivery fails: the next agent goes on.
struct Stopped;

impl Worker {
    pub(super) fn new(way: Way, place: usize, shared: Arc<Shared>) -> Self {
        Self {
            stop: shared.stopping(),
            way,
            place,
            shared,
            backoff: Backoff::default(),
            saved: None,
            unsaved: false,
        }
    }

    /// Delivers until the agent stops, and then what waits for as long as nothing fails. How far
    /// it has come, and what it has left out, is on disk then.
    pub(super) async fn run(mut self) {
        self.work().await;
        self.save().await;
    }

    async fn work(&mut self) {
        let mut news = self.shared.news();
        loop {
            news.borrow_and_update();
            let (position, ready) = self.shared.ready(self.place);
            let (notices, to) = match ready {
                Ready::Here(notices, to) => (notices, to),
                Ready::InLedger(to) => match self.read(position, to).await {
                    Some(read) => (read.notices, read.to),
                    None if self.pause(PAUSE).await => continue,
                    None => return,
                },
            };
            let idle = notices.is_empty();
            for notice in notices {
                if self.finish(&notice).await.is_err() {
                    return;
                }
            }
            let lost = self.shared.passed(self.place, to);
            if lost > 0 {
                let name = self.way.name();
                tracing::error!(sink = name, lost, "the ledger no longer has what waited");
                self.shared.metrics.dropped(name, lost);
            }
            self.save().await;
            if idle && to == position {
                let stopping = *self.stop.borrow();
                tokio::select! {
                    biased;
                    changed = news.changed() => if changed.is_err() { return },
                    _ = self.stop.changed(), if !stopping => {}
                    () = std::future::ready(()), if stopping => return,
                }
            }
        }
    }

    async fn read(&self, position: u64, to: u64) -> Option<feed::Read> {
        let store = self.shared.store.clone();
        let read = spawn_blocking(move || feed::read(&store, (position, to))).await;
        match read {
            // Not on disk yet.
            Ok(Ok(read)) if read.to > position => Some(read),
            Ok(Ok(_)) | Err(_) => None,
            Ok(Err(error)) => {
                tracing::error!(sink = self.way.name(), %error, "what waits cannot be read");
                None
            }
        }
    }

    /// Waits; whether the agent goes on.
    async fn pause(&mut self, time: Duration) -> bool {
        if *self.stop.borrow() {
            return false;
        }
        tokio::select! {
            () = sleep(time) => {}
            _ = self.stop.changed() => {}
        }
        !*self.stop.borrow()
    }

    /// Does with a notice what is to be done.
    async fn finish(&mut self, notice: &Notice) -> Result<(), Stopped> {
        loop {
            let next = self.shared.begin(self.place, notice);
            let Next::Deliver(what) = next else {
                self.shared.finish(self.place, notice, next);
                return Ok(());
            };
            let node = self.shared.node.clone();
            let message = Message::new(what, notice, &node);
            let sent = timeout(self.way.timeout(), self.way.deliver(&message)).await;
            let sent = sent.unwrap_or_else(|_| Err(Undelivered::too_long()));
            match sent {
                Ok(()) => self.delivered(),
                Err(Undelivered::Refused(why)) => self.refused(&message, &why),
                Err(Undelivered::Failed { why, after }) => {
                    self.shared.end(self.place);
                    let wait = self.failed(&message, &why, after);
                    match self.pause(wait).await {
                        true => continue,
                        false => return Err(Stopped),
                    }
                }
            }
            self.shared.finish(self.place, notice, next);
            self.save().await;
            return Ok(());
        }
    }

    fn delivered(&mut self) {
        let name = self.way.name();
        if self.backoff.failures() > 0 {
            tracing::warn!(sink = name, "it takes findings again");
        }
        self.backoff = Backoff::default();
        match Clock::read() {
            Ok(clock) => self.shared.metrics.delivered(name, clock.now()),
            Err(error) => tracing::error!(%error, "the clock cannot be read"),
        }
    }

    fn refused(&mut self, message: &Message<'_>, why: &str) {
        let name = self.way.name();
        tracing::error!(
            sink = name, delivery = %message.id, %why,
            "it refuses a delivery for good, which is not tried again: mend its settings"
        );
        self.backoff = Backoff::default();
        self.shared.metrics.refused(name);
    }

    fn failed(&mut self, message: &Message<'_>, why: &str, after: Option<Duration>) -> Duration {
        let name = self.way.name();
        if self.backoff.failures().is_multiple_of(SAID_EVERY) {
            tracing::error!(
                sink = name, delivery = %message.id, %why,
                "a delivery failed and is tried again; others wait behind it"
            );
        }
        self.shared.metrics.failed(name);
        self.backoff.wait(after)
    }

    /// Keeps on disk how far it has come.
    async fn save(&mut self) {
        let cursor = self.shared.cursor(self.place);
        if cursor == self.saved {
            return;
        }
        let Some(cursor) = cursor else {
            return;
        };
        let (store, name) = (self.shared.store.clone(), self.way.name().to_owned());
        let kept = cursor.clone();
        let written = spawn_blocking(move || kept.write(&store, &name)).await;
        let error = match written {
            Ok(Ok(())) => {
                self.saved = Some(cursor);
                if self.unsaved {
                    self.unsaved = false;
                    tracing::warn!(sink = self.way.name(), "its place is on disk again");
                }
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        // A disk that is full stays so for many deliveries.
        if !self.unsaved {
            self.unsaved = true;
            tracing::error!(
                sink = self.way.name(), %error,
                "its place is not on disk: if the agent ends now, the next one delivers again"
            );
        }
    }
}
