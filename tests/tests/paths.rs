//! Ways off the host that lead through somebody else: NAT, macvlan, guests,
//! tunnels, proxies, and sockets that are handed over.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, net::SocketAddr};

use weir_tests::{
    agent::Ended,
    record::Flow,
    stage::{self, Stage, balances, ended_well},
    tool::{ip, tool},
    traffic::Protocol::{Tcp, Udp},
    wire::any_port,
    workload::Sender,
    world::Host,
};

const UNIT: &str = "image-generation.service";
/// Another product's.
const OTHER: &str = "llm-inference.service";

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

fn name(host: &Host) -> String {
    let name = host.netns().file_name().unwrap();
    name.to_string_lossy().into_owned()
}

fn all(lines: &[String]) {
    for line in lines {
        ip(line).unwrap();
    }
}

fn forwards(host: &Host) {
    let forward = || Ok(fs::write("/proc/sys/net/ipv4/ip_forward", "1")?);
    host.within(forward).unwrap();
}

/// The kernel looks for routers and neighbours otherwise.
fn says_nothing_by_itself(host: &Host, interface: &'static str) {
    let disable = move || {
        let path = format!("/proc/sys/net/ipv6/conf/{interface}/disable_ipv6");
        Ok(fs::write(path, "1")?)
    };
    host.within(disable).unwrap();
}

fn unseen_to(ended: &Ended, to: SocketAddr) -> Vec<&Flow> {
    let of = |flow: &&Flow| flow.scope == "unseen" && flow.destination.address == to.ip();
    ended.flows.iter().filter(of).collect()
}

/// A container's network behind the app's host: `pod`, at 10.77.5.2.
fn pod_behind_app(stage: &Stage) -> Host {
    let inner = stage.world.host("pod", &[]).unwrap();
    let (app, pod) = (name(&stage.app), name(&inner));
    all(&[
        format!("-n {pod} link delete eth0"),
        format!("link add eth0 netns {pod} type veth peer name pod0 netns {app}"),
        format!("-n {pod} addr add 10.77.5.2/32 dev eth0"),
        format!("-n {pod} link set eth0 up"),
        format!("-n {app} link set pod0 up"),
        format!("-n {app} route add 10.77.5.2/32 dev pod0"),
        format!("-n {pod} route add 10.77.0.10/32 dev eth0"),
        format!("-n {pod} route add 198.51.100.0/24 via 10.77.0.10"),
    ]);
    forwards(&stage.app);
    inner
}

