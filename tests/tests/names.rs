//! Names and their proof, from real peers to the record and the verdict.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use weir_tests::{
    agent::{Agent, Ended, Settings},
    cgroup::Unit,
    databases::{self, Databases},
    named_stage::{self as names, NamedStage},
    record::{Flow, Grade, Name, Source},
    stage,
};

/// A stage with an agent, and what a scenario does on it.
struct Play {
    stage: NamedStage,
    agent: Agent,
}

impl Play {
    fn new() -> Self {
        let (stage, settings) = Self::set();
        let agent = stage.stage.agent_with(&settings).unwrap();
        Self { stage, agent }
    }

    /// With the agent on the host of the workloads, so that a resolver there is one of
    /// the agent's own host.
    fn on_host() -> Self {
        let (stage, settings) = Self::set();
        let agent = stage.stage.agent_on_app(&settings).unwrap();
        Self { stage, agent }
    }

    fn set() -> (NamedStage, Settings) {
        let stage = NamedStage::new().unwrap();
        let settings = Settings {
            allowlists: stage::fixtures().join("names-allowlists"),
            ..stage.stage.settings().unwrap()
        };
        (stage, settings)
    }

    /// A unit of image generation, kept until the agent has ended.
    fn image(&self, case: &str) -> Unit {
        let name = format!("image-generation-{case}.service");
        self.stage.stage.unit(&name).unwrap().keep()
    }

    fn curl(&self, unit: &Unit, resolver: &str, name: &str, flags: &str) {
        let url = format!("https://{name}/ {flags}");
        self.stage.curl(unit, resolver, &url).unwrap();
    }

    fn traffic(&self, unit: &Unit, line: &str) {
        unit.traffic(&self.stage.stage.app, line).unwrap();
    }

    fn dig(&self, unit: &Unit, line: &str) {
        let line = format!("dig +timeout=10 +tries=1 {line}");
        unit.run(&self.stage.stage.app, None, &line).unwrap();
    }

    /// Ends the agent; the stage lives until what was recorded is compared.
    fn end(self) -> (NamedStage, Ended) {
        let ended = self.agent.stop().unwrap();
        stage::ended_well(&ended).unwrap();
        (self.stage, ended)
    }
}

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

fn flow<'e>(ended: &'e Ended, unit: &Unit, to: SocketAddr, protocol: &str) -> &'e Flow {
    ended.only(&unit.cgroup_path(), to, protocol).unwrap()
}

/// Names with this grade.
fn graded(flow: &Flow, grade: Grade) -> Vec<&Name> {
    let all = flow.names.names.iter();
    all.filter(|name| name.grade == grade).collect()
}

/// The only name from a resolver.
fn answered(flow: &Flow) -> &Name {
    match graded(flow, Grade::Answered)[..] {
        [name] => name,
        _ => panic!("not one answered name: {:?} of {flow}", flow.names),
    }
}

/// The only name that the client said.
fn presented(flow: &Flow) -> &Name {
    match graded(flow, Grade::Presented)[..] {
        [name] => name,
        _ => panic!("not one presented name: {:?} of {flow}", flow.names),
    }
}

fn by_dns(resolver: &str, transport: &str) -> Source {
    Source::Dns {
        resolver: resolver.parse().unwrap(),
        transport: transport.to_owned(),
        served_by: None,
        asked_by: None,
    }
}

/// The answer of a resolver on the workload's own host.
fn by_unit(unit: &str) -> Source {
    Source::Dns {
        resolver: names::STUB.parse().unwrap(),
        transport: "udp".to_owned(),
        served_by: Some(unit.to_owned()),
        asked_by: None,
    }
}

fn verdict(flow: &Flow) -> (&str, Option<&str>) {
    (&flow.verdict, flow.rule.as_deref())
}

const UNDECLARED: (&str, Option<&str>) = ("undeclared", None);

