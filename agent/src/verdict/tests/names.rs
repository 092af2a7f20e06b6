//! What names make of a verdict.

use jiff::{
    Timestamp,
    civil::{Date, date},
};

use super::*;
use crate::{
    naming::{DomainName, Ech, Grade, Name, Source as NameSource, Transport},
    verdict::{Judged, Verdict},
};

const DAY: Date = date(2026, 11, 1);

const PRODUCT: &str = r#"
product = "a"
title = "A"
owner = "t"
posture = "external_declared"

[[workload]]
unit = "a.service"

[[allow]]
id = "api"
purpose = "p"
owner = "o"
name = ["api.provider.example", "*.below.example"]
ports = [443]
protocol = "tcp"
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "other"
purpose = "p"
owner = "o"
name = ["other.example"]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "weak"
purpose = "p"
owner = "o"
name = ["weak.example"]
grade = "presented"
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "narrow"
purpose = "p"
owner = "o"
name = ["narrow.example"]
cidr = ["198.51.100.0/24"]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "placed"
purpose = "p"
owner = "o"
name = ["placed.example"]
countries = ["NO"]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "network"
purpose = "p"
owner = "o"
cidr = ["192.0.2.0/24"]
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30
"#;

fn name(text: &str, grade: Grade, source: NameSource) -> Name {
    Name {
        name: text.parse().unwrap(),
        grade,
        aliases: Vec::new(),
        source,
        time: Timestamp::UNIX_EPOCH,
        doubt: (grade == Grade::AnsweredUntrusted).then(|| "198.51.100.66 is foreign".to_owned()),
    }
}

pub(super) fn told(text: &str, grade: Grade) -> Name {
    let source = NameSource::Dns {
        resolver: "198.51.100.53".parse().unwrap(),
        transport: Transport::Udp,
        served_by: None,
        asked_by: None,
    };
    name(text, grade, source)
}

pub(super) fn said(text: &str, ech: Ech) -> Name {
    let alpn = vec!["h2".to_owned()];
    name(text, Grade::Presented, NameSource::Tls { alpn, ech })
}

pub(super) fn named(mut flow: Located, names: Vec<Name>) -> Located {
    let missing = None;
    flow.flow.names = Names { names, missing };
    flow
}

fn judged_at(address: &str, names: Vec<Name>) -> Judged {
    let policy = policy(&[("a.toml", PRODUCT)]);
    judge(named(flow("a.service", address), names), &policy, DAY)
}

fn judged(names: Vec<Name>) -> Judged {
    judged_at("203.0.113.9", names)
}

#[track_caller]
fn expect(judged: &Judged, verdict: Verdict, rule: Option<&str>, reason: &str) {
    assert_eq!(judged.reason, reason);
    assert_eq!(judged.verdict, verdict);
    assert_eq!(judged.rule.as_deref(), rule);
}

#[test]
fn a_trusted_answer_satisfies_an_entry_by_name() {
    expect(
        &judged(vec![told("api.provider.example", Grade::Answered)]),
        Verdict::Declared,
        Some("api"),
        "entry api of a declares api.provider.example at 203.0.113.9:443/tcp outbound (hosted in \
         DE)",
    );
    let below = judged(vec![told("x.below.example", Grade::Answered)]);
    assert_eq!(below.rule.as_deref(), Some("api"));
    // Nor does the name of the provider itself, which is not below itself.
    let itself = judged(vec![told("below.example", Grade::Answered)]);
    assert_eq!(itself.verdict, Verdict::Undeclared);
}

#[test]
fn a_canonical_name_on_the_way_counts_too() {
    let mut asked = told("shop.example", Grade::Answered);
    asked.aliases = vec!["api.provider.example".parse().unwrap()];
    assert_eq!(judged(vec![asked]).rule.as_deref(), Some("api"));
}

