//! What databases that agree, disagree or are too old decide.

use std::path::PathBuf;

use weir_tests::{
    agent::Settings,
    databases::{self, Databases},
    named_stage::NamedStage,
    stage,
};

use crate::play::{at, flow};

/// Verdict and agreement on the disputed address, with the first database and
/// arguments for others that `choose` gives.
fn judged(choose: impl Fn(&Databases) -> (PathBuf, Vec<String>)) -> (String, String) {
    let stage = NamedStage::new().unwrap();
    let (ip_db, extra) = choose(&Databases::write(&stage.stage.run).unwrap());
    let settings = Settings {
        allowlists: stage::fixtures().join("names-allowlists"),
        ip_db,
        extra,
        ..stage.stage.settings().unwrap()
    };
    let agent = stage.stage.agent_with(&settings).unwrap();
    let unit = stage.stage.unit("image-generation.service").unwrap().keep();
    let to = at(databases::DISPUTED, 443);
    unit.traffic(&stage.stage.app, &format!("tcp --to {to}"))
        .unwrap();
    let ended = agent.stop().unwrap();
    let flow = flow(&ended, &unit, to, "tcp");
    assert_eq!(flow.rule.as_deref(), Some("image-germany"), "{flow}");
    (flow.verdict.clone(), flow.hosted_in.agreement.clone())
}

fn both(verdict: &str, agreement: &str) -> (String, String) {
    (verdict.to_owned(), agreement.to_owned())
}

#[test]
fn databases_that_agree_satisfy_a_condition() {
    let judged = judged(|made| {
        let others = [("again", &*made.first), ("systems", &*made.systems)];
        let others = Databases::arguments("--ip-db", &others);
        (made.first.clone(), others)
    });
    assert_eq!(judged, both("declared", "unanimous"));
}

#[test]
fn databases_that_disagree_satisfy_none() {
    let judged = judged(|made| {
        let others = Databases::arguments("--ip-db", &[("second", &made.second)]);
        (made.first.clone(), others)
    });
    assert_eq!(judged, both("indeterminate", "disputed"));
}

#[test]
fn an_expired_database_satisfies_none() {
    let judged = judged(|made| (made.expired.clone(), Vec::new()));
    assert_eq!(judged, both("indeterminate", "unknown"));
}
