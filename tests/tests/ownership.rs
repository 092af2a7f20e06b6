//! Whose a socket is when processes, cgroups and agents come and go.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, net::SocketAddr};

use weir_tests::{
    stage::{self, Stage, balances, ended_well},
    tool::ip,
    traffic::Protocol::Tcp,
    workload::Sender,
};

const UNIT: &str = "image-generation.service";

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

fn stream(stage: &Stage, to: SocketAddr) -> Sender {
    let unit = stage.unit(UNIT).unwrap().keep();
    let line = format!("tcp-stream --to {to} --bytes 500");
    Sender::ready(unit.start(&stage.app, &line).unwrap()).unwrap()
}

/// The socket was made in the unit: where its process goes does not change
/// whose bytes they are.
#[test]
fn a_process_that_moves_leaves_its_sockets_behind() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent().unwrap();
    let to = at(stage::GERMANY, 443);
    let sender = stream(&stage, to);
    let other = stage.unit("elsewhere.service").unwrap().keep();
    fs::write(other.path().join("cgroup.procs"), sender.pid().to_string()).unwrap();
    let report = sender.stop().unwrap();
    let wire = stage.on_wire(&report, to, Tcp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let path = stage.unit(UNIT).unwrap().keep().cgroup_path();
    balances(ended.only(&path, to, "tcp").unwrap(), &wire).unwrap();
}

#[test]
fn a_socket_outlives_its_cgroup_and_is_still_named() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent().unwrap();
    let to = at(stage::GERMANY, 443);
    let sender = stream(&stage, to);
    let unit = stage.unit(UNIT).unwrap().keep();
    let other = stage.unit("elsewhere.service").unwrap().keep();
    fs::write(other.path().join("cgroup.procs"), sender.pid().to_string()).unwrap();
    fs::remove_dir(unit.path()).unwrap();
    let report = sender.stop().unwrap();
    let wire = stage.on_wire(&report, to, Tcp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let flow = ended.only(&unit.cgroup_path(), to, "tcp").unwrap();
    assert_eq!(flow.product.as_deref(), Some("image-generation"));
    balances(flow, &wire).unwrap();
}

/// Its process is not known, its workload is.
#[test]
fn a_socket_from_before_the_agent_is_counted_from_then_on() {
    let stage = Stage::new().unwrap();
    let to = at(stage::GERMANY, 443);
    let sender = stream(&stage, to);
    let agent = stage.agent().unwrap();
    let path = stage.unit(UNIT).unwrap().keep().cgroup_path();
    let of_sender = |flow: &weir_tests::record::Flow| {
        flow.workload.cgroup_path.as_deref() == Some(&path)
            && flow.destination.address == to.ip()
            && flow.egress_bytes > 10_000
    };
    agent.wait_for("of the sender", of_sender).unwrap();
    let report = sender.stop().unwrap();
    let wire = stage.on_wire(&report, to, Tcp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let flow = ended.only(&path, to, "tcp").unwrap();
    assert!(flow.process.is_none());
    assert!(flow.egress_bytes < wire.egress.bytes);
}

/// The packets leave by the host's interface, forwarded from a veth: at a
/// socket they were seen in the container's own network namespace.
#[test]
fn what_is_forwarded_from_a_veth_was_seen_at_its_socket() {
    let stage = Stage::new().unwrap();
    let name = |host: &weir_tests::world::Host| {
        let name = host.netns().file_name().unwrap();
        name.to_string_lossy().into_owned()
    };
    let inner = stage.world.host("pod", &[]).unwrap();
    let (app, pod, peer) = (name(&stage.app), name(&inner), name(&stage.peer));
    for line in [
        format!("-n {pod} link delete eth0"),
        format!("link add eth0 netns {pod} type veth peer name pod0 netns {app}"),
        format!("-n {pod} addr add 10.77.5.2/32 dev eth0"),
        format!("-n {pod} link set eth0 up"),
        format!("-n {app} link set pod0 up"),
        format!("-n {app} route add 10.77.5.2/32 dev pod0"),
        format!("-n {pod} route add 10.77.0.10/32 dev eth0"),
        format!("-n {pod} route add 198.51.100.0/24 via 10.77.0.10"),
        format!("-n {peer} route add 10.77.5.2/32 via 10.77.0.10"),
    ] {
        ip(&line).unwrap();
    }
    let forward = || Ok(fs::write("/proc/sys/net/ipv4/ip_forward", "1")?);
    stage.app.within(forward).unwrap();

    let agent = stage.agent_on_app(&stage.settings().unwrap()).unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    let to = at(stage::GERMANY, 443);
    let line = format!("tcp --to {to} --bytes 100000");
    let report = unit.traffic(&inner, &line).unwrap();
    let wire = stage.on_wire(&report, to, Tcp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    balances(ended.only(&unit.cgroup_path(), to, "tcp").unwrap(), &wire).unwrap();
    let unseen = ended
        .flows
        .iter()
        .filter(|flow| flow.scope == "unseen" && flow.destination.address == to.ip());
    assert_eq!(unseen.count(), 0);
}
