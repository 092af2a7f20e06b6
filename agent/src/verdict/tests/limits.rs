//! Budgets and windows.

use jiff::civil::{DateTime, date};

use super::*;
use crate::verdict::Verdict;

const PRODUCT: &str = r#"
product = "a"
title = "A"
owner = "o"
posture = "external_declared"

[[workload]]
unit = "a.service"

[[allow]]
id = "daily"
purpose = "p"
owner = "o"
address = ["203.0.113.1", "203.0.113.4"]
max_bytes = "10 GB"
per = "day"
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "monthly"
purpose = "p"
owner = "o"
address = ["203.0.113.2"]
countries = ["DE"]
max_bytes = "1 KiB"
per = "month"
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2026-11-30

[[allow]]
id = "nightly"
purpose = "p"
owner = "o"
address = ["203.0.113.3", "203.0.113.4"]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2026-11-30

[[allow.window]]
days = ["mon-thu"]
from = 22:00:00
to = 05:00:00

[[allow.window]]
days = ["sun"]
"#;

/// 2026-11-02 is a Monday.
fn at(day: i8, hour: i8) -> DateTime {
    date(2026, 11, day).at(hour, 0, 0, 0)
}

fn outcome(flow: Located, at: DateTime, spent: &Spent) -> (Verdict, Option<String>, String) {
    let moment = Moment::new(Offset::UTC.to_timestamp(at).unwrap(), spent);
    let judged = super::super::judge(flow, &policy(&[("a.toml", PRODUCT)]), moment);
    (judged.verdict, judged.rule, judged.reason)
}

fn to(address: &str) -> Located {
    flow("a.service", address)
}

#[test]
fn a_budget_is_used_up_by_more_than_it() {
    let mut spent = Spent::default();
    let today = date(2026, 11, 2);
    spent.add("daily", today, 10_000_000_000);
    let verdict = |spent: &Spent| outcome(to("203.0.113.1"), at(2, 12), spent).0;
    assert_eq!(verdict(&spent), Verdict::Declared, "all of it, and no more");
    spent.add("daily", today, 1);
    assert_eq!(
        outcome(to("203.0.113.1"), at(2, 12), &spent),
        (
            Verdict::Undeclared,
            Some("daily".to_owned()),
            "entry daily of a declares 203.0.113.1:443/tcp outbound up to 10 GB per day, and has \
             carried 10000000001 bytes since 2026-11-02 (hosted in DE)"
                .to_owned()
        )
    );
    let tomorrow = outcome(to("203.0.113.1"), at(3, 0), &spent);
    assert_eq!(tomorrow.0, Verdict::Declared, "a day has its own");
    spent.add("other", today, u64::MAX);
    let other = outcome(to("203.0.113.2"), at(2, 12), &spent);
    assert_eq!(other.0, Verdict::Declared, "so has an entry");
}

#[test]
fn a_month_is_that_of_the_calendar() {
    let mut spent = Spent::default();
    spent.add("monthly", date(2026, 11, 1), 1025);
    let (verdict, rule, reason) = outcome(to("203.0.113.2"), at(30, 23), &spent);
    assert_eq!(
        (verdict, rule.as_deref()),
        (Verdict::Undeclared, Some("monthly"))
    );
    assert_eq!(
        reason,
        "entry monthly of a declares 203.0.113.2:443/tcp outbound up to 1 KiB per month, and has \
         carried 1025 bytes since 2026-11-01 (hosted in DE)"
    );
    // Where the place is wrong, that is what is wrong, and worse is not said of it.
    let abroad = outcome(hosted(to("203.0.113.2"), "US"), at(2, 12), &spent);
    assert_eq!(abroad.0, Verdict::OutOfJurisdiction);
    // A place that is not known does not excuse it.
    let unknown = outcome(unlocated(to("203.0.113.2")), at(2, 12), &spent);
    assert_eq!(unknown.0, Verdict::Undeclared);
    // What has expired would not have declared it.
    spent.add("monthly", date(2026, 12, 1), 1025);
    let december = date(2026, 12, 1).at(12, 0, 0, 0);
    assert_eq!(
        outcome(to("203.0.113.2"), december, &spent).0,
        Verdict::Undeclared
    );
    let nothing = Spent::default();
    assert_eq!(
        outcome(to("203.0.113.2"), december, &nothing).0,
        Verdict::Expired
    );
}

#[test]
fn outside_its_windows_it_declares_nothing() {
    let nothing = Spent::default();
    let verdict = |at| outcome(to("203.0.113.3"), at, &nothing).0;
    assert_eq!(verdict(at(2, 22)), Verdict::Declared);
    assert_eq!(verdict(at(6, 4)), Verdict::Declared, "Thursday's night");
    assert_eq!(verdict(at(6, 5)), Verdict::Undeclared);
    assert_eq!(verdict(at(6, 23)), Verdict::Undeclared, "Friday");
    assert_eq!(verdict(at(8, 12)), Verdict::Declared, "Sunday");
    assert_eq!(
        outcome(to("203.0.113.3"), at(2, 12), &nothing),
        (
            Verdict::Undeclared,
            Some("nightly".to_owned()),
            "entry nightly of a declares 203.0.113.3:443/tcp outbound only within its window, \
             mon, tue, wed, thu from 22:00:00 to 05:00:00 or sun UTC (hosted in DE)"
                .to_owned()
        )
    );
    let december = date(2026, 12, 2);
    let later = |hour| outcome(to("203.0.113.3"), december.at(hour, 0, 0, 0), &nothing).0;
    assert_eq!(later(23), Verdict::Expired);
    assert_eq!(later(12), Verdict::Undeclared);
}

#[test]
fn another_entry_may_declare_what_one_does_not() {
    let mut spent = Spent::default();
    spent.add("daily", date(2026, 11, 2), u64::MAX);
    let judged = |hour| {
        let (verdict, rule, _) = outcome(to("203.0.113.4"), at(2, hour), &spent);
        (verdict, rule)
    };
    assert_eq!(judged(23), (Verdict::Declared, Some("nightly".to_owned())));
    assert_eq!(judged(12), (Verdict::Undeclared, Some("daily".to_owned())));
}