#[test]
fn a_foreign_resolver_declares_nothing() {
    expect(
        &judged(vec![told("api.provider.example", Grade::AnsweredUntrusted)]),
        Verdict::Undeclared,
        None,
        "entry api of a declares api.provider.example at 203.0.113.9:443/tcp outbound only when \
         its name is answered, and it is answered_untrusted: 198.51.100.66 is foreign (hosted in \
         DE)",
    );
}

#[test]
fn what_the_client_says_declares_nothing() {
    expect(
        &judged(vec![said("api.provider.example", Ech::Absent)]),
        Verdict::Undeclared,
        None,
        "entry api of a declares api.provider.example at 203.0.113.9:443/tcp outbound only when \
         its name is answered, and it is presented: no answer gave it (hosted in DE)",
    );
    // Unless the entry asks for no more.
    let weak = judged(vec![said("weak.example", Ech::Absent)]);
    assert_eq!(weak.rule.as_deref(), Some("weak"));
}

#[test]
fn what_the_client_says_cannot_borrow_an_answer() {
    let names = vec![
        told("api.provider.example", Grade::Answered),
        said("evil.example", Ech::Absent),
    ];
    expect(
        &judged(names),
        Verdict::Undeclared,
        None,
        "no entry of a declares evil.example at 203.0.113.9:443/tcp outbound (hosted in DE); it \
         presented evil.example, but had asked for api.provider.example",
    );
}

#[test]
fn of_what_was_said_the_worst_counts() {
    let names = vec![
        told("api.provider.example", Grade::Answered),
        told("evil.example", Grade::Answered),
        said("api.provider.example", Ech::Absent),
        said("evil.example", Ech::Absent),
    ];
    expect(
        &judged(names),
        Verdict::Undeclared,
        None,
        "no entry of a declares evil.example at 203.0.113.9:443/tcp outbound (hosted in DE)",
    );
}

#[test]
fn two_names_on_one_address_are_told_apart_by_what_is_said() {
    let both = |said_name: &str| {
        judged(vec![
            told("api.provider.example", Grade::Answered),
            told("undeclared.example", Grade::Answered),
            said(said_name, Ech::Absent),
        ])
    };
    assert_eq!(both("api.provider.example").verdict, Verdict::Declared);
    assert_eq!(both("undeclared.example").verdict, Verdict::Undeclared);
}

#[test]
fn two_names_of_which_one_is_declared_are_indeterminate_where_nothing_is_said() {
    expect(
        &judged(vec![
            told("api.provider.example", Grade::Answered),
            told("undeclared.example", Grade::Answered),
        ]),
        Verdict::Indeterminate,
        Some("api"),
        "entry api of a declares 203.0.113.9:443/tcp outbound, but the workload was told that \
         undeclared.example is there, too, which is not declared, and it is not known which it \
         meant (hosted in DE)",
    );
    let declared = judged(vec![
        told("api.provider.example", Grade::Answered),
        told("other.example", Grade::Answered),
    ]);
    assert_eq!(declared.verdict, Verdict::Declared);
}

/// However many there are, and in whatever order they stand.
#[test]
fn of_three_names_one_declared_is_indeterminate() {
    let all = ["api.provider.example", "b.example", "c.example"];
    for order in [
        [0, 1, 2],
        [1, 0, 2],
        [1, 2, 0],
        [2, 1, 0],
        [0, 2, 1],
        [2, 0, 1],
    ] {
        let names = order.map(|at| told(all[at], Grade::Answered)).to_vec();
        let judged = judged(names);
        assert_eq!(judged.verdict, Verdict::Indeterminate, "{order:?}");
        assert_eq!(judged.rule.as_deref(), Some("api"), "{order:?}");
    }
    let none = judged(vec![
        told("b.example", Grade::Answered),
        told("c.example", Grade::Answered),
    ]);
    assert_eq!(none.verdict, Verdict::Undeclared);
}