#[test]
fn an_answer_names_what_is_connected_to() {
    let play = Play::new();
    let (api, dual, long) = (play.image("api"), play.image("dual"), play.image("long"));
    play.curl(&api, names::RESOLVER, names::API, "--ipv4");
    play.curl(&dual, names::RESOLVER_V6, names::DUAL, "--ipv6");
    play.curl(&long, names::RESOLVER, names::LONG, "--ipv4");
    let (_stage, ended) = play.end();
    let long_aliases: Vec<String> = (1..=4).map(names::long_alias).collect();
    for (unit, to, name, aliases, source, rule) in [
        (
            &api,
            names::CDN,
            names::API,
            vec![names::EDGE.to_owned()],
            by_dns(names::RESOLVER, "udp"),
            "image-api",
        ),
        (
            &dual,
            names::OWN_V6,
            names::DUAL,
            vec![],
            by_dns(names::RESOLVER_V6, "udp"),
            "image-provider",
        ),
        (
            &long,
            names::FAR,
            names::LONG,
            long_aliases,
            by_dns(names::RESOLVER, "tcp"),
            "image-provider",
        ),
    ] {
        let flow = flow(&ended, unit, at(to, 443), "tcp");
        let found = answered(flow);
        assert_eq!(found.name, name);
        assert_eq!(found.aliases, aliases);
        assert_eq!(found.source, source);
        assert_eq!(flow.names.reason, None);
        assert_eq!(flow.names.contradiction, None);
        assert_eq!(verdict(flow), ("declared", Some(rule)), "{flow}");
    }
}

#[test]
fn two_names_of_one_address_are_kept_apart() {
    let play = Play::new();
    let (api, stranger, both) = (play.image("a"), play.image("b"), play.image("c"));
    play.curl(&api, names::RESOLVER, names::API, "--ipv4");
    play.curl(&stranger, names::RESOLVER, names::STRANGER, "--ipv4");
    for name in [names::API, names::STRANGER] {
        play.curl(&both, names::RESOLVER, name, "--ipv4");
    }
    let (_stage, ended) = play.end();
    let to = at(names::CDN, 443);
    let flow = |unit| flow(&ended, unit, to, "tcp");
    assert_eq!(answered(flow(&api)).name, names::API);
    assert_eq!(verdict(flow(&api)), ("declared", Some("image-api")));
    assert_eq!(answered(flow(&stranger)).name, names::STRANGER);
    assert_eq!(verdict(flow(&stranger)), UNDECLARED);
    let mut kept: Vec<&str> = graded(flow(&both), Grade::Answered)
        .iter()
        .map(|name| name.name.as_str())
        .collect();
    kept.sort_unstable();
    assert_eq!(kept, [names::API, names::STRANGER]);
}

#[test]
fn an_answer_is_its_askers_alone() {
    let play = Play::new();
    let (asker, other) = (play.image("asker"), play.image("other"));
    play.dig(&asker, &format!("@{} {}", names::RESOLVER, names::API));
    play.traffic(&other, &format!("tcp-fail --to {}:81", names::CDN));
    let (_stage, ended) = play.end();
    let flow = flow(&ended, &other, at(names::CDN, 81), "tcp");
    assert_eq!(flow.names.names, []);
    let reason = flow.names.reason.as_deref().unwrap_or_default();
    assert!(!reason.is_empty(), "{:?}", flow.names);
    assert_eq!(verdict(flow), UNDECLARED);
}

#[test]
fn a_foreign_resolver_declares_nothing() {
    let play = Play::new();
    let unit = play.image("foreign");
    play.curl(&unit, names::FOREIGN_RESOLVER, names::API, "--ipv4");
    let (_stage, ended) = play.end();
    let flow = flow(&ended, &unit, at(names::CDN, 443), "tcp");
    let [found] = graded(flow, Grade::AnsweredUntrusted)[..] else {
        panic!("not one untrusted name: {:?}", flow.names);
    };
    assert_eq!(found.name, names::API);
    assert_eq!(found.source, by_dns(names::FOREIGN_RESOLVER, "udp"));
    assert_eq!(graded(flow, Grade::Answered), Vec::<&Name>::new());
    assert_eq!(verdict(flow), UNDECLARED);
}

