//! Interfaces that lead off the host: found, counted at in either way, followed.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::SocketAddr;

use weir_tests::{
    agent::Settings,
    ledger,
    stage::{self, Stage},
    tool::{ip, tool},
    traffic::Protocol::{self, Tcp, Udp},
    wire::Exchange,
};

const UNIT: &str = "image-generation.service";

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

fn app(stage: &Stage) -> String {
    let name = stage.app.netns().file_name().unwrap();
    name.to_string_lossy().into_owned()
}

fn with(settings: Settings, extra: &str) -> Settings {
    let words = extra.split(' ').map(str::to_owned);
    Settings {
        extra: settings.extra.into_iter().chain(words).collect(),
        ..settings
    }
}

fn send(stage: &Stage, line: &str, to: SocketAddr, protocol: Protocol) -> Exchange {
    let unit = stage.unit(UNIT).unwrap().keep();
    let report = unit.traffic(&stage.app, line).unwrap();
    stage.on_wire(&report, to, protocol).unwrap()
}

/// Bytes that the uplink layer recorded to an address.
fn left(settings: &Settings, to: SocketAddr) -> u64 {
    ledger::entries(&settings.store)
        .unwrap()
        .iter()
        .filter(|entry| {
            entry["type"] == "uplink" && entry["record"]["address"] == to.ip().to_string()
        })
        .map(|entry| entry["counters"]["egress_bytes"].as_u64().unwrap())
        .sum()
}

/// Filters at the egress of the app's interface.
fn filters(stage: &Stage) -> String {
    let app = app(stage);
    tool(
        "tc",
        &["-n", &app, "filter", "show", "dev", "eth0", "egress"],
    )
    .unwrap()
}

#[test]
fn both_layers_agree_by_clsact() {
    let stage = Stage::new().unwrap();
    let settings = with(stage.settings().unwrap(), "--uplink-hook clsact");
    let agent = stage.agent_on_app(&settings).unwrap();
    assert!(
        filters(&stage).contains("weir_uplink"),
        "{}",
        filters(&stage)
    );
    let to = at(stage::GERMANY, 443);
    let wire = send(&stage, &format!("tcp --to {to} --bytes 300000"), to, Tcp);
    let ended = agent.stop().unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(left(&settings, to), wire.egress.bytes);
    assert_eq!(filters(&stage), "", "left behind");
}

#[test]
fn a_filter_that_is_taken_away_is_found_and_mended() {
    let stage = Stage::new().unwrap();
    let settings = with(stage.settings().unwrap(), "--uplink-hook clsact");
    let agent = stage.agent_on_app(&settings).unwrap();
    let app = app(&stage);
    tool(
        "tc",
        &["-n", &app, "filter", "del", "dev", "eth0", "egress"],
    )
    .unwrap();
    assert_eq!(filters(&stage), "");
    let gap = agent.wait_for_gap("uplink_uncovered").unwrap();
    assert_eq!(gap.detail, "eth0 had lost its program");
    assert!(gap.repaired);
    assert!(filters(&stage).contains("weir_uplink"));
    agent.stop().unwrap();
}

/// Filters last without a pin of their own: the next agent takes them over, and
/// what left meanwhile is counted.
#[test]
fn filters_outlive_the_agent_and_are_taken_over() {
    let stage = Stage::new().unwrap();
    let settings = with(stage.pinned_settings().unwrap(), "--uplink-hook clsact");
    stage.agent_on_app(&settings).unwrap().kill().unwrap();
    let before = filters(&stage);
    let to = at(stage::GERMANY, 443);
    let wire = send(&stage, &format!("tcp --to {to} --bytes 300000"), to, Tcp);
    let agent = stage.agent_on_app(&settings).unwrap();
    assert_eq!(filters(&stage), before);
    assert!(agent.gaps().is_empty(), "{:?}", agent.gaps());
    agent.stop().unwrap();
    assert_eq!(left(&settings, to), wire.egress.bytes);
    let unload = with(settings, "--unload");
    let ended = stage.agent_on_app(&unload).unwrap().ended().unwrap();
    assert_eq!(ended.code, Some(0));
    assert_eq!(filters(&stage), "", "left behind");
}

/// Routes of policy routing count, and the next hops of one with several.
#[test]
fn an_interface_that_comes_to_lead_off_is_counted_at() {
    let stage = Stage::new().unwrap();
    let settings = stage.settings().unwrap();
    let agent = stage.agent_finding_uplinks(&settings).unwrap();
    assert!(agent.gaps().is_empty(), "{:?}", agent.gaps());
    let app = app(&stage);
    let routes = "nexthop via 10.77.0.254 dev eth0 onlink nexthop via 10.77.0.253 dev eth0 onlink";
    ip(&format!(
        "-n {app} route add 192.0.2.0/24 table 77 {routes}"
    ))
    .unwrap();
    let gap = agent.wait_for_gap("uplink_uncovered").unwrap();
    assert_eq!(gap.detail, "eth0 leads off the host since then");
    assert!(gap.repaired);
    let to = at(stage::OVERSEAS, 53);
    let wire = send(&stage, &format!("udp --to {to} --count 5"), to, Udp);
    let ended = agent.stop().unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(left(&settings, to), wire.egress.bytes);
}

/// What doctor says is not covered is in the record, too.
#[test]
fn what_is_not_covered_is_recorded() {
    let stage = Stage::new().unwrap();
    let settings = stage.settings().unwrap();
    let agent = stage.agent_finding_uplinks(&settings).unwrap();
    agent.stop().unwrap();
    let entries = ledger::entries(&settings.store).unwrap();
    let entry = entries.iter().find(|one| one["type"] == "not_covered");
    let entry = entry.unwrap();
    // Of the app's host: no route by which it leads off.
    assert_eq!(
        entry["uplinks"],
        "no interface leads off the host: name those that do with --uplink"
    );
    assert_eq!(entry["AF_XDP"], "frames go to the driver, past both layers");
    assert!(entry["packet sockets"].is_string());
}

/// Nobody answers for the destination any more: what sockets send is dropped
/// before it reaches the uplink.
#[test]
fn what_is_dropped_between_the_layers_is_a_residual() {
    let stage = Stage::new().unwrap();
    let settings = stage.settings().unwrap();
    let agent = stage.agent_on_app(&settings).unwrap();
    let to = at(stage::OVERSEAS, 53);
    send(&stage, &format!("udp --to {to} --count 5"), to, Udp);
    let peer = stage.peer.netns().file_name().unwrap();
    let peer = peer.to_string_lossy();
    ip(&format!("-n {peer} address del {}/32 dev eth0", to.ip())).unwrap();
    ip(&format!("-n {} neigh flush dev eth0", app(&stage))).unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    let line = format!("udp --to {to} --bytes 1000 --count 20");
    unit.traffic(&stage.app, &line).unwrap();
    let gap = agent.wait_for_gap("residual").unwrap();
    assert!(!gap.repaired);
    // 28 bytes of headers for each datagram (RFC 791, RFC 768).
    assert!(
        gap.detail
            .ends_with("20560 bytes in 20 packets were not seen at an uplink"),
        "{}",
        gap.detail
    );
    agent.stop().unwrap();
}
