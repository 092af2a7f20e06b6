//! Whatever fails and whenever the agent ends, each delivery is made once and in order, or is
//! left out and counted.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{acknowledged, closed, opened, page};
use crate::{
    finding::Severity,
    notify::{
        cursor::Cursor,
        notice::{About, Notice, What},
        queue::{Next, Queue},
    },
};

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// The recorder tells of something about one of a few findings: what, and which.
    Arrive(u8, u64),
    /// A delivery begins.
    Begin,
    /// It is taken, refused, or fails.
    Taken,
    Refused,
    Failed,
    /// The agent ends, whatever it does just now, and another begins.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..5_u8, 0..4_u64).prop_map(|(what, which)| Step::Arrive(what, which)),
        4 => Just(Step::Begin),
        4 => Just(Step::Taken),
        1 => Just(Step::Refused),
        3 => Just(Step::Failed),
        1 => Just(Step::Restart),
    ]
}

fn notice(seq: u64, what: u8, which: u64) -> Notice {
    match what {
        0 => opened(seq, which),
        1 => page(opened(seq, which)),
        2 => page(super::notice(
            seq,
            About::Page(Box::new(super::finding(which))),
        )),
        3 => page(closed(seq, which)),
        _ => acknowledged(seq, which),
    }
}

/// What is to be told of each notice, by the definition: an update of a page is news where the
/// finding was none before.
fn meant(ledger: &[Notice]) -> Vec<(u64, What, Severity)> {
    let mut pages = BTreeSet::new();
    let mut all = Vec::new();
    for one in ledger {
        let what = match &one.about {
            About::Opened(found) => {
                if found.severity == Severity::Page {
                    pages.insert(found.id);
                }
                Some(What::Opened)
            }
            About::Page(found) => pages.insert(found.id).then_some(What::Worsened),
            About::Closed(found) => {
                pages.remove(&found.id);
                Some(What::Closed)
            }
            About::Acknowledged(_) => Some(What::Acknowledged),
            About::Test => None,
        };
        all.extend(what.map(|what| (one.seq, what, one.severity())));
    }
    all
}

/// An agent with one way out, over a ledger.
struct Agent {
    ledger: Vec<Notice>,
    queue: Queue,
    most: u64,
    /// What is on disk.
    saved: Cursor,
    in_flight: Option<(Notice, What)>,
    taken: Vec<(u64, What, Severity)>,
    refused: u64,
    dropped: u64,
}

impl Agent {
    fn new(most: u64) -> Self {
        let saved = Cursor::at(0, BTreeSet::new());
        Self {
            ledger: Vec::new(),
            queue: Queue::new(saved.clone(), None, most),
            most,
            saved,
            in_flight: None,
            taken: Vec::new(),
            refused: 0,
            dropped: 0,
        }
    }

    fn restart(&mut self) {
        self.in_flight = None;
        self.queue = Queue::new(self.saved.clone(), None, self.most);
        let position = self.saved.clone();
        for one in &self.ledger {
            if one.seq > Queue::new(position.clone(), None, 1).position() {
                self.dropped += u64::from(self.queue.arrive(one));
            }
        }
    }

    fn arrive(&mut self, what: u8, which: u64) {
        // Other entries are between.
        let seq = self.ledger.len() as u64 * 3 + 2;
        let one = notice(seq, what, which);
        self.dropped += u64::from(self.queue.arrive(&one));
        self.ledger.push(one);
    }

    /// Goes to the next delivery; whether there is one.
    fn begin(&mut self) -> bool {
        if self.in_flight.is_some() {
            return true;
        }
        let position = self.queue.position();
        let rest: Vec<Notice> = self
            .ledger
            .iter()
            .filter(|one| one.seq > position)
            .cloned()
            .collect();
        for one in rest {
            match self.queue.next(&one) {
                Next::Deliver(what) => {
                    self.queue.begin(&one);
                    self.in_flight = Some((one, what));
                    return true;
                }
                how => {
                    self.queue.finish(&one, how);
                    self.saved = self.queue.cursor();
                }
            }
        }
        false
    }

    fn end(&mut self, step: &Step) {
        let Some((one, what)) = self.in_flight.take() else {
            return;
        };
        match step {
            Step::Taken => self.taken.push((one.seq, what, one.severity())),
            Step::Refused => self.refused += 1,
            _ => return self.queue.end(),
        }
        self.queue.finish(&one, Next::Deliver(what));
        self.saved = self.queue.cursor();
    }

    fn play(&mut self, step: &Step) {
        match step {
            Step::Arrive(what, which) => self.arrive(*what, *which),
            Step::Begin => drop(self.begin()),
            Step::Taken | Step::Refused | Step::Failed => self.end(step),
            Step::Restart => self.restart(),
        }
    }

