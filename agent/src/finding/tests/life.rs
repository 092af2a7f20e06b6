//! Findings are opened once, kept while they have flows, and closed.

use super::*;

fn seen(second: i64) -> (Timestamp, Timestamp) {
    (at(second), at(second))
}

#[track_caller]
fn one(findings: &Findings) -> &Finding {
    let all: Vec<_> = findings.open().collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0]
}

#[test]
fn many_flows_are_one_finding_with_first_and_last_sight() {
    let mut findings = findings(9);
    for (number, address) in (0..).zip(["203.0.113.9", "203.0.113.10", "203.0.113.11"]) {
        let id = FlowId(u64::try_from(number).unwrap());
        findings.judged(id, seen(10 - number), vec![undeclared(address)], false);
        findings.carried(id, 100, at(20 + number));
    }
    let finding = one(&findings);
    assert_eq!((finding.first_seen, finding.last_seen), (at(8), at(22)));
    assert_eq!((finding.flows, finding.egress_bytes), (3, 300));
    // Of the earliest.
    assert_eq!(finding.detail, "no entry declares 203.0.113.11");
    assert_eq!(
        told(&mut findings, false),
        [(Event::Opened, Kind::Undeclared)]
    );
    assert_eq!(told(&mut findings, true), []);
    findings.carried(FlowId(1), 1, at(30));
    assert_eq!(told(&mut findings, false), []);
    assert_eq!(
        told(&mut findings, true),
        [(Event::Updated, Kind::Undeclared)]
    );
}

#[test]
fn a_finding_is_closed_when_its_flows_have_ended_and_it_was_quiet() {
    let mut findings = findings(9);
    findings.judged(FlowId(1), seen(0), vec![undeclared("203.0.113.9")], false);
    findings.settle(at(5000));
    assert_eq!(findings.len(), 1, "its flow is open");
    findings.ended(FlowId(1), at(100));
    findings.settle(at(100 + 899));
    assert_eq!(findings.len(), 1);
    // What comes within the quiet time is the same finding.
    findings.judged(FlowId(2), seen(999), vec![undeclared("203.0.113.9")], false);
    findings.ended(FlowId(2), at(1000));
    findings.settle(at(1000 + 899));
    assert_eq!(one(&findings).flows, 2);
    findings.settle(at(1000 + 900));
    assert!(findings.is_empty());
    let events = told(&mut findings, true);
    let opened = (Event::Opened, Kind::Undeclared);
    assert_eq!(events, [opened, (Event::Closed, Kind::Undeclared)]);
    findings.judged(
        FlowId(3),
        seen(5000),
        vec![undeclared("203.0.113.9")],
        false,
    );
    assert_eq!(told(&mut findings, true), [opened]);
}

#[test]
fn a_flow_that_is_judged_otherwise_leaves_its_finding() {
    let mut findings = findings(9);
    findings.judged(FlowId(1), seen(0), vec![undeclared("203.0.113.9")], false);
    findings.judged(FlowId(1), (at(0), at(50)), Vec::new(), false);
    findings.settle(at(50 + 899));
    assert_eq!(findings.len(), 1);
    findings.settle(at(50 + 900));
    assert!(findings.is_empty());
}

#[test]
fn what_becomes_worse_is_said_at_once() {
    let mut findings = findings(9);
    let ticket = Deviation {
        severity: Severity::Ticket,
        ..undeclared("203.0.113.9")
    };
    findings.judged(FlowId(1), seen(0), vec![ticket], false);
    told(&mut findings, true);
    findings.judged(FlowId(2), seen(1), vec![undeclared("203.0.113.10")], false);
    assert_eq!(
        told(&mut findings, false),
        [(Event::Updated, Kind::Undeclared)]
    );
    let finding = one(&findings);
    assert_eq!(finding.severity, Severity::Page);
    assert_eq!(finding.detail, "no entry declares 203.0.113.10");
}

#[test]
fn what_stands_is_open_until_it_is_put_right() {
    let mut findings = findings(9);
    let refused = |why| vec![Deviation::of_refused_allowlists(why)];
    findings.stand(Kind::AllowlistsRefused, refused("one"), at(0));
    findings.settle(at(100_000));
    assert_eq!(one(&findings).detail, "one");
    findings.stand(Kind::AllowlistsRefused, refused("another"), at(100_000));
    assert_eq!(findings.len(), 1);
    findings.stand(Kind::EntryExpiring, Vec::new(), at(100_001));
    assert_eq!(findings.len(), 1, "of another kind");
    findings.stand(Kind::AllowlistsRefused, Vec::new(), at(100_002));
    assert_eq!(
        told(&mut findings, false),
        [
            (Event::Opened, Kind::AllowlistsRefused),
            (Event::Closed, Kind::AllowlistsRefused)
        ]
    );
}

#[test]
fn what_an_earlier_agent_opened_is_not_opened_again() {
    let mut before = findings(9);
    before.judged(FlowId(7), seen(0), vec![undeclared("203.0.113.9")], false);
    before.carried(FlowId(7), 100, at(10));
    let left: Vec<Finding> = before.open().cloned().collect();
    // Nobody has looked for an hour.
    let mut after = findings(9);
    after.restore(left.clone(), at(3600));
    after.settle(at(3600 + 899));
    assert_eq!(after.open().cloned().collect::<Vec<_>>(), left);
    // The same flow, under another number.
    after.judged(
        FlowId(1),
        (at(0), at(10)),
        vec![undeclared("203.0.113.9")],
        true,
    );
    assert_eq!(told(&mut after, true), []);
    after.judged(
        FlowId(2),
        seen(3700),
        vec![undeclared("203.0.113.9")],
        false,
    );
    assert_eq!(told(&mut after, true), [(Event::Updated, Kind::Undeclared)]);
    assert_eq!((one(&after).flows, one(&after).egress_bytes), (2, 100));
    after.ended(FlowId(1), at(3700));
    after.ended(FlowId(2), at(3700));
    after.settle(at(3700 + 900));
    assert!(after.is_empty());
}

#[test]
fn beyond_the_limit_findings_fold_and_their_flows_are_counted() {
    let mut findings = findings(2);
    for number in 0..9_u8 {
        let address = format!("203.0.{number}.9");
        let deviations = vec![undeclared(&address)];
        findings.judged(FlowId(number.into()), seen(0), deviations, false);
    }
    assert_eq!(findings.len(), 3);
    assert_eq!(findings.folded_flows(), 7);
    let folded = findings.open().find(|one| one.flows == 7).unwrap();
    assert_eq!(folded.key.destination, Some(Group::Many(Severity::Page)));
    assert_eq!(folded.key.product.as_deref(), Some("image-generation"));
    assert_eq!(folded.key.workload, None);
    // Tickets have room of their own: pages do not take it, nor they that of pages.
    let ticket = Deviation {
        severity: Severity::Ticket,
        ..undeclared("198.51.100.9")
    };
    findings.judged(FlowId(20), seen(0), vec![ticket], false);
    assert_eq!(findings.len(), 4);
    for number in 0..9 {
        findings.ended(FlowId(number), at(0));
    }
    assert_eq!(findings.folded_flows(), 0);
    findings.settle(at(900));
    assert_eq!(findings.len(), 1);
    findings.judged(FlowId(30), seen(900), vec![undeclared("203.0.8.9")], false);
    assert_eq!(findings.folded_flows(), 0, "there is room again");
}
