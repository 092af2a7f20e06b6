//! The peers of the tests of names, without the agent: resolvers, forgers, and
//! servers of TLS and QUIC say and do what the scenarios rely on.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{net::SocketAddr, path::Path};

use maxminddb::PathElement;
use weir_tests::{
    cgroup::Unit,
    databases::{self, Databases},
    named_stage::{self as names, NamedStage},
    run::{self, Run},
    tool::ip,
    traffic::Protocol::{Tcp, Udp},
    wire::any_port,
};

/// What `dig` shows of an answer, with what it remarks on it, without times.
fn dig(stage: &NamedStage, unit: &Unit, line: &str) -> Vec<String> {
    let line = format!("dig +noall +answer +comments +timeout=10 +tries=1 {line}");
    let text = unit.run(&stage.stage.app, None, &line).unwrap();
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .collect()
}

/// Records of an answer, as `owner ttl IN type data`.
fn records(shown: &[String]) -> Vec<&str> {
    let lines = shown.iter().map(String::as_str);
    lines.filter(|line| !line.starts_with(';')).collect()
}

fn says(shown: &[String], text: &str) -> bool {
    shown.iter().any(|line| line.contains(text))
}

/// Name and protocols that a server heard.
fn heard(body: &str) -> (Option<String>, Vec<String>) {
    let heard: serde_json::Value = serde_json::from_str(body).unwrap();
    let sni = heard["sni"].as_str().map(str::to_owned);
    (sni, serde_json::from_value(heard["alpn"].clone()).unwrap())
}

fn hello(sni: &str, alpn: &[&str]) -> (Option<String>, Vec<String>) {
    let alpn = alpn.iter().map(|name| (*name).to_owned());
    (Some(sni.to_owned()), alpn.collect())
}

#[test]
fn the_resolver_answers_exactly_by_every_transport() {
    let stage = NamedStage::new().unwrap();
    let unit = stage.stage.unit("asker.service").unwrap();
    let over = |server: &str, flags: &str, question: &str| {
        dig(&stage, &unit, &format!("@{server} {flags} {question}"))
    };
    // The first time, as nothing has aged in its memory yet.
    let shown = over(names::RESOLVER, "", names::API);
    assert!(says(&shown, "status: NOERROR"), "{shown:?}");
    assert_eq!(
        records(&shown),
        [
            "api.provider.example. 300 IN CNAME edge.cdn.example.",
            "edge.cdn.example. 60 IN A 198.51.100.20",
        ]
    );
    let dual = ["2001:db8:1::21"];
    for server in [names::RESOLVER, names::RESOLVER_V6, names::FOREIGN_RESOLVER] {
        for flags in ["+notcp", "+tcp", "+tls", "+https"] {
            let question = format!("+short {} AAAA", names::DUAL);
            assert_eq!(over(server, flags, &question), dual, "{server} {flags}");
        }
    }
    let shown = over(names::RESOLVER, "", &format!("{} HTTPS", names::SERVICE));
    assert_eq!(
        records(&shown),
        ["service.provider.example. 300 IN HTTPS 1 . alpn=\"h3,h2\" ipv4hint=198.51.100.23"]
    );
    let shown = over(names::RESOLVER, "", names::ABSENT);
    assert!(says(&shown, "status: NXDOMAIN"), "{shown:?}");
    let shown = over(names::RESOLVER, "", names::BRIEF);
    assert_eq!(
        records(&shown),
        ["brief.provider.example. 1 IN A 198.51.100.22"]
    );
}

#[test]
fn what_does_not_fit_comes_over_tcp() {
    let stage = NamedStage::new().unwrap();
    let unit = stage.stage.unit("asker.service").unwrap();
    let question = format!("@{} {}", names::RESOLVER, names::LONG);
    let cut = dig(&stage, &unit, &format!("+ignore {question}"));
    assert!(says(&cut, "flags: qr tc rd ra"), "{cut:?}");
    let whole = dig(&stage, &unit, &question);
    assert!(
        says(&whole, "Truncated, retrying in TCP mode."),
        "{whole:?}"
    );
    let last = format!("{}. 300 IN A {}", names::long_alias(4), names::FAR);
    let records = records(&whole);
    assert_eq!((records.len(), records.last()), (5, Some(&last.as_str())));
}

