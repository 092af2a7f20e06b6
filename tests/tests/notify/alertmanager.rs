//! Alertmanager, beside Prometheus and alone.

use nix::sys::signal::Signal;
use serde_json::Value;
use weir_tests::{
    monitoring::{Monitoring, free},
    own_allowlists::OwnAllowlists,
    record::Finding,
    stage::{OVERSEAS, Stage, ended_well},
};

use crate::{PAGE, UNIT, deviate, metric, settings, wait, with};

#[test]
fn a_first_call_to_a_third_country_is_pushed_said_again_and_resolved() {
    let own = OwnAllowlists::new().unwrap();
    let stage = &own.stage;
    let address = free().unwrap();
    let ways = format!("[[notify.alertmanager]]\nurl = \"http://{address}\"\nresend = \"1s\"\n");
    let settings = with(own.settings.clone(), stage, &ways);
    let agent = stage.agent_with(&settings).unwrap();
    wait("nobody listens yet", || {
        metric(&agent, "failed_total", "alertmanager") > 0
    });
    let monitoring = Monitoring::start_at(stage, None, &address).unwrap();
    monitoring
        .wait("WeirWatchdog", |alerts| alerts.len() == 1)
        .unwrap();
    assert_eq!(monitoring.alerts(PAGE).unwrap(), [] as [Value; 0]);

    let finding = deviate(stage, &agent);
    let alerts = monitoring.wait(PAGE, |alerts| alerts.len() == 1).unwrap();
    assert_eq!(
        alerts[0]["labels"],
        serde_json::json!({
            "alertname": PAGE,
            "severity": "page",
            "kind": "undeclared",
            "product": "image-generation",
            "workload": UNIT,
            "jurisdiction": "US",
        })
    );
    let updated = alerts[0]["updatedAt"].clone();
    monitoring
        .wait(PAGE, |alerts| {
            alerts.len() == 1 && alerts[0]["updatedAt"] != updated
        })
        .unwrap();
    assert!(metric(&agent, "delivered_total", "alertmanager") > 1);

    let entry = format!(
        "\n[[allow]]\nid = \"image-reviewed\"\npurpose = \"reviewed meanwhile\"\n\
         owner = \"team-test\"\naddress = [\"{OVERSEAS}\"]\ncountries = [\"US\"]\nports = [443]\n\
         protocol = \"tcp\"\ndata_categories = [\"prompts\"]\nlegal_basis = \"made up for the test\"\n\
         approved_by = \"dpo\"\napproved_on = 2026-03-01\nexpires = 2099-12-31\n"
    );
    own.append("image-generation.toml", &entry).unwrap();
    agent.signal(Signal::SIGHUP).unwrap();
    let same = |one: &Finding| one.id == finding.id;
    agent.wait_for_finding("closed", same).unwrap();
    monitoring.wait(PAGE, <[Value]>::is_empty).unwrap();
    ended_well(&agent.stop().unwrap()).unwrap();
}

/// The rules and the push are one alert, with the same labels and annotations.
#[test]
fn what_is_pushed_and_what_the_rules_fire_is_one_alert() {
    let stage = Stage::new().unwrap();
    let address = free().unwrap();
    let ways = format!("[[notify.alertmanager]]\nurl = \"http://{address}\"\nresend = \"1s\"\n");
    let settings = settings(&stage, &ways);
    let agent = stage.agent_with(&settings).unwrap();
    let metrics = agent.started().metrics.clone().unwrap();
    let monitoring = Monitoring::start_at(&stage, Some(&metrics), &address).unwrap();
    deviate(&stage, &agent);
    let rule = monitoring.wait_for_rule(PAGE).unwrap();
    let pushes = metric(&agent, "delivered_total", "alertmanager");
    wait("it is pushed again", || {
        metric(&agent, "delivered_total", "alertmanager") > pushes + 1
    });
    let alerts = monitoring.alerts(PAGE).unwrap();
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    assert_eq!(alerts[0]["labels"], rule["labels"]);
    assert_eq!(alerts[0]["annotations"], rule["annotations"]);
    assert_eq!(monitoring.alerts("WeirWatchdog").unwrap().len(), 1);
    ended_well(&agent.stop().unwrap()).unwrap();
}
