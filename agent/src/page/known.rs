//! What the page knows: a snapshot, kept a moment so that whoever loads the page often does
//! not make the agent look more often.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::{Instant, timeout},
};

use super::claims::ClaimsNow;
use crate::{
    control::{Answer, Question, Request},
    now::{Snapshot, Wanted},
};

/// How long a snapshot is kept.
const KEPT: Duration = Duration::from_secs(1);
/// How long the recording loop may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is known, and whom to ask.
#[derive(Debug)]
pub struct Known {
    kept_for: Duration,
    ask: mpsc::Sender<Request>,
    kept: Mutex<Option<(Instant, Arc<Snapshot>)>>,
    pub(super) claims: Arc<ClaimsNow>,
}

impl Known {
    /// Asks the recording loop there.
    pub fn new(ask: mpsc::Sender<Request>, claims: Arc<ClaimsNow>) -> Self {
        Self::keeping(KEPT, ask, claims)
    }

    /// The same, with snapshots kept so long.
    pub(super) fn keeping(
        kept_for: Duration,
        ask: mpsc::Sender<Request>,
        claims: Arc<ClaimsNow>,
    ) -> Self {
        Self {
            kept_for,
            ask,
            kept: Mutex::new(None),
            claims,
        }
    }

    /// What is so now, or was a moment ago.
    pub(super) async fn now(&self, wanted: &Wanted) -> Result<Arc<Snapshot>, String> {
        // One at a time: whoever comes meanwhile gets the same.
        let mut kept = self.kept.lock().await;
        if let Some((made, snapshot)) = &*kept
            && made.elapsed() < self.kept_for
            && snapshot.wanted == *wanted
        {
            return Ok(Arc::clone(snapshot));
        }
        let snapshot = Arc::new(self.asked(wanted).await?);
        *kept = Some((Instant::now(), Arc::clone(&snapshot)));
        Ok(snapshot)
    }

    async fn asked(&self, wanted: &Wanted) -> Result<Snapshot, String> {
        let (reply, answer) = oneshot::channel();
        let request = Request {
            question: Question::Now(wanted.clone()),
            uid: nix::unistd::Uid::effective().as_raw(),
            reply,
        };
        let ending = "the agent is ending".to_owned();
        if self.ask.send(request).await.is_err() {
            return Err(ending);
        }
        match timeout(PATIENCE, answer).await {
            Ok(Ok(Answer::Now(snapshot))) => Ok(*snapshot),
            Ok(Ok(Answer::Refused { why })) => Err(why),
            Ok(_) => Err(ending),
            Err(_) => Err("the agent is busy: load the page again".to_owned()),
        }
    }
}
