//! Notices that are made up, and what queues do with any of them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod bodies;
mod delivery;
mod documents;
mod encrypted;
mod pushed;
mod queues;

use super::notice::{About, Notice};
use crate::{
    attribution::WorkloadKind,
    finding::{Acknowledgement, Finding, Group, Jurisdiction, Key, Kind, Severity, WorkloadName},
    jurisdiction::AsNumber,
};

/// One of several findings.
pub(super) fn finding(number: u64) -> Finding {
    let time = "2026-01-02T03:04:05Z".parse().unwrap();
    let key = Key {
        kind: Kind::Undeclared,
        product: Some(format!("p{number}")),
        workload: Some(WorkloadName {
            kind: WorkloadKind::SystemdUnit,
            name: "w\"\\].service".to_owned(),
        }),
        destination: Some(Group::System(AsNumber(64500))),
        jurisdiction: Some(Jurisdiction::Country("US".parse().unwrap())),
        rule: None,
    };
    Finding {
        id: key.id(),
        key,
        severity: Severity::Ticket,
        first_seen: time,
        last_seen: time,
        flows: 1,
        egress_bytes: 100,
        detail: format!("no entry of p{number} declares it"),
        detail_seen: time,
    }
}

fn notice(seq: u64, about: About) -> Notice {
    Notice {
        seq,
        time: "2026-01-02T03:04:05Z".parse().unwrap(),
        about,
    }
}

/// A ticket was opened.
pub(super) fn opened(seq: u64, number: u64) -> Notice {
    notice(seq, About::Opened(Box::new(finding(number))))
}

/// A ticket was closed.
pub(super) fn closed(seq: u64, number: u64) -> Notice {
    notice(seq, About::Closed(Box::new(finding(number))))
}

/// A ticket was acknowledged.
pub(super) fn acknowledged(seq: u64, number: u64) -> Notice {
    let one = Acknowledgement {
        finding: finding(number).id,
        severity: Severity::Ticket,
        reason: "TICKET-1: \"known\"".to_owned(),
        until: jiff::civil::date(2026, 2, 3),
        by: "on call".to_owned(),
        uid: 1000,
    };
    notice(seq, About::Acknowledged(one))
}

/// The same of a page.
pub(super) fn page(mut notice: Notice) -> Notice {
    match &mut notice.about {
        About::Opened(one) | About::Page(one) | About::Closed(one) => {
            one.severity = Severity::Page;
        }
        About::Acknowledged(one) => one.severity = Severity::Page,
        About::Test => {}
    }
    notice
}
