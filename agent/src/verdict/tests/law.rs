//! Sets that cannot tell, and conditions on the operator.

use jiff::civil::{Date, date};

use super::*;
use crate::{naming::Grade, verdict::Verdict};

const SETS: &str = r#"
fresh_for_days = 400

[[set]]
name = "ADEQUATE"
from = 2020-01-01
countries = ["CH"]
source = "synthetic"
reviewed = 2026-01-01

[[set.conditional]]
country = "US"
condition = "only organisations on a list"
"#;

const PROVIDERS: &str = r#"
fresh_for_days = 400

[[provider]]
id = "provider-a"
title = "Provider A"
kinds = ["hosting"]
asn = [64496]
ranges = ["198.51.100.0/24"]
names = ["*.provider-a.example"]
legal_entity = "Provider A AG"
parent = "Provider A AG"
domicile = "CH"
source = ["synthetic"]
reviewed = 2026-01-01

[[provider]]
id = "provider-b"
title = "Provider B"
kinds = ["hosting"]
asn = [64497]
legal_entity = "Provider B GmbH"
parent = "Provider B plc"
domicile = "GB"
anycast = true
source = ["synthetic"]
reviewed = 2026-01-01

[[provider]]
id = "provider-c"
title = "Provider C"
kinds = ["hosting"]
asn = [64498]
legal_entity = "Provider C AG"
parent = "Provider C AG"
domicile = "CH"
unreviewed = "nobody has looked"
"#;

const PRODUCT: &str = r#"
product = "a"
title = "A"
owner = "t"
posture = "external_declared"

[[workload]]
unit = "a.service"

[[allow]]
id = "hosted"
purpose = "p"
owner = "o"
address = ["203.0.113.9"]
countries = ["ADEQUATE"]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "operated"
purpose = "p"
owner = "o"
address = ["203.0.113.10"]
operator_domicile = ["ADEQUATE"]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "one-place"
purpose = "p"
owner = "o"
address = ["203.0.113.11"]
anycast = false
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "provider"
purpose = "p"
owner = "o"
provider = ["provider-a"]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30
"#;

fn says(home: &str, address: &str, country: &str, day: Date) -> (Verdict, String) {
    let policy = policy(&[
        ("a.toml", PRODUCT),
        ("jurisdictions.toml", SETS),
        ("providers.toml", PROVIDERS),
        ("platform.toml", &format!("home = \"{home}\"")),
    ]);
    let judged = judge(hosted(flow("a.service", address), country), &policy, day);
    (judged.verdict, judged.reason)
}

const DAY: Date = date(2026, 11, 24);

#[test]
fn a_conditional_member_is_indeterminate_and_the_condition_is_named() {
    assert_eq!(
        says("CH", "203.0.113.9", "US", DAY),
        (
            Verdict::Indeterminate,
            "entry hosted of a declares 203.0.113.9:443/tcp outbound only when hosted in \
             ADEQUATE, which cannot be told: US is of ADEQUATE on a condition: only organisations \
             on a list (hosted in US, outside CH)"
                .to_owned()
        )
    );
    assert_eq!(
        says("ADEQUATE", "203.0.113.9", "US", DAY).1,
        "entry hosted of a declares 203.0.113.9:443/tcp outbound only when hosted in ADEQUATE, \
         which cannot be told (hosted in US; US is of ADEQUATE on a condition: only organisations \
         on a list)",
        "and once, where the home is the same set"
    );
    assert_eq!(says("CH", "203.0.113.9", "CH", DAY).0, Verdict::Declared);
    let outside = says("CH", "203.0.113.9", "JP", DAY).0;
    assert_eq!(outside, Verdict::OutOfJurisdiction);
}

#[test]
fn an_old_review_is_indeterminate() {
    assert_eq!(
        says("CH", "203.0.113.9", "CH", date(2027, 2, 6)),
        (
            Verdict::Indeterminate,
            "entry hosted of a declares 203.0.113.9:443/tcp outbound only when hosted in \
             ADEQUATE, which cannot be told: ADEQUATE was last reviewed on 2026-01-01, which \
             counts for 400 days (hosted in CH, inside CH)"
                .to_owned()
        )
    );
}

fn law() -> Policy {
    policy(&[
        ("a.toml", PRODUCT),
        ("jurisdictions.toml", SETS),
        ("providers.toml", PROVIDERS),
        ("platform.toml", "home = \"CH\""),
    ])
}

