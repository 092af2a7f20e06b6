//! Names by the answers of resolvers.

use weir_tests::{
    named_stage::{self as names},
    record::{Grade, Name},
};

use crate::play::{Play, UNDECLARED, answered, at, by_dns, flow, graded, presented, verdict};

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
