//! Whatever flows come, in whatever order.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::*;

/// What one flow does in its life, in order.
#[derive(Clone, Debug)]
enum Step {
    /// It is judged: these deviations, by number.
    Judged(Vec<(u8, Severity)>),
    Carried(u64),
    Ended,
}

fn step() -> impl Strategy<Value = Step> {
    let severity = prop_oneof![Just(Severity::Ticket), Just(Severity::Page)];
    let deviations = proptest::collection::vec((0..5u8, severity), 0..3);
    prop_oneof![
        3 => deviations.prop_map(Step::Judged),
        2 => (0..1000u64).prop_map(Step::Carried),
        1 => Just(Step::Ended),
    ]
}

/// The steps of each flow, and an order in which those of all flows come.
fn lives() -> impl Strategy<Value = (Vec<Vec<(Step, i64)>>, Vec<usize>)> {
    let life = proptest::collection::vec((step(), 0..600i64), 1..6);
    proptest::collection::vec(life, 1..6).prop_flat_map(|lives| {
        let turns: Vec<usize> = lives
            .iter()
            .enumerate()
            .flat_map(|(flow, life)| vec![flow; life.len()])
            .collect();
        (Just(lives), Just(turns).prop_shuffle())
    })
}

fn deviation(number: u8, severity: Severity) -> Deviation {
    Deviation {
        severity,
        ..undeclared(&format!("203.0.{number}.9"))
    }
}

/// Plays the flows in turns; gives what is open by then and what was told.
fn play(
    lives: &[Vec<(Step, i64)>],
    turns: &[usize],
    limit: usize,
) -> (Findings, Vec<super::super::Change>) {
    let mut findings = findings(limit);
    let mut changes = Vec::new();
    let mut next = vec![0; lives.len()];
    for flow in turns {
        let id = FlowId(*flow as u64);
        let (step, second) = &lives[*flow][next[*flow]];
        next[*flow] += 1;
        match step {
            Step::Judged(found) => {
                let found = found.iter().map(|(n, s)| deviation(*n, *s)).collect();
                findings.judged(id, (at(0), at(*second)), found, false);
            }
            Step::Carried(bytes) => findings.carried(id, *bytes, at(*second)),
            Step::Ended => findings.ended(id, at(*second)),
        }
        changes.extend(findings.take_changes(false));
    }
    (findings, changes)
}

proptest! {
    #[test]
    fn the_order_of_flows_changes_nothing_of_what_is_open((lives, turns) in lives()) {
        let in_order: Vec<usize> = lives
            .iter()
            .enumerate()
            .flat_map(|(flow, life)| vec![flow; life.len()])
            .collect();
        let (mut one, _) = play(&lives, &in_order, 99);
        let (mut other, _) = play(&lives, &turns, 99);
        for second in [0, 600, 900, 1200, 1500] {
            one.settle(at(second));
            other.settle(at(second));
            let all = |findings: &Findings| findings.open().cloned().collect::<Vec<_>>();
            prop_assert_eq!(all(&one), all(&other), "after {} s", second);
        }
    }

    #[test]
    fn a_finding_is_opened_once_and_told_of_while_it_is_open(
        (lives, turns) in lives(),
        limit in 0..4usize,
    ) {
        let (mut findings, mut changes) = play(&lives, &turns, limit);
        let held: HashSet<_> = findings.open().map(|one| one.id).collect();
        findings.settle(at(600 + 900));
        changes.extend(findings.take_changes(true));
        let mut open = BTreeMap::new();
        for change in changes {
            let id = change.finding.id;
            prop_assert_eq!(change.finding.key.id(), id);
            match change.event {
                Event::Opened => prop_assert!(open.insert(id, change.finding).is_none()),
                Event::Updated => prop_assert!(open.insert(id, change.finding).is_some()),
                Event::Closed => prop_assert!(open.remove(&id).is_some()),
            }
        }
        // What was told is what is open.
        prop_assert!(open.values().eq(findings.open()));
        // No more are kept apart than may be, and as many folded as there are severities.
        prop_assert!(held.len() <= 2 * limit + 2);
    }
}
