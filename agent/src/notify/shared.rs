//! What the recorder and the ways out share.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::{
    alerts::Alerts,
    cursor::Cursor,
    feed::{Feed, Ready},
    notice::Notice,
    queue::{Next, Queue},
};
use crate::output::NotifyMetrics;

/// Notices and queues, in step with each other.
#[derive(Debug)]
pub(super) struct State {
    feed: Feed,
    /// By the place of the way out.
    queues: Vec<Queue>,
}

/// What the recorder gives and the ways out take. Locks are held for as long as it takes to
/// count.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Names of those that have queues.
    names: Vec<String>,
    /// Changes with each notice, and when the ledger has gone on.
    news: watch::Sender<u64>,
    alerts: watch::Sender<Arc<Alerts>>,
    stop: watch::Sender<bool>,
    pub(super) metrics: NotifyMetrics,
    pub(super) store: PathBuf,
    pub(super) node: String,
}

impl Shared {
    pub(super) fn new(
        (feed, queues): (Feed, Vec<(String, Queue)>),
        metrics: NotifyMetrics,
        (store, node): (PathBuf, String),
    ) -> Self {
        let (names, queues): (Vec<_>, Vec<_>) = queues.into_iter().unzip();
        let shared = Self {
            state: Mutex::new(State { feed, queues }),
            names,
            news: watch::Sender::new(0),
            alerts: watch::Sender::default(),
            stop: watch::Sender::new(false),
            metrics,
            store,
            node,
        };
        shared.count(&shared.lock());
        shared
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, state: &State) {
        for (name, queue) in self.names.iter().zip(&state.queues) {
            let waiting = usize::try_from(queue.waiting()).unwrap_or(usize::MAX);
            self.metrics.waiting(name, waiting);
        }
    }

    /// Takes the next notice from the recorder.
    pub(super) fn push(&self, notice: Notice) {
        let notice = Arc::new(notice);
        let mut state = self.lock();
        for (name, queue) in self.names.iter().zip(&mut state.queues) {
            if queue.arrive(&notice) {
                self.metrics.dropped(name, 1);
            }
        }
        state.feed.push(notice);
        self.count(&state);
        drop(state);
        self.news.send_modify(|number| *number += 1);
    }

    /// A notice has no place in the ledger, which has no room: nobody is told of it.
    pub(super) fn lost(&self) {
        for name in &self.names {
            self.metrics.dropped(name, 1);
        }
    }

    /// Up to this entry, there are no notices but those that were pushed.
    pub(super) fn reached(&self, seq: u64) {
        self.lock().feed.reached(seq);
        self.news.send_modify(|number| *number += 1);
    }

    /// These fire now.
    pub(super) fn fire(&self, alerts: Alerts) {
        self.alerts.send_replace(Arc::new(alerts));
    }

    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
    }

    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub(super) fn alerts(&self) -> watch::Receiver<Arc<Alerts>> {
        self.alerts.subscribe()
    }

    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    fn queue<T>(&self, place: usize, ask: impl FnOnce(&mut Queue) -> T) -> Option<T> {
        let mut state = self.lock();
        let told = state.queues.get_mut(place).map(ask);
        self.count(&state);
        told
    }

    /// Where the notices are that a way out is not done with; its position, too.
    pub(super) fn ready(&self, place: usize) -> (u64, Ready) {
        let state = self.lock();
        let position = state.queues.get(place).map_or(u64::MAX, Queue::position);
        (position, state.feed.ready(position))
    }

    /// What a way out has to do with its next notice, which it does now.
    pub(super) fn begin(&self, place: usize, notice: &Notice) -> Next {
        let next = |queue: &mut Queue| {
            let next = queue.next(notice);
            if matches!(next, Next::Deliver(_)) {
                queue.begin(notice);
            }
            next
        };
        self.queue(place, next).unwrap_or(Next::Pass)
    }

    /// It could not, and tries again later.
    pub(super) fn end(&self, place: usize) {
        self.queue(place, Queue::end);
    }

    /// It has.
    pub(super) fn finish(&self, place: usize, notice: &Notice, how: Next) {
        self.queue(place, |queue| queue.finish(notice, how));
    }

    /// A way out has gone through what the ledger has up to an entry; it has nothing left to
    /// do if that is all there is. Gives how many notices are gone.
    pub(super) fn passed(&self, place: usize, seq: u64) -> u64 {
        let mut state = self.lock();
        let all = matches!(state.feed.ready(seq), Ready::Here(rest, _) if rest.is_empty());
        let lost = state.queues.get_mut(place).map_or(0, |queue| match all {
            true => queue.settle(seq),
            false => {
                queue.pass(seq);
                0
            }
        });
        self.count(&state);
        lost
    }

    /// Where a way out goes on.
    pub(super) fn cursor(&self, place: usize) -> Option<Cursor> {
        self.lock().queues.get(place).map(Queue::cursor)
    }
}