#[test]
fn a_relay_remembers_for_its_host_and_for_pods() {
    let stage = NamedStage::new().unwrap();
    let app = stage.stage.app.netns().file_name().unwrap().to_owned();
    let app = app.to_string_lossy();
    for line in [
        format!("-n {app} link add pods type bridge"),
        format!("-n {app} addr add 10.77.5.1/24 dev pods"),
        format!("-n {app} link set pods up"),
    ] {
        ip(&line).unwrap();
    }
    let relay = stage.relay(&["10.77.5.1".parse().unwrap()]).unwrap();
    assert!(relay.cgroup_path().ends_with("/systemd-resolved.service"));
    let unit = stage.stage.unit("asker.service").unwrap();
    for (server, flags) in [
        (names::STUB, "+notcp"),
        (names::STUB, "+tcp"),
        ("10.77.5.1", "+notcp"),
    ] {
        let line = format!("@{server} {flags} +short {}", names::STRANGER);
        let shown = dig(&stage, &unit, &line);
        assert_eq!(shown, ["edge.cdn.example.", names::CDN], "{server} {flags}");
    }
    assert_eq!(stage.resolver.asked(names::STRANGER, "A").unwrap(), 1);
    // The C library asks for both families; of IPv6 the relay knew nothing.
    let lookup = stage.lookup(names::STUB).unwrap();
    let line = format!("getent ahosts {}", names::STRANGER);
    let hosts = unit.run(&stage.stage.app, Some(&lookup), &line).unwrap();
    for address in [names::CDN, names::CDN_V6] {
        assert!(hosts.contains(address), "{hosts}");
    }
    assert_eq!(stage.resolver.asked(names::STRANGER, "A").unwrap(), 1);
    assert_eq!(stage.resolver.asked(names::STRANGER, "AAAA").unwrap(), 1);
}

#[test]
fn curl_finds_a_server_by_its_name() {
    let stage = NamedStage::new().unwrap();
    let unit = stage.stage.unit("asker.service").unwrap();
    let mut url = format!("https://{}/ --ipv4", names::API);
    let body = stage.curl(&unit, names::RESOLVER, &url).unwrap();
    assert_eq!(heard(&body), hello(names::API, &["h2", "http/1.1"]));
    url = format!("https://{}:8443/ --http1.1 --ipv6", names::DUAL);
    let body = stage.curl(&unit, names::RESOLVER_V6, &url).unwrap();
    assert_eq!(heard(&body), hello(names::DUAL, &["http/1.1"]));
    let failed = stage
        .curl(
            &unit,
            names::RESOLVER,
            &format!("https://{}/", names::ABSENT),
        )
        .unwrap_err();
    assert!(
        format!("{failed:#}").contains("Could not resolve host"),
        "{failed:#}"
    );
}

#[test]
fn a_hello_arrives_however_it_is_cut() {
    let stage = NamedStage::new().unwrap();
    let unit = stage.stage.unit("asker.service").unwrap();
    let edge = stage.edge.wire().unwrap();
    for (to, how) in [
        (names::CDN, ""),
        (names::CDN_V6, ""),
        (names::CDN, " --split 7"),
        (names::CDN, " --record 64"),
        (names::CDN, " --split 1 --record 32"),
        (names::CDN, " --post-quantum"),
        (names::CDN, " --post-quantum --split 100"),
        (names::CDN_V6, " --ech-grease"),
        (names::CDN, " --ech-grease --post-quantum --split 50"),
    ] {
        edge.clear().unwrap();
        let to = SocketAddr::new(to.parse().unwrap(), 8443);
        let line = format!("tls --to {to} --sni {} --alpn h2,http/1.1{how}", names::API);
        let report = unit.traffic(&stage.stage.app, &line).unwrap();
        assert_eq!(
            heard(&report.answers[0]),
            hello(names::API, &["h2", "http/1.1"]),
            "{line}"
        );
        if how.contains("--post-quantum") {
            // A key share of 1216 bytes, and more.
            assert!(report.sent > 1500, "{report:?}");
        }
        if how.contains("--split") {
            stage.stage.closed().unwrap();
            let local = report.local.unwrap().ip();
            let wire = edge.exchange(any_port(local), to, Tcp).unwrap();
            // Parts are put together only while the network cannot take them.
            assert!(wire.egress.packets > 12, "{line}: {wire:?}");
        }
    }
}

