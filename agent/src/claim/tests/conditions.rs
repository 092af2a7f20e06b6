//! Each condition, upheld, contradicted and unproven.

use super::*;
use crate::{claim::Why, record::Scope};

/// Asserts outcome and reasons.
#[track_caller]
fn check(claim: &str, flows: &[FlowInterval], outcome: Outcome, why: &[&str]) {
    let (stands, reasons) = stands(claim, flows);
    assert_eq!(
        (stands, reasons),
        (outcome, why.iter().map(|s| (*s).to_owned()).collect())
    );
}

use Outcome::{Contradicted, Unproven, Upheld};

#[test]
fn no_external_destination() {
    let claim = "products = [\"llm\"]\ncondition = \"no_external_destination\"";
    check(
        claim,
        &[llm(), llm()],
        Upheld,
        &["2 flow records, none against it"],
    );
    // What other products do, and who calls, does not matter.
    let called = inbound(llm_outside());
    let others = [llm(), image("image-a", 5), called];
    check(claim, &others, Upheld, &["2 flow records, none against it"]);
    check(
        claim,
        &[llm(), llm_outside(), stranger()],
        Contradicted,
        &["1 flow record to outside the platform"],
    );
    check(
        claim,
        &[llm(), stranger()],
        Unproven,
        &["1 flow record of no product"],
    );
    check(claim, &[], Unproven, &["no workload was seen of llm"]);
    let mut folded = llm_outside().judged(Verdict::Indeterminate, None);
    folded.judged.flow.flow.flow.record.scope = Scope::Folded;
    check(
        claim,
        &[folded],
        Unproven,
        &["1 flow record without a known destination"],
    );
}

#[test]
fn what_the_platform_shares_may_be_left_out() {
    let claim = "products = [\"llm\"]\ncondition = \"no_external_destination\"";
    let shared = llm_outside().judged(Verdict::Declared, Some("shared-time"));
    let flows = [llm(), shared];
    let against = ["1 flow record to outside the platform"];
    check(claim, &flows, Contradicted, &against);
    let excepted = format!("{claim}\nexcept_shared = true");
    check(
        &excepted,
        &flows,
        Upheld,
        &["2 flow records, none against it"],
    );
}

#[test]
fn only_declared_and_disclosed() {
    let claim = "products = [\"image\"]\ncondition = \"only_declared_and_disclosed\"";
    let a = image("image-a", 10);
    check(
        claim,
        std::slice::from_ref(&a),
        Upheld,
        &["1 flow record, none against it"],
    );
    let by = |verdict, rule| a.clone().judged(verdict, rule);
    check(
        claim,
        &[
            image("image-b", 10),
            by(Verdict::Undeclared, None),
            by(Verdict::Expired, Some("image-a")),
            by(Verdict::OutOfJurisdiction, Some("image-a")),
        ],
        Contradicted,
        &[
            "1 flow record declared by no entry",
            "1 flow record outside what the entry admits",
            "1 flow record of an expired entry",
            "1 flow record of an entry without a page",
        ],
    );
    check(
        claim,
        &[
            by(Verdict::Indeterminate, Some("image-a")),
            image("image-gone", 10),
        ],
        Unproven,
        &[
            "1 flow record not known to be declared",
            "1 flow record of an entry that these allowlists lack",
        ],
    );
}

/// A page that is added later was not there: the set in force is asked.
#[test]
fn the_set_in_force_says_whether_an_entry_is_disclosed() {
    let claim = "products = [\"image\"]\ncondition = \"only_declared_and_disclosed\"";
    let then = policy(claim);
    let now = IMAGE.replace(
        "approved_by = \"dpo\"\napproved_on = 2026-10-01\nexpires",
        "disclosed_at = \"https://platform.example/b\"\napproved_by = \"dpo\"\n\
         approved_on = 2026-10-01\nexpires",
    );
    let now = now.replacen("disclosed_at = \"https://platform.example/b\"\n", "", 1);
    let now = policy_with(&now, claim);
    let outcome = |in_force: Vec<(Timestamp, &Policy)>| {
        let mut evaluation = Evaluation::new(&now, now.claims().unwrap(), november());
        evaluation = evaluation.by(in_force);
        let flow = image("image-b", 10);
        evaluation.take(&interval(&flow, time("2026-11-10T00:00:00Z")));
        evaluation.finish(whole()).worst()
    };
    let (before, after) = (time("2026-11-01T00:00:00Z"), time("2026-11-20T00:00:00Z"));
    assert_eq!(outcome(Vec::new()), Some(Upheld));
    assert_eq!(
        outcome(vec![(before, &then), (after, &now)]),
        Some(Contradicted)
    );
    assert_eq!(outcome(vec![(after, &then)]), Some(Upheld));
}

