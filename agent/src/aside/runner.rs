//! The process that runs a command of `[[notify.command]]` for a confined agent: that command
//! and no other, with the rights that the agent began with.

use std::{
    collections::BTreeMap,
    io,
    process::Child,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    Hello,
    channel::{Channel, Started},
};
use crate::notify::{Job, Outcome};

/// For what comes beside the command's own time.
const PATIENCE: Duration = Duration::from_secs(5);

/// By name of the way out. One for each process, as confinement is.
static RUNNERS: Mutex<BTreeMap<String, Running>> = Mutex::new(BTreeMap::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A runner to be asked from any thread.
#[derive(Clone, Debug)]
pub(crate) struct Running(Arc<Mutex<Option<Channel>>>);

/// A runner at work. When it is dropped, the process aside ends.
#[derive(Debug)]
pub struct Runner {
    name: String,
    child: Child,
}

impl Runner {
    /// Starts it for a command of that name: a program and its arguments, which may take so
    /// long.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(name: &str, line: &[String], most: Duration) -> io::Result<Self> {
        let patience = most.saturating_add(PATIENCE);
        let mut started = Started::new(["runner"], None, patience)?;
        started.channel.say(&line)?;
        started.ready()?;
        let Started { channel, child } = started;
        let running = Running(Arc::new(Mutex::new(Some(channel))));
        lock(&RUNNERS).insert(name.to_owned(), running);
        Ok(Self {
            name: name.to_owned(),
            child,
        })
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if let Some(running) = lock(&RUNNERS).remove(&self.name) {
            drop(lock(&running.0).take());
        }
        if let Err(error) = self.child.wait() {
            tracing::warn!(%error, name = self.name, "the runner of a command did not end");
        }
    }
}

/// Who runs the command of that name; nobody where the agent is not confined.
pub(crate) fn runner_of(name: &str) -> Option<Running> {
    lock(&RUNNERS).get(name).cloned()
}

impl Running {
    /// Has it run, and waits for the end.
    pub(crate) fn run(&self, job: &Job) -> Outcome {
        let mut channel = lock(&self.0);
        let gone = || io::Error::new(io::ErrorKind::NotConnected, "it has ended");
        let answered = channel.as_mut().ok_or_else(gone);
        answered
            .and_then(|channel| channel.ask(job))
            .unwrap_or_else(|error| {
                // What it says later is no answer any more.
                *channel = None;
                Outcome::Failed(format!(
                    "the runner of this command does not answer ({error}): restart the agent"
                ))
            })
    }
}

/// Runs what it was started for until the agent is gone.
pub(super) fn serve() -> io::Result<()> {
    let mut channel = Channel::of_standard_input()?;
    let Some(line) = channel.hear::<Vec<String>>()? else {
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    channel.say(&Hello::Ready {
        not_enforced: Vec::new(),
    })?;
    while let Some(job) = channel.hear::<Job>()? {
        channel.say(&runtime.block_on(job.run(&line)))?;
    }
    Ok(())
}