#[test]
fn a_name_that_is_an_address_is_not_sent() {
    let stage = NamedStage::new().unwrap();
    let unit = stage.stage.unit("asker.service").unwrap();
    let line = format!("tls --to {0}:443 --sni {0}", names::CDN);
    let report = unit.traffic(&stage.stage.app, &line).unwrap();
    assert_eq!(heard(&report.answers[0]), (None, Vec::new()));
}

#[test]
fn quic_goes_there_and_back() {
    let stage = NamedStage::new().unwrap();
    let unit = stage.stage.unit("asker.service").unwrap();
    let edge = stage.edge.wire().unwrap();
    for (to, how) in [
        (names::CDN, ""),
        (names::CDN_V6, ""),
        (names::CDN, " --post-quantum"),
        (names::CDN_V6, " --post-quantum"),
    ] {
        let to = SocketAddr::new(to.parse().unwrap(), 443);
        let line = format!("quic --to {to} --sni {} --alpn h3{how}", names::API);
        let report = unit.traffic(&stage.stage.app, &line).unwrap();
        assert_eq!(
            heard(&report.answers[0]),
            hello(names::API, &["h3"]),
            "{line}"
        );
        let all = edge.settled().unwrap();
        let sent = all
            .iter()
            .filter(|(key, _)| key.destination == to && key.protocol == Udp.number());
        assert!(
            sent.map(|(_, count)| count.packets).sum::<u64>() > 3,
            "{line}"
        );
    }
}

#[test]
fn every_forgery_reaches_who_listens() {
    let stage = NamedStage::new().unwrap();
    let unit = stage.stage.unit("asker.service").unwrap();
    let (truth, lie) = (names::OWN, names::ROGUE_ADDRESS);
    let (liar, foreign) = (names::LIAR, names::FOREIGN_LIAR);
    let trusted = names::RESOLVER;
    for (by, at, answers) in [
        ("address", foreign, vec![format!("{foreign}:53 {lie}")]),
        (
            "first",
            liar,
            vec![format!("{liar}:53 {lie}"), format!("{liar}:53 {truth}")],
        ),
        (
            "second",
            liar,
            vec![format!("{liar}:53 {truth}"), format!("{liar}:53 {lie}")],
        ),
        (
            "id",
            liar,
            vec![
                format!("{liar}:53 other-id {lie}"),
                format!("{liar}:53 {truth}"),
            ],
        ),
        (
            "question",
            liar,
            vec![
                format!("{liar}:53 other-question {lie}"),
                format!("{liar}:53 {truth}"),
            ],
        ),
        (
            "source",
            foreign,
            vec![
                format!("{trusted}:53 {lie}"),
                format!("{foreign}:53 {truth}"),
            ],
        ),
        (
            "owner",
            liar,
            vec![format!("{liar}:53 {lie}"), format!("{liar}:53 {truth}")],
        ),
    ] {
        let upstream = match by {
            "address" => String::new(),
            _ => format!(" --upstream {trusted}:53"),
        };
        let _forger = stage
            .forger(&format!(
                "--listen {at}:53 --answer {lie} --by {by} --source {trusted}:53{upstream}"
            ))
            .unwrap();
        let line = format!(
            "ask --server {at}:53 --name {} --answers {}",
            names::DUAL,
            answers.len()
        );
        let report = unit.traffic(&stage.stage.app, &line).unwrap();
        assert_eq!(report.answers, answers, "{by}");
    }
}