#[test]
fn hosting_and_domicile_within() {
    let claim = "products = [\"image\"]\ncondition = \"hosting_and_domicile_within\"\n\
                 within = [\"NORDIC\"]";
    let at = |countries: &[&str], home| {
        let answers: Vec<_> = countries.iter().map(|country| ("geo", *country)).collect();
        operated(image("image-a", 10).hosted(&answers), "provider", home)
    };
    let fits = at(&["NO"], Some("SE"));
    check(
        claim,
        std::slice::from_ref(&fits),
        Upheld,
        &["1 flow record, none against it"],
    );
    // Even where nobody knows whose it is, what fits fits.
    let whoever = fits.clone().of("stranger.service", None);
    let whoever = whoever.judged(Verdict::Unattributed, None);
    check(
        claim,
        &[fits, whoever],
        Upheld,
        &["1 flow record, none against it"],
    );
    check(
        claim,
        &[
            at(&["US"], Some("SE")),
            at(&["NO"], Some("US")),
            at(&["NO"], None),
        ],
        Contradicted,
        &[
            "1 flow record hosted outside the claimed countries",
            "1 flow record to an operator at home outside the claimed countries",
        ],
    );
    check(
        claim,
        &[at(&["NO", "US"], Some("SE")), at(&["NO"], None)],
        Unproven,
        &[
            "1 flow record to an uncertain country",
            "1 flow record to an operator of uncertain home",
        ],
    );
}

#[test]
fn external_processing_confined_to() {
    let claim = "products = \"all\"\ncondition = \"external_processing_confined_to\"\n\
                 confined_to = [\"image\"]";
    let flows = [llm(), image("image-a", 10)];
    check(claim, &flows, Upheld, &["2 flow records, none against it"]);
    // Whether those to which it is confined were there does not matter.
    check(claim, &[llm()], Upheld, &["1 flow record, none against it"]);
    check(
        claim,
        &[llm_outside(), image("image-a", 10)],
        Contradicted,
        &["1 flow record to outside the platform, of another product"],
    );
    check(
        claim,
        &[llm(), stranger()],
        Unproven,
        &["1 flow record of no product"],
    );
    check(
        claim,
        &[image("image-a", 10)],
        Unproven,
        &["no workload was seen of llm"],
    );
}

#[test]
fn no_external_initiator() {
    let claim = "products = [\"llm\"]\ncondition = \"no_external_initiator\"";
    let own = [llm(), inbound(llm()), llm_outside()];
    check(claim, &own, Upheld, &["3 flow records, none against it"]);
    check(
        claim,
        &[inbound(llm_outside())],
        Contradicted,
        &["1 flow record from outside the platform"],
    );
    let contested = inbound(stranger()).judged(Verdict::Indeterminate, None);
    check(
        claim,
        &[llm(), contested],
        Unproven,
        &["1 flow record of an uncertain product"],
    );
}

