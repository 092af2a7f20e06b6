//! Sets with conditions and reviews, providers, and the conditions that name
//! them.

use jiff::civil::{Date, date};

use super::*;
use crate::{
    jurisdiction::{CountryCode, Freshness, ProviderKind, Review},
    policy::{Doubt, Membership, Territory},
};

const SETS: &str = r#"
fresh_for_days = 400

[[set]]
name = "CORE"
from = 2020-01-01
countries = ["NO"]
source = "synthetic"
reviewed = 2026-11-01

[[set]]
name = "ADEQUATE"
from = 2020-01-01
countries = ["CORE", "CH"]
source = "synthetic"
reviewed = 2026-01-01

[[set.conditional]]
country = "US"
condition = "only organisations on a list"

[[set]]
name = "WIDE"
from = 2020-01-01
countries = ["ADEQUATE", "JP"]
source = "synthetic"
reviewed = 2026-11-01
"#;

const PROVIDERS: &str = r#"
fresh_for_days = 30

[[provider]]
id = "provider-a"
title = "Provider A"
kinds = ["hosting", "ai_inference"]
asn = [64496]
ranges = ["198.51.100.0/24"]
names = ["*.provider-a.example"]
doh = ["dns.provider-a.example"]
anycast = false
legal_entity = "Provider A AS"
parent = "Provider Holding ASA"
domicile = "NO"
source = ["a register", "a report"]
reviewed = 2026-11-01

[[provider]]
id = "provider-b"
title = "Provider B"
kinds = ["other"]
names = ["provider-b.example"]
legal_entity = "Provider B"
parent = "Provider B"
domicile = "US"
unreviewed = "no public source"
"#;

const PRODUCT: &str = r#"
product = "a"
title = "A"
owner = "t"
posture = "external_declared"

[[workload]]
unit = "a.service"

[[allow]]
id = "conditions"
purpose = "p"
owner = "o"
provider = ["provider-a", "provider-b"]
operator_domicile = ["ADEQUATE", "SE"]
anycast = false
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "plain"
purpose = "p"
owner = "o"
address = ["203.0.113.9"]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30
"#;

fn policy(sets: &str) -> Policy {
    let files = [
        ("a.toml", PRODUCT),
        ("jurisdictions.toml", sets),
        ("providers.toml", PROVIDERS),
    ];
    Policy::from_sources(sources(&files)).unwrap_or_else(|e| panic!("{e}"))
}

fn code(text: &str) -> CountryCode {
    text.parse().unwrap()
}

fn ask(policy: &Policy, set: &str, country: &str, day: Date) -> Membership {
    let territory = Territory::Set(set.into());
    let sets = policy.country_sets();
    let membership = sets.membership(&territory, code(country), day);
    assert_eq!(
        sets.contains(&territory, code(country), day),
        membership.known()
    );
    membership
}

#[test]
fn a_conditional_member_is_neither_in_nor_out() {
    let policy = policy(SETS);
    let day = date(2026, 11, 24);
    assert_eq!(ask(&policy, "ADEQUATE", "NO", day), Membership::Member);
    assert_eq!(ask(&policy, "ADEQUATE", "CH", day), Membership::Member);
    assert_eq!(ask(&policy, "ADEQUATE", "JP", day), Membership::Outside);
    let doubt = Doubt::Conditional {
        set: "ADEQUATE".into(),
        country: code("US"),
        condition: "only organisations on a list".into(),
    };
    assert_eq!(
        doubt.to_string(),
        "US is of ADEQUATE on a condition: only organisations on a list"
    );
    let unknown = Membership::Unknown(doubt);
    assert_eq!(ask(&policy, "ADEQUATE", "US", day), unknown);
    assert_eq!(ask(&policy, "WIDE", "US", day), unknown, "through a set");
    assert_eq!(ask(&policy, "CORE", "US", day), Membership::Outside);
    let either = [
        Territory::Set("WIDE".into()),
        Territory::Country(code("US")),
    ];
    assert_eq!(
        policy.country_sets().contains_any(&either, code("US"), day),
        Some(true),
        "what one territory certainly holds is held"
    );
}

#[test]
fn an_old_review_tells_nothing() {
    let policy = policy(SETS);
    let last = date(2027, 2, 5);
    assert_eq!(ask(&policy, "ADEQUATE", "NO", last), Membership::Member);
    let day = last.tomorrow().unwrap();
    let doubt = Doubt::Stale {
        set: "ADEQUATE".into(),
        reviewed: date(2026, 1, 1),
        fresh_for: Freshness::days(400),
    };
    assert_eq!(
        doubt.to_string(),
        "ADEQUATE was last reviewed on 2026-01-01, which counts for 400 days"
    );
    let unknown = Membership::Unknown(doubt);
    for country in ["NO", "CH", "US", "JP"] {
        assert_eq!(ask(&policy, "ADEQUATE", country, day), unknown, "{country}");
    }
    assert_eq!(ask(&policy, "WIDE", "JP", day), Membership::Member);
    assert_eq!(ask(&policy, "WIDE", "CH", day), unknown);
    assert_eq!(ask(&policy, "WIDE", "SE", day), unknown);
    assert_eq!(ask(&policy, "CORE", "NO", day), Membership::Member);
}

