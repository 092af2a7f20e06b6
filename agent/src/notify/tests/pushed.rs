//! Alerts, beside the rules of `packaging/`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::finding;
use crate::{
    finding::{Finding, Kind, Severity},
    notify::{
        alerts::{self, Alert, alert},
        settings::Alertmanager,
    },
    output::Beside,
};

fn to(more: &str) -> Alertmanager {
    toml::from_str(&format!("url = \"http://127.0.0.1:9093\"\n{more}")).unwrap()
}

fn of(open: &[Finding], known: &[&Finding], to: &Alertmanager) -> Vec<Alert> {
    let acknowledged = known.iter().map(|one| one.id).collect();
    let beside = Beside {
        folded: 0,
        acknowledged: &acknowledged,
        domiciles: BTreeMap::new(),
    };
    let now = "2026-01-02T03:10:00Z".parse().unwrap();
    let later = "2026-01-02T03:15:00Z".parse().unwrap();
    let firing = alerts::of(open.iter(), &beside, now);
    firing
        .iter()
        .map(|one| alert(one, to, "node-a", later))
        .collect()
}

fn page(number: u64) -> Finding {
    Finding {
        severity: Severity::Page,
        ..finding(number)
    }
}

fn names(alerts: &[Alert]) -> Vec<String> {
    alerts
        .iter()
        .map(|one| one.labels["alertname"].clone())
        .collect()
}

#[test]
fn a_page_is_pushed_to_the_byte() {
    let mut one = page(1);
    if let Some(workload) = &mut one.key.workload {
        workload.name = "w.service".to_owned();
    }
    let alerts = of(&[one], &[], &to(""));
    assert_eq!(names(&alerts), ["WeirEgressPage", "WeirWatchdog"]);
    assert_eq!(
        serde_json::to_string(&alerts[0]).unwrap(),
        "{\"labels\":{\"alertname\":\"WeirEgressPage\",\"jurisdiction\":\"US\",\
         \"kind\":\"undeclared\",\"product\":\"p1\",\"provider\":\"AS64500\",\
         \"severity\":\"page\",\"workload\":\"w.service\"},\
         \"annotations\":{\"command\":\"weir findings --severity page\",\
         \"description\":\"undeclared: workload w.service of p1 sends to AS64500, hosted in US, \
         under a law that is not known; on 1 node(s)\",\
         \"runbook_url\":\"https://weir.example/weir/docs/runbooks/WeirEgressPage.md\",\
         \"summary\":\"p1 sends where nothing declares it: AS64500, hosted in US\"},\
         \"startsAt\":\"2026-01-02T03:04:05Z\",\"endsAt\":\"2026-01-02T03:15:00Z\"}"
    );
}

#[test]
fn what_somebody_knows_of_is_said_in_its_place() {
    let (one, other) = (page(1), page(2));
    let both = [one.clone(), other];
    let alerts = of(&both, &[&one], &to(""));
    assert_eq!(
        names(&alerts),
        ["WeirEgressPage", "WeirFindingAcknowledged", "WeirWatchdog"]
    );
    assert_eq!(alerts[0].labels["product"], "p2");
    assert_eq!(alerts[1].labels["product"], "p1");
    assert_eq!(alerts[1].labels["severity"], "info");
}

/// Findings that differ in a network are one alert, and known only when each of them is.
#[test]
fn findings_of_one_series_are_one_alert() {
    let mut one = page(1);
    let mut other = page(1);
    let network = |text: &str| text.parse().ok().map(crate::finding::Group::Network);
    one.key.destination = network("203.0.113.0/24");
    other.key.destination = network("198.51.100.0/24");
    (one.id, other.id) = (one.key.id(), other.key.id());
    other.first_seen = "2026-01-01T00:00:00Z".parse().unwrap();
    let both = [one.clone(), other.clone()];
    let alerts = of(&both, &[&one], &to(""));
    assert_eq!(names(&alerts), ["WeirEgressPage", "WeirWatchdog"]);
    assert!(!alerts[0].labels.contains_key("provider"));
    let json = serde_json::to_value(&alerts[0]).unwrap();
    assert_eq!(json["startsAt"], "2026-01-01T00:00:00Z");
    let alerts = of(&both, &[&one, &other], &to(""));
    assert_eq!(names(&alerts), ["WeirFindingAcknowledged", "WeirWatchdog"]);
}

