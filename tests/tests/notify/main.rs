//! Findings leave by each way out: once, in order, whatever is down meanwhile.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod alertmanager;
mod command;
mod syslog;
mod webhook;

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use weir_tests::{
    agent::{Agent, PATIENCE, Settings},
    ledger,
    monitoring::free,
    receiver::Receiver,
    record::Finding,
    stage::{OVERSEAS, Stage},
    told, tool,
};

const PAGE: &str = "WeirEgressPage";
const UNIT: &str = "image-generation.service";
const SECRET: &str = "a secret of the test";

/// Settings with ways out, and findings that close soon.
fn settings(stage: &Stage, ways: &str) -> Settings {
    with(stage.settings().unwrap(), stage, ways)
}

fn with(mut settings: Settings, stage: &Stage, ways: &str) -> Settings {
    let file = stage.run.directory().join("weir.toml");
    fs::write(&file, ways).unwrap();
    let file = file.to_string_lossy().into_owned();
    settings.extra = vec![
        "--config".into(),
        file,
        "--quiet-time".into(),
        "1s".into(),
        // Its traffic would be findings of its own.
        "--self-test".into(),
        "off".into(),
    ];
    settings
}

fn webhook(stage: &Stage, address: &str) -> String {
    let secret = stage.run.directory().join("webhook.secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    format!(
        "[[notify.webhook]]\nname = \"hook\"\nurl = \"http://{address}/weir\"\n\
         secret_file = \"{}\"\n",
        secret.display()
    )
}

fn send(stage: &Stage, unit: &str, to: &str) {
    let unit = stage.unit(unit).unwrap();
    let line = format!("tcp --to {to} --bytes 100");
    unit.traffic(&stage.app, &line).unwrap();
}

/// Sends where nobody declares it; the finding.
fn deviate(stage: &Stage, agent: &Agent) -> Finding {
    send(stage, UNIT, &format!("{OVERSEAS}:443"));
    let page = |one: &Finding| one.severity == "page";
    agent.wait_for_finding("opened", page).unwrap()
}

/// A metric of a way out.
fn metric(agent: &Agent, name: &str, sink: &str) -> u64 {
    let text = agent.metrics().unwrap();
    told::metric(&text, name, sink).unwrap_or_else(|| panic!("no {name} in\n{text}"))
}

fn wait(what: &str, is: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn to_tell(settings: &Settings) -> Vec<(u64, String)> {
    told::by_ledger(&ledger::entries(&settings.store).unwrap())
}

#[test]
fn a_way_out_that_nobody_declared_is_said_at_the_start() {
    let stage = Stage::new().unwrap();
    let settings = settings(&stage, &webhook(&stage, &format!("{OVERSEAS}:443")));
    let agent = stage.agent_with(&settings).unwrap();
    deviate(&stage, &agent);
    let ended = agent.stop().unwrap();
    assert!(
        ended.stderr.contains(
            "`hook` sends to 203.0.113.9:443, which is unattributed for the agent itself"
        ),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("allowlists/weir.toml"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_test_is_sent_and_what_came_back_is_said() {
    let stage = Stage::new().unwrap();
    let receiver = Receiver::start("127.0.0.1:0").unwrap();
    let nobody = free().unwrap();
    let ways = webhook(&stage, &receiver.address().to_string())
        + &format!("[[notify.syslog]]\nname = \"log\"\naddress = \"tcp:{nobody}\"\n");
    let file = stage.run.directory().join("weir.toml");
    fs::write(&file, ways).unwrap();
    let weir = |arguments: &[&str]| {
        let mut command = tool::weir().unwrap();
        command.args(["notify", "test", "--config"]).arg(&file);
        command
            .arg("--store")
            .arg(stage.run.directory().join("store"));
        tool::said(command.args(arguments)).unwrap()
    };
    let (code, out, err) = weir(&["hook"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let posts = receiver.posts();
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].body["type"], "test");
    assert_eq!(
        posts[0].body["text"],
        "this is a test of a way out: nothing was found"
    );
    let id = posts[0].body["id"].as_str().unwrap();
    assert_eq!(out, format!("hook  webhook  taken  {id}\n"));
    let (code, out, _) = weir(&["--format", "json"]);
    assert_eq!(code, Some(14));
    let answer: Value = serde_json::from_str(&out).unwrap();
    let tested = answer["tested"].as_array().unwrap();
    assert_eq!(tested.len(), 2);
    assert_eq!(tested[0]["error"], Value::Null);
    let why = tested[1]["error"].as_str().unwrap();
    assert!(why.contains("does not take a connection"), "{why}");
    let (code, _, err) = weir(&["other"]);
    assert_eq!(code, Some(8));
    assert!(err.contains("hook, log"), "{err}");
}