/// Each forgery says that a declared name has an address overseas; then the
/// workload connects there. A trusted resolver that lies before it says anything
/// else is not among them: nobody could tell (`first`).
#[test]
fn no_forged_answer_declares() {
    let play = Play::new();
    let lie = names::ROGUE_ADDRESS;
    // Asked for, and what the lie is about: declared without a country.
    let (asked, about) = (names::DUAL, names::API);
    let mut units = Vec::new();
    for (by, server, name) in [
        ("id", names::LIAR, about),
        ("question", names::LIAR, asked),
        ("owner", names::LIAR, asked),
        ("second", names::LIAR, about),
        ("source", names::FOREIGN_LIAR, about),
        ("address", names::FOREIGN_LIAR, about),
    ] {
        let forger = play
            .stage
            .forger(&format!(
                "--listen {server}:53 --answer {lie} --by {by} --about {about} \
                 --source {0}:53 --upstream {0}:53",
                names::RESOLVER
            ))
            .unwrap();
        let unit = play.image(by);
        // The lie and the truth.
        let line = format!("ask --server {server}:53 --name {name} --answers 2");
        play.traffic(&unit, &line);
        play.traffic(&unit, &format!("tls --to {lie}:443 --sni {about}"));
        drop(forger);
        units.push((by, unit));
    }
    let (_stage, ended) = play.end();
    for (by, unit) in &units {
        let flow = flow(&ended, unit, at(lie, 443), "tcp");
        assert_eq!(graded(flow, Grade::Answered), Vec::<&Name>::new(), "{by}");
        assert_eq!(verdict(flow), UNDECLARED, "{by}: {flow}");
    }
}

/// What [`no_forged_answer_declares`] would see if it failed: whom to trust is the
/// platform's word.
#[test]
fn a_trusted_resolver_is_believed() {
    let play = Play::new();
    let (server, address) = (names::LIAR, names::ROGUE_ADDRESS);
    let _forger = play
        .stage
        .forger(&format!(
            "--listen {server}:53 --answer {address} --by address"
        ))
        .unwrap();
    let unit = play.image("trusting");
    let line = format!("ask --server {server}:53 --name {}", names::API);
    play.traffic(&unit, &line);
    let line = format!("tls --to {address}:443 --sni {}", names::API);
    play.traffic(&unit, &line);
    let (_stage, ended) = play.end();
    let flow = flow(&ended, &unit, at(address, 443), "tcp");
    assert_eq!(answered(flow).source, by_dns(server, "udp"));
    assert_eq!(verdict(flow), ("declared", Some("image-api")));
}

#[test]
fn what_a_client_says_is_a_claim() {
    let play = Play::new();
    let (image, video) = (
        play.image("says"),
        play.stage
            .stage
            .unit("video-generation.service")
            .unwrap()
            .keep(),
    );
    for unit in [&image, &video] {
        for address in [names::CDN.to_owned(), format!("[{}]", names::CDN_V6)] {
            let line = format!("tls --to {address}:8443 --sni {} --alpn h2", names::API);
            play.traffic(unit, &line);
        }
    }
    let (_stage, ended) = play.end();
    for address in [names::CDN, names::CDN_V6] {
        for (unit, expected) in [
            (&image, UNDECLARED),
            (&video, ("declared", Some("video-provider"))),
        ] {
            let flow = flow(&ended, unit, at(address, 8443), "tcp");
            let found = presented(flow);
            assert_eq!(found.name, names::API);
            let source = Source::Tls {
                alpn: vec!["h2".to_owned()],
                ech: "absent".to_owned(),
            };
            assert_eq!(found.source, source);
            assert_eq!(verdict(flow), expected, "{flow}");
        }
    }
}

