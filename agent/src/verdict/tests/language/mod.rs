//! The whole language, against an interpreter that reads it entry by entry.
//!
//! ```text
//! draw (entries and flows at random) ─┬─> text ─> Policy ─> judge ─┬─> the same verdict
//!                                     └─> naive (no index) ────────┘
//! ```

mod draw;
mod flows;
mod naive;
mod write;

use jiff::civil::{Date, DateTime};
use proptest::prelude::*;

use self::{
    draw::{Drawn, drawn},
    flows::drawn_flow,
};
use super::*;
use crate::{
    naming::Grade,
    policy::{Budget, BudgetPeriod},
    verdict::{Judged, Verdict},
};

/// 2026-11-02 is a Monday.
const MONDAY: Date = jiff::civil::date(2026, 11, 2);

/// Entries by their numbers, which stand in their ids.
type Numbered<'a> = Vec<(usize, &'a Drawn)>;

fn numbered(entries: &[Drawn]) -> Numbered<'_> {
    entries.iter().enumerate().collect()
}

/// When a flow is judged, at any hour of a week.
fn drawn_time() -> impl Strategy<Value = DateTime> {
    (0_i64..7, 0_i8..24).prop_map(|(day, hour)| {
        let day = MONDAY.checked_add(jiff::Span::new().days(day)).unwrap();
        day.at(hour, 0, 0, 0)
    })
}

/// Judges by the compiled policy.
fn engine(policy: &Policy, entries: &[Drawn], flow: &Located, now: DateTime) -> Judged {
    let mut spent = Spent::default();
    for (number, entry) in entries.iter().enumerate() {
        if let Some(budget) = &entry.budget {
            spent.add(
                &write::id(number),
                budget.limit.per.begin(now.date()),
                budget.spent,
            );
        }
    }
    let moment = Moment::new(Offset::UTC.to_timestamp(now).unwrap(), &spent);
    crate::verdict::judge(flow.clone(), policy, moment)
}

/// How bad a verdict is.
fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Internal | Verdict::Declared => 0,
        Verdict::Indeterminate => 1,
        Verdict::Expired => 2,
        Verdict::OutOfJurisdiction => 3,
        Verdict::Undeclared | Verdict::Unattributed => 4,
    }
}

fn several() -> impl Strategy<Value = Vec<Drawn>> {
    prop::collection::vec(drawn(), 0..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_engine_agrees_with_the_interpreter(
        entries in several(),
        shared in 0_usize..4,
        flow in drawn_flow(),
        now in drawn_time(),
    ) {
        let policy = write::policy(&numbered(&entries), shared, false);
        let judged = engine(&policy, &entries, &flow, now);
        prop_assert_eq!(judged.verdict, naive::verdict(&entries, &flow, now), "{}", judged.reason);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn order_changes_nothing(
        (entries, shuffled) in several().prop_flat_map(|entries| {
            let numbers: Vec<usize> = (0..entries.len()).collect();
            (Just(entries), Just(numbers).prop_shuffle())
        }),
        shared in 0_usize..4,
        flow in drawn_flow(),
        now in drawn_time(),
    ) {
        let other: Numbered<'_> = shuffled.iter().map(|n| (*n, &entries[*n])).collect();
        let one = write::policy(&numbered(&entries), shared, false);
        let other = write::policy(&other, shared, true);
        prop_assert_eq!(
            engine(&one, &entries, &flow, now),
            engine(&other, &entries, &flow, now)
        );
    }

    #[test]
    fn another_entry_worsens_no_verdict_and_another_denial_betters_none(
        mut entries in several(),
        more in drawn(),
        shared in 0_usize..4,
        flow in drawn_flow(),
        now in drawn_time(),
    ) {
        let judge = |entries: &[Drawn]| {
            let policy = write::policy(&numbered(entries), shared, false);
            engine(&policy, entries, &flow, now).verdict
        };
        let before = judge(&entries);
        let denies = more.deny;
        entries.push(more);
        let after = judge(&entries);
        let (before, after) = (severity(before), severity(after));
        let (least, most) = if denies {
            (before, after)
        } else {
            (after, before)
        };
        prop_assert!(least <= most, "{before} and then {after}");
    }
}
