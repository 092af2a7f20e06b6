//! When the canary runs.

use std::time::Duration;

use tokio::{
    task::{JoinError, JoinHandle},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

use super::recorder::Played;
use crate::{aside::Playing, canary::CanaryError};

/// What it is time for.
pub(super) enum Moment {
    Due,
    Played(Played),
}

/// At most one canary at a time, on a thread of its own.
pub(super) struct SelfTest {
    ticks: Option<Interval>,
    keeper: Option<Playing>,
    playing: Option<JoinHandle<Played>>,
}

impl SelfTest {
    pub(super) fn every(period: Option<Duration>, keeper: Option<Playing>) -> Self {
        let ticks = period.map(|period| {
            let mut ticks = interval_at(Instant::now() + period, period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
        Self {
            ticks,
            keeper,
            playing: None,
        }
    }

    /// Waits until a canary is due, or the one that plays has ended.
    pub(super) async fn next(&mut self) -> Moment {
        if let Some(playing) = &mut self.playing {
            let played = playing.await;
            self.playing = None;
            let failed = |error: JoinError| Err(CanaryError::Failed(error.to_string()));
            return Moment::Played(played.unwrap_or_else(failed));
        }
        match &mut self.ticks {
            Some(ticks) => {
                ticks.tick().await;
                Moment::Due
            }
            None => std::future::pending().await,
        }
    }

    /// Begins a canary.
    pub(super) fn begin(&mut self) {
        self.playing = self.keeper.clone().map(|keeper| {
            let play = move || keeper.play();
            tokio::task::spawn_blocking(play)
        });
    }
}
