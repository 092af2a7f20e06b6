//! Which resolvers are believed.

use weir_tests::{
    named_stage::{self as names},
    record::{Grade, Name},
};

use crate::play::{Play, UNDECLARED, answered, at, by_dns, by_unit, flow, graded, verdict};

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
