//! What one way out has been told and has to be told: pure, over notices in the order of the
//! ledger.

use std::collections::BTreeSet;

use super::{
    cursor::Cursor,
    notice::{About, Notice, What},
};
use crate::finding::{FindingId, Severity};

/// Which findings are pages, along the ledger: an entry alone does not say whether a page was
/// one before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Course(BTreeSet<FindingId>);

impl Course {
    /// What there is to tell of a notice, which comes after those that were followed.
    fn tells(&self, notice: &Notice) -> Option<What> {
        match &notice.about {
            About::Opened(_) => Some(What::Opened),
            About::Page(one) => (!self.0.contains(&one.id)).then_some(What::Worsened),
            About::Closed(_) => Some(What::Closed),
            About::Acknowledged(_) => Some(What::Acknowledged),
            About::Test => Some(What::Test),
        }
    }

    fn follow(&mut self, notice: &Notice) {
        match &notice.about {
            About::Opened(one) | About::Page(one) if one.severity == Severity::Page => {
                self.0.insert(one.id);
            }
            About::Closed(one) => {
                self.0.remove(&one.id);
            }
            _ => {}
        }
    }
}

/// What is to be done with the next notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is to be told.
    Deliver(What),
    /// It would have been; for lack of room it is not, which was counted when it came to
    /// that.
    LeaveOut,
    /// There is nothing to tell here.
    Pass,
}

/// One way out's deliveries.
///
/// What waits has arrived and is not done with, but for the `skip` oldest that are no pages:
/// those are left out.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    severities: Option<Vec<Severity>>,
    most: u64,
    done: Course,
    arrived: Course,
    position: u64,
    skip: u64,
    /// Of `skip`, those that an earlier agent left out and that have not arrived again.
    skip_to_come: u64,
    pages: u64,
    others: u64,
    /// Whether the next one is being told just now and is no page: it is not left out then.
    other_in_flight: bool,
}

impl Queue {
    /// Goes on at a place in the ledger. What the ledger has after it has to arrive.
    pub(super) fn new(cursor: Cursor, severities: Option<Vec<Severity>>, most: u64) -> Self {
        Self {
            severities,
            most,
            done: Course(cursor.pages.clone()),
            arrived: Course(cursor.pages),
            position: cursor.position,
            skip: cursor.skip,
            skip_to_come: cursor.skip,
            pages: 0,
            others: 0,
            other_in_flight: false,
        }
    }

    /// The last entry that is done with.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Deliveries that wait.
    pub(super) fn waiting(&self) -> u64 {
        self.pages + self.others
    }

    /// The place to go on at.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor::at(self.position, self.done.0.clone()).skipping(self.skip)
    }

    fn told(&self, course: &Course, notice: &Notice) -> Option<What> {
        let of = &self.severities;
        let wanted = |one: &Severity| of.as_ref().is_none_or(|of| of.contains(one));
        course.tells(notice).filter(|_| wanted(&notice.severity()))
    }

    /// Takes the next notice of the ledger; whether for lack of room the oldest delivery that
    /// is no page is left out now. Pages are never: the ledger has room for them.
    pub(super) fn arrive(&mut self, notice: &Notice) -> bool {
        let told = self.told(&self.arrived, notice);
        self.arrived.follow(notice);
        if told.is_none() {
            return false;
        }
        if notice.severity() == Severity::Page {
            self.pages += 1;
        } else if self.skip_to_come > 0 {
            self.skip_to_come -= 1;
            return false;
        } else {
            self.others += 1;
        }
        let droppable = self.others > u64::from(self.other_in_flight);
        if self.waiting() <= self.most || !droppable {
            return false;
        }
        self.others -= 1;
        self.skip += 1;
        true
    }

    /// What is to be done with the next notice that is not done with.
    pub(super) fn next(&self, notice: &Notice) -> Next {
        match self.told(&self.done, notice) {
            None => Next::Pass,
            Some(_) if notice.severity() != Severity::Page && self.skip > 0 => Next::LeaveOut,
            Some(what) => Next::Deliver(what),
        }
    }

    /// The next one is being told.
    pub(super) fn begin(&mut self, notice: &Notice) {
        self.other_in_flight = notice.severity() != Severity::Page;
    }

    /// It was told, or could not be.
    pub(super) fn end(&mut self) {
        self.other_in_flight = false;
    }

    /// The next one is done with, in that way.
    pub(super) fn finish(&mut self, notice: &Notice, how: Next) {
        self.other_in_flight = false;
        match how {
            Next::Deliver(_) if notice.severity() == Severity::Page => {
                self.pages = self.pages.saturating_sub(1);
            }
            Next::Deliver(_) => self.others = self.others.saturating_sub(1),
            Next::LeaveOut => self.skip = self.skip.saturating_sub(1),
            Next::Pass => {}
        }
        self.done.follow(notice);
        self.position = notice.seq;
    }

    /// Up to this entry, there was nothing to do.
    pub(super) fn pass(&mut self, position: u64) {
        self.position = self.position.max(position);
    }

    /// Up to this entry, nothing is left to do. Notices that the ledger had and has no
    /// longer, being pruned, are lost: how many.
    pub(super) fn settle(&mut self, position: u64) -> u64 {
        self.pass(position);
        let lost = self.waiting();
        if lost > 0 {
            self.done = self.arrived.clone();
        }
        (self.pages, self.others, self.skip, self.skip_to_come) = (0, 0, 0, 0);
        lost
    }
}
