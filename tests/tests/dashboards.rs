//! The dashboards in `dashboards/` show what there is: each query is asked of a real
//! Prometheus that scrapes a real agent, and Grafana's own model reads each file whole.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use weir_tests::{
    agent::{Agent, PATIENCE},
    monitoring::Monitoring,
    record::Finding,
    stage::{GERMANY, OVERSEAS, OVERSEAS_PROMISED, Stage, ended_well, fixtures},
    tool,
};

const UNIT: &str = "image-generation.service";

fn dashboards() -> Vec<(String, Value)> {
    let directory = fixtures().join("../../dashboards");
    let mut all: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(path).unwrap();
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect();
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert_eq!(all.len(), 2);
    all
}

/// Each expression, with the panel that it is of.
fn expressions(dashboard: &Value) -> Vec<(String, String)> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let of_panels = panels.flat_map(|panel| {
        let title = panel["title"].as_str().unwrap().to_owned();
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        targets
            .into_iter()
            .map(move |target| (title.clone(), target["expr"].as_str().unwrap().to_owned()))
    });
    of_panels.collect()
}

/// As Grafana asks it, with every node and product chosen.
fn filled(expression: &str) -> String {
    expression
        .replace("$__rate_interval", "30s")
        .replace("$__range_s", "60")
        .replace("$__range", "1m")
        .replace("$instance", ".*")
        .replace("$product", ".*")
}

fn weir(arguments: &[&str]) {
    let (code, _, error) = tool::said(tool::weir().unwrap().args(arguments)).unwrap();
    assert_eq!(code, Some(0), "{error}");
}

/// An agent that has something of everything that is shown.
fn busy(stage: &Stage) -> Agent {
    let mut settings = stage.settings().unwrap();
    settings.allowlists = stage.run.directory().join("allowlists");
    fs::create_dir(&settings.allowlists).unwrap();
    for entry in fs::read_dir(fixtures().join("allowlists")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let to = settings.allowlists.join(path.file_name().unwrap());
        // One entry has ended.
        fs::write(
            to,
            text.replacen("expires = 2099-12-31", "expires = 2026-11-01", 1),
        )
        .unwrap();
    }
    let provider = "fresh_for_days = 400\n[[provider]]\nid = \"overseas\"\ntitle = \"Overseas\"\nkinds = [\"hosting\"]\nlegal_entity = \"Overseas Inc.\"\n\
                    parent = \"Overseas Inc.\"\ndomicile = \"US\"\nranges = [\"203.0.113.0/24\"]\n\
                    source = [\"made up for the test\"]\nreviewed = 2026-11-01\n";
    fs::write(settings.allowlists.join("providers.toml"), provider).unwrap();
    settings.extra = ["--self-test", "3s", "--program-stats", "--quiet-time", "1h"]
        .map(str::to_owned)
        .to_vec();
    let agent = stage.agent_with(&settings).unwrap();
    agent.wait_for_self_test().unwrap();
    let unit = stage.unit(UNIT).unwrap();
    for to in [GERMANY, OVERSEAS, OVERSEAS_PROMISED] {
        let line = format!("tcp --to {to}:443 --bytes 3000");
        unit.traffic(&stage.app, &line).unwrap();
    }
    let kind = |kind: &'static str| move |one: &Finding| one.kind == kind;
    agent
        .wait_for_finding("opened", kind("undeclared"))
        .unwrap();
    let known = agent
        .wait_for_finding("opened", kind("out_of_jurisdiction"))
        .unwrap();
    // Somebody knows of a ticket and of a page, and nobody of another page.
    let inside = stage.unit("llm-inference.service").unwrap();
    inside
        .traffic(&stage.app, &format!("tcp --to {GERMANY}:443 --bytes 3000"))
        .unwrap();
    let page =
        |one: &Finding| one.severity == "page" && one.product.as_deref() == Some("llm-inference");
    let page = agent.wait_for_finding("opened", page).unwrap();
    for known in [known, page] {
        weir(&[
            "ack",
            &known.id,
            "--reason",
            "TEST-1",
            "--until",
            "2099-01-01",
            "--by",
            "on call",
            "--store",
            &settings.store.to_string_lossy(),
            "--runtime-dir",
            &settings.runtime_dir.to_string_lossy(),
        ]);
    }
    agent
}

