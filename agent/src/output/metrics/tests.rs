//! What is exported, and what speaks of it: documents, rules, dashboards.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, fs, path::Path};

use super::*;

/// Names of all samples of an agent that has something of everything.
fn exported() -> BTreeSet<String> {
    let metrics = Metrics::new("0");
    metrics.ip_data.touch();
    metrics.policy.expiring(&[], 0);
    metrics.policy.touch();
    metrics.findings.touch();
    metrics.health.touch();
    metrics.notify.touch();
    metrics.names.set(&NamingCounts::default());
    metrics.balance(&Sums::default());
    metrics.loss("kind", 1);
    let way = WayLabels { way: "way" };
    metrics.self_test.get_or_create(&way).set(1);
    let labels = FlowLabels {
        product: String::new(),
        verdict: "",
        direction: "",
        hosted_in: String::new(),
    };
    for family in [
        &metrics.flows,
        &metrics.egress_bytes,
        &metrics.egress_packets,
    ] {
        family.get_or_create(&labels).inc();
    }
    metrics.ingress_bytes.get_or_create(&labels).inc();
    let program = ProgramLabels { program: "" };
    metrics.runs.get_or_create(&program).inc();
    metrics.run_time.get_or_create(&program).inc_by(1.0);
    let text = metrics.text().unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let name = |line: &str| line.split(['{', ' ']).next().unwrap().to_owned();
    samples.map(name).collect()
}

fn names(text: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !word(c));
    let metrics = words.filter(|word| word.starts_with("weir_"));
    metrics.map(str::to_owned).collect()
}

fn file(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap()
}

#[test]
fn every_metric_is_documented_and_no_other() {
    let page = file("docs/output.md");
    let rows = page.lines().filter(|line| line.starts_with("| `weir_"));
    let documented: BTreeSet<String> = rows
        .flat_map(|row| names(row.split('|').nth(1).unwrap()))
        .collect();
    assert_eq!(documented, exported());
}

#[test]
fn rules_use_only_what_is_exported() {
    let used = names(&file("packaging/prometheus/weir.rules.yml"));
    let exported = exported();
    let unknown: Vec<_> = used.difference(&exported).collect();
    assert_eq!(unknown, Vec::<&String>::new());
}

#[test]
fn dashboards_use_only_what_is_exported() {
    let exported = exported();
    for name in ["overview", "on-call"] {
        let text = file(&format!("dashboards/{name}.json"));
        let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
        let panels = dashboard["panels"].as_array().unwrap();
        let targets = panels
            .iter()
            .filter_map(|panel| panel["targets"].as_array());
        let used: BTreeSet<String> = targets
            .flatten()
            .flat_map(|target| names(target["expr"].as_str().unwrap()))
            .collect();
        let unknown: Vec<_> = used.difference(&exported).collect();
        assert_eq!(unknown, Vec::<&String>::new(), "{name}");
    }
}

#[test]
fn each_rule_has_a_runbook_and_each_runbook_a_rule() {
    let text = file("packaging/prometheus/weir.rules.yml");
    let alerts: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/runbooks");
    let pages: BTreeSet<String> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let wanted: BTreeSet<String> = alerts.iter().map(|name| format!("{name}.md")).collect();
    assert_eq!(pages, wanted);
    for name in alerts {
        let link = format!("docs/runbooks/{name}.md");
        assert!(text.contains(&link), "{name} does not name its runbook");
        let page = file(&link);
        assert!(page.starts_with(&format!("# {name}\n")), "{link}");
        for part in ["Look first", "Decide", "Close", "Silence", "Tell"] {
            assert!(
                page.contains(&format!("\n## {part}\n")),
                "{link}: no {part}"
            );
        }
    }
}
