//! Sets that cannot tell, and conditions on the operator.

use jiff::civil::{Date, date};

use super::*;
use crate::verdict::{Verdict, judge};

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
ranges = ["198.51.100.0/24"]
legal_entity = "Provider A AG"
parent = "Provider A AG"
domicile = "CH"
source = ["synthetic"]
reviewed = 2026-01-01
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

[[allow]]
id = "operated"
purpose = "p"
owner = "o"
address = ["203.0.113.10"]
operator_domicile = ["ADEQUATE"]

[[allow]]
id = "one-place"
purpose = "p"
owner = "o"
address = ["203.0.113.11"]
anycast = false

[[allow]]
id = "provider"
purpose = "p"
owner = "o"
provider = ["provider-a"]
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

/// An operator who is not known satisfies no condition.
#[test]
fn conditions_on_the_operator_do_not_declare_unseen() {
    for (address, entry) in [("203.0.113.10", "operated"), ("203.0.113.11", "one-place")] {
        assert_eq!(
            says("CH", address, "CH", DAY),
            (
                Verdict::Indeterminate,
                format!(
                    "entry {entry} of a declares {address}:443/tcp outbound on conditions on its \
                     operator, who is not known (hosted in CH, inside CH)"
                )
            )
        );
    }
}

/// An entry that names a provider is not one for every address.
#[test]
fn a_provider_is_not_everybody() {
    let elsewhere = says("CH", "192.0.2.1", "CH", DAY).0;
    assert_eq!(elsewhere, Verdict::Undeclared);
}