#[test]
fn every_panel_has_something_to_show() {
    let stage = Stage::new().unwrap();
    let agent = busy(&stage);
    let address = agent.started().metrics.clone().unwrap();
    let monitoring = Monitoring::start(&stage, &address).unwrap();
    monitoring
        .wait("WeirWatchdog", |alerts| !alerts.is_empty())
        .unwrap();
    let mut asked = 0;
    for (name, dashboard) in dashboards() {
        for (panel, expression) in expressions(&dashboard) {
            // What counts nothing shows 0; what is counted must be there all the same.
            let expression = filled(&expression.replace(" or vector(0)", ""));
            let deadline = Instant::now() + PATIENCE;
            loop {
                let series = monitoring.query(&expression).unwrap();
                // What there is none of on a host that is well.
                let well = ["Nodes without a heartbeat", "Ways not proven"];
                if !series.is_empty() || well.contains(&panel.as_str()) {
                    break;
                }
                assert!(
                    Instant::now() < deadline,
                    "{name}: {panel}: nothing from {expression}; open are {:#?}",
                    monitoring.query("weir_open_finding")
                );
                // What flows were, they are in the rates only once there are two scrapes.
                let unit = stage.unit(UNIT).unwrap();
                let line = format!("tcp --to {OVERSEAS}:443 --bytes 3000");
                unit.traffic(&stage.app, &line).unwrap();
                thread::sleep(Duration::from_millis(500));
            }
            asked += 1;
        }
        for variable in dashboard["templating"]["list"].as_array().unwrap() {
            if let Some(query) = variable["query"]["query"].as_str() {
                let metric = query.strip_prefix("label_values(").unwrap();
                let (metric, label) = metric.trim_end_matches(')').split_once(", ").unwrap();
                let series = monitoring.query(metric).unwrap();
                let has = |one: &Value| one["metric"][label].is_string();
                assert!(series.iter().any(has), "{name}: {query}");
            }
        }
    }
    assert!(asked > 50, "{asked} expressions");
    agent.signal(Signal::SIGHUP).unwrap();
    ended_well(&agent.stop().unwrap()).unwrap();
}

const MODEL: &str = include_str!("../python/dashboard.py");

/// What Grafana's model of a dashboard loses of a file.
fn lost(dashboard: &Value, name: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let file: PathBuf = directory.path().join(format!("{name}.json"));
    fs::write(&file, dashboard.to_string()).unwrap();
    let output = Command::new(tool::python())
        .args(["-c", MODEL])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo xtask setup installs the model: {said}"
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Grafana's own model (grafana-foundation-sdk) reads each file, and nothing of it is lost:
/// no key is unknown, and none is misspelt.
#[test]
fn grafanas_model_reads_each_file_whole() {
    for (name, mut dashboard) in dashboards() {
        assert_eq!(lost(&dashboard, &name), Vec::<String>::new(), "{name}");
        dashboard["panels"][1]["options"]["colourMode"] = json!("value");
        dashboard["panels"][1]["titel"] = json!("misspelt");
        let found = lost(&dashboard, &name);
        assert_eq!(found, [".panels[1].options.colourMode", ".panels[1].titel"]);
    }
}

/// Panels do not lie over each other, and every id is there once.
#[test]
fn panels_have_a_place_of_their_own() {
    for (name, dashboard) in dashboards() {
        let panels = dashboard["panels"].as_array().unwrap();
        let mut taken = std::collections::HashSet::new();
        let mut ids = std::collections::HashSet::new();
        for panel in panels {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{name}");
            let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            assert!(place("x") + place("w") <= 24, "{name}: {panel}");
            for x in place("x")..place("x") + place("w") {
                for y in place("y")..place("y") + place("h") {
                    assert!(taken.insert((x, y)), "{name}: {}", panel["title"]);
                }
            }
            if panel["type"] != "row" {
                assert!(
                    panel["datasource"]["uid"] == "${datasource}",
                    "{name}: {panel}"
                );
            }
        }
    }
}
