//! Webhooks, whatever is down meanwhile.

use std::{collections::BTreeSet, net::TcpListener};

use weir_tests::{
    agent::Settings,
    monitoring::free,
    receiver::{Post, Receiver},
    stage::{Stage, ended_well},
    told, tool,
};

use crate::{SECRET, UNIT, deviate, metric, send, settings, to_tell, wait, webhook};

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
