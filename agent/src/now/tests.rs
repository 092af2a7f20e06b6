//! What a snapshot shows, sums and leaves out.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use super::{
    GapsNow, Gathering, Order, Rate, Seen, Snapshot, Sum, Wanted, cut,
    sample::{flows, gathered, snapshot},
};
use crate::{
    history::sample::{With as _, flow},
    record::FlowId,
    verdict::Verdict,
};

fn wanted(filter: &str, order: Order) -> Wanted {
    Wanted {
        filter: filter.to_owned(),
        order,
    }
}

/// Numbers of the flows that are shown, in their order.
fn shown(filter: &str, order: Order) -> Vec<u64> {
    let mut gathering = gathered(&flows(), wanted(filter, order));
    gathering.chosen().flows.iter().map(|flow| flow.0).collect()
}

#[test]
fn the_first_flow_is_the_one_that_is_wanted_first() {
    assert_eq!(shown("", Order::Rate), [2, 1, 5, 6, 4, 3]);
    assert_eq!(shown("", Order::Sent), [2, 1, 3, 5, 6, 4]);
    // Alike in what counts and how fast: the earlier flow.
    assert_eq!(shown("", Order::Recent), [2, 1, 5, 6, 4, 3]);
    assert_eq!(shown("", Order::Verdict), [1, 3, 6, 4, 2, 5]);
}

#[test]
fn each_word_of_a_filter_is_in_the_row() {
    for (filter, flows) in [
        ("image-generation", vec![2, 1]),
        ("IMAGE undeclared", vec![1]),
        ("provider.example:443", vec![]),
        ("provider.example", vec![2]),
        ("198.51.100.9:443/tcp", vec![2]),
        ("as64500", vec![1]),
        ("us", vec![1, 3]),
        ("disputed", vec![4]),
        ("unattributed", vec![4]),
        ("video-must-be-eea", vec![3]),
        ("nowhere", vec![]),
    ] {
        assert_eq!(shown(filter, Order::Rate), flows, "{filter}");
    }
}

#[test]
fn products_have_what_ended_and_workloads_what_is_open() {
    let mut gathering = gathered(&flows(), Wanted::default());
    let (total, verdicts) = gathering.totals();
    assert_eq!(total.flows, 6);
    assert_eq!(total.sent, (5 << 20) + (900 << 20) + 120_200 + (100 << 20));
    assert_eq!(verdicts[&Verdict::Undeclared].sent, 5 << 20);
    let findings = BTreeMap::from([(Some("image-generation".to_owned()), 2)]);
    let products = gathering.products(&findings);
    let names: Vec<_> = products
        .rows
        .iter()
        .map(|row| row.product.as_deref())
        .collect();
    let expected = [
        Some("image-generation"),
        Some("llm-inference"),
        None,
        // Alike: by name.
        Some("payments"),
        Some("video-generation"),
    ];
    // What has sent comes before what never did.
    assert_eq!(names[..3], expected[..3]);
    assert_eq!(names[3..], [Some("video-generation"), Some("payments")]);
    let image = &products.rows[0];
    assert_eq!(image.findings, 2);
    let rate = Rate {
        sent: 1_598_291,
        received: 12_584_960,
    };
    let sum = Sum {
        flows: 2,
        sent: 1005 << 20,
        received: 0,
        rate,
    };
    assert_eq!(image.sum, sum);
    assert_eq!(image.verdicts.len(), 2);
    let workloads = gathering.workloads();
    let image = &workloads.rows[0];
    assert_eq!(image.workload, "image-generation-worker.service");
    assert_eq!(image.worst, Verdict::Undeclared);
    assert_eq!(image.sum.sent, 905 << 20);
    assert_eq!(workloads.rows.len(), 4);
}

/// Instances of a workload are one row, and what does not fit is counted.
#[test]
fn lists_have_a_length_and_count_the_rest() {
    let mut gathering = Gathering::new(Wanted::default());
    for number in 0..500 {
        let one = flow(1, 1000 + number).of(
            &format!("unit-{}.service", number % 150),
            Some(&format!("product-{}", number % 120)),
        );
        gathering.take(&Seen {
            flow: FlowId(number),
            judged: &one.judged,
            own: one.counters,
            rate: Rate {
                sent: number,
                received: 0,
            },
        });
    }
    let chosen = gathering.chosen();
    assert_eq!(chosen.flows.len(), 200);
    assert_eq!(chosen.flows[0], FlowId(499));
    assert_eq!(chosen.more, 300);
    assert_eq!(chosen.all.flows, 500);
    let products = gathering.products(&BTreeMap::new());
    assert_eq!((products.rows.len(), products.more), (100, 20));
    let workloads = gathering.workloads();
    assert_eq!((workloads.rows.len() as u64) + workloads.more, 500);
    let all: u64 = workloads.rows.iter().map(|row| row.sum.sent).sum();
    assert_eq!(
        all + workloads.rest.sent,
        (0..500).map(|n| 1000 + n).sum::<u64>()
    );
    let flows: u64 = workloads.rows.iter().map(|row| row.sum.flows).sum();
    assert_eq!(flows + workloads.rest.flows, 500);
}

#[test]
fn only_a_whole_record_is_whole() {
    let examined = |touched_ms, of_ms| {
        let gaps = GapsNow {
            touched_ms,
            of_ms,
            ..GapsNow::default()
        };
        gaps.examined()
    };
    assert_eq!(examined(0, 0), 10_000);
    assert_eq!(examined(1, 1_000_000_000), 9_999);
    assert_eq!(examined(500, 1000), 5_000);
    assert_eq!(examined(2000, 1000), 0);
}

#[test]
fn a_snapshot_reads_as_it_was_written() {
    let before = snapshot();
    let json = serde_json::to_value(&before).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["destinations"]["rows"][1]["hosted_in"], "US");
    assert_eq!(json["destinations"]["rows"][1]["rate"]["sent"], 1_258_291);
    assert_eq!(json["verdicts"]["undeclared"]["flows"], 1);
    assert_eq!(serde_json::from_value::<Snapshot>(json).unwrap(), before);
}

#[test]
fn texts_are_cut_at_characters() {
    assert_eq!(cut("äöü", 3), "äöü");
    assert_eq!(cut("äöü", 2), "äö…");
}
