//! When what was read from files is read anew.

mod allowlists;
mod databases;

use std::{sync::Arc, time::Duration};

use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

pub(super) use self::allowlists::{AllowlistFiles, AllowlistsNews, Outcome};
use crate::look::Look;

/// How often files are looked at. What changes is read when it has looked the same
/// twice, so that what is still being written is left alone.
const PERIOD: Duration = Duration::from_secs(2);

/// Something in force that comes from files.
pub(super) trait Files: Send + Sync + 'static {
    /// What is in force.
    type InForce: Send + Sync + 'static;
    /// What came of reading the files anew.
    type News: Send + 'static;

    /// What it is, in a log.
    const WHAT: &'static str;

    /// How the files look from outside.
    fn look(&self) -> Look;

    /// Reads what has changed, or everything; `None` if files changed while they were
    /// read. What is in force is not touched.
    fn read(&self, in_force: &Self::InForce, everything: bool) -> Option<Self::News>;
}

/// Watches the files of what is in force, and reads them, on a thread of its own: a
/// slow disk holds up no count.
pub(super) struct Reload<F: Files> {
    files: Arc<F>,
    ticks: Interval,
    /// How the files looked when they were last read.
    read: Look,
    /// Another look that they had the last time.
    settling: Option<Look>,
    asked: bool,
    /// Whether what was asked for last has not been read yet.
    awaited: bool,
    at_work: Option<JoinHandle<Done<F::News>>>,
}

struct Done<N> {
    look: Look,
    everything: bool,
    came: Came<N>,
}

/// What came of a look.
enum Came<N> {
    /// There was nothing to read.
    Nothing,
    /// Files changed while they were read: they are read again once they are at rest.
    Unrest,
    /// They were read.
    News(N),
}

impl<F: Files> Reload<F> {
    /// `read` is how the files looked before they were read.
    pub(super) fn new(files: F, read: Look) -> Self {
        let mut ticks = interval_at(Instant::now() + PERIOD, PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            files: Arc::new(files),
            ticks,
            read,
            settling: None,
            asked: false,
            awaited: false,
            at_work: None,
        }
    }

    /// Reads everything anew, as soon as may be.
    pub(super) fn ask(&mut self) {
        self.asked = true;
        self.awaited = true;
        self.ticks.reset_immediately();
    }

    /// Whether what was asked for has not come yet.
    pub(super) fn is_awaited(&self) -> bool {
        self.awaited
    }

    /// Waits until files have changed and were read. Nothing is lost if it is dropped
    /// while it waits.
    pub(super) async fn next(&mut self, in_force: &Arc<F::InForce>) -> F::News {
        loop {
            if let Some(at_work) = &mut self.at_work {
                let done = at_work.await;
                self.at_work = None;
                match done {
                    Ok(done) => {
                        if let Some(news) = self.take(done) {
                            return news;
                        }
                    }
                    Err(error) => {
                        tracing::error!(%error, what = F::WHAT, "files could not be looked at");
                        // What was asked for is owed all the same.
                        self.asked |= self.awaited;
                    }
                }
            }
            self.ticks.tick().await;
            self.begin(Arc::clone(in_force));
        }
    }

    fn begin(&mut self, in_force: Arc<F::InForce>) {
        let files = Arc::clone(&self.files);
        let everything = std::mem::take(&mut self.asked);
        let (read, settling) = (self.read.clone(), self.settling.clone());
        self.at_work = Some(spawn_blocking(move || {
            let look = files.look();
            let settled = look != read && settling.as_ref() == Some(&look);
            let came = if everything || settled {
                let news = files.read(&in_force, everything);
                news.map_or(Came::Unrest, Came::News)
            } else {
                Came::Nothing
            };
            Done {
                look,
                everything,
                came,
            }
        }));
    }