/// The flow as run by whoever the table says.
fn run_by(policy: &Policy, address: &str, asn: Option<u32>) -> Located {
    let located = hosted(flow("a.service", address), "CH");
    let domicile = policy
        .providers()
        .domicile(address.parse().unwrap(), asn, DAY);
    Located {
        operator_domicile: Arc::new(domicile),
        ..located
    }
}

fn of_law(flow: Located) -> (Verdict, String) {
    let judged = judge(flow, &law(), DAY);
    (judged.verdict, judged.reason)
}

/// An operator who is not known satisfies no condition.
#[test]
fn conditions_on_the_operator_do_not_declare_unseen() {
    assert_eq!(
        of_law(run_by(&law(), "203.0.113.10", Some(64_500))),
        (
            Verdict::Indeterminate,
            "entry operated of a declares 203.0.113.10:443/tcp outbound only when run under the \
             law of ADEQUATE, which cannot be told (hosted in CH, inside CH; operator unknown: no \
             listed provider has the address or AS64500)"
                .to_owned()
        )
    );
    assert_eq!(
        of_law(run_by(&law(), "203.0.113.11", None)),
        (
            Verdict::Indeterminate,
            "entry one-place of a declares 203.0.113.11:443/tcp outbound only when not anycast, \
             which cannot be told (hosted in CH, inside CH)"
                .to_owned()
        )
    );
}

#[test]
fn the_home_of_the_operator_decides_and_not_the_place() {
    let by_as = |asn| of_law(run_by(&law(), "203.0.113.10", Some(asn)));
    assert_eq!(by_as(64_496).0, Verdict::Declared);
    assert_eq!(
        by_as(64_497),
        (
            Verdict::OutOfJurisdiction,
            "entry operated of a declares 203.0.113.10:443/tcp outbound only when run under the \
             law of ADEQUATE (place unknown: 203.0.113.10 is announced from several places \
             (anycast) according to providers.toml; run by provider-b by AS64497, whose parent \
             Provider B plc is at home in GB)"
                .to_owned()
        )
    );
    assert_eq!(
        by_as(64_498),
        (
            Verdict::Indeterminate,
            "entry operated of a declares 203.0.113.10:443/tcp outbound only when run under the \
             law of ADEQUATE, which cannot be told (hosted in CH, inside CH; run by provider-c by \
             AS64498: its domicile is unreviewed: nobody has looked)"
                .to_owned()
        ),
        "what is unreviewed never counts, although the table says CH"
    );
}

#[test]
fn anycast_by_either_source_is_no_single_place() {
    let anycast = |value| {
        let mut located = run_by(&law(), "203.0.113.11", None);
        let place = Arc::make_mut(&mut located.place);
        place.anycast = Answers {
            value: Some(value),
            agreement: Agreement::Unanimous,
            sources: vec![super::says("geo-a", value)],
            reason: None,
        };
        of_law(located)
    };
    assert_eq!(anycast(false).0, Verdict::Declared);
    assert_eq!(
        anycast(true),
        (
            Verdict::OutOfJurisdiction,
            "entry one-place of a declares 203.0.113.11:443/tcp outbound only when not anycast \
             (place unknown: 203.0.113.11 is announced from several places (anycast) according to \
             geo-a)"
                .to_owned()
        )
    );
    let published = run_by(&law(), "203.0.113.11", Some(64_497));
    assert_eq!(published.country(), None);
    assert_eq!(
        of_law(published).1,
        "entry one-place of a declares 203.0.113.11:443/tcp outbound only when not anycast (place \
         unknown: 203.0.113.11 is announced from several places (anycast) according to \
         providers.toml)"
    );
}

/// An entry that names a provider is one for its addresses and its names.
#[test]
fn a_provider_is_known_by_address_and_by_name() {
    let by_address = of_law(run_by(&law(), "198.51.100.7", None));
    assert_eq!(
        by_address,
        (
            Verdict::Declared,
            "entry provider of a declares 198.51.100.7:443/tcp outbound (hosted in CH, inside CH)"
                .to_owned()
        )
    );
    assert_eq!(
        of_law(run_by(&law(), "192.0.2.1", None)).0,
        Verdict::Undeclared
    );
    let named = |grade| {
        let located = run_by(&law(), "192.0.2.1", None);
        of_law(names::named(
            located,
            vec![names::told("api.provider-a.example", grade)],
        ))
    };
    assert_eq!(
        named(Grade::Answered),
        (
            Verdict::Declared,
            "entry provider of a declares api.provider-a.example at 192.0.2.1:443/tcp outbound \
             (hosted in CH, inside CH)"
                .to_owned()
        )
    );
    assert_eq!(named(Grade::AnsweredUntrusted).0, Verdict::Undeclared);
}
