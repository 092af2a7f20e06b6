//! Destinations that are named by the autonomous system that announces them.

use jiff::civil::date;

use super::*;
use crate::{
    jurisdiction::{AsNumber, Operator},
    verdict::Verdict,
};

const DAY: Date = date(2026, 11, 1);

const PRODUCT: &str = r#"
product = "a"
title = "A"
owner = "o"
posture = "external_declared"

[[workload]]
unit = "a.service"

[[allow]]
id = "system"
purpose = "p"
owner = "o"
asn = [64496, 64499]
countries = ["DE"]
ports = [443]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "either"
purpose = "p"
owner = "o"
asn = [64500]
cidr = ["198.51.100.0/24"]
ports = [8443]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "with-name"
purpose = "p"
owner = "o"
asn = [64496]
name = ["api.example"]
ports = [9443]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30
"#;

fn operator(number: u32) -> Operator {
    Operator {
        asn: AsNumber(number),
        organisation: None,
    }
}

fn announced(flow: Located, agreement: Agreement, answers: &[(&str, u32)]) -> Located {
    let known = matches!(agreement, Agreement::Unanimous | Agreement::Majority);
    let operator = Answers {
        value: known.then(|| operator(answers[0].1)),
        agreement,
        sources: answers
            .iter()
            .map(|(source, number)| says(source, operator(*number)))
            .collect(),
        reason: (!known).then(|| "no source holds it".into()),
    };
    let place = Place {
        operator,
        ..flow.place.as_ref().clone()
    };
    Located {
        place: Arc::new(place),
        ..flow
    }
}

fn outcome(flow: Located, port: u16) -> (Verdict, Option<String>, String) {
    let flow = with_record(flow, |record| record.port = port);
    let judged = judge(flow, &policy(&[("a.toml", PRODUCT)]), DAY);
    (judged.verdict, judged.rule, judged.reason)
}

fn expect(flow: Located, port: u16, verdict: Verdict, rule: Option<&str>, reason: &str) {
    let (found, by, why) = outcome(flow, port);
    assert_eq!(
        (found, by.as_deref(), why.as_str()),
        (verdict, rule, reason)
    );
}

#[test]
fn what_all_or_most_sources_say_names_it() {
    let by =
        |agreement, answers: &[_]| announced(flow("a.service", "203.0.113.9"), agreement, answers);
    expect(
        by(Agreement::Unanimous, &[("one", 64499)]),
        443,
        Verdict::Declared,
        Some("system"),
        "entry system of a declares 203.0.113.9:443/tcp outbound (hosted in DE)",
    );
    let most = [("one", 64496), ("two", 64497), ("three", 64496)];
    expect(
        by(Agreement::Majority, &most),
        443,
        Verdict::Declared,
        Some("system"),
        "entry system of a declares 203.0.113.9:443/tcp outbound (hosted in DE)",
    );
    expect(
        hosted(by(Agreement::Unanimous, &[("one", 64496)]), "DE"),
        443,
        Verdict::Indeterminate,
        Some("system"),
        "entry system of a may declare 203.0.113.9:443/tcp outbound, whose autonomous system \
         cannot be told: no database holds it (hosted in DE)",
    );
    expect(
        by(Agreement::Unanimous, &[("one", 64497)]),
        443,
        Verdict::Undeclared,
        None,
        "no entry of a declares 203.0.113.9:443/tcp outbound (hosted in DE)",
    );
    let abroad = announced(
        hosted(flow("a.service", "203.0.113.9"), "US"),
        Agreement::Unanimous,
        &[("one", 64496)],
    );
    expect(
        abroad,
        443,
        Verdict::OutOfJurisdiction,
        Some("system"),
        "entry system of a declares 203.0.113.9:443/tcp outbound only when hosted in DE \
         (hosted in US)",
    );
}

#[test]
fn a_dispute_names_it_only_if_it_may_be_one_of_the_entry() {
    let by = |answers: &[_]| {
        announced(
            flow("a.service", "203.0.113.9"),
            Agreement::Disputed,
            answers,
        )
    };
    expect(
        by(&[("one", 64497), ("two", 64499)]),
        443,
        Verdict::Indeterminate,
        Some("system"),
        "entry system of a may declare 203.0.113.9:443/tcp outbound, whose autonomous system \
         cannot be told: one says AS64497, two says AS64499 (hosted in DE)",
    );
    assert_eq!(
        outcome(by(&[("one", 64497), ("two", 64498)]), 443).0,
        Verdict::Undeclared
    );
    // An answer that does not count leaves no doubt.
    let mut old = by(&[("one", 64497), ("two", 64498), ("old", 64499)]);
    let place = Arc::make_mut(&mut old.place);
    place.operator.sources[2].note = Some("too old".into());
    assert_eq!(outcome(old, 443).0, Verdict::Undeclared);
    // Nor does a place that the entry does not admit.
    let abroad = announced(
        hosted(flow("a.service", "203.0.113.9"), "US"),
        Agreement::Disputed,
        &[("one", 64497), ("two", 64499)],
    );
    assert_eq!(outcome(abroad, 443).0, Verdict::Undeclared);
}

#[test]
fn networks_beside_it_suffice() {
    let unknown = flow("a.service", "198.51.100.9");
    assert_eq!(outcome(unknown, 8443).0, Verdict::Declared);
    let elsewhere = flow("a.service", "203.0.113.9");
    assert_eq!(outcome(elsewhere.clone(), 8443).0, Verdict::Indeterminate);
    let announced = announced(elsewhere, Agreement::Unanimous, &[("one", 64500)]);
    assert_eq!(outcome(announced, 8443).0, Verdict::Declared);
}

#[test]
fn a_name_beside_it_must_fit_too() {
    let mut named = announced(
        flow("a.service", "203.0.113.9"),
        Agreement::Unanimous,
        &[("one", 64496)],
    );
    assert_eq!(outcome(named.clone(), 9443).0, Verdict::Undeclared);
    named.flow.names = Names::none(Missing::Lost);
    let (verdict, rule, _) = outcome(named, 9443);
    assert_eq!(
        (verdict, rule.as_deref()),
        (Verdict::Indeterminate, Some("with-name"))
    );
    let mut neither = flow("a.service", "203.0.113.9");
    assert_eq!(
        outcome(neither.clone(), 9443).0,
        Verdict::Undeclared,
        "it has no name"
    );
    neither.flow.names = Names::none(Missing::Lost);
    assert_eq!(outcome(neither, 9443).0, Verdict::Indeterminate);
}