    fn finish(&mut self) {
        while self.begin() {
            self.end(&Step::Taken);
        }
    }
}

proptest! {
    #[test]
    fn each_delivery_is_made_once_in_order(steps in prop::collection::vec(step(), 0..120)) {
        let mut agent = Agent::new(u64::MAX);
        steps.iter().for_each(|step| agent.play(step));
        agent.finish();
        prop_assert_eq!(agent.queue.waiting(), 0);
        prop_assert_eq!(agent.dropped, 0);
        let meant = meant(&agent.ledger);
        prop_assert_eq!(agent.taken.len() as u64 + agent.refused, meant.len() as u64);
        prop_assert!(agent.taken.windows(2).all(|pair| pair[0].0 < pair[1].0));
        prop_assert!(agent.taken.iter().all(|one| meant.contains(one)));
    }

    /// With room for a few, tickets are left out and counted, pages never.
    #[test]
    fn what_has_no_room_is_counted(
        steps in prop::collection::vec(step(), 0..120),
        most in 1..6_u64,
    ) {
        let mut agent = Agent::new(most);
        let steps = steps.iter().filter(|step| !matches!(step, Step::Refused | Step::Restart));
        for step in steps {
            agent.play(step);
            let pages = meant(&agent.ledger);
            let pages = pages.iter().filter(|one| one.2 == Severity::Page).count() as u64;
            // Beyond the bound there are pages, and the one that is being told.
            prop_assert!(agent.queue.waiting() <= most.max(pages) + 1);
        }
        agent.finish();
        let meant = meant(&agent.ledger);
        prop_assert_eq!(agent.taken.len() as u64 + agent.dropped, meant.len() as u64);
        prop_assert!(agent.taken.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let pages = |all: &[(u64, What, Severity)]| -> Vec<u64> {
            all.iter().filter(|one| one.2 == Severity::Page).map(|one| one.0).collect()
        };
        prop_assert_eq!(pages(&agent.taken), pages(&meant));
    }

    /// The same with agents that end in between: nothing is told twice, no page is missing,
    /// and nothing is missing that was not counted.
    #[test]
    fn what_has_no_room_is_counted_over_restarts(
        steps in prop::collection::vec(step(), 0..120),
        most in 1..6_u64,
    ) {
        let mut agent = Agent::new(most);
        let steps = steps.iter().filter(|step| !matches!(step, Step::Refused));
        steps.for_each(|step| agent.play(step));
        agent.finish();
        let meant = meant(&agent.ledger);
        prop_assert!(agent.taken.windows(2).all(|pair| pair[0].0 < pair[1].0));
        prop_assert!(agent.taken.iter().all(|one| meant.contains(one)));
        prop_assert!(agent.taken.len() as u64 + agent.dropped >= meant.len() as u64);
        let pages = |all: &[(u64, What, Severity)]| -> Vec<u64> {
            all.iter().filter(|one| one.2 == Severity::Page).map(|one| one.0).collect()
        };
        prop_assert_eq!(pages(&agent.taken), pages(&meant));
    }
}

#[test]
fn a_way_out_is_told_of_the_severities_that_it_asks_for() {
    let pages = Some(vec![Severity::Page]);
    let mut queue = Queue::new(Cursor::at(0, BTreeSet::new()), pages, 9);
    let notices = [
        opened(1, 1),
        page(super::notice(2, About::Page(Box::new(super::finding(1))))),
        page(super::notice(3, About::Page(Box::new(super::finding(1))))),
        page(closed(4, 1)),
        closed(5, 2),
    ];
    let told: Vec<Next> = notices
        .iter()
        .map(|one| {
            queue.arrive(one);
            let next = queue.next(one);
            queue.finish(one, next);
            next
        })
        .collect();
    assert_eq!(
        told,
        [
            Next::Pass,
            Next::Deliver(What::Worsened),
            Next::Pass,
            Next::Deliver(What::Closed),
            Next::Pass,
        ]
    );
    assert_eq!(queue.waiting(), 0);
}

#[test]
fn what_is_pruned_is_lost_and_counted() {
    let mut queue = Queue::new(Cursor::at(0, BTreeSet::new()), None, 9);
    assert!(!queue.arrive(&opened(2, 1)));
    assert!(!queue.arrive(&page(opened(4, 2))));
    assert_eq!(queue.settle(9), 2);
    assert_eq!((queue.waiting(), queue.position()), (0, 9));
    // It is known all the same that the second is a page.
    let again = page(super::notice(11, About::Page(Box::new(super::finding(2)))));
    assert_eq!(queue.next(&again), Next::Pass);
}
