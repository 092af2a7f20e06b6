//! Somebody knows of a finding: recorded, and nothing hidden.

use super::Recorder;
use crate::{
    control::{Answer, Question},
    daemon::{Failure, pipeline::today},
    finding::{Acknowledgement, Finding, FindingId, MOST_OF_REASON},
    kernel::Clock,
    ledger::{Entry, Ledger},
    output::AcknowledgedLine,
};

/// Ids of open findings that an answer names.
const MOST_NAMED: usize = 20;

impl Recorder<'_> {
    /// Takes over what an earlier agent was told.
    pub(in crate::daemon) fn with_acknowledgements(mut self, all: Vec<Acknowledgement>) -> Self {
        self.acknowledged = all.into_iter().collect();
        self.acknowledged.expire(today(&self.began));
        self
    }

    /// Answers what was asked at the control socket. An acknowledgement is on disk before
    /// it is answered.
    pub(in crate::daemon) fn answer(
        &mut self,
        question: Question,
        uid: u32,
    ) -> Result<Answer, Failure> {
        let clock = Clock::read().map_err(Failure::Clock)?;
        let open: Vec<&Finding> = self.findings.open().collect();
        let one = match acknowledgement(question, uid, &open, &clock) {
            Ok(one) => one,
            Err(answer) => return Ok(answer),
        };
        self.append_told(&clock, &Entry::Acknowledged(one.clone()))?;
        self.ledger.flush()?;
        self.notifier.release();
        let line = AcknowledgedLine {
            time: clock.now(),
            acknowledgement: &one,
        };
        self.show(|display| display.acknowledged(&line));
        self.acknowledged.add(one.clone());
        self.measure_findings(&clock);
        Ok(Answer::Acknowledged(one))
    }

    /// A new day may be later than the last of an acknowledgement.
    pub(super) fn expire_acknowledgements(&mut self, clock: &Clock) {
        if self.acknowledged.expire(today(clock)) {
            self.measure_findings(clock);
        }
    }

    /// Says in the ledger which acknowledgements count.
    pub(super) fn store_acknowledgements(&mut self, clock: &Clock) -> Result<(), Failure> {
        let acknowledgements: Vec<_> = self.acknowledged.iter().cloned().collect();
        if acknowledgements.is_empty() {
            return Ok(());
        }
        let entry = Entry::OpenAcknowledgements { acknowledgements };
        Ok(self.ledger.append(clock.now(), entry)?)
    }
}

/// Adds an acknowledgement to a ledger that no agent writes.
pub(in crate::daemon) fn without_agent(
    ledger: &mut Ledger,
    question: Question,
    uid: u32,
    clock: &Clock,
) -> Result<Answer, Failure> {
    let open = ledger.open_findings()?;
    let open: Vec<&Finding> = open.iter().collect();
    let one = match acknowledgement(question, uid, &open, clock) {
        Ok(one) => one,
        Err(answer) => return Ok(answer),
    };
    ledger.append(clock.now(), Entry::Acknowledged(one.clone()))?;
    ledger.flush()?;
    ledger.checkpoint()?;
    Ok(Answer::Acknowledged(one))
}

/// The acknowledgement that is asked for, or why there can be none.
fn acknowledgement(
    question: Question,
    uid: u32,
    open: &[&Finding],
    clock: &Clock,
) -> Result<Acknowledgement, Answer> {
    let Question::Acknowledge {
        finding,
        reason,
        until,
        by,
    } = question
    else {
        return Err(Answer::Refused {
            why: "no agent runs that could be asked: start one with `weir run`".to_owned(),
        });
    };
    let refused = |why: &str| {
        Err(Answer::Refused {
            why: why.to_owned(),
        })
    };
    if reason.trim().is_empty() || reason.len() > MOST_OF_REASON {
        return refused("a reason is needed, of at most 1000 bytes: say why it may stay for now");
    }
    if by.trim().is_empty() || by.len() > MOST_OF_REASON {
        return refused("it has to be said who says so: name somebody with --by");
    }
    if until < today(clock) {
        return refused("that day is past: name a later one with --until");
    }
    let id = FindingId::try_from(finding).ok();
    let known = open.iter().find(|one| Some(one.id) == id);
    let Some(known) = known else {
        let open = open.iter().take(MOST_NAMED);
        let open = open.map(|one| one.id.to_string()).collect();
        return Err(Answer::NotOpen { open });
    };
    Ok(Acknowledgement {
        finding: known.id,
        severity: known.severity,
        reason,
        until,
        by,
        uid,
    })
}