#[test]
fn a_hello_is_read_however_it_is_cut() {
    let play = Play::new();
    let hows = [
        ("split", "--split 7", "absent"),
        ("records", "--record 64", "absent"),
        ("both", "--split 1 --record 32", "absent"),
        ("large", "--post-quantum", "absent"),
        ("large-split", "--post-quantum --split 100", "absent"),
        ("grease", "--ech-grease", "outer"),
        (
            "everything",
            "--ech-grease --post-quantum --split 50",
            "outer",
        ),
    ];
    let units = hows.map(|(case, how, ech)| {
        let unit = play.image(case);
        let line = format!(
            "tls --to {}:8443 --sni {} --alpn h2,http/1.1 {how}",
            names::CDN,
            names::API
        );
        play.traffic(&unit, &line);
        (unit, how, ech)
    });
    let (_stage, ended) = play.end();
    for (unit, how, ech) in &units {
        let flow = flow(&ended, unit, at(names::CDN, 8443), "tcp");
        let found = presented(flow);
        assert_eq!(found.name, names::API, "{how}");
        let source = Source::Tls {
            alpn: vec!["h2".to_owned(), "http/1.1".to_owned()],
            ech: (*ech).to_owned(),
        };
        assert_eq!(found.source, source, "{how}");
    }
}

#[test]
fn quic_presents_a_name_too() {
    let play = Play::new();
    let units = ["", "--post-quantum"].map(|how| {
        let unit = play.image(&format!("quic{how}"));
        for address in [names::CDN.to_owned(), format!("[{}]", names::CDN_V6)] {
            let line = format!("quic --to {address}:443 --sni {} --alpn h3", names::API);
            let line = format!("{line} {how}");
            play.traffic(&unit, line.trim_end());
        }
        unit
    });
    let (_stage, ended) = play.end();
    for unit in &units {
        for address in [names::CDN, names::CDN_V6] {
            let flow = flow(&ended, unit, at(address, 443), "udp");
            let found = presented(flow);
            assert_eq!(found.name, names::API);
            let source = Source::Quic {
                alpn: vec!["h3".to_owned()],
                ech: "absent".to_owned(),
            };
            assert_eq!(found.source, source);
            assert_eq!(verdict(flow), UNDECLARED, "{flow}");
        }
    }
}

#[test]
fn a_hello_that_contradicts_the_answer_is_a_finding() {
    let play = Play::new();
    let (fronted, hidden) = (play.image("fronted"), play.image("hidden"));
    // Looks up what nobody declared and says what somebody did; and the reverse.
    for (unit, asks, says) in [
        (&fronted, names::STRANGER, names::API),
        (&hidden, names::API, names::STRANGER),
    ] {
        play.dig(unit, &format!("@{} {asks}", names::RESOLVER));
        play.traffic(unit, &format!("tls --to {}:443 --sni {says}", names::CDN));
    }
    let (_stage, ended) = play.end();
    for (unit, asks, says) in [
        (&fronted, names::STRANGER, names::API),
        (&hidden, names::API, names::STRANGER),
    ] {
        let flow = flow(&ended, unit, at(names::CDN, 443), "tcp");
        assert_eq!(answered(flow).name, asks);
        assert_eq!(presented(flow).name, says);
        let contradiction = flow.names.contradiction.as_deref().unwrap_or_default();
        assert!(
            contradiction.contains(asks) && contradiction.contains(says),
            "{:?}",
            flow.names
        );
    }
    let flow = flow(&ended, &fronted, at(names::CDN, 443), "tcp");
    assert_eq!(verdict(flow), UNDECLARED, "{flow}");
}

#[test]
fn the_askers_name_is_not_lost_behind_a_relay() {
    let play = Play::on_host();
    let relay = play.stage.relay(&[]).unwrap();
    let (first, second) = (play.image("first"), play.image("second"));
    // The second is answered from the relay's memory.
    for unit in [&first, &second] {
        play.curl(unit, names::STUB, names::API, "--ipv4");
    }
    assert_eq!(play.stage.resolver.asked(names::API, "A").unwrap(), 1);
    let (_stage, ended) = play.end();
    for unit in [&first, &second] {
        let flow = flow(&ended, unit, at(names::CDN, 443), "tcp");
        let found = answered(flow);
        assert_eq!(found.name, names::API);
        assert_eq!(found.source, by_unit("systemd-resolved.service"));
        assert_eq!(verdict(flow), ("declared", Some("image-api")));
    }
    let to = at(names::RESOLVER, 53);
    let flow = ended.only(&relay.cgroup_path(), to, "udp").unwrap();
    assert_eq!(flow.verdict, "internal");
}

