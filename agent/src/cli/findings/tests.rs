//! What entries come to, and how that looks.
#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::{Timestamp, civil::date};

use super::{
    read::{Known, State},
    show,
};
use crate::{
    attribution::WorkloadKind,
    finding::{Acknowledgement, Finding, Group, Key, Kind, Severity, WorkloadName},
    ledger::Entry,
};

fn at(hour: i8) -> Timestamp {
    let time = date(2026, 1, 2).at(hour, 0, 0, 0);
    time.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp()
}

fn finding(product: &str, severity: Severity) -> Finding {
    let key = Key {
        kind: Kind::Undeclared,
        product: Some(product.to_owned()),
        workload: Some(WorkloadName {
            kind: WorkloadKind::SystemdUnit,
            name: "image.service".to_owned(),
        }),
        destination: Some(Group::Provider("provider-a".into())),
        jurisdiction: "US".parse().ok(),
        rule: None,
    };
    Finding {
        id: key.id(),
        key,
        severity,
        first_seen: at(1),
        last_seen: at(2),
        flows: 2,
        egress_bytes: 2048,
        detail: "nothing declares it".to_owned(),
        detail_seen: at(1),
    }
}

fn acknowledged(finding: &Finding) -> Acknowledgement {
    Acknowledgement {
        finding: finding.id,
        severity: finding.severity,
        reason: "rolled back".to_owned(),
        until: date(2026, 1, 2),
        by: "someone".to_owned(),
        uid: 0,
    }
}

fn within(entries: Vec<(i8, Entry)>, period: &str) -> Vec<Known> {
    let mut state = State::default();
    for (hour, entry) in entries {
        state.take(at(hour), entry);
    }
    state.within(period.parse().unwrap())
}

#[test]
fn the_worst_come_first_and_what_was_closed_last() {
    let (page, ticket) = (finding("a", Severity::Page), finding("b", Severity::Ticket));
    let over = finding("c", Severity::Page);
    let long_over = finding("d", Severity::Page);
    let opened = |one: &Finding| Entry::FindingOpened(Box::new(one.clone()));
    let closed = |one: &Finding| Entry::FindingClosed(Box::new(one.clone()));
    let entries = vec![
        (1, opened(&ticket)),
        (1, opened(&long_over)),
        (2, closed(&long_over)),
        (3, opened(&over)),
        (4, closed(&over)),
        (5, opened(&page)),
        (6, Entry::Acknowledged(acknowledged(&ticket))),
    ];
    let found = within(entries, "2026-01-02T03:00:00Z..2026-01-02T12:00:00Z");
    let known = |finding, closed, acknowledged| Known {
        finding,
        closed,
        acknowledged,
    };
    let meant = [
        known(page, None, None),
        known(ticket.clone(), None, Some(acknowledged(&ticket))),
        known(over, Some(at(4)), None),
    ];
    assert_eq!(found, meant);
}

#[test]
fn what_is_said_to_be_open_ends_everything_else() {
    let (one, other) = (finding("a", Severity::Page), finding("b", Severity::Page));
    let entries = vec![
        (1, Entry::FindingOpened(Box::new(one.clone()))),
        (1, Entry::Acknowledged(acknowledged(&other))),
        (
            2,
            Entry::OpenFindings {
                findings: vec![other.clone()],
            },
        ),
    ];
    // The day of the acknowledgement is past at the end of the period.
    let found = within(entries, "2026-01-02..2026-01-04");
    let state: Vec<_> = found
        .iter()
        .map(|known| (known.finding.id, known.closed, known.acknowledged.is_some()))
        .collect();
    assert_eq!(
        state,
        [(other.id, None, false), (one.id, Some(at(2)), false)]
    );
}

#[test]
fn rows_and_pages_say_whose_what_and_who_knows() {
    let one = finding("a", Severity::Page);
    let known = [Known {
        acknowledged: Some(acknowledged(&one)),
        closed: None,
        finding: one.clone(),
    }];
    let text = |write: &dyn Fn(&mut Vec<u8>) -> std::io::Result<()>| {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let rows = text(&|out| show::table(&known, out));
    let id = one.id;
    assert_eq!(
        rows,
        format!(
            "{id}  page    undeclared: a, image.service to provider-a in US\n\
             {0:26}open, last seen 2026-01-02T02:00:00Z; someone knows\n\
             {0:26}until 2026-01-02\n",
            ""
        )
    );
    let page = text(&|out| show::pages(&known, out));
    assert_eq!(
        page,
        format!(
            "finding        {id}\n\
             kind           undeclared\n\
             severity       page\n\
             about          a, image.service to provider-a in US\n\
             detail         nothing declares it\n\
             state          open, last seen 2026-01-02T02:00:00Z; someone knows until\n\
             {0:15}2026-01-02\n\
             first seen     2026-01-02T01:00:00Z\n\
             last seen      2026-01-02T02:00:00Z\n\
             sent           2.0 KiB in 2 flows\n\
             acknowledged   someone (user id 0)\n\
             because        rolled back\n",
            ""
        )
    );
    let json = text(&|out| show::json(&known, out));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["findings"][0]["id"], id.to_string());
    assert_eq!(value["findings"][0]["acknowledged"]["until"], "2026-01-02");
    assert_eq!(
        text(&|out| show::table(&[], out)),
        "No such finding is recorded.\n"
    );
}