/// What was said is certain; what was told beside it takes nothing from it.
#[test]
fn a_hidden_name_takes_nothing_from_what_was_said() {
    let names = vec![
        told("api.provider.example", Grade::Answered),
        said("evil.example", Ech::Absent),
        said("front.example", Ech::Outer),
    ];
    assert_eq!(judged(names).verdict, Verdict::Undeclared);
}

#[test]
fn a_hidden_name_is_indeterminate() {
    expect(
        &judged(vec![
            told("api.provider.example", Grade::Answered),
            said("front.example", Ech::Outer),
        ]),
        Verdict::Indeterminate,
        Some("api"),
        "entry api of a declares api.provider.example at 203.0.113.9:443/tcp outbound, but the \
         client hides the name that it asks for (ECH) (hosted in DE)",
    );
    // The extension alone says nothing: browsers send it to everybody.
    let grease = judged(vec![
        told("api.provider.example", Grade::Answered),
        said("api.provider.example", Ech::Outer),
    ]);
    assert_eq!(grease.verdict, Verdict::Declared);
}

#[test]
fn a_name_and_a_network_must_both_hold() {
    let names = || vec![told("narrow.example", Grade::Answered)];
    assert_eq!(
        judged_at("198.51.100.9", names()).rule.as_deref(),
        Some("narrow")
    );
    assert_eq!(
        judged_at("203.0.113.9", names()).verdict,
        Verdict::Undeclared
    );
    let nameless = judged_at("198.51.100.9", Vec::new());
    assert_eq!(nameless.verdict, Verdict::Undeclared);
}

#[test]
fn a_condition_on_the_place_holds_for_names() {
    expect(
        &judged(vec![told("placed.example", Grade::Answered)]),
        Verdict::OutOfJurisdiction,
        Some("placed"),
        "entry placed of a declares placed.example at 203.0.113.9:443/tcp outbound only when \
         hosted in NO (hosted in DE)",
    );
}

#[test]
fn an_entry_by_network_asks_for_no_name() {
    let names = vec![
        told("api.provider.example", Grade::Answered),
        said("evil.example", Ech::Absent),
    ];
    let judged = judged_at("192.0.2.9", names);
    assert_eq!(judged.rule.as_deref(), Some("network"));
    let contradiction = judged.flow.flow.names.contradiction().unwrap().to_string();
    assert_eq!(
        contradiction, "it presented evil.example, but had asked for api.provider.example",
        "which is said all the same"
    );
}

#[test]
fn a_name_that_may_be_missing_is_indeterminate_where_it_would_matter() {
    let missing = |missing, port| {
        let policy = policy(&[("a.toml", PRODUCT)]);
        let mut flow = flow("a.service", "203.0.113.9");
        flow.flow.flow.record.port = port;
        flow.flow.names = Names::none(missing);
        judge(flow, &policy, DAY)
    };
    expect(
        &missing(Missing::OlderProcess, 443),
        Verdict::Indeterminate,
        Some("api"),
        "entry api of a may declare 203.0.113.9:443/tcp outbound, whose name is not known: its \
         process is older than the recording of names, and may have asked before (hosted in DE)",
    );
    assert_eq!(missing(Missing::NoneSeen, 443).verdict, Verdict::Undeclared);
}

#[test]
fn what_was_said_rules_out_the_entries_of_other_names() {
    let policy = policy(&[("a.toml", PRODUCT)]);
    let mut flow = flow("a.service", "203.0.113.9");
    flow.flow.names = Names {
        names: vec![said("evil.example", Ech::Absent)],
        missing: Some(Missing::Lost),
    };
    assert_eq!(judge(flow, &policy, DAY).verdict, Verdict::Undeclared);
}

#[test]
fn names_of_one_spelling_are_one_name() {
    let spelled: DomainName = "API.Provider.example.".parse().unwrap();
    assert_eq!(spelled.as_str(), "api.provider.example");
}
