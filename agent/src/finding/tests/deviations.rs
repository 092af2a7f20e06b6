//! What deviates in a flow, and who is called for it.

use super::*;
use crate::{
    naming::{Ech, Grade, Name, Source, Transport},
    policy::Posture,
};

fn severity(change: impl Fn(&mut Judged, &mut Circumstances)) -> Severity {
    let (mut judged, mut known) = (judged("203.0.113.9", Verdict::Undeclared), known());
    change(&mut judged, &mut known);
    only(Deviation::of_flow(&judged, &known)).severity
}

fn place(judged: &mut Judged) -> &mut Place {
    Arc::make_mut(&mut judged.flow.place)
}

#[test]
fn a_page_is_for_what_is_undeclared_in_a_third_country_for_certain() {
    assert_eq!(severity(|_, _| {}), Severity::Page);
    let tickets: [fn(&mut Judged, &mut Circumstances); 8] = [
        |_, known| known.third_country = Some(false),
        |_, known| known.third_country = None,
        |judged, _| place(judged).hosted_in.agreement = Agreement::Majority,
        |judged, _| place(judged).hosted_in.agreement = Agreement::Disputed,
        |judged, _| place(judged).anycast.value = Some(true),
        |judged, _| judged.verdict = Verdict::OutOfJurisdiction,
        |judged, _| judged.verdict = Verdict::Unattributed,
        |judged, _| judged.flow.flow.flow.record.direction = Direction::Inbound,
    ];
    for (number, change) in tickets.into_iter().enumerate() {
        assert_eq!(severity(change), Severity::Ticket, "case {number}");
    }
}

#[test]
fn a_page_is_for_whatever_an_internal_product_reaches() {
    let forbidden = |verdict: Verdict| {
        severity(|judged, known| {
            judged.verdict = verdict;
            place(judged).hosted_in.agreement = Agreement::Disputed;
            *known = Circumstances {
                third_country: None,
                posture: Some(Posture::InternalOnly),
                claimed_by: Vec::new(),
            };
        })
    };
    for verdict in [
        Verdict::Undeclared,
        Verdict::OutOfJurisdiction,
        Verdict::Expired,
        Verdict::Indeterminate,
    ] {
        assert_eq!(forbidden(verdict), Severity::Page, "{verdict}");
    }
    // Nobody knows where this went, nor that it went outside.
    let folded = severity(|judged, known| {
        judged.flow.flow.flow.record.scope = Scope::Folded;
        judged.verdict = Verdict::Indeterminate;
        known.posture = Some(Posture::InternalOnly);
    });
    assert_eq!(folded, Severity::Ticket);
}

#[test]
fn what_is_declared_or_internal_is_no_deviation() {
    for verdict in [Verdict::Declared, Verdict::Internal] {
        let found = Deviation::of_flow(&judged("203.0.113.9", verdict), &known());
        assert_eq!(found, []);
    }
}

#[test]
fn destinations_are_grouped_by_whose_they_are() {
    let group = |change: &dyn Fn(&mut Judged)| {
        let mut judged = judged("203.0.113.9", Verdict::Undeclared);
        change(&mut judged);
        only(Deviation::of_flow(&judged, &known())).key.destination
    };
    let system = |judged: &mut Judged| {
        place(judged).operator.value = Some(Operator {
            asn: AsNumber(64_500),
            organisation: None,
        });
    };
    let shown = |group: Option<Group>| group.map(|one| (one.to_string(), one.operator()));
    let pair = |text: &str, operator: &str| Some((text.to_owned(), operator.to_owned()));
    assert_eq!(shown(group(&|_| {})), pair("203.0.113.0/24", ""));
    let v6 = |judged: &mut Judged| {
        judged.flow.flow.flow.record.address = "2001:db8:2:3::9".parse().unwrap();
    };
    assert_eq!(shown(group(&v6)), pair("2001:db8:2::/48", ""));
    assert_eq!(shown(group(&system)), pair("AS64500", "AS64500"));
    let provider = |judged: &mut Judged| {
        system(judged);
        Arc::make_mut(&mut judged.flow.operator_domicile).provider = Some("provider-a".into());
    };
    assert_eq!(shown(group(&provider)), pair("provider-a", "provider-a"));
    let none = |judged: &mut Judged| judged.flow.flow.flow.record.scope = Scope::Folded;
    assert_eq!(group(&none), None);
}

#[test]
fn a_workload_that_several_products_claim_is_one_finding_wherever_it_goes() {
    let contested = Circumstances {
        claimed_by: vec!["a".to_owned(), "b".to_owned()],
        ..Circumstances::default()
    };
    let mut flow = judged("203.0.113.9", Verdict::Indeterminate);
    flow.product = None;
    let one = only(Deviation::of_flow(&flow, &contested));
    flow.verdict = Verdict::Internal;
    flow.flow.flow.flow.record.address = "10.77.0.20".parse().unwrap();
    let two = only(Deviation::of_flow(&flow, &contested));
    assert_eq!(one, two);
    assert_eq!(one.key.kind, Kind::ContestedWorkload);
    assert_eq!(one.detail, "workload image.service is claimed by a and b");
}

#[test]
fn a_name_that_no_answer_gave_is_found_whatever_the_verdict() {
    let name = |text: &str, grade, source| Name {
        name: text.parse().unwrap(),
        grade,
        aliases: Vec::new(),
        source,
        time: at(0),
        doubt: None,
    };
    let mut flow = judged("203.0.113.9", Verdict::Declared);
    let dns = Source::Dns {
        resolver: "192.0.2.53".parse().unwrap(),
        transport: Transport::Udp,
        served_by: None,
        asked_by: None,
    };
    let tls = Source::Tls {
        alpn: Vec::new(),
        ech: Ech::Absent,
    };
    flow.flow.flow.names = Names {
        names: vec![
            name("api.example", Grade::Answered, dns),
            name("other.example", Grade::Presented, tls),
        ],
        missing: None,
    };
    let found = only(Deviation::of_flow(&flow, &known()));
    assert_eq!(found.key.kind, Kind::NameContradiction);
    assert_eq!(found.severity, Severity::Ticket);
    assert_eq!(
        found.detail,
        "it presented other.example, but had asked for api.example"
    );
}

#[test]
fn ids_are_the_same_in_every_run() {
    let key = undeclared("203.0.113.9").key;
    assert_eq!(key.jurisdiction.unwrap().to_string(), "US");
    assert_eq!(key.id().to_string(), "a9dcebc530b18f9f");
    let other = Key {
        rule: Some("an-entry".to_owned()),
        ..key.clone()
    };
    assert_ne!(other.id(), key.id());
    let json = serde_json::to_string(&key.id()).unwrap();
    assert_eq!(
        serde_json::from_str::<super::super::FindingId>(&json).unwrap(),
        key.id()
    );
}

#[test]
fn jurisdictions_are_read_as_they_are_written() {
    let all = [
        Jurisdiction::Country("DE".parse().unwrap()),
        Jurisdiction::Anycast,
        Jurisdiction::Disputed,
        Jurisdiction::Unknown,
    ];
    for one in all {
        assert_eq!(one.to_string().parse(), Ok(one));
    }
    assert_eq!(
        "elsewhere".parse::<Jurisdiction>().unwrap_err().to_string(),
        "`elsewhere` is no jurisdiction: expected a country, anycast, disputed or unknown"
    );
}
