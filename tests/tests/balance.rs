//! What left the host is what its sockets sent, and the rest has an owner.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::SocketAddr;

use serde_json::Value;
use weir_tests::{
    agent::Settings,
    ledger,
    record::Flow,
    stage::{self, Stage},
    tool::tool,
    traffic::Protocol::{self, Tcp, Udp},
    wire::Exchange,
};

const UNIT: &str = "image-generation.service";
/// `EtherType` of ARP (RFC 826).
const ARP: u16 = 0x0806;

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

/// Sends by a way of `weir-traffic`, and says what was on the wire.
fn send(stage: &Stage, line: &str, to: SocketAddr, protocol: Protocol) -> Exchange {
    let unit = stage.unit(UNIT).unwrap().keep();
    let report = unit.traffic(&stage.app, line).unwrap();
    stage.on_wire(&report, to, protocol).unwrap()
}

/// Bytes and packets that the uplink layer recorded to an address.
fn left(entries: &[Value], to: SocketAddr) -> (u64, u64) {
    let of = |entry: &&Value| {
        entry["type"] == "uplink" && entry["record"]["address"] == to.ip().to_string()
    };
    let count = |entry: &Value, name: &str| entry["counters"][name].as_u64().unwrap();
    entries.iter().filter(of).fold((0, 0), |(b, p), entry| {
        (
            b + count(entry, "egress_bytes"),
            p + count(entry, "egress_packets"),
        )
    })
}

/// All that left unseen by any socket, but for ARP, which no socket sends.
fn unseen(flows: &[Flow]) -> Vec<&Flow> {
    let beyond_arp = |flow: &&Flow| {
        flow.scope == "unseen"
            && !(flow.destination.protocol == "ip-0" && flow.destination.port == ARP)
    };
    flows.iter().filter(beyond_arp).collect()
}

#[test]
fn both_layers_count_the_same_to_the_byte() {
    let stage = Stage::new().unwrap();
    let settings = stage.settings().unwrap();
    let agent = stage.agent_on_app(&settings).unwrap();
    let [de, us, six] = [stage::GERMANY, stage::OVERSEAS, stage::GERMANY_V6].map(|a| at(a, 443));
    let wires = [
        (
            de,
            send(&stage, &format!("tcp --to {de} --bytes 3000000"), de, Tcp),
        ),
        (
            us,
            send(
                &stage,
                &format!("udp --to {us} --bytes 1400 --count 5"),
                us,
                Udp,
            ),
        ),
        (
            six,
            send(&stage, &format!("tcp --to {six} --bytes 200000"), six, Tcp),
        ),
    ];
    let ended = agent.stop().unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        unseen(&ended.flows).is_empty(),
        "{:#?}",
        unseen(&ended.flows)
    );
    let entries = ledger::entries(&settings.store).unwrap();
    for (to, wire) in wires {
        let counted = (wire.egress.bytes, wire.egress.packets);
        assert_eq!(left(&entries, to), counted, "{to}");
    }
    let balance = ended.stopped.unwrap().balance;
    let arp: u64 = ended
        .flows
        .iter()
        .filter(|flow| flow.scope == "unseen")
        .map(|flow| flow.egress_bytes)
        .sum();
    assert_eq!(balance.unseen_bytes, arp);
}

#[test]
fn both_layers_agree_when_devices_segment() {
    let stage = Stage::with(weir_tests::world::Offloads::On).unwrap();
    let settings = stage.settings().unwrap();
    let agent = stage.agent_on_app(&settings).unwrap();
    let to = at(stage::GERMANY, 443);
    let line = format!("tcp --to {to} --bytes 5000000");
    let wire = send(&stage, &line, to, Tcp);
    let ended = agent.stop().unwrap();
    assert!(
        unseen(&ended.flows).is_empty(),
        "{:#?}",
        unseen(&ended.flows)
    );
    let entries = ledger::entries(&settings.store).unwrap();
    let counted = (wire.egress.bytes, wire.egress.packets);
    assert_eq!(left(&entries, to), counted);
}

#[test]
fn fragments_are_as_many_bytes_as_the_datagrams_were() {
    let stage = Stage::new().unwrap();
    let settings = stage.settings().unwrap();
    let agent = stage.agent_on_app(&settings).unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    let cases = [
        // 20 bytes of header again in each of two later fragments.
        (at(stage::OVERSEAS, 443), 4028, (4028 + 40, 3)),
        // 8 bytes in each of three, and 40 in each of two.
        (at(stage::OVERSEAS_V6, 443), 4048, (4048 + 24 + 80, 3)),
    ];
    for (to, whole, _) in cases {
        let line = format!("udp --to {to} --bytes 4000 --count 5");
        unit.traffic(&stage.app, &line).unwrap();
        let is = |flow: &Flow| flow.destination.address == to.ip() && flow.egress_packets == 5;
        let flow = agent.wait_for("of the datagrams", is).unwrap();
        assert_eq!(flow.egress_bytes, 5 * whole);
    }
    let ended = agent.stop().unwrap();
    assert!(
        unseen(&ended.flows).is_empty(),
        "{:#?}",
        unseen(&ended.flows)
    );
    let entries = ledger::entries(&settings.store).unwrap();
    for (to, _, (bytes, packets)) in cases {
        assert_eq!(left(&entries, to), (5 * bytes, 5 * packets), "{to}");
    }
}

/// busybox's DHCP client sends with `AF_PACKET`, past the socket layer.
#[test]
fn what_goes_past_the_sockets_is_given_to_its_workload() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent_on_app(&stage.settings().unwrap()).unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    let busybox = "busybox udhcpc -i eth0 -n -q -f -t 2 -T 1 -s /bin/true";
    let line: Vec<String> = busybox.split(' ').map(str::to_owned).collect();
    let status = unit.command(Some(&stage.app), &line).unwrap().status();
    assert!(!status.unwrap().success(), "nobody should have answered");
    let path = unit.cgroup_path();
    let to = at("255.255.255.255", 67);
    let wire = stage.wire.exchange(at("0.0.0.0", 68), to, Udp).unwrap();
    assert_eq!(wire.egress.packets, 2);
    let ended = agent.stop().unwrap();
    let flow = ended.only(&path, to, "udp").unwrap();
    assert_eq!(flow.scope, "unseen");
    assert_eq!(flow.product.as_deref(), Some("image-generation"));
    assert_eq!(flow.verdict, "undeclared");
    assert_eq!(
        (flow.egress_bytes, flow.egress_packets),
        (wire.egress.bytes, wire.egress.packets)
    );
    assert_eq!(unseen(&ended.flows).len(), 1);
}

#[test]
fn an_interface_without_its_program_is_found_and_mended() {
    let stage = Stage::new().unwrap();
    let settings = stage.pinned_settings().unwrap();
    let agent = stage.agent_on_app(&settings).unwrap();
    let pins = std::path::Path::new(&settings.pin).join("current");
    let link = std::fs::read_dir(&pins)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("uplink_")
        })
        .unwrap();
    let link = link.to_string_lossy().into_owned();
    tool("bpftool", &["link", "detach", "pinned", &link]).unwrap();
    let gap = agent.wait_for_gap("uplink_uncovered").unwrap();
    assert_eq!(gap.detail, "eth0 had lost its program");
    assert!(gap.repaired);
    drop(agent);
    let unload = Settings {
        extra: vec!["--unload".into()],
        ..settings
    };
    assert_eq!(
        stage.agent_on_app(&unload).unwrap().ended().unwrap().code,
        Some(0)
    );
}
