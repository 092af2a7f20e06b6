//! `[[deny]]`: whatever declares a destination, it is undeclared.

use jiff::civil::{Date, date};

use super::{
    names::{named, said, told},
    *,
};
use crate::{
    naming::{Ech, Grade, Name},
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
id = "everything"
purpose = "p"
owner = "o"
cidr = ["0.0.0.0/0"]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[deny]]
id = "no-network"
purpose = "p"
owner = "o"
cidr = ["203.0.113.0/28"]
ports = [443]
approved_by = "dpo"
approved_on = 2026-03-01

[[deny]]
id = "no-longer"
purpose = "p"
owner = "o"
address = ["203.0.113.16"]
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2026-10-31

[[deny]]
id = "no-name"
purpose = "p"
owner = "o"
name = ["denied.example"]
approved_by = "dpo"
approved_on = 2026-03-01
"#;

const PLATFORM: &str = r#"
[[internal]]
cidr = "10.0.0.0/8"
purpose = "hosts"
owner = "net"

[[deny]]
id = "no-country"
purpose = "p"
owner = "o"
countries = ["US"]
approved_by = "dpo"
approved_on = 2026-03-01

[[deny]]
id = "no-provider"
purpose = "p"
owner = "o"
provider = ["provider-a"]
ports = [8443]
approved_by = "dpo"
approved_on = 2026-03-01

[[deny]]
id = "no-home"
purpose = "p"
owner = "o"
operator_domicile = ["US"]
ports = [9443]
approved_by = "dpo"
approved_on = 2026-03-01
"#;

const PROVIDERS: &str = r#"
fresh_for_days = 400

[[provider]]
id = "provider-a"
title = "A"
kinds = ["hosting"]
asn = [64496]
legal_entity = "A"
parent = "A"
domicile = "US"
source = ["made up for the test"]
reviewed = 2026-11-01
"#;

fn judged(flow: Located) -> (Verdict, Option<String>, String) {
    let policy = policy(&[
        ("a.toml", PRODUCT),
        ("platform.toml", PLATFORM),
        ("providers.toml", PROVIDERS),
    ]);
    let judged = judge(flow, &policy, DAY);
    (judged.verdict, judged.rule, judged.reason)
}

fn expect(flow: Located, verdict: Verdict, rule: &str, reason: &str) {
    let (found, by, why) = judged(flow);
    assert_eq!(
        (found, by.as_deref(), why.as_str()),
        (verdict, Some(rule), reason)
    );
}

fn to(address: &str) -> Located {
    flow("a.service", address)
}

fn port(flow: Located, port: u16) -> Located {
    with_record(flow, |record| record.port = port)
}

#[test]
fn a_denied_network_is_undeclared_by_the_denial() {
    expect(
        to("203.0.113.9"),
        Verdict::Undeclared,
        "no-network",
        "entry no-network of a denies 203.0.113.9:443/tcp outbound (hosted in DE)",
    );
    expect(
        port(to("203.0.113.9"), 80),
        Verdict::Declared,
        "everything",
        "entry everything of a declares 203.0.113.9:80/tcp outbound (hosted in DE)",
    );
    assert_eq!(
        judged(to("203.0.113.16")).0,
        Verdict::Declared,
        "no longer in force"
    );
    assert_eq!(judged(to("10.0.0.1")).0, Verdict::Internal);
}

#[test]
fn a_place_that_is_not_known_may_be_denied() {
    expect(
        hosted(to("198.51.100.9"), "US"),
        Verdict::Undeclared,
        "no-country",
        "entry no-country of the platform denies 198.51.100.9:443/tcp outbound (hosted in US)",
    );
    expect(
        unlocated(to("198.51.100.9")),
        Verdict::Indeterminate,
        "no-country",
        "entry no-country of the platform may deny 198.51.100.9:443/tcp outbound, which would be \
         declared, but not all that it asks for is known (place unknown: no database holds it)",
    );
    // What is undeclared anyway does not become better.
    let nowhere = unlocated(to("2001:db8::9"));
    assert_eq!(judged(nowhere).0, Verdict::Undeclared);
    // What is denied for certain is not in doubt.
    expect(
        unlocated(to("203.0.113.9")),
        Verdict::Undeclared,
        "no-network",
        "entry no-network of a denies 203.0.113.9:443/tcp outbound \
         (place unknown: no database holds it)",
    );
}

fn of_provider(flow: Located) -> Located {
    let operator_domicile = Arc::new(Domicile {
        country: "US".parse().ok(),
        provider: Some("provider-a".into()),
        parent: Some("A".into()),
        reason: None,
        ..Domicile::unknown(String::new())
    });
    Located {
        operator_domicile,
        ..flow
    }
}

#[test]
fn an_operator_that_is_not_known_may_be_denied() {
    for (number, rule) in [(8443, "no-provider"), (9443, "no-home")] {
        let (verdict, by, _) = judged(port(of_provider(to("198.51.100.9")), number));
        assert_eq!((verdict, by.as_deref()), (Verdict::Undeclared, Some(rule)));
        let (verdict, by, _) = judged(port(to("198.51.100.9"), number));
        assert_eq!(
            (verdict, by.as_deref()),
            (Verdict::Indeterminate, Some(rule))
        );
    }
}

fn known_by(names: Vec<Name>) -> (Verdict, Option<String>) {
    let (verdict, rule, _) = judged(named(to("198.51.100.9"), names));
    (verdict, rule)
}

#[test]
fn a_name_is_denied_whatever_it_is_worth() {
    let denied = (Verdict::Undeclared, Some("no-name".to_owned()));
    for grade in [Grade::Answered, Grade::AnsweredUntrusted] {
        assert_eq!(known_by(vec![told("denied.example", grade)]), denied);
    }
    assert_eq!(known_by(vec![said("denied.example", Ech::Absent)]), denied);
    // What was said tells which of two was meant.
    let both = || {
        vec![
            told("denied.example", Grade::Answered),
            told("other.example", Grade::Answered),
        ]
    };
    let mut meant = both();
    meant.push(said("other.example", Ech::Absent));
    assert_eq!(known_by(meant).0, Verdict::Declared);
    assert_eq!(known_by(both()).0, Verdict::Indeterminate);
}

#[test]
fn a_name_that_is_missing_may_be_denied() {
    let mut lost = to("198.51.100.9");
    lost.flow.names = Names::none(Missing::Lost);
    let (verdict, rule, reason) = judged(lost.clone());
    assert_eq!(
        (verdict, rule.as_deref()),
        (Verdict::Indeterminate, Some("no-name"))
    );
    assert_eq!(
        reason,
        "entry no-name of a may deny 198.51.100.9:443/tcp outbound, which would be declared, but \
         not all that it asks for is known (hosted in DE)"
    );
    lost.flow.names.names = vec![said("other.example", Ech::Absent)];
    assert_eq!(judged(lost).0, Verdict::Declared, "it said another");
}

/// The client hides what it asks for, and was told the name that is denied.
#[test]
fn a_name_that_is_hidden_may_be_denied() {
    let names = vec![
        told("denied.example", Grade::Answered),
        said("public.example", Ech::Outer),
    ];
    let (verdict, rule) = known_by(names);
    assert_eq!(
        (verdict, rule.as_deref()),
        (Verdict::Indeterminate, Some("no-name"))
    );
}
