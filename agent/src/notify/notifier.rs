//! The ways out of a running agent: what the recorder gives, and the thread that sends.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{task::JoinSet, time::timeout};
use weir_ledger::LedgerError;

use super::{
    alertmanager::Pusher,
    alerts,
    cursor::Cursor,
    feed::{self, Feed},
    notice::Notice,
    queue::Queue,
    settings::Settings,
    shared::Shared,
    way::Way,
    worker::Worker,
};
use crate::{
    finding::{Finding, FindingId, Severity},
    ledger::{Appended, Entry},
    output::{Beside, NotifyMetrics},
};

/// Deliveries that may wait, unless that is said.
const MOST_WAITING: u64 = 10_000;

/// How long what waits is sent after the agent was told to stop.
const GRACE: Duration = Duration::from_secs(3);

/// Where a ledger is when the ways out begin.
#[derive(Clone, Debug)]
pub struct Begin<'a> {
    /// Its directory.
    pub store: PathBuf,
    /// Name of the node.
    pub node: String,
    /// Its last entry. All up to there is on disk.
    pub seq: u64,
    /// The findings that are open.
    pub open: &'a [Finding],
}

/// The ways out of a running agent. They end when it is dropped, within a few seconds.
pub struct Notifier {
    shared: Option<Arc<Shared>>,
    thread: Option<JoinHandle<()>>,
    /// Whether there is an Alertmanager.
    alerts: bool,
    /// Notices whose entries are not on disk yet.
    held: Vec<Notice>,
}

impl Notifier {
    /// None.
    pub fn none() -> Self {
        Self {
            shared: None,
            thread: None,
            alerts: false,
            held: Vec::new(),
        }
    }

    /// Begins to deliver: first what an earlier agent left.
    ///
    /// # Errors
    /// The ledger cannot be read, or the system refuses a thread.
    pub fn start(
        settings: &Settings,
        begin: Begin<'_>,
        metrics: NotifyMetrics,
    ) -> Result<Self, StartError> {
        metrics.sinks(&settings.names());
        let ways = Way::all(settings);
        let names: Vec<&str> = ways.iter().map(Way::name).collect();
        if let Err(error) = Cursor::retain(&begin.store, &names) {
            tracing::warn!(%error, "places of earlier ways out cannot be removed");
        }
        if settings.is_empty() {
            return Ok(Self::none());
        }
        let most = settings.most_waiting.unwrap_or(MOST_WAITING);
        let mut queues = queues(&ways, &begin, most);
        let left_out = arrive(&mut queues, &begin.store, begin.seq)?;
        for (way, count) in ways.iter().zip(left_out) {
            metrics.dropped(way.name(), count);
        }
        let names = ways.iter().map(|way| way.name().to_owned());
        let queues = names.zip(queues).collect();
        let place = (begin.store, begin.node);
        let shared = Shared::new((Feed::after(begin.seq), queues), metrics, place);
        let shared = Arc::new(shared);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (settings, own) = (settings.clone(), Arc::clone(&shared));
        let alerts = !settings.alertmanager.is_empty();
        let thread = std::thread::Builder::new()
            .name("weir-notify".to_owned())
            .spawn(move || {
                runtime.block_on(work(&settings, ways, &own));
                // A look-up that hangs is not waited for.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            shared: Some(shared),
            thread: Some(thread),
            alerts,
            held: Vec::new(),
        })
    }

    /// An entry was offered to the ledger. It is told of once it is on disk.
    pub fn entry(&mut self, kept: Appended, seq: u64, time: Timestamp, entry: &Entry) {
        let Some(shared) = &self.shared else {
            return;
        };
        match (Notice::of(seq, time, entry), kept) {
            (Some(notice), Appended::Kept) => self.held.push(notice),
            (Some(_), Appended::Refused) => shared.lost(),
            (None, _) => {}
        }
    }

    /// Whether something is to be told once the ledger is flushed.
    pub fn is_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// The ledger was flushed. Where the disk is full, its entries wait in memory, and who is
    /// called for them does not.
    pub fn release(&mut self) {
        if let Some(shared) = &self.shared {
            self.held.drain(..).for_each(|notice| shared.push(notice));
        }
    }

    /// The ledger has come to this entry, and everything up to there was offered and released.
    pub fn reached(&self, seq: u64) {
        if let Some(shared) = self.shared.as_ref().filter(|_| self.held.is_empty()) {
            shared.reached(seq);
        }
    }

    /// The findings that are open, and what is known beside.
    pub fn open<'a>(
        &self,
        open: impl Iterator<Item = &'a Finding>,
        beside: &Beside<'_>,
        now: Timestamp,
    ) {
        if let Some(shared) = self.shared.as_ref().filter(|_| self.alerts) {
            shared.fire(alerts::of(open, beside, now));
        }
    }
}

/// What waits is sent for a while; then it is the next agent's.
impl Drop for Notifier {
    fn drop(&mut self) {
        self.release();
        if let Some(shared) = &self.shared {
            shared.stop();
        }
        if let Some(thread) = self.thread.take() {
            // A panic in it has been told of by then.
            let _ = thread.join();
        }
    }
}

/// Why deliveries cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The system refuses a thread.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// A queue for each way out, at the place where an earlier agent left it.
fn queues(ways: &[Way], begin: &Begin<'_>, most: u64) -> Vec<Queue> {
    let pages = begin.open.iter();
    let pages = pages.filter(|finding| finding.severity == Severity::Page);
    let pages: BTreeSet<FindingId> = pages.map(|finding| finding.id).collect();
    let cursor = |way: &Way| {
        let new = || Cursor::at(begin.seq, pages.clone());
        match Cursor::read(&begin.store, way.name()) {
            Ok(Some(cursor)) => cursor.within(begin.seq),
            Ok(None) => new(),
            Err(error) => {
                tracing::error!(
                    sink = way.name(), %error,
                    "its place in the ledger cannot be read: it is told what happens from now on"
                );
                new()
            }
        }
    };
    ways.iter()
        .map(|way| Queue::new(cursor(way), way.severities().cloned(), most))
        .collect()
}

/// Counts what the ledger has for each queue; how many deliveries of each are left out for
/// lack of room.
fn arrive(queues: &mut [Queue], store: &Path, seq: u64) -> Result<Vec<u64>, LedgerError> {
    let mut left_out = vec![0; queues.len()];
    let oldest = queues.iter().map(Queue::position).min();
    let Some(oldest) = oldest.filter(|oldest| *oldest < seq) else {
        return Ok(left_out);
    };
    feed::each(store, (oldest, seq), |notice| {
        for (queue, left_out) in queues.iter_mut().zip(&mut left_out) {
            if notice.seq > queue.position() && queue.arrive(&notice) {
                *left_out += 1;
            }
        }
    })?;
    Ok(left_out)
}

/// Runs every way out until the agent stops, and for a while after.
async fn work(settings: &Settings, ways: Vec<Way>, shared: &Arc<Shared>) {
    let mut tasks = JoinSet::new();
    for (place, way) in ways.into_iter().enumerate() {
        tasks.spawn(Worker::new(way, place, Arc::clone(shared)).run());
    }
    for to in &settings.alertmanager {
        tasks.spawn(Pusher::new(to.clone(), Arc::clone(shared)).run());
    }
    let mut stop = shared.stopping();
    // It ends with the agent: until then, no task does.
    let _ = stop.wait_for(|stop| *stop).await;
    let rest = async { while tasks.join_next().await.is_some() {} };
    if timeout(GRACE, rest).await.is_err() {
        tracing::warn!("ways out have not taken everything; the next agent goes on");
    }
}