#[test]
fn dig_sees_through_what_can_be_seen_through() {
    let stage = NamedStage::new().unwrap();
    let unit = stage.stage.unit("asker.service").unwrap();
    for (by, warning, believed) in [
        ("id", Some("ID mismatch"), names::OWN),
        ("question", Some("Question section mismatch"), names::OWN),
        ("first", None, names::ROGUE_ADDRESS),
        ("second", None, names::OWN),
    ] {
        let _forger = stage
            .forger(&format!(
                "--listen {0}:53 --answer {1} --by {by} --upstream {2}:53",
                names::LIAR,
                names::ROGUE_ADDRESS,
                names::RESOLVER
            ))
            .unwrap();
        let shown = dig(&stage, &unit, &format!("@{} {}", names::LIAR, names::DUAL));
        let warned = shown.iter().find(|line| line.contains("mismatch"));
        match warning {
            Some(text) => assert!(warned.is_some_and(|line| line.contains(text)), "{shown:?}"),
            None => assert_eq!(warned, None),
        }
        let addresses: Vec<&str> = records(&shown)
            .iter()
            .filter_map(|record| record.rsplit(' ').next())
            .collect();
        assert_eq!(addresses, [believed], "{by}");
    }
}

#[test]
fn a_program_sees_its_own_resolv_conf_and_nobody_elses() {
    let stage = NamedStage::new().unwrap();
    let unit = stage.stage.unit("asker.service").unwrap();
    let before = std::fs::read("/etc/resolv.conf").unwrap();
    let lookup = stage.lookup(names::RESOLVER_V6).unwrap();
    let shown = unit
        .run(&stage.stage.app, Some(&lookup), "cat /etc/resolv.conf")
        .unwrap();
    assert_eq!(shown, "nameserver 2001:db8:77::53\n");
    assert_eq!(std::fs::read("/etc/resolv.conf").unwrap(), before);
}

#[test]
fn databases_say_what_the_scenarios_rely_on() {
    let run = Run::start().unwrap();
    let made = Databases::write(&run).unwrap();
    let open = |path: &Path| maxminddb::Reader::open_readfile(path).unwrap();
    let country = |path: &Path, address: &str, keys: &[PathElement<'_>]| -> Option<String> {
        let reader = open(path);
        let found = reader.lookup(address.parse().unwrap()).unwrap();
        found.decode_path(keys).unwrap()
    };
    let layered = [PathElement::Key("country"), PathElement::Key("iso_code")];
    let flat = [PathElement::Key("country_code")];
    for (address, first, second) in [
        (databases::DISPUTED, Some("DE"), Some("NO")),
        (names::CDN, Some("DE"), Some("DE")),
        (names::ROGUE_ADDRESS_V6, Some("US"), Some("US")),
        ("203.0.113.200", None, None),
    ] {
        let says = (
            country(&made.first, address, &layered),
            country(&made.second, address, &flat),
            country(&made.expired, address, &layered),
        );
        let says = (says.0.as_deref(), says.1.as_deref(), says.2.as_deref());
        assert_eq!(says, (first, second, first), "{address}");
    }
    let epochs = [&made.first, &made.second, &made.expired, &made.systems]
        .map(|path| open(path).metadata().build_epoch);
    let current = databases::CURRENT;
    assert_eq!(epochs, [current, current, databases::LONG_AGO, current]);
    let number = [PathElement::Key("autonomous_system_number")];
    for (address, system) in [
        (names::CDN, Some(64_496)),
        (names::CDN_V6, Some(64_496)),
        (names::ROGUE_ADDRESS, Some(64_498)),
        ("203.0.113.200", None),
    ] {
        let reader = open(&made.systems);
        let found = reader.lookup(address.parse().unwrap()).unwrap();
        assert_eq!(
            found.decode_path::<u32>(&number).unwrap(),
            system,
            "{address}"
        );
    }
}

#[test]
fn resolvers_go_with_their_stage() {
    let stage = NamedStage::new().unwrap();
    let relay = stage.relay(&[]).unwrap();
    let name = stage.stage.run.name().to_owned();
    assert!(!processes_of(&name).is_empty());
    drop(stage);
    drop(relay);
    assert_eq!(processes_of(&name), Vec::<String>::new());
    let left: Vec<String> = run::names()
        .unwrap()
        .into_iter()
        .filter(|left| left.starts_with(&name))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

/// Command lines of processes with a file of the run's.
fn processes_of(run: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).ok())
        .filter(|line| line.contains(run))
        .collect()
}
