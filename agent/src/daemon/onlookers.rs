//! Those who look: one at a time, in turns of the recording loop, and what takes long away
//! from it.

use std::{collections::VecDeque, fs, path::Path};

use jiff::Timestamp;
use tokio::{
    sync::oneshot,
    task::{spawn_blocking, yield_now},
};

use super::{
    Bundles, Failure,
    recorder::{Look, Recorder},
};
use crate::{
    control::{Answer, Question, Request},
    now::{BundleNow, EvidenceNow, MOST_OF_TEXT, Wanted, cut},
};

/// Who may wait. The control socket and the page let in fewer.
const MOST_WAITING: usize = 64;
/// Files of the directory of bundles that are looked at.
const MOST_FILES: usize = 10_000;

/// Those who wait for a snapshot, and the one that is being made.
pub(super) struct Onlookers {
    bundles: Option<Bundles>,
    waiting: VecDeque<(Wanted, oneshot::Sender<Answer>)>,
    looking: Option<(Look, oneshot::Sender<Answer>)>,
}

impl Onlookers {
    pub(super) fn new(bundles: Option<Bundles>) -> Self {
        Self {
            bundles,
            waiting: VecDeque::new(),
            looking: None,
        }
    }

    /// Answers what was asked, or has it answered in turn.
    pub(super) fn ask(
        &mut self,
        recorder: &mut Recorder<'_>,
        request: Request,
    ) -> Result<(), Failure> {
        let Request {
            question,
            uid,
            reply,
        } = request;
        let answer = match question {
            Question::Now(wanted) => match refusal(&wanted) {
                None if self.waiting.len() < MOST_WAITING => {
                    self.waiting.push_back((wanted, reply));
                    return Ok(());
                }
                None => refused("too many look at present: ask again"),
                Some(why) => refused(why),
            },
            Question::Flow { flow } => recorder.flow_now(flow)?,
            acknowledge @ Question::Acknowledge { .. } => recorder.answer(acknowledge, uid)?,
        };
        // Who asked may be gone by now.
        drop(reply.send(answer));
        Ok(())
    }

    /// Waits until there is something to look at.
    pub(super) async fn turn(&self) {
        if self.looking.is_none() && self.waiting.is_empty() {
            std::future::pending::<()>().await;
        }
        // Everything else that is ready has its turn.
        yield_now().await;
    }

    /// Looks on, a part of the flows at a time.
    pub(super) fn look(&mut self, recorder: &Recorder<'_>, failed: bool) -> Result<(), Failure> {
        if self.looking.is_none() {
            let Some((wanted, reply)) = self.waiting.pop_front() else {
                return Ok(());
            };
            // Nobody waits for it any more.
            if reply.is_closed() {
                return Ok(());
            }
            self.looking = Some((recorder.look(wanted)?, reply));
        }
        let Some((look, _)) = &mut self.looking else {
            return Ok(());
        };
        if recorder.look_on(look) {
            return Ok(());
        }
        if let Some((look, reply)) = self.looking.take() {
            let mut snapshot = recorder.looked(look)?;
            let bundles = self.bundles.clone();
            spawn_blocking(move || {
                snapshot.health.evidence = evidence(bundles.as_ref(), failed);
                drop(reply.send(Answer::Now(Box::new(snapshot))));
            });
        }
        Ok(())
    }
}

fn refusal(wanted: &Wanted) -> Option<&'static str> {
    (wanted.filter.len() > crate::now::MOST_OF_FILTER)
        .then_some("the filter is too long: use at most 256 bytes")
}

fn refused(why: &str) -> Answer {
    Answer::Refused {
        why: why.to_owned(),
    }
}

/// What there is of bundles.
fn evidence(bundles: Option<&Bundles>, failed: bool) -> EvidenceNow {
    let Some(bundles) = bundles else {
        return EvidenceNow::default();
    };
    let (last, unread) = match newest(&bundles.directory) {
        Ok(last) => (last, None),
        Err(error) => (None, Some(error.to_string())),
    };
    EvidenceNow {
        directory: Some(bundles.directory.display().to_string()),
        schedule: Some(bundles.schedule.label().to_owned()),
        failed,
        last,
        unread,
    }
}

fn newest(directory: &Path) -> std::io::Result<Option<BundleNow>> {
    let mut last: Option<BundleNow> = None;
    for entry in fs::read_dir(directory)?.take(MOST_FILES) {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !(name.starts_with("weir-") && name.ends_with(".tar")) {
            continue;
        }
        let about = entry.metadata()?;
        let written = Timestamp::try_from(about.modified()?).unwrap_or(Timestamp::MIN);
        if last.as_ref().is_none_or(|last| last.written < written) {
            last = Some(BundleNow {
                name: cut(&name, MOST_OF_TEXT),
                bytes: about.len(),
                written,
            });
        }
    }
    Ok(last)
}
