//! Periods, and made-up records of them.
#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{
    sample::{Store, With as _, flow, sent, started, stopped, time},
    *,
};
use crate::{
    coverage::{Gap, Reason},
    naming::Grade,
    record::{Counters, Direction, Protocol},
    verdict::Verdict,
};

fn span(text: &str) -> Span {
    text.parse().unwrap()
}

fn between(from: &str, to: &str) -> Span {
    Span::new(time(from), time(to)).unwrap()
}

#[test]
fn periods_are_read() {
    let cases = [
        ("2026-10", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        ("2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2028-02-29", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"),
        (
            "2026-10-01..2026-10-08",
            "2026-10-01T00:00:00Z",
            "2026-10-08T00:00:00Z",
        ),
        (
            "2026-10-01..2026-10-01T06:00:00+02:00",
            "2026-10-01T00:00:00Z",
            "2026-10-01T04:00:00Z",
        ),
    ];
    for (text, from, to) in cases {
        assert_eq!(span(text), between(from, to), "{text}");
    }
}

#[test]
fn the_period_before_is_as_long_or_a_month() {
    let before = |text: &str| span(text).before().unwrap().to_string();
    assert_eq!(before("2026-03"), "2026-02");
    assert_eq!(before("2026-01"), "2025-12");
    assert_eq!(before("2026-03-01"), "2026-02-28");
    assert_eq!(before("2026-10-08..2026-10-15"), "2026-10-01..2026-10-08");
}

#[test]
fn what_is_no_period_says_so() {
    let error = |text: &str| text.parse::<Span>().unwrap_err();
    for text in [
        "",
        "2026",
        "2026-13",
        "2026-02-30",
        "october",
        "20261005",
        "2026-1-05",
    ] {
        assert_eq!(error(text), SpanError::Form(text.to_owned()), "{text}");
    }
    assert_eq!(
        error("2026-10-01..later").to_string(),
        "`later` is no end of a period: write a day as 2026-10-05 or a time as \
         2026-10-05T06:00:00Z"
    );
    assert_eq!(
        error("2026-10-01..2026-10-01").to_string(),
        "the period 2026-10-01T00:00:00Z..2026-10-01T00:00:00Z is empty: its second end is not \
         in it and must be later"
    );
}

#[test]
fn beginnings_are_read() {
    let now = time("2026-11-08T12:00:00Z");
    let from = |text: &str| text.parse::<Since>().unwrap().until(now).unwrap().from;
    assert_eq!(from("7d"), time("2026-11-01T12:00:00Z"));
    assert_eq!(from("24h"), time("2026-11-07T12:00:00Z"));
    assert_eq!(from("90m"), time("2026-11-08T10:30:00Z"));
    assert_eq!(from("2026-11-01"), time("2026-11-01T00:00:00Z"));
    assert_eq!(from("2026-11-01T06:00:00Z"), time("2026-11-01T06:00:00Z"));
    assert_eq!(from("99999999d"), Timestamp::MIN);
    let week = "7d".parse::<Since>().unwrap().until(now).unwrap();
    assert!(week.contains(now), "now is in it");
    for text in [
        "",
        "d",
        "0d",
        "-7d",
        "+7d",
        "7w",
        "7 d",
        "99999999999999999999d",
        "tomorrow",
    ] {
        let error = text.parse::<Since>().unwrap_err();
        assert_eq!(error, SpanError::Since(text.to_owned()), "{text}");
    }
    let future = "2026-12-01".parse::<Since>().unwrap().until(now);
    assert_eq!(future, Err(SpanError::Future(time("2026-12-01T00:00:00Z"))));
}

proptest! {
    #[test]
    fn a_period_is_read_as_it_is_shown(from in 0_i64..4_000_000_000, seconds in 1_i64..100_000_000) {
        let from = Timestamp::from_second(from).unwrap();
        let to = from.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        let one = Span::new(from, to).unwrap();
        prop_assert_eq!(one.to_string().parse::<Span>().unwrap(), one);
    }

    #[test]
    fn days_and_months_are_shown_as_they_are_written(year in 1970_i16..3000, month in 1_i8..=12, day in 1_i8..=28) {
        for text in [format!("{year:04}-{month:02}"), format!("{year:04}-{month:02}-{day:02}")] {
            prop_assert_eq!(span(&text).to_string(), text);
        }
    }
}

fn loaded(digest: &str, replaced: &str) -> Entry {
    Entry::AllowlistsLoaded {
        digest: digest.to_owned(),
        replaced: replaced.to_owned(),
        products: 1,
        entries: 1,
    }
}

fn gap(from: &str, to: &str) -> Gap {
    Gap {
        from: time(from),
        to: time(to),
        reason: Reason::NotRecording,
        detail: "no programs were at work".to_owned(),
        repaired: true,
        losses: [].into(),
    }
}

/// One recording with an entry of each kind before, in and after 2 November.
fn store() -> Store {
    let mut store = Store::new();
    let late = gap("2026-11-02T23:00:00Z", "2026-11-03T00:00:00Z");
    store
        .add("2026-11-01T12:00:00Z", started("r", "first"))
        .flow("2026-11-01T23:59:59Z", flow(1, 10))
        .flow("2026-11-02T00:00:00Z", flow(1, 10).more(5))
        .flow("2026-11-02T10:00:00Z", flow(2, 7))
        .add("2026-11-02T11:00:00Z", stopped())
        .add("2026-11-02T12:00:00Z", started("r2", "second"))
        .add("2026-11-02T13:00:00Z", loaded("third", "second"))
        .flow("2026-11-03T00:00:00Z", flow(3, 1))
        .add("2026-11-03T00:00:01Z", Entry::Gap(late))
        .add(
            "2026-11-03T00:00:02Z",
            Entry::Gap(gap("2026-11-03T00:00:00Z", "2026-11-03T00:00:02Z")),
        );
    store
}

#[test]
fn entries_of_a_period_are_given_in_order() {
    let store = store();
    let mut times = Vec::new();
    each(store.path(), &span("2026-11-02"), |time, _| {
        times.push(time.to_string());
    })
    .unwrap();
    assert_eq!(
        times,
        [
            "2026-11-02T00:00:00Z",
            "2026-11-02T10:00:00Z",
            "2026-11-02T11:00:00Z",
            "2026-11-02T12:00:00Z",
            "2026-11-02T13:00:00Z",
            // The gap that touches the period, noticed later.
            "2026-11-03T00:00:01Z",
        ]
    );
}

#[test]
fn a_reading_says_what_else_the_period_has() {
    let store = store();
    let mut seen = Vec::new();
    let reading = intervals(store.path(), &span("2026-11-02"), |interval| {
        seen.push((interval.first_seen, interval.last_seen));
    })
    .unwrap();
    let noon = time("2026-11-01T12:00:00Z");
    let later = |seconds| noon + SignedDuration::from_secs(seconds);
    assert_eq!(seen, [(noon, later(2)), (noon, later(1))]);
    let expected = Reading {
        record_from: Some(noon),
        record_to: Some(time("2026-11-03T00:00:02Z")),
        intervals: 2,
        gaps: vec![gap("2026-11-02T23:00:00Z", "2026-11-03T00:00:00Z")],
        more_gaps: 0,
        starts: vec![Start {
            time: time("2026-11-02T12:00:00Z"),
            recording: "r2".to_owned(),
            adopted: false,
        }],
        stops: vec![Stop {
            time: time("2026-11-02T11:00:00Z"),
            continues: false,
        }],
        policies: vec![
            InForce {
                from: noon,
                digest: "first".to_owned(),
            },
            InForce {
                from: time("2026-11-02T12:00:00Z"),
                digest: "second".to_owned(),
            },
            InForce {
                from: time("2026-11-02T13:00:00Z"),
                digest: "third".to_owned(),
            },
        ],
    };
    assert_eq!(reading, expected);
}

fn grouped(store: &Store, most: usize) -> Groups {
    let mut groups = Groups::new(most);
    intervals(store.path(), &span("2026-11"), |interval| {
        groups.take(&interval);
    })
    .unwrap();
    groups
}

#[test]
fn flows_are_counted_once_and_bytes_added_up() {
    let store = store();
    let groups = grouped(&store, 8);
    let kind = Kind {
        product: Some("image".to_owned()),
        workload: "image.service".to_owned(),
        to: To::Address("198.51.100.9".parse().unwrap()),
        port: 443,
        protocol: Protocol::TCP,
        direction: Direction::Outbound,
        verdict: Verdict::Undeclared,
    };
    let group = Group {
        flows: 3,
        counters: Counters {
            egress_bytes: 23,
            egress_packets: 4,
            ..Counters::default()
        },
        first_seen: time("2026-11-01T12:00:00Z"),
        last_seen: time("2026-11-01T12:00:02Z"),
    };
    assert_eq!(groups.iter().collect::<Vec<_>>(), [(&kind, &group)]);
    assert_eq!(groups.folded(), Folded::default());
}

#[test]
fn what_needs_a_group_too_many_is_folded_and_counted() {
    let mut store = Store::new();
    for number in 1..=3_u8 {
        let address = format!("198.51.100.{number}");
        let flow = flow(u32::from(number), 100).to(&address, 443);
        store.flow("2026-11-01T12:00:00Z", flow);
    }
    store.flow("2026-11-01T12:00:01Z", flow(1, 50).to("198.51.100.1", 443));
    let groups = grouped(&store, 2);
    let sums: Vec<u64> = groups
        .iter()
        .map(|(_, group)| group.counters.egress_bytes)
        .collect();
    assert_eq!(sums, [150, 100]);
    let folded = Folded {
        intervals: 1,
        counters: sent(100),
    };
    assert_eq!(groups.folded(), folded);
}

#[test]
fn the_other_side_is_an_object() {
    let object = |flow| serde_json::to_value(To::of(&flow)).unwrap();
    assert_eq!(
        object(flow(1, 1)),
        serde_json::json!({ "by": "address", "address": "198.51.100.9" })
    );
    assert_eq!(
        object(flow(1, 1).said("said.example")),
        serde_json::json!({ "by": "name", "name": "said.example", "grade": "presented" })
    );
}

#[test]
fn the_other_side_is_its_best_name() {
    let to = |flow| To::of(&flow);
    let name = |text: &str, grade| To::Name(text.parse().unwrap(), grade);
    let told = |name| flow(1, 1).told(name, Grade::Answered);
    assert_eq!(to(flow(1, 1)), To::Address("198.51.100.9".parse().unwrap()));
    assert_eq!(
        to(flow(1, 1).said("said.example")),
        name("said.example", Grade::Presented)
    );
    assert_eq!(
        to(told("b.example").told("a.example", Grade::Answered)),
        name("a.example", Grade::Answered)
    );
    assert_eq!(
        to(told("b.example")
            .told("a.example", Grade::Answered)
            .said("b.example")),
        name("b.example", Grade::Answered)
    );
    assert_eq!(
        to(told("b.example").told("a.example", Grade::AnsweredUntrusted)),
        name("b.example", Grade::Answered)
    );
}
