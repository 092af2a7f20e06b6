//! Names and labels of containers and pods from the state files of their runtimes and
//! of the kubelet.
//!
//! No runtime is asked and nothing waits: a thread of its own reads files, and
//! the attributor takes what is known by now. Whatever cannot be read costs a
//! name and nothing else, since the identity came from the cgroup path.

mod state;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    labels::Labels,
    workload::{Runtime, Workload},
};

/// Questions that may wait; one more is dropped and asked again later.
const WAITING: usize = 1024;
/// Answers kept. Each takes about 400 bytes, and its labels.
const ANSWERS: usize = 4096;
/// Pauses before an unanswered question is tried again: a runtime may write its
/// state a little after it makes the cgroup.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
];

/// Where state files are.
#[derive(Clone, Debug)]
pub struct StateRoots {
    /// `/`, or where the host's root is mounted.
    pub root: PathBuf,
    /// Further roots of containers/storage (`podman --root`), as they are: `root`
    /// is not put before them. Those of `storage.conf` are found by themselves.
    pub container_storage: Vec<PathBuf>,
}

impl StateRoots {
    /// The directories that state is read from, whether there are such or not. Of users, those
    /// who have containers by now.
    pub fn directories(&self) -> Vec<PathBuf> {
        state::directories(self)
    }
}

impl Default for StateRoots {
    fn default() -> Self {
        Self {
            root: PathBuf::from("/"),
            container_storage: Vec::new(),
        }
    }
}

/// Whose name is wanted. A container that runs under a user's manager is looked
/// for in that user's state alone: the user chose its cgroup's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    user: Option<u32>,
    container: Option<String>,
    pod: Option<String>,
}

impl Question {
    /// The question that `workload` leaves open, if any.
    pub(super) fn of(workload: &Workload) -> Option<Self> {
        if workload.container.is_none() && workload.pod.is_none() {
            return None;
        }
        Some(Self {
            user: workload.user,
            container: workload
                .container
                .as_ref()
                .map(|container| container.id.clone()),
            pod: workload.pod.as_ref().map(|pod| pod.uid.clone()),
        })
    }
}

/// What the state files told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) runtime: Option<Runtime>,
    pub(super) name: Option<String>,
    pub(super) image: Option<String>,
    pub(super) pod_namespace: Option<String>,
    pub(super) pod_name: Option<String>,
    pub(super) service_account: Option<String>,
    pub(super) labels: Option<Labels>,
    pub(super) pod_labels: Option<Labels>,
}

impl Facts {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether nothing that was asked for is left open. A pod need not have a token.
    fn answer(&self, question: &Question) -> bool {
        let container = self.name.is_some() && self.labels.is_some();
        let pod = self.pod_name.is_some() && self.service_account.is_some();
        (question.container.is_none() || container) && (question.pod.is_none() || pod)
    }

    /// Puts what is known into `workload`.
    pub(super) fn apply(&self, workload: &mut Workload) {
        if let Some(container) = &mut workload.container {
            container.name = self.name.clone().or(container.name.take());
            container.image = self.image.clone().or(container.image.take());
            if let Some(labels) = &self.labels {
                container.labels = labels.clone();
            }
            if container.runtime == Runtime::Unknown {
                container.runtime = self.runtime.unwrap_or(Runtime::Unknown);
            }
        }
        if let Some(pod) = &mut workload.pod {
            pod.namespace = self.pod_namespace.clone().or(pod.namespace.take());
            pod.name = self.pod_name.clone().or(pod.name.take());
            pod.service_account = self.service_account.clone().or(pod.service_account.take());
            if let Some(labels) = &self.pod_labels {
                pod.labels = labels.clone();
            }
        }
    }
}

/// Reads state files on a thread of its own; dropping it ends the thread.
pub struct Names {
    shared: Arc<Shared>,
    questions: SyncSender<Question>,
}

#[derive(Default)]
struct Shared {
    /// Rises with each answer.
    version: AtomicU64,
    answers: Mutex<HashMap<Question, Facts>>,
}

impl Names {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the thread cannot be made.
    pub fn start(roots: StateRoots) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (questions, received) = sync_channel(WAITING);
        let answers = Arc::clone(&shared);
        thread::Builder::new()
            .name("names".to_owned())
            .spawn(move || {
                let refresher = Refresher {
                    roots,
                    shared: answers,
                    open: Vec::new(),
                };
                refresher.run(&received);
            })?;
        Ok(Self { shared, questions })
    }

    /// Rises whenever something new is known.
    pub(super) fn version(&self) -> u64 {
        self.shared.version.load(Ordering::Acquire)
    }

    /// Asks, without waiting; `false` when too many questions are waiting.
    pub(super) fn ask(&self, question: Question) -> bool {
        self.questions.try_send(question).is_ok()
    }

    /// What is known by now.
    pub(super) fn answer(&self, question: &Question) -> Option<Facts> {
        let answers = self
            .shared
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        answers.get(question).cloned()
    }
}

/// A question that waits for its next try.
struct Open {
    question: Question,
    tries: usize,
    due: Instant,
}

struct Refresher {
    roots: StateRoots,
    shared: Arc<Shared>,
    open: Vec<Open>,
}

impl Refresher {
    fn run(mut self, questions: &Receiver<Question>) {
        loop {
            let next = self.open.iter().map(|open| open.due).min();
            let received = match next {
                Some(due) => questions.recv_timeout(due.saturating_duration_since(Instant::now())),
                None => questions.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match received {
                Ok(question) => {
                    self.open.push(Open {
                        question,
                        tries: 0,
                        due: Instant::now(),
                    });
                    // Whatever else waits is answered from the same state.
                    let room = WAITING.saturating_sub(self.open.len());
                    let more = questions.try_iter().take(room);
                    self.open.extend(more.map(|question| Open {
                        question,
                        tries: 0,
                        due: Instant::now(),
                    }));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.work();
        }
    }

    /// Tries what is due; what stays open after the last pause is given up.
    fn work(&mut self) {
        let now = Instant::now();
        let (due, later): (Vec<Open>, Vec<Open>) =
            self.open.drain(..).partition(|open| open.due <= now);
        self.open = later;
        if due.is_empty() {
            return;
        }
        let mut state = state::State::new(&self.roots);
        for mut open in due {
            let facts = state.look(&open.question);
            let complete = facts.answer(&open.question);
            self.publish(&open.question, facts);
            if !complete && let Some(pause) = PAUSES.get(open.tries) {
                open.tries += 1;
                open.due = now + *pause;
                self.open.push(open);
            }
        }
        // Open questions are bounded too: the oldest are given up.
        let excess = self.open.len().saturating_sub(WAITING);
        self.open.drain(..excess);
    }

    fn publish(&self, question: &Question, facts: Facts) {
        if facts.is_empty() {
            return;
        }
        let mut answers = self
            .shared
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if answers.get(question) == Some(&facts) {
            return;
        }
        if answers.len() >= ANSWERS && !answers.contains_key(question) {
            answers.clear();
        }
        answers.insert(question.clone(), facts);
        drop(answers);
        self.shared.version.fetch_add(1, Ordering::Release);
    }
}
