//! Names over a restart of the agent.

use std::path::Path;

use weir_tests::{
    agent::Settings,
    cgroup::Unit,
    named_stage::{self as names, NamedStage},
    stage,
};

use crate::play::{UNDECLARED, answered, at, flow, presented, verdict};

/// Ends the recording; nothing is left pinned.
fn unload(stage: &NamedStage, settings: &Settings) {
    let settings = Settings {
        extra: [settings.extra.clone(), vec!["--unload".into()]].concat(),
        ..settings.clone()
    };
    let mut agent = stage.stage.agent_with(&settings).unwrap();
    let ended = agent.ended().unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!Path::new(&settings.pin).exists());
}

/// What was answered and what was presented are both known to the next agent, and what
/// is said while none runs waits for it.
#[test]
fn names_outlive_the_agent() {
    let stage = NamedStage::new().unwrap();
    let settings = Settings {
        allowlists: stage::fixtures().join("names-allowlists"),
        ..stage.stage.pinned_settings().unwrap()
    };
    let first = stage.stage.agent_with(&settings).unwrap();
    let unit = |case: &str| {
        let name = format!("image-generation-{case}.service");
        stage.stage.unit(&name).unwrap().keep()
    };
    let ask = |unit: &Unit| {
        let line = format!(
            "dig +timeout=10 +tries=1 @{} {}",
            names::RESOLVER,
            names::API
        );
        unit.run(&stage.stage.app, None, &line).unwrap();
    };
    let connect = |unit: &Unit, says: &str| {
        let line = format!("tls --to {}:443 --sni {says}", names::CDN);
        unit.traffic(&stage.stage.app, &line).unwrap();
    };
    let (before, between, fronted) = (unit("before"), unit("between"), unit("fronted"));
    ask(&before);
    ask(&fronted);
    connect(&fronted, names::STRANGER);
    first.stop().unwrap();
    ask(&between);
    let second = stage.stage.agent_with(&settings).unwrap();
    assert!(second.started().adopted);
    connect(&before, names::API);
    connect(&between, names::API);
    let ended = second.stop().unwrap();
    unload(&stage, &settings);
    let to = at(names::CDN, 443);
    for unit in [&before, &between] {
        let flow = flow(&ended, unit, to, "tcp");
        assert_eq!(answered(flow).name, names::API);
        assert_eq!(verdict(flow), ("declared", Some("image-api")), "{flow}");
    }
    let flow = flow(&ended, &fronted, to, "tcp");
    assert_eq!(presented(flow).name, names::STRANGER);
    assert_eq!(verdict(flow), UNDECLARED, "{flow}");
}