#[test]
fn labels_of_the_node_are_where_the_rules_have_them() {
    let mut gap = finding(1);
    gap.key.kind = Kind::EvidenceGap;
    gap.key.rule = Some("agent_down".to_owned());
    let own = "cluster = \"c\"\ninstance = \"node-a:9184\"\nlabels = [\"region=eu\"]\n\
               runbooks = \"https://books.example/\"\n";
    let alerts = of(&[gap, page(1)], &[], &to(own));
    let all: Vec<String> = alerts
        .iter()
        .map(|one| serde_json::to_string(&one.labels).unwrap())
        .collect();
    assert_eq!(
        all,
        [
            "{\"alertname\":\"WeirEgressPage\",\"cluster\":\"c\",\"jurisdiction\":\"US\",\
             \"kind\":\"undeclared\",\"product\":\"p1\",\"provider\":\"AS64500\",\
             \"region\":\"eu\",\"severity\":\"page\",\"workload\":\"w\\\"\\\\].service\"}",
            "{\"alertname\":\"WeirEvidenceGap\",\"cluster\":\"c\",\"instance\":\"node-a:9184\",\
             \"region\":\"eu\",\"rule\":\"agent_down\",\"severity\":\"ticket\"}",
            "{\"alertname\":\"WeirWatchdog\",\"region\":\"eu\",\"severity\":\"none\"}",
        ]
    );
    let json = serde_json::to_value(&alerts[1]).unwrap();
    assert_eq!(
        json["annotations"]["runbook_url"],
        "https://books.example/WeirEvidenceGap.md"
    );
    assert_eq!(
        json["annotations"]["summary"],
        "the record of node-a:9184 has a gap: agent_down"
    );
}

/// Each alert that is pushed is one of the rules, with their severity and their command.
#[test]
fn every_alert_is_one_of_the_rules() {
    let rules =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/prometheus/weir.rules.yml");
    let rules = fs::read_to_string(rules).unwrap();
    let rule = |name: &str| {
        let mut parts = rules.split("      - alert: ");
        parts
            .find(|part| part.lines().next() == Some(name))
            .unwrap()
    };
    let mut open = Vec::new();
    for kind in Kind::ALL {
        for severity in [Severity::Ticket, Severity::Page] {
            let mut one = finding(open.len() as u64);
            (one.key.kind, one.severity) = (kind, severity);
            one.id = one.key.id();
            open.push(one);
        }
    }
    let known: Vec<&Finding> = open.iter().take(2).collect();
    let mut seen = BTreeSet::new();
    for one in of(&open, &known, &to("")) {
        let name = one.labels["alertname"].clone();
        let rule = rule(&name);
        let says = |key: &str, value: &str| rule.contains(&format!("          {key}: {value}\n"));
        assert!(says("severity", &one.labels["severity"]), "{name}");
        let json = serde_json::to_value(&one).unwrap();
        let annotations = &json["annotations"];
        for key in ["command", "runbook_url"] {
            assert!(
                says(key, annotations[key].as_str().unwrap()),
                "{name} {key}"
            );
        }
        seen.insert(name);
    }
    let wanted = [
        "WeirAllowlistsRefused",
        "WeirEgressPage",
        "WeirEgressTicket",
        "WeirEntryExpiring",
        "WeirEvidenceGap",
        "WeirFindingAcknowledged",
        "WeirWatchdog",
    ];
    assert_eq!(seen, wanted.map(str::to_owned).into());
}