#[test]
fn a_relay_of_somebody_else_is_not_the_hosts() {
    let play = Play::on_host();
    let _relay = play.stage.relay_in("impostor.service", &[]).unwrap();
    let unit = play.image("deceived");
    play.curl(&unit, names::STUB, names::API, "--ipv4");
    let (_stage, ended) = play.end();
    let flow = flow(&ended, &unit, at(names::CDN, 443), "tcp");
    assert_eq!(graded(flow, Grade::Answered), Vec::<&Name>::new());
    let [found] = graded(flow, Grade::AnsweredUntrusted)[..] else {
        panic!("not one untrusted name: {:?}", flow.names);
    };
    assert_eq!(found.source, by_unit("impostor.service"));
    assert_eq!(
        found.doubt.as_deref(),
        Some("impostor.service answered at 127.0.0.53, which is not trusted")
    );
    assert_eq!(verdict(flow), UNDECLARED);
}

/// The relay is one of the host's, and this workload's host is another.
#[test]
fn the_relay_of_another_host_is_not_the_hosts() {
    let play = Play::new();
    let _relay = play.stage.relay(&[]).unwrap();
    let unit = play.image("elsewhere");
    play.curl(&unit, names::STUB, names::API, "--ipv4");
    let (_stage, ended) = play.end();
    let flow = flow(&ended, &unit, at(names::CDN, 443), "tcp");
    let [found] = graded(flow, Grade::AnsweredUntrusted)[..] else {
        panic!("not one untrusted name: {:?}", flow.names);
    };
    assert_eq!(
        found.doubt.as_deref(),
        Some(
            "127.0.0.53 is trusted on the host, and this answer came within another network \
             namespace"
        )
    );
    assert_eq!(verdict(flow), UNDECLARED);
}

#[test]
fn the_hint_of_an_https_record_is_an_answer() {
    let play = Play::new();
    let unit = play.image("hinted");
    let question = format!("@{} {} HTTPS", names::RESOLVER, names::SERVICE);
    play.dig(&unit, &question);
    let line = format!("tls --to {}:443 --sni {}", names::HINTED, names::SERVICE);
    play.traffic(&unit, &line);
    let (_stage, ended) = play.end();
    let flow = flow(&ended, &unit, at(names::HINTED, 443), "tcp");
    assert_eq!(answered(flow).name, names::SERVICE);
    assert_eq!(verdict(flow), ("declared", Some("image-provider")));
}

#[test]
fn encrypted_dns_is_an_egress_and_proves_nothing() {
    let play = Play::new();
    let unit = play.image("private");
    for flag in ["+tls", "+https"] {
        let question = format!("@{} {flag} {}", names::FOREIGN_RESOLVER, names::API);
        play.dig(&unit, &question);
    }
    play.traffic(
        &unit,
        &format!("tls --to {}:443 --sni {}", names::CDN, names::API),
    );
    let (_stage, ended) = play.end();
    for port in [853, 443] {
        let flow = flow(&ended, &unit, at(names::FOREIGN_RESOLVER, port), "tcp");
        assert_eq!(verdict(flow), UNDECLARED, "{flow}");
    }
    // By its port, and by the address that the table of providers knows.
    for (port, over) in [(853, "tls"), (443, "https")] {
        let flow = flow(&ended, &unit, at(names::FOREIGN_RESOLVER, port), "tcp");
        let dns = flow.encrypted_dns.as_ref().unwrap();
        assert_eq!(
            (&*dns.over, dns.provider.as_deref()),
            (over, Some("foreign-dns"))
        );
        assert_eq!(flow.operator_domicile.country.as_deref(), Some("US"));
        let named = format!("encrypted DNS over {} of foreign-dns", over.to_uppercase());
        assert!(flow.reason.contains(&named), "{}", flow.reason);
    }
    let flow = flow(&ended, &unit, at(names::CDN, 443), "tcp");
    assert_eq!(presented(flow).name, names::API);
    assert_eq!(graded(flow, Grade::Answered), Vec::<&Name>::new());
    assert_eq!(verdict(flow), UNDECLARED);
}

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