/// The source is another on the wire; the destination is not, and that is what
/// both layers are compared by.
#[test]
fn what_leaves_behind_nat_was_seen_at_its_socket() {
    let stage = Stage::new().unwrap();
    let pod = pod_behind_app(&stage);
    let app = name(&stage.app);
    let line = "-t nat -A POSTROUTING -o eth0 -j MASQUERADE";
    let mut words = vec!["netns", "exec", &app, "iptables"];
    words.extend(line.split(' '));
    tool("ip", &words).unwrap();

    let agent = stage.agent_on_app(&stage.settings().unwrap()).unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    let to = at(stage::GERMANY, 443);
    unit.traffic(&pod, &format!("tcp --to {to} --bytes 100000"))
        .unwrap();
    stage.closed().unwrap();
    let source = any_port("10.77.0.10".parse().unwrap());
    let wire = stage.wire.exchange(source, to, Tcp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    balances(ended.only(&unit.cgroup_path(), to, "tcp").unwrap(), &wire).unwrap();
    assert_eq!(unseen_to(&ended, to).len(), 0);
}

/// Its packets leave by the interface below, and pass the program there.
#[test]
fn what_leaves_by_a_macvlan_was_seen_at_its_socket() {
    let stage = Stage::new().unwrap();
    let inner = stage.world.host("pod", &[]).unwrap();
    let (app, pod, peer) = (name(&stage.app), name(&inner), name(&stage.peer));
    all(&[
        format!("-n {pod} link delete eth0"),
        format!("-n {app} link add link eth0 name mac0 type macvlan mode bridge"),
        format!("-n {app} link set mac0 netns {pod} name eth0"),
        format!("-n {pod} addr add 10.77.5.2/32 dev eth0"),
        format!("-n {pod} link set eth0 up"),
        format!("-n {pod} route add 198.51.100.0/24 dev eth0"),
    ]);
    drop(peer);
    let agent = stage.agent_on_app(&stage.settings().unwrap()).unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    let to = at(stage::GERMANY, 443);
    unit.traffic(&inner, &format!("tcp --to {to} --bytes 100000"))
        .unwrap();
    let source = any_port("10.77.5.2".parse().unwrap());
    let wire = stage.wire.exchange(source, to, Tcp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    balances(ended.only(&unit.cgroup_path(), to, "tcp").unwrap(), &wire).unwrap();
    assert_eq!(unseen_to(&ended, to).len(), 0);
    let uplinked = ended.stopped.unwrap().balance.uplink_bytes;
    assert!(uplinked >= wire.egress.bytes, "{uplinked}");
}

/// No socket of this host sent it: the process that holds the TAP did, by its
/// guest.
#[test]
fn what_a_guest_sends_is_its_holders() {
    let stage = Stage::new().unwrap();
    let app = name(&stage.app);
    let agent = stage.agent_on_app(&stage.settings().unwrap()).unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    let to = at(stage::OVERSEAS, 443);
    let line = format!(
        "guest --tap tap0 --gateway 02:00:00:00:00:07 --from 10.77.6.2:4000 --to {to} --count 5"
    );
    let mut guest = Sender::ready(unit.start(&stage.app, &line).unwrap()).unwrap();
    all(&[
        format!("-n {app} link set tap0 address 02:00:00:00:00:07 up"),
        format!("-n {app} route add 10.77.6.2/32 dev tap0"),
    ]);
    forwards(&stage.app);
    guest.begin().unwrap();
    let source = any_port("10.77.6.2".parse().unwrap());
    let wire = stage.wire.exchange(source, to, Udp).unwrap();
    let path = unit.cgroup_path();
    let of_guest = |flow: &Flow| flow.scope == "unseen" && flow.destination.address == to.ip();
    let flow = agent.wait_for("of the guest", of_guest).unwrap();
    assert_eq!(flow.workload.cgroup_path.as_deref(), Some(path.as_str()));
    assert_eq!(flow.forwarded_from.as_deref(), Some("tap0"));
    assert_eq!(flow.product.as_deref(), Some("image-generation"));
    assert_eq!(flow.verdict, "undeclared");
    guest.stop().unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let flows = unseen_to(&ended, to);
    assert_eq!(flows.len(), 1);
    assert_eq!(wire.egress.packets, 5);
    assert_eq!(
        (flows[0].egress_bytes, flows[0].egress_packets),
        (wire.egress.bytes, wire.egress.packets)
    );
}

/// No IP socket sent it, and it comes from a veth: it is of whoever lives behind
/// that.
#[test]
fn frames_from_behind_a_veth_are_of_who_lives_there() {
    let stage = Stage::new().unwrap();
    let pod = pod_behind_app(&stage);
    let app = name(&stage.app);
    all(&[format!("-n {app} link set pod0 address 02:00:00:00:00:07")]);
    let agent = stage.agent_on_app(&stage.settings().unwrap()).unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    let to = at(stage::OVERSEAS, 443);
    let line = format!(
        "frames --interface eth0 --gateway 02:00:00:00:00:07 --from 10.77.5.2:4000 --to {to}"
    );
    let mut sender = Sender::ready(unit.start(&pod, &line).unwrap()).unwrap();
    sender.begin().unwrap();
    let source = any_port("10.77.5.2".parse().unwrap());
    let wire = stage.wire.exchange(source, to, Udp).unwrap();
    let of_pod = |flow: &Flow| flow.scope == "unseen" && flow.destination.address == to.ip();
    let flow = agent.wait_for("of the pod", of_pod).unwrap();
    let path = unit.cgroup_path();
    assert_eq!(flow.workload.cgroup_path.as_deref(), Some(path.as_str()));
    assert_eq!(flow.forwarded_from.as_deref(), Some("pod0"));
    assert_eq!(flow.verdict, "undeclared");
    sender.stop().unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let flows = unseen_to(&ended, to);
    assert_eq!(flows.len(), 1);
    assert_eq!(wire.egress.packets, 5);
    assert_eq!(
        (flows[0].egress_bytes, flows[0].egress_packets),
        (wire.egress.bytes, wire.egress.packets)
    );
}

/// The kernel answers a ping by a socket of its own: it is of the root cgroup,
/// and an answer.
#[test]
fn what_the_kernel_sends_by_itself_is_the_root_cgroups() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent_on_app(&stage.settings().unwrap()).unwrap();
    let unit = stage.unit("peer.service").unwrap().keep();
    unit.traffic(&stage.peer, "packets --to 10.77.0.10 --by raw-ping")
        .unwrap();
    stage.wire.settled().unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let of_kernel = |flow: &&Flow| {
        flow.workload.cgroup_path.as_deref() == Some("/")
            && flow.destination.protocol == "icmp"
            && flow.destination.address == at(stage::INTERNAL, 0).ip()
    };
    let flows: Vec<_> = ended.flows.iter().filter(of_kernel).collect();
    // Three answers of 84 bytes, to three requests.
    let sums: Vec<_> = flows
        .iter()
        .map(|flow| (flow.egress_bytes, flow.egress_packets))
        .filter(|sent| sent.1 > 0)
        .collect();
    assert_eq!(sums, [(3 * 84, 3)], "{flows:#?}");
    assert_eq!(unseen_to(&ended, at(stage::INTERNAL, 0)).len(), 0);
}

/// The inner flow is its sender's, where it is sent to; the outer one is the
/// VPN's.
#[test]
fn both_sides_of_a_vpn_are_recorded() {
    let stage = Stage::new().unwrap();
    let app = name(&stage.app);
    let agent = stage.agent_on_app(&stage.settings().unwrap()).unwrap();
    let vpn_unit = stage.unit(OTHER).unwrap().keep();
    let outer = at(stage::GERMANY, 443);
    let line = format!("vpn --tun tun0 --to {outer}");
    let vpn = Sender::ready(vpn_unit.start(&stage.app, &line).unwrap()).unwrap();
    says_nothing_by_itself(&stage.app, "tun0");
    all(&[
        format!("-n {app} addr add 10.9.0.1/32 dev tun0"),
        format!("-n {app} link set tun0 up"),
        format!("-n {app} route add 203.0.113.200/32 dev tun0"),
    ]);
    let inner = at(stage::NOWHERE, 53);
    let unit = stage.unit(UNIT).unwrap().keep();
    let line = format!("udp --to {inner} --bytes 300 --count 7");
    unit.traffic(&stage.app, &line).unwrap();
    let source = any_port("10.77.0.10".parse().unwrap());
    // 28 bytes of headers for each datagram (RFC 791, RFC 768), twice.
    let wrapped = || {
        let wire = stage.wire.exchange(source, outer, Udp).unwrap();
        (wire.egress.packets >= 7).then_some(wire)
    };
    let wire = std::iter::repeat_with(wrapped).flatten().next().unwrap();
    vpn.stop().unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let sent = ended.only(&unit.cgroup_path(), inner, "udp").unwrap();
    assert_eq!((sent.egress_bytes, sent.egress_packets), (7 * 328, 7));
    assert_eq!(wire.egress.bytes, 7 * (328 + 28));
    let carried = ended.only(&vpn_unit.cgroup_path(), outer, "udp").unwrap();
    assert_eq!(
        (carried.egress_bytes, carried.egress_packets),
        (wire.egress.bytes, wire.egress.packets)
    );
    assert_eq!(unseen_to(&ended, outer).len(), 0);
}

/// What the kernel wraps is no socket's, and balances with what went in.
#[test]
fn what_a_vxlan_wraps_balances_with_what_went_in() {
    let stage = Stage::new().unwrap();
    let (app, peer) = (name(&stage.app), name(&stage.peer));
    let outer = stage::INTERNAL;
    all(&[
        format!(
            "-n {app} link add vx0 type vxlan id 7 dstport 4789 local 10.77.0.10 remote {outer}"
        ),
        format!(
            "-n {peer} link add vx0 type vxlan id 7 dstport 4789 local {outer} remote 10.77.0.10"
        ),
    ]);
    says_nothing_by_itself(&stage.app, "vx0");
    says_nothing_by_itself(&stage.peer, "vx0");
    let agent = stage.agent_on_app(&stage.settings().unwrap()).unwrap();
    all(&[
        format!("-n {app} addr add 10.88.0.1/24 dev vx0"),
        format!("-n {peer} addr add 10.88.0.2/24 dev vx0"),
        format!("-n {app} link set vx0 up"),
        format!("-n {peer} link set vx0 up"),
    ]);
    let unit = stage.unit(UNIT).unwrap().keep();
    let inner = at("10.88.0.2", 7777);
    let line = format!("udp --to {inner} --bytes 300 --count 7 --call sendto");
    unit.traffic(&stage.app, &line).unwrap();
    let source = any_port("10.77.0.10".parse().unwrap());
    let wire = stage.wire.exchange(source, at(outer, 4789), Udp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let sent = ended.only(&unit.cgroup_path(), inner, "udp").unwrap();
    assert_eq!((sent.egress_bytes, sent.egress_packets), (7 * 328, 7));
    // Address resolution went in, too.
    assert!(wire.egress.bytes >= 7 * (328 + 50));
    assert_eq!(unseen_to(&ended, at(outer, 4789)).len(), 0);
    let balance = ended.stopped.unwrap().balance;
    assert_eq!(balance.wrapped_bytes, wire.egress.bytes);
}

/// The proxy is who sends; its client reached no further than this host.
#[test]
fn what_a_proxy_relays_is_the_proxys() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent_on_app(&stage.settings().unwrap()).unwrap();
    let proxy_unit = stage.unit(OTHER).unwrap().keep();
    let (proxy, to) = (at("127.0.0.1", 3128), at(stage::GERMANY, 443));
    let line = format!("relay --listen {proxy} --to {to}");
    let relay = Sender::ready(proxy_unit.start(&stage.app, &line).unwrap()).unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    unit.traffic(
        &stage.app,
        &format!("tcp --to {proxy} --bytes 60000 --reply 3000"),
    )
    .unwrap();
    let report = relay.stop().unwrap();
    let wire = stage.on_wire(&report, to, Tcp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    balances(
        ended.only(&proxy_unit.cgroup_path(), to, "tcp").unwrap(),
        &wire,
    )
    .unwrap();
    let relayed = ended.only(&proxy_unit.cgroup_path(), to, "tcp").unwrap();
    assert!(relayed.relay);
    let client = ended.only(&unit.cgroup_path(), proxy, "tcp").unwrap();
    assert!(!client.relay);
    assert_eq!(client.verdict, "internal");
    let reached = |flow: &&Flow| {
        flow.workload.cgroup_path.as_deref() == Some(&unit.cgroup_path())
            && flow.destination.address == to.ip()
    };
    assert_eq!(ended.flows.iter().filter(reached).count(), 0);
}

/// A socket is its maker's, whoever sends by it.
#[test]
fn a_socket_that_is_handed_over_stays_its_makers() {
    for (protocol, label) in [(Tcp, "tcp"), (Udp, "udp")] {
        let stage = Stage::new().unwrap();
        let agent = stage.agent_on_app(&stage.settings().unwrap()).unwrap();
        let to = at(stage::GERMANY, 443);
        let through = stage.run.directory().join("handover");
        let line = |verb: &str| {
            let through = through.display();
            format!("{verb} --to {to} --protocol {label} --through {through}")
        };
        let (maker, user) = (
            stage.unit(OTHER).unwrap().keep(),
            stage.unit(UNIT).unwrap().keep(),
        );
        let giver = Sender::ready(maker.start(&stage.app, &line("give")).unwrap()).unwrap();
        let pid = giver.pid();
        let report = user.traffic(&stage.app, &line("take")).unwrap();
        giver.stop().unwrap();
        let wire = stage.on_wire(&report, to, protocol).unwrap();
        let ended = agent.stop().unwrap();
        ended_well(&ended).unwrap();
        let flow = ended.only(&maker.cgroup_path(), to, label).unwrap();
        balances(flow, &wire).unwrap();
        // Who connected it last; of an unconnected socket, who sent by it.
        let process = flow.process.as_ref().unwrap().pid;
        let expected = if protocol == Tcp { pid } else { report.pid };
        assert_eq!(process, expected, "{label}");
    }
}