#[test]
fn no_provider_above() {
    let claim = "products = [\"image\"]\ncondition = \"no_provider_above\"\npercent = 60";
    let to = |provider, bytes| operated(image("image-a", bytes), provider, None);
    let even = [to("a", 600), to("b", 400)];
    check(claim, &even, Upheld, &["2 flow records, none against it"]);
    check(
        claim,
        &[to("a", 601), to("b", 399)],
        Contradicted,
        &["a took 60.1 % of 1000 bytes, more than 60 %"],
    );
    // Who operates the rest could make it more, or not.
    check(
        claim,
        &[to("a", 600), to("b", 399), image("image-a", 10)],
        Unproven,
        &["1 flow record to an unknown operator"],
    );
    // Whoever it is, it is not enough, or it was too much anyway.
    let little = [to("a", 500), to("b", 500), image("image-a", 10)];
    check(claim, &little, Upheld, &["3 flow records, none against it"]);
    check(
        claim,
        &[to("a", 950), to("b", 40), image("image-a", 10)],
        Contradicted,
        &["a took 95.9 % of 990 bytes, more than 60 %"],
    );
    let nothing = [image("image-a", 0).judged(Verdict::Internal, None)];
    check(claim, &nothing, Upheld, &["1 flow record, none against it"]);
}

#[test]
fn every_disclosed_provider_seen() {
    let claim = "products = [\"image\"]\ncondition = \"every_disclosed_provider_seen\"";
    let a = image("image-a", 10);
    check(
        claim,
        std::slice::from_ref(&a),
        Upheld,
        &["1 flow record, none against it"],
    );
    let b = image("image-b", 10);
    check(
        claim,
        std::slice::from_ref(&b),
        Contradicted,
        &["disclosed and not used: image-a"],
    );
    check(
        claim,
        &[b.clone(), stranger()],
        Unproven,
        &[
            "1 flow record of no product",
            "disclosed and not used: image-a",
        ],
    );
    let unused = format!("{claim}\nunused = [\"image-a\"]");
    check(&unused, &[b], Upheld, &["1 flow record, none against it"]);
    check(
        &unused,
        &[a],
        Contradicted,
        &["1 flow record of an entry listed as unused"],
    );
    check(claim, &[], Unproven, &["no workload was seen of image"]);
}

#[test]
fn products_that_were_not_there() {
    let claim = "products = \"all\"\ncondition = \"no_external_destination\"";
    check(
        claim,
        &[llm()],
        Unproven,
        &["no workload was seen of image"],
    );
    let absent_ok = format!("{claim}\nabsent_ok = true");
    check(
        &absent_ok,
        &[llm()],
        Upheld,
        &["1 flow record, none against it; not seen: image"],
    );
    check(
        &absent_ok,
        &[],
        Upheld,
        &["nothing was carried; not seen: image, llm"],
    );
}

/// What carried nothing is another judgement of what is counted already, or an attempt
/// of which nothing left. It shows that the workload was there.
#[test]
fn what_carried_nothing_contradicts_nothing() {
    let claim = "products = [\"llm\"]\ncondition = \"no_external_destination\"";
    let mut empty = llm_outside();
    empty.counters = crate::record::Counters::default();
    check(claim, &[empty], Upheld, &["nothing was carried"]);
}

#[test]
fn the_worst_are_listed_first_and_all_are_counted() {
    let policy = policy("products = [\"image\"]\ncondition = \"only_declared_and_disclosed\"");
    let to = |address: &str, bytes| {
        let mut flow = image("image-a", bytes).to(address, 443);
        flow.judged.verdict = Verdict::Undeclared;
        flow.judged.rule = None;
        flow
    };
    let flows = [
        image("image-b", 9000),
        to("203.0.113.1", 10),
        to("203.0.113.2", 700),
        to("203.0.113.1", 20),
    ];
    let report = report(&policy, &flows, whole());
    let against = &report.claims[0].against;
    let listed: Vec<_> = against
        .flows
        .iter()
        .map(|(flow, sum)| {
            let address = flow.address.to_string();
            (
                flow.because,
                address,
                sum.records,
                sum.counters.egress_bytes,
            )
        })
        .collect();
    let undeclared = Why::Undeclared;
    assert_eq!(
        listed,
        [
            (undeclared, "203.0.113.2".to_owned(), 1, 700),
            (undeclared, "203.0.113.1".to_owned(), 2, 30),
            (Why::Undisclosed, "198.51.100.9".to_owned(), 1, 9000),
        ]
    );
    assert_eq!((against.records, against.counters.egress_bytes), (4, 9730));
}
