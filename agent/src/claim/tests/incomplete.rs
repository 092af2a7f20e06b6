//! Incomplete is never upheld, and what was recorded outweighs what was not.

use super::*;

const CLAIM: &str = "products = [\"llm\"]\ncondition = \"no_external_destination\"";

fn stands_over(flows: &[FlowInterval], reading: Reading) -> (Outcome, Vec<String>) {
    let policy = policy(CLAIM);
    let report = report(&policy, flows, reading);
    let one = &report.claims[0];
    assert_eq!(report.worst(), Some(one.outcome));
    (one.outcome, one.why.clone())
}

fn unproven(reading: Reading, why: &str) {
    let found = stands_over(&[llm()], reading);
    assert_eq!(found, (Outcome::Unproven, vec![why.to_owned()]));
}

#[test]
fn every_gap_leaves_a_doubt() {
    for reason in Reason::ALL {
        let gaps = vec![gap(reason)];
        unproven(
            Reading { gaps, ..whole() },
            &format!("1 gap: {}", reason.label()),
        );
    }
    let gaps = vec![gap(Reason::Loss), gap(Reason::Residual), gap(Reason::Loss)];
    unproven(
        Reading {
            gaps,
            more_gaps: 7,
            ..whole()
        },
        "10 gaps: loss (2), residual",
    );
}

#[test]
fn time_that_is_not_recorded_leaves_a_doubt() {
    let begun = Reading {
        record_from: Some(time("2026-11-01T03:12:00Z")),
        ..whole()
    };
    unproven(begun, "3h 12m of the period are not recorded");
    let ended = Reading {
        record_to: Some(time("2026-11-30T23:59:59.75Z")),
        ..whole()
    };
    unproven(ended, "250ms of the period are not recorded");
    for (from, to) in [
        (None, None),
        (Some("2026-12-02T00:00:00Z"), Some("2026-12-03T00:00:00Z")),
        (Some("2026-09-02T00:00:00Z"), Some("2026-10-03T00:00:00Z")),
    ] {
        let reading = Reading {
            record_from: from.map(time),
            record_to: to.map(time),
            ..Reading::default()
        };
        unproven(reading, "720h of the period are not recorded");
    }
}

#[test]
fn a_contradiction_outweighs() {
    let reading = Reading {
        gaps: vec![gap(Reason::NotRecording)],
        record_to: Some(time("2026-11-20T00:00:00Z")),
        ..whole()
    };
    let found = stands_over(&[llm_outside(), stranger()], reading);
    let why = "1 flow record to outside the platform".to_owned();
    assert_eq!(found, (Outcome::Contradicted, vec![why]));
}

/// That nothing used an entry is no fact about time that was not recorded.
#[test]
fn absence_is_proven_by_a_whole_record_only() {
    let policy = policy("products = [\"image\"]\ncondition = \"every_disclosed_provider_seen\"");
    let flows = [image("image-b", 10)];
    let reading = Reading {
        gaps: vec![gap(Reason::Loss)],
        ..whole()
    };
    let outcome = |reading| report(&policy, &flows, reading).claims[0].outcome;
    assert_eq!(outcome(whole()), Outcome::Contradicted);
    assert_eq!(outcome(reading), Outcome::Unproven);
}
