//! What the course of time changes.

use jiff::civil::{DateTime, date};

use super::*;
use crate::policy::Policy;

const PRODUCT: &str = r#"
product = "a"
title = "A"
owner = "o"
posture = "internal_only"

[[workload]]
unit = "a.service"

[[allow]]
id = "clients"
purpose = "p"
owner = "o"
direction = "inbound"
cidr = ["0.0.0.0/0"]
max_bytes = "10 GB"
per = "day"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2026-11-30

[[allow.window]]
from = 22:00:00
to = 05:30:00

[[allow]]
id = "always"
purpose = "p"
owner = "o"
direction = "inbound"
cidr = ["::/0"]
approved_by = "dpo"
approved_on = 2026-03-01
"#;

fn policy() -> Policy {
    Policy::from_sources(sources(&[("a.toml", PRODUCT)])).unwrap()
}

fn at(day: i8, hour: i8, minute: i8) -> DateTime {
    date(2026, 11, day).at(hour, minute, 0, 0)
}

#[test]
fn days_begin_and_windows_open_and_close() {
    let policy = policy();
    let turned = |before, now| policy.limits().turned(before, now);
    assert!(!turned(at(2, 6, 0), at(2, 21, 59)));
    assert!(turned(at(2, 21, 59), at(2, 22, 0)), "it opens");
    assert!(!turned(at(2, 22, 0), at(2, 23, 0)), "it has opened before");
    assert!(turned(at(2, 23, 0), at(3, 0, 0)), "midnight");
    assert!(turned(at(3, 5, 0), at(3, 5, 31)), "it closes");
    assert!(turned(at(3, 6, 0), at(3, 5, 0)), "somebody set the clock");
    assert!(turned(at(3, 6, 0), at(4, 6, 0)));
}

#[test]
fn only_entries_with_a_budget_are_counted() {
    let policy = policy();
    assert!(!policy.limits().without_budgets());
    let found = |id| policy.limits().budgeted(id).map(|entry| entry.id.clone());
    assert_eq!(found("clients").as_deref(), Some("clients"));
    assert_eq!(found("always"), None);
}
