//! Laws, on generated records.

use proptest::prelude::*;

use super::*;

const CLAIMS: [&str; 7] = [
    "condition = \"no_external_destination\"",
    "condition = \"only_declared_and_disclosed\"",
    "condition = \"hosting_and_domicile_within\"\nwithin = [\"NORDIC\"]",
    "condition = \"external_processing_confined_to\"\nconfined_to = [\"image\"]",
    "condition = \"no_external_initiator\"",
    "condition = \"no_provider_above\"\npercent = 60",
    "condition = \"every_disclosed_provider_seen\"",
];

fn claim() -> impl Strategy<Value = String> {
    let products = ["\"all\"", "[\"llm\"]", "[\"image\"]"];
    let flags = ["", "absent_ok = true", "except_shared = true"];
    (
        proptest::sample::select(CLAIMS.to_vec()),
        proptest::sample::select(products.to_vec()),
        proptest::sample::select(flags.to_vec()),
    )
        .prop_map(|(condition, products, flag)| {
            format!("products = {products}\n{condition}\n{flag}")
        })
}

fn any_flow() -> impl Strategy<Value = FlowInterval> {
    let owners = [
        ("llm.service", Some("llm")),
        ("image.service", Some("image")),
        ("stranger.service", None),
    ];
    let rules = [None, Some("image-a"), Some("image-b"), Some("shared-time")];
    let places: [&[(&str, &str)]; 4] = [
        &[("geo", "NO")],
        &[("geo", "US")],
        &[("geo", "NO"), ("geo", "US")],
        &[],
    ];
    let homes = [None, Some("a"), Some("b")];
    (
        proptest::sample::select(owners.to_vec()),
        proptest::sample::select(Verdict::ALL.to_vec()),
        proptest::sample::select(rules.to_vec()),
        proptest::sample::select(places.to_vec()),
        proptest::sample::select(homes.to_vec()),
        (0_u64..1000, any::<bool>(), 1_u8..5),
    )
        .prop_map(
            |(owner, verdict, rule, places, home, (bytes, called, last))| {
                let flow = flow(1, bytes)
                    .of(owner.0, owner.1)
                    .to(&format!("203.0.113.{last}"), 443)
                    .judged(verdict, rule)
                    .hosted(places);
                let flow = match home {
                    Some(provider) => operated(flow, provider, (provider == "a").then_some("SE")),
                    None => flow,
                };
                if called { inbound(flow) } else { flow }
            },
        )
}

fn any_reading() -> impl Strategy<Value = Reading> {
    (0_usize..3, 0_u8..4).prop_map(|(gaps, ends)| Reading {
        gaps: vec![gap(Reason::Loss); gaps],
        record_from: Some(time(if ends & 1 == 1 {
            "2026-11-02T00:00:00Z"
        } else {
            "2026-10-31T00:00:00Z"
        })),
        record_to: Some(time(if ends & 2 == 2 {
            "2026-11-29T00:00:00Z"
        } else {
            "2026-12-01T00:00:00Z"
        })),
        ..Reading::default()
    })
}

fn outcome(policy: &Policy, flows: &[FlowInterval], reading: &Reading) -> Outcome {
    report(policy, flows, reading.clone()).claims[0].outcome
}

proptest! {
    /// Nor does it bring in a contradiction.
    #[test]
    fn a_gap_never_upholds(
        claim in claim(), flows in proptest::collection::vec(any_flow(), 0..12), reading in any_reading()
    ) {
        let policy = policy(&claim);
        let before = outcome(&policy, &flows, &reading);
        let mut with = reading;
        with.gaps.push(gap(Reason::Residual));
        let after = outcome(&policy, &flows, &with);
        prop_assert_ne!(after, Outcome::Upheld);
        prop_assert!(after <= before.max(Outcome::Unproven));
    }

    #[test]
    fn what_is_incomplete_is_not_upheld(
        claim in claim(), flows in proptest::collection::vec(any_flow(), 0..12), reading in any_reading()
    ) {
        let policy = policy(&claim);
        let report = report(&policy, &flows, reading);
        if !report.completeness.is_complete() {
            prop_assert_ne!(report.claims[0].outcome, Outcome::Upheld);
        }
        prop_assert!(!report.claims[0].why.is_empty(), "each outcome says why");
    }

    /// Of a workload that was seen already.
    #[test]
    fn an_internal_flow_changes_nothing(
        claim in claim(), flows in proptest::collection::vec(any_flow(), 0..12), reading in any_reading()
    ) {
        let policy = policy(&claim);
        let mut flows = [vec![llm()], flows].concat();
        let before = outcome(&policy, &flows, &reading);
        flows.push(llm());
        prop_assert_eq!(outcome(&policy, &flows, &reading), before);
    }

    #[test]
    fn the_order_does_not_matter(
        claim in claim(),
        (flows, shuffled) in proptest::collection::vec(any_flow(), 0..12)
            .prop_flat_map(|flows| (Just(flows.clone()), Just(flows).prop_shuffle())),
        reading in any_reading()
    ) {
        let policy = policy(&claim);
        let there = report(&policy, &flows, reading.clone());
        let back = report(&policy, &shuffled, reading);
        prop_assert_eq!(there, back);
    }

    /// Taking away what contradicts a claim is the only way to better it.
    #[test]
    fn a_contradiction_stays(
        claim in claim(), flows in proptest::collection::vec(any_flow(), 0..12),
        more in any_flow(), reading in any_reading()
    ) {
        let policy = policy(&claim);
        // A share is of all that left, and an entry may be used later on.
        prop_assume!(!claim.contains("no_provider_above") && !claim.contains("provider_seen"));
        let mut flows = flows;
        let before = outcome(&policy, &flows, &reading);
        flows.push(more);
        let after = outcome(&policy, &flows, &reading);
        if before == Outcome::Contradicted {
            prop_assert_eq!(after, Outcome::Contradicted);
        }
    }
}
