//! Findings leave by each way out: once, in order, whatever is down meanwhile.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs,
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use serde_json::Value;
use weir_tests::{
    agent::{Agent, PATIENCE, Settings},
    ledger,
    monitoring::{Monitoring, free},
    own_allowlists::OwnAllowlists,
    receiver::{Post, Receiver},
    record::Finding,
    stage::{OVERSEAS, Stage, ended_well},
    syslogd::Syslogd,
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

/// Each event of the store was posted once and in order, signed, under an id of its own.
fn posted_once_in_order(settings: &Settings, posts: &[Post]) {
    let wanted = to_tell(settings);
    assert_eq!(told::by_posts(posts), wanted);
    let ids: BTreeSet<&str> = posts
        .iter()
        .map(|post| post.header("webhook-id").unwrap())
        .collect();
    assert_eq!(ids.len(), wanted.len());
    for post in posts {
        assert_eq!(post.body["id"], post.header("webhook-id").unwrap());
        assert_eq!(post.header("content-type").unwrap(), "application/json");
        let signature = post.header("webhook-signature").unwrap();
        let encoded = signature.strip_prefix("v1,").unwrap();
        assert_eq!(hexadecimal(encoded), post.signature(SECRET).unwrap());
    }
}

/// Base64 as openssl decodes it.
fn hexadecimal(encoded: &str) -> String {
    let script = "printf %s \"$0\" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n'";
    tool::tool("sh", &["-c", script, encoded]).unwrap()
}

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

#[test]
fn a_webhook_that_was_down_has_each_event_once_in_order() {
    let stage = Stage::new().unwrap();
    let address = free().unwrap();
    let settings = settings(&stage, &webhook(&stage, &address));
    let agent = stage.agent_with(&settings).unwrap();
    deviate(&stage, &agent);
    send(&stage, "nobodys.service", "203.0.113.9:443");
    send(&stage, UNIT, "203.0.113.50:443");
    wait("three wait", || metric(&agent, "waiting", "hook") >= 3);
    wait("nobody listens", || {
        metric(&agent, "failed_total", "hook") > 0
    });
    assert_eq!(metric(&agent, "delivered_total", "hook"), 0);

    let receiver = Receiver::start(&address).unwrap();
    receiver.answer(500);
    receiver
        .wait("an attempt", |posts| !posts.is_empty())
        .unwrap();
    receiver.answer(204);
    wait("all is delivered", || {
        metric(&agent, "waiting", "hook") == 0
    });
    ended_well(&agent.stop().unwrap()).unwrap();
    let posts = receiver.posts();
    let (taken, failed): (Vec<Post>, Vec<Post>) =
        posts.into_iter().partition(|post| post.answered == 204);
    assert!(!failed.is_empty());
    // Each attempt at the first is the same delivery.
    assert!(failed.iter().all(|post| post.text == taken[0].text));
    posted_once_in_order(&settings, &taken);
}

#[test]
fn the_counts_are_those_of_the_receiver() {
    let stage = Stage::new().unwrap();
    let receiver = Receiver::start("127.0.0.1:0").unwrap();
    let ways = webhook(&stage, &receiver.address().to_string());
    let settings = settings(&stage, &ways);
    receiver.answer(403);
    let agent = stage.agent_with(&settings).unwrap();
    deviate(&stage, &agent);
    let refused = || metric(&agent, "refused_total", "hook");
    wait("it is refused", || {
        refused() > 0 && metric(&agent, "waiting", "hook") == 0
    });
    let before = refused();
    receiver.answer(204);
    send(&stage, "nobodys.service", "203.0.113.9:443");
    wait("the next is taken", || {
        metric(&agent, "delivered_total", "hook") > 0 && metric(&agent, "waiting", "hook") == 0
    });
    let posts = receiver.posts();
    let count = |status| posts.iter().filter(|post| post.answered == status).count() as u64;
    assert_eq!(
        before + metric(&agent, "delivered_total", "hook"),
        posts.len() as u64
    );
    assert_eq!(count(403), refused());
    assert_eq!(count(204), metric(&agent, "delivered_total", "hook"));
    assert_eq!(metric(&agent, "failed_total", "hook"), 0);
    assert_eq!(metric(&agent, "dropped_total", "hook"), 0);
    let ended = agent.stop().unwrap();
    assert!(
        ended.stderr.contains("it refuses a delivery for good"),
        "{}",
        ended.stderr
    );
    ended_well(&ended).unwrap();
}

#[test]
fn what_a_killed_agent_could_not_tell_the_next_one_does() {
    let stage = Stage::new().unwrap();
    let address = free().unwrap();
    let settings = settings(&stage, &webhook(&stage, &address));
    let agent = stage.agent_with(&settings).unwrap();
    deviate(&stage, &agent);
    wait("nobody listens", || {
        metric(&agent, "failed_total", "hook") > 0
    });
    agent.kill().unwrap();

    let receiver = Receiver::start(&address).unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    wait("all is delivered", || {
        metric(&agent, "delivered_total", "hook") > 0 && metric(&agent, "waiting", "hook") == 0
    });
    ended_well(&agent.stop().unwrap()).unwrap();
    posted_once_in_order(&settings, &receiver.posts());
    assert_eq!(receiver.posts()[0].body["type"], "finding_opened");
}

#[test]
fn a_syslog_daemon_reads_what_it_is_sent() {
    let stage = Stage::new().unwrap();
    let syslogd = Syslogd::start(&stage).unwrap();
    let way = |name: &str, address: String| {
        format!(
            "[[notify.syslog]]\nname = \"{name}\"\naddress = \"{address}\"\nfacility = \"local4\"\n"
        )
    };
    let ways = [
        way("unix", format!("unix:{}", syslogd.socket.display())),
        way("udp", format!("udp:{}", syslogd.udp)),
        way("tcp", format!("tcp:{}", syslogd.tcp)),
        way("tls", format!("tls:{}", syslogd.tls))
            + &format!("ca_file = \"{}\"\n", syslogd.authority.display()),
    ];
    let settings = settings(&stage, &ways.concat());
    let agent = stage.agent_with(&settings).unwrap();
    let finding = deviate(&stage, &agent);
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for (sink, input) in [
        ("unix", "imuxsock"),
        ("udp", "imudp"),
        ("tcp", "imtcp"),
        ("tls", "over-tls"),
    ] {
        let own = format!("finding=\"{}\"", finding.id);
        // What was found before it is told before it.
        let messages = || syslogd.wait(input, 1).unwrap();
        wait("it is told", || {
            messages().iter().any(|one| one.data.contains(&own))
        });
        let messages = messages();
        let message = messages.iter().find(|one| one.data.contains(&own)).unwrap();
        assert_eq!(message.priority, "local4.alert", "{input}");
        assert_eq!(message.host, host.trim());
        assert_eq!(message.id, "finding_opened");
        assert_eq!(message.text, format!("page: {}", finding.detail), "{input}");
        let parts = [
            "[weir@32473 delivery=\"",
            " severity=\"page\" entry=\"",
            " kind=\"undeclared\" product=\"image-generation\" workload=\"image-generation.service\"",
            " destination=\"203.0.113.0/24\" jurisdiction=\"US\" flows=\"1\"",
        ];
        for part in parts {
            assert!(message.data.contains(part), "{part} {message:?}");
        }
        wait("all is sent", || metric(&agent, "waiting", sink) == 0);
        let sent = metric(&agent, "delivered_total", sink);
        let read = syslogd.wait(input, usize::try_from(sent).unwrap()).unwrap();
        assert_eq!(read.len() as u64, sent);
        let entry = |one: &weir_tests::syslogd::Message| -> u64 {
            let rest = one.data.split("entry=\"").nth(1).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        };
        let entries: Vec<u64> = read.iter().map(entry).collect();
        let wanted: Vec<u64> = to_tell(&settings).into_iter().map(|one| one.0).collect();
        assert_eq!(entries, wanted[..entries.len()], "{input}");
    }
    ended_well(&agent.stop().unwrap()).unwrap();
}

#[test]
fn a_command_is_run_for_each_and_one_that_hangs_is_killed() {
    let stage = Stage::new().unwrap();
    let at = |name: &str| {
        stage
            .run
            .directory()
            .join(name)
            .to_string_lossy()
            .into_owned()
    };
    let good = format!(
        "cat >> {0}; echo >> {0}; echo \\\"$WEIR_TYPE $WEIR_SEVERITY $WEIR_FINDING $WEIR_KIND\\\" >> {1}",
        at("bodies"),
        at("words")
    );
    let hangs = format!("sleep 1000 & echo $! >> {}; wait", at("children"));
    let ways = format!(
        "[[notify.command]]\nname = \"good\"\ncommand = [\"/bin/sh\", \"-c\", \"{good}\"]\n\
         [[notify.command]]\nname = \"hangs\"\ncommand = [\"/bin/sh\", \"-c\", \"{hangs}\"]\n\
         timeout = \"300ms\"\nseverities = [\"page\"]\n"
    );
    let settings = settings(&stage, &ways);
    let agent = stage.agent_with(&settings).unwrap();
    let finding = deviate(&stage, &agent);
    wait("it is killed twice", || {
        metric(&agent, "failed_total", "hangs") >= 2
    });
    assert_eq!(metric(&agent, "delivered_total", "hangs"), 0);
    assert_eq!(metric(&agent, "waiting", "hangs"), 1);
    // Recording goes on meanwhile.
    send(&stage, UNIT, "203.0.113.9:8080");
    let port = |flow: &weir_tests::record::Flow| flow.destination.port == 8080;
    agent.wait_for("to the other port", port).unwrap();
    wait("all is told", || metric(&agent, "waiting", "good") == 0);
    let ended = agent.stop().unwrap();
    assert!(
        ended
            .stderr
            .contains("it took longer than 300ms and was killed"),
        "{}",
        ended.stderr
    );
    ended_well(&ended).unwrap();
    let words = fs::read_to_string(at("words")).unwrap();
    let first = format!("finding_opened page {} undeclared", finding.id);
    assert!(words.lines().any(|line| line == first), "{words}");
    let bodies = fs::read_to_string(at("bodies")).unwrap();
    let entries: Vec<u64> = bodies
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["entry"]
                .as_u64()
                .unwrap()
        })
        .collect();
    let wanted: Vec<u64> = to_tell(&settings).into_iter().map(|one| one.0).collect();
    assert_eq!(entries, wanted);
    for child in fs::read_to_string(at("children")).unwrap().lines() {
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        assert!(!stat.contains("(sleep)") || stat.contains(") Z "), "{stat}");
    }
}

/// A receiver that takes connections and never answers delays neither recording nor the end.
#[test]
fn a_receiver_that_hangs_delays_nothing() {
    let stage = Stage::new().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let ways = webhook(&stage, &silent.local_addr().unwrap().to_string());
    let settings = settings(&stage, &ways);
    let agent = stage.agent_with(&settings).unwrap();
    deviate(&stage, &agent);
    wait("it waits", || metric(&agent, "waiting", "hook") >= 1);
    for port in [53, 8080] {
        send(&stage, UNIT, &format!("203.0.113.9:{port}"));
        let own = |flow: &weir_tests::record::Flow| flow.destination.port == port;
        agent.wait_for("to the port", own).unwrap();
    }
    assert_eq!(metric(&agent, "delivered_total", "hook"), 0);
    let ended = agent.stop().unwrap();
    assert!(
        ended.stderr.contains("the next agent goes on"),
        "{}",
        ended.stderr
    );
    ended_well(&ended).unwrap();
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