#[test]
fn without_a_limit_a_review_counts_for_ever() {
    let policy = policy(&SETS.replace("fresh_for_days = 400", ""));
    assert_eq!(policy.country_sets().fresh_for(), None);
    let day = date(9000, 1, 1);
    assert_eq!(ask(&policy, "ADEQUATE", "NO", day), Membership::Member);
}

#[test]
fn a_day_before_every_period() {
    let policy = policy(SETS);
    let day = date(2019, 1, 1);
    let doubt = Doubt::NoPeriod {
        set: "CORE".into(),
        day,
    };
    assert_eq!(doubt.to_string(), "CORE has no members dated 2019-01-01");
    assert_eq!(ask(&policy, "CORE", "NO", day), Membership::Unknown(doubt));
}

#[test]
fn providers_are_read() {
    let policy = policy(SETS);
    let providers = policy.providers();
    let a = providers.get("provider-a").unwrap();
    assert_eq!(a.title, "Provider A");
    assert_eq!(a.kinds, [ProviderKind::Hosting, ProviderKind::AiInference]);
    assert_eq!(a.asn, [64496]);
    assert_eq!(a.ranges, ["198.51.100.0/24".parse().unwrap()]);
    assert_eq!(a.names, ["*.provider-a.example".parse().unwrap()]);
    assert_eq!(a.doh, ["dns.provider-a.example".into()]);
    assert_eq!(a.anycast, Some(false));
    assert_eq!(&*a.legal_entity, "Provider A AS");
    assert_eq!(&*a.parent, "Provider Holding ASA");
    assert_eq!(a.domicile, code("NO"));
    assert_eq!(a.source, ["a register", "a report"]);
    assert_eq!(a.review, Review::Reviewed(date(2026, 11, 1)));
    assert_eq!(a.domicile_on(date(2026, 12, 1)), Ok(code("NO")));
    assert!(a.domicile_on(date(2026, 12, 2)).is_err());
    let b = providers.get("provider-b").unwrap();
    assert_eq!(b.anycast, None);
    assert_eq!(b.source, [""; 0]);
    assert_eq!(b.review, Review::Unreviewed("no public source".to_owned()));
    assert_eq!(providers.len(), 2);
}

#[test]
fn a_set_without_the_file_lists_no_provider() {
    let minimal = PRODUCT.split("\n[[allow]]").next().unwrap();
    let policy = Policy::from_sources(sources(&[("a.toml", minimal)])).unwrap();
    assert!(policy.providers().is_empty());
}

#[test]
fn conditions_are_read_and_name_no_address() {
    let policy = policy(SETS);
    let entries = policy.product("a").unwrap().entries();
    let entry = entries.iter().next().unwrap();
    assert_eq!(entry.id, "conditions");
    assert_eq!(entry.providers, ["provider-a", "provider-b"]);
    let asked = [
        Territory::Set("ADEQUATE".into()),
        Territory::Country(code("SE")),
    ];
    assert_eq!(entry.operator_domicile, asked);
    assert!(entry.no_anycast);
    let ids = |found: &mut dyn Iterator<Item = crate::policy::Candidate<'_>>| {
        found
            .map(|found| found.entry.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&mut entries.of_provider("provider-b")), ["conditions"]);
    assert_eq!(ids(&mut entries.of_provider("other")), [""; 0]);
    let address = "198.51.100.1".parse().unwrap();
    let mut candidates = entries
        .in_networks(address)
        .iter()
        .chain(entries.of_anybody());
    assert_eq!(
        ids(&mut candidates),
        [""; 0],
        "an entry that names a provider is not one for every address"
    );
}

/// The other files are checked as if any id and any set could be there.
#[test]
fn a_file_that_is_not_toml_hides_no_other_error() {
    let files = [
        ("a.toml", PRODUCT),
        ("jurisdictions.toml", SETS),
        ("providers.toml", "[[provider"),
    ];
    let rejected = Policy::from_sources(sources(&files)).unwrap_err();
    let files: BTreeSet<&Path> = rejected
        .diagnostics()
        .iter()
        .map(|diagnostic| diagnostic.file.as_path())
        .collect();
    assert_eq!(files, BTreeSet::from([Path::new("providers.toml")]));
}