    fn take(&mut self, done: Done<F::News>) -> Option<F::News> {
        match done.came {
            Came::News(news) => {
                self.read = done.look;
                self.settling = None;
                if done.everything {
                    // Unless it was asked again meanwhile.
                    self.awaited = self.asked;
                }
                Some(news)
            }
            Came::Nothing => {
                self.settling = (done.look != self.read).then_some(done.look);
                None
            }
            Came::Unrest => {
                self.settling = None;
                self.asked |= done.everything;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::{
        fs,
        path::PathBuf,
        sync::atomic::{AtomicU32, Ordering},
    };

    use super::*;

    /// A text file, read as a whole.
    struct Text {
        path: PathBuf,
        /// Reads that find it at unrest.
        unrest: AtomicU32,
    }

    impl Files for Text {
        type InForce = ();
        type News = String;
        const WHAT: &'static str = "text";

        fn look(&self) -> Look {
            Look::at([self.path.clone()])
        }

        fn read(&self, (): &(), everything: bool) -> Option<String> {
            let left = self.unrest.load(Ordering::Relaxed);
            self.unrest.store(left.saturating_sub(1), Ordering::Relaxed);
            let text = fs::read_to_string(&self.path).unwrap();
            (left == 0).then(|| format!("{text}, everything: {everything}"))
        }
    }

    fn watched(unrest: u32) -> (tempfile::TempDir, PathBuf, Reload<Text>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("text");
        fs::write(&path, "first").unwrap();
        let text = Text {
            path: path.clone(),
            unrest: AtomicU32::new(unrest),
        };
        let look = text.look();
        (directory, path, Reload::new(text, look))
    }

    /// Takes one look, as a tick does.
    async fn look(reload: &mut Reload<Text>) -> Option<String> {
        reload.begin(Arc::new(()));
        let done = reload.at_work.take().unwrap().await.unwrap();
        reload.take(done)
    }

    #[tokio::test]
    async fn a_change_is_read_when_it_has_looked_the_same_twice() {
        let (_directory, path, mut reload) = watched(0);
        assert_eq!(look(&mut reload).await, None);
        fs::write(&path, "second").unwrap();
        assert_eq!(look(&mut reload).await, None);
        fs::write(&path, "the third").unwrap();
        assert_eq!(look(&mut reload).await, None);
        let said = "the third, everything: false".to_owned();
        assert_eq!(look(&mut reload).await, Some(said));
        assert_eq!(look(&mut reload).await, None);
    }

    #[tokio::test]
    async fn what_is_asked_for_is_read_at_once_changed_or_not() {
        let (_directory, _, mut reload) = watched(0);
        reload.ask();
        let said = "first, everything: true".to_owned();
        assert!(reload.is_awaited());
        assert_eq!(reload.next(&Arc::new(())).await, said);
        assert!(!reload.is_awaited());
        assert_eq!(look(&mut reload).await, None);
    }

    #[tokio::test]
    async fn what_is_read_for_another_reason_is_not_what_was_asked_for() {
        let (_directory, path, mut reload) = watched(0);
        fs::write(&path, "second").unwrap();
        assert_eq!(look(&mut reload).await, None);
        reload.begin(Arc::new(()));
        reload.ask();
        let said = "second, everything: false".to_owned();
        assert_eq!(reload.next(&Arc::new(())).await, said);
        assert!(reload.is_awaited());
        let said = "second, everything: true".to_owned();
        assert_eq!(reload.next(&Arc::new(())).await, said);
        assert!(!reload.is_awaited());
    }

    #[tokio::test]
    async fn files_that_change_while_they_are_read_are_read_again() {
        let (_directory, path, mut reload) = watched(1);
        reload.ask();
        assert_eq!(look(&mut reload).await, None);
        assert!(reload.is_awaited());
        let said = "first, everything: true".to_owned();
        assert_eq!(look(&mut reload).await, Some(said));
        assert!(!reload.is_awaited());
        fs::write(&path, "second").unwrap();
        reload.files.unrest.store(1, Ordering::Relaxed);
        for _ in 0..3 {
            assert_eq!(look(&mut reload).await, None);
        }
        let said = "second, everything: false".to_owned();
        assert_eq!(look(&mut reload).await, Some(said));
    }
}
