//! Descriptions become what the stages would give.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{
    attribution::{Executable, Label, WorkloadKind},
    policy::{Policy, Source},
    verdict::Verdict,
};

fn facts(said: &[(&str, &str)]) -> WorkloadFacts {
    let mut facts = WorkloadFacts::default();
    for (key, value) in said {
        facts.set(key, value).unwrap();
    }
    facts
}

#[test]
fn a_unit_is_in_its_usual_slice() {
    let workload = facts(&[("unit", "a.service")]).workload();
    assert_eq!(workload.kind, WorkloadKind::SystemdUnit);
    assert_eq!(workload.name, "a.service");
    assert_eq!(workload.slice.as_deref(), Some("system.slice"));
    let path = workload.cgroup_path.as_deref();
    assert_eq!(path, Some("/system.slice/a.service"));
    assert_eq!(workload.user, None);
}

#[test]
fn a_cgroup_tells_what_its_path_tells() {
    let said = [("cgroup", "/image.slice/worker.service"), ("host", "gpu-1")];
    let workload = facts(&said).workload();
    assert_eq!(workload.unit.as_deref(), Some("worker.service"));
    assert_eq!(workload.slice.as_deref(), Some("image.slice"));
    assert_eq!(workload.host.as_deref(), Some("gpu-1"));
}

#[test]
fn containers_and_pods_have_the_labels_that_are_said_and_no_others() {
    let said = [
        ("container", "a-1"),
        ("labels.tier", "gpu"),
        ("pod_labels.app", "a"),
    ];
    let workload = facts(&said).workload();
    assert_eq!(workload.kind, WorkloadKind::KubernetesPod);
    let container = workload.container.unwrap();
    assert_eq!(container.labels.get("tier"), Label::Value("gpu"));
    assert_eq!(container.labels.get("zone"), Label::Absent);
    assert_eq!(container.image, None);
    assert_eq!(workload.pod.unwrap().labels.get("app"), Label::Value("a"));
}

#[test]
fn what_is_no_fact_is_refused() {
    let mut facts = WorkloadFacts::default();
    assert!(facts.is_empty());
    let unknown = facts.set("units", "a").unwrap_err();
    assert_eq!(unknown.to_string(), "`units` is no fact of a workload");
    assert_eq!(
        facts.set("uid", "-1"),
        Err(UnknownFact::Uid("-1".to_owned()))
    );
    for (key, value, why) in [
        ("unit", "", "`unit` says nothing"),
        ("labels.", "a", "`labels.` says nothing"),
        ("executable", "x", "`x` is no path from the root"),
        ("cgroup", "x.slice", "`x.slice` is no path from the root"),
    ] {
        assert_eq!(facts.set(key, value).unwrap_err().to_string(), why);
    }
    assert!(facts.is_empty());
    assert!(matches!(facts.executable(), Executable::Unknown(_)));
}

#[test]
fn what_is_said_twice_is_refused() {
    for key in ["unit", "uid", "labels.a", "pod_labels.a"] {
        let mut facts = facts(&[(key, "7")]);
        assert_eq!(facts.set(key, "8"), Err(UnknownFact::Twice(key.to_owned())));
    }
}

/// The last day of the calendar has no noon that the clock can show.
#[test]
fn a_day_too_far_off_has_no_noon() {
    let day = |text: &str| noon(text.parse().unwrap()).map(|noon| noon.to_string());
    assert_eq!(day("9999-12-30"), Ok("9999-12-30T12:00:00Z".to_owned()));
    for far in ["9999-12-31", "-009999-01-01"] {
        assert!(day(far).is_err(), "{far}");
    }
}

/// The operator's home is looked up in the set, as for a recorded flow.
#[test]
fn the_operator_is_that_of_the_set() {
    let product = "product = \"a\"\ntitle = \"A\"\nowner = \"t\"\nposture = \"external_declared\"\n\
                   [[workload]]\nunit = \"a.service\"\n";
    let providers = "fresh_for_days = 400\n[[provider]]\nid = \"p\"\ntitle = \"P\"\n\
                     kinds = [\"dns\"]\nasn = [64496]\ndoh = [\"dns.p.example\"]\n\
                     names = [\"dns.p.example\"]\nlegal_entity = \"P\"\nparent = \"P\"\n\
                     domicile = \"NO\"\nsource = [\"s\"]\nreviewed = 2026-11-01\n";
    let sources = vec![
        Source::from_text("a.toml", product),
        Source::from_text("providers.toml", providers),
    ];
    let policy = Policy::from_sources(sources).unwrap();
    let description = Description {
        workload: facts(&[("unit", "a.service"), ("uid", "7")]),
        address: "198.51.100.7".parse().unwrap(),
        port: 443,
        protocol: Protocol::TCP,
        direction: Direction::Outbound,
        names: vec![("dns.p.example".parse().unwrap(), Grade::Answered)],
        hosted_in: "NO".parse().ok(),
        asn: Some(AsNumber(64496)),
        anycast: Some(true),
    };
    let judged = description.judged(&policy, "2026-11-25T08:00:00Z".parse().unwrap());
    assert_eq!(judged.verdict, Verdict::Undeclared);
    assert_eq!(judged.product.as_deref(), Some("a"));
    let located = &judged.flow;
    assert_eq!(located.operator_domicile.country, "NO".parse().ok());
    assert_eq!(located.country(), None, "anycast is in no one country");
    assert!(located.encrypted_dns.is_some());
    assert_eq!(
        located.place.hosted_in.sources[0].source.as_ref(),
        DESCRIBED
    );
    let process = located.flow.flow.record.process.as_ref().unwrap();
    assert_eq!(process.uid, 7);
    // As it would be on a day when the review no longer counts.
    let judged = description.judged(&policy, "2028-11-25T08:00:00Z".parse().unwrap());
    assert_eq!(judged.flow.operator_domicile.country, None);
}
