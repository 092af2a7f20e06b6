//! When IP databases are opened anew.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

use crate::jurisdiction::{Databases, IpData, Look, Reloaded};

/// How often the files are looked at. A file that changes is opened when it has
/// looked the same twice, so that one that is still being written is left alone.
const PERIOD: Duration = Duration::from_secs(2);

/// Watches the files of the databases in force, and opens them, on a thread of
/// its own: a slow disk holds up no count.
pub(super) struct Reload {
    wanted: Arc<IpData>,
    ticks: Interval,
    /// How the files looked when they were last opened.
    opened: Look,
    /// Another look that they had the last time.
    settling: Option<Look>,
    asked: bool,
    at_work: Option<JoinHandle<Done>>,
}

struct Done {
    look: Look,
    reloaded: Option<Reloaded>,
}

impl Reload {
    /// `opened` is how the files looked before the databases were opened.
    pub(super) fn new(wanted: IpData, opened: Look) -> Self {
        let mut ticks = interval_at(Instant::now() + PERIOD, PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            wanted: Arc::new(wanted),
            ticks,
            opened,
            settling: None,
            asked: false,
            at_work: None,
        }
    }

    /// Opens everything anew, as soon as may be.
    pub(super) fn ask(&mut self) {
        self.asked = true;
        self.ticks.reset_immediately();
    }

    /// Waits until files have changed and were opened. Nothing is lost if it is
    /// dropped while it waits.
    pub(super) async fn next(&mut self, databases: &Arc<Databases>) -> Reloaded {
        loop {
            if let Some(at_work) = &mut self.at_work {
                let done = at_work.await;
                self.at_work = None;
                match done {
                    Ok(Done { look, reloaded }) => {
                        if let Some(reloaded) = self.take(look, reloaded) {
                            return reloaded;
                        }
                    }
                    Err(error) => tracing::error!(%error, "IP databases could not be looked at"),
                }
            }
            self.ticks.tick().await;
            self.begin(Arc::clone(databases));
        }
    }

    fn begin(&mut self, databases: Arc<Databases>) {
        let wanted = Arc::clone(&self.wanted);
        let everything = std::mem::take(&mut self.asked);
        let (opened, settling) = (self.opened.clone(), self.settling.clone());
        self.at_work = Some(spawn_blocking(move || {
            let look = wanted.look();
            let settled = look != opened && settling.as_ref() == Some(&look);
            let reloaded = (everything || settled).then(|| databases.reload(&wanted, everything));
            Done { look, reloaded }
        }));
    }

    fn take(&mut self, look: Look, reloaded: Option<Reloaded>) -> Option<Reloaded> {
        match &reloaded {
            Some(_) => {
                self.opened = look;
                self.settling = None;
            }
            None => self.settling = (look != self.opened).then_some(look),
        }
        reloaded
    }
}
