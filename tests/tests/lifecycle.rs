//! Short-lived workloads, the agent's start and end, and what it publishes.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, fs, net::SocketAddr, process::Command, thread, time::Duration};

use weir_tests::{
    agent::Agent,
    agent::Settings,
    attached, metrics,
    record::{Executable, Flow},
    stage::{self, Stage, balances, ended_well},
    traffic::Protocol::{Tcp, Udp},
    wire::{Exchange, any_port},
    workload::Sender,
};

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

#[test]
fn a_workload_that_is_gone_at_once_is_named() {
    let stage = Stage::new().unwrap();
    let agent = stage.idle_agent().unwrap();
    let to = at(stage::OVERSEAS, 53);
    let mut gone = Vec::new();
    for number in 0..10 {
        let unit = stage
            .unit(&format!("image-generation-{number}.service"))
            .unwrap();
        let report = unit
            .traffic(&stage.app, &format!("udp --to {to} --bytes 100"))
            .unwrap();
        gone.push((unit.name(), unit.cgroup_path(), report));
        unit.remove().unwrap();
    }
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    for (name, path, report) in gone {
        let flow = ended.only(&path, to, "udp").unwrap();
        assert_eq!(flow.workload.unit.as_deref(), Some(name.as_str()));
        assert_eq!(flow.product.as_deref(), Some("image-generation"));
        assert_eq!((flow.egress_bytes, flow.egress_packets), (128, 1));
        let process = flow.process.as_ref().unwrap();
        assert_eq!(
            (process.pid, process.comm.as_str()),
            (report.pid, "weir-traffic")
        );
    }
}

#[test]
fn the_executable_of_a_living_process_is_known() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent().unwrap();
    let unit = stage.unit("image-generation.service").unwrap();
    let to = at(stage::GERMANY, 443);
    let sender = Sender::ready(
        unit.start(&stage.app, &format!("tcp-stream --to {to}"))
            .unwrap(),
    )
    .unwrap();
    let path = unit.cgroup_path();
    let flow = agent
        .wait_for("of the sender", |flow| {
            flow.workload.cgroup_path.as_deref() == Some(&path)
        })
        .unwrap();
    let executable = weir_tests::tool::weir_traffic()
        .unwrap()
        .canonicalize()
        .unwrap();
    assert_eq!(
        flow.executable,
        Executable::Path(executable.to_string_lossy().into_owned())
    );
    sender.stop().unwrap();
}

#[test]
fn a_second_agent_is_refused_and_the_first_goes_on() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent().unwrap();
    let settings = stage.settings().unwrap();
    let second = stage.unit("weir-second.service").unwrap();
    let (code, stderr) = Agent::refused(&second, &settings).unwrap();
    assert_one_error(code, &stderr, 6, &agent.pid().to_string());
    let unit = stage.unit("image-generation.service").unwrap();
    let to = at(stage::GERMANY, 443);
    let report = unit
        .traffic(&stage.app, &format!("tcp --to {to} --bytes 5000"))
        .unwrap();
    let wire = stage.on_wire(&report, to, Tcp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    balances(ended.only(&unit.cgroup_path(), to, "tcp").unwrap(), &wire).unwrap();
}

#[test]
fn after_the_first_agent_another_starts() {
    let stage = Stage::new().unwrap();
    ended_well(&stage.agent().unwrap().stop().unwrap()).unwrap();
    ended_well(&stage.agent().unwrap().stop().unwrap()).unwrap();
}

#[test]
fn invalid_allowlists_are_refused_with_every_error() {
    let stage = Stage::new().unwrap();
    let broken = stage.run.directory().join("broken");
    fs::create_dir(&broken).unwrap();
    let product = "product = \"a\"\ntitle = \"A\"\nowner = \"team-test\"\nposture = \"external_declared\"\n\
                   [[workload]]\nunti = \"a.service\"\n[[allow]]\nid = \"x\"\npurpose = \"p\"\n\
                   owner = \"o\"\ncidr = [\"198.51.100.1/24\"]\n\
                   data_categories = [\"test\"]\nlegal_basis = \"test\"\napproved_by = \"dpo\"\n\
                   approved_on = 2026-03-01\nexpires = 2099-12-31\n";
    fs::write(broken.join("a.toml"), product).unwrap();
    let before = attached::everywhere();
    let settings = Settings {
        allowlists: broken.clone(),
        ..stage.settings().unwrap()
    };
    let unit = stage.unit("weir-broken.service").unwrap();
    let (code, stderr) = Agent::refused(&unit, &settings).unwrap();
    assert_one_error(code, &stderr, 3, "2 errors");
    assert_eq!(
        attached::everywhere(),
        before,
        "something is still attached"
    );

    let agent = weir_tests::tool::sibling("XTASK_AGENT", "weir").unwrap();
    let check = Command::new(agent)
        .arg("check")
        .arg(&broken)
        .output()
        .unwrap();
    assert_eq!(check.status.code(), Some(3));
    let text = String::from_utf8([check.stdout, check.stderr].concat()).unwrap();
    for expected in ["a.toml:6:", "unti", "a.toml:11:", "198.51.100.1/24"] {
        assert!(text.contains(expected), "{expected} is missing in:\n{text}");
    }
}

#[test]
fn a_missing_or_corrupt_database_is_refused() {
    let stage = Stage::new().unwrap();
    let unit = stage.unit("weir-broken.service").unwrap();
    let corrupt = stage.run.directory().join("corrupt.mmdb");
    fs::write(&corrupt, b"this is no database").unwrap();
    let missing = stage.run.directory().join("missing.mmdb");
    for file in [corrupt, missing] {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let settings = Settings {
            ip_db: file,
            ..stage.settings().unwrap()
        };
        let (code, stderr) = Agent::refused(&unit, &settings).unwrap();
        assert_one_error(code, &stderr, 4, &name);
    }
}

#[test]
fn a_stop_reports_what_was_never_swept() {
    let stage = Stage::new().unwrap();
    let agent = stage.idle_agent().unwrap();
    let unit = stage.unit("image-generation.service").unwrap();
    let to = at(stage::GERMANY, 443);
    let report = unit
        .traffic(
            &stage.app,
            &format!("tcp --to {to} --bytes 3000000 --reply 1000000"),
        )
        .unwrap();
    let wire = stage.on_wire(&report, to, Tcp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    balances(ended.only(&unit.cgroup_path(), to, "tcp").unwrap(), &wire).unwrap();
}

#[test]
fn a_stop_under_load_loses_nothing_before_the_signal() {
    let stage = Stage::new().unwrap();
    let agent = stage.idle_agent().unwrap();
    let unit = stage.unit("image-generation.service").unwrap();
    let to = at(stage::GERMANY, 443);
    let child = unit
        .start(&stage.app, &format!("tcp-stream --to {to} --bytes 20000"))
        .unwrap();
    let sender = Sender::ready(child).unwrap();
    thread::sleep(Duration::from_millis(500));
    let before = sent(&stage, to);
    let ended = agent.stop().unwrap();
    let after = sent(&stage, to);
    sender.stop().unwrap();
    ended_well(&ended).unwrap();
    let flow = ended.only(&unit.cgroup_path(), to, "tcp").unwrap();
    assert!(before > 500_000, "the load is {before} bytes");
    assert!(
        (before..=after).contains(&flow.egress_bytes),
        "record {} is not within {before} and {after}",
        flow.egress_bytes
    );
}

#[test]
fn bytes_are_exact_when_devices_segment() {
    let stage = Stage::with(weir_tests::world::Offloads::On).unwrap();
    let agent = stage.agent().unwrap();
    let unit = stage.unit("image-generation.service").unwrap();
    let to = at(stage::GERMANY, 443);
    let report = unit
        .traffic(
            &stage.app,
            &format!("tcp --to {to} --bytes 2000000 --reply 2000000"),
        )
        .unwrap();
    let wire = stage.on_wire(&report, to, Tcp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    balances(ended.only(&unit.cgroup_path(), to, "tcp").unwrap(), &wire).unwrap();
}

#[test]
fn an_answer_is_recorded_as_inbound() {
    let (flow, wire) =
        answered("tcp --to 10.77.0.10:8443 --bytes 3000 --reply 70000 --close-first");
    balances(&flow, &wire).unwrap();
}

/// Once a server that closed first is in TIME-WAIT, the client's FIN and the
/// acknowledgement of it belong to no socket that a cgroup's programs see.
#[test]
fn of_an_answer_that_ends_in_time_wait_one_packet_each_way_is_not_seen() {
    let (flow, mut wire) =
        answered("tcp --to 10.77.0.10:8443 --bytes 3000 --reply 70000 --pause 200");
    for count in [&mut wire.egress, &mut wire.ingress] {
        count.bytes -= 52;
        count.packets -= 1;
    }
    balances(&flow, &wire).unwrap();
}

/// Lets a peer send `line` to a server in a unit, and returns the server's flow
/// and the wire, as the server sees it.
fn answered(line: &str) -> (Flow, Exchange) {
    let stage = Stage::new().unwrap();
    let agent = stage.agent().unwrap();
    let server = stage.unit("image-generation-api.service").unwrap();
    stage.serve_in(&server, &stage.app, &[8443]).unwrap();
    let client = stage.unit("customer.service").unwrap();
    let report = client.traffic(&stage.peer, line).unwrap();
    let (local, remote) = (at("10.77.0.10", 8443), report.local.unwrap().ip());
    let wire = stage.wire.exchange(local, any_port(remote), Tcp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let flow = ended
        .only(&server.cgroup_path(), SocketAddr::new(remote, 8443), "tcp")
        .unwrap();
    assert_eq!(flow.direction, "inbound");
    assert_eq!(flow.verdict, "internal");
    (flow.clone(), wire)
}

#[test]
fn a_connection_that_the_workload_closes_first_balances() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent().unwrap();
    let unit = stage.unit("image-generation.service").unwrap();
    let to = at(stage::GERMANY, 443);
    let line = format!("tcp --to {to} --bytes 4000 --reply 9000 --close-first --count 3");
    let report = unit.traffic(&stage.app, &line).unwrap();
    let wire = stage.on_wire(&report, to, Tcp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    balances(ended.only(&unit.cgroup_path(), to, "tcp").unwrap(), &wire).unwrap();
}

#[test]
fn one_socket_to_many_ports_is_as_many_flows() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent().unwrap();
    let unit = stage.unit("image-generation.service").unwrap();
    let to = at(stage::SILENT, 20_000);
    unit.traffic(&stage.app, &format!("udp-ports --to {to} --count 500"))
        .unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    for port in 20_000..20_500 {
        let flow = ended
            .only(&unit.cgroup_path(), at(stage::SILENT, port), "udp")
            .unwrap();
        assert_eq!((flow.egress_bytes, flow.egress_packets), (29, 1), "{flow}");
    }
}

#[test]
fn metrics_equal_the_json() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent().unwrap();
    let unit = stage.unit("image-generation.service").unwrap();
    let stranger = stage.unit("stranger.service").unwrap();
    for address in [stage::GERMANY, stage::OVERSEAS, stage::INTERNAL] {
        unit.traffic(&stage.app, &format!("tcp --to {address}:443 --reply 3000"))
            .unwrap();
    }
    let report = stranger
        .traffic(&stage.app, "udp --to 203.0.113.9:53 --echo")
        .unwrap();
    stage
        .on_wire(&report, at(stage::OVERSEAS, 53), Udp)
        .unwrap();
    // A sweep or two after the last packet, the figures stand still.
    thread::sleep(Duration::from_millis(500));
    let text = agent.metrics().unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");

    // Only the product's own flows stand still: scraping is traffic too.
    let product = [("product", "image-generation")];
    let sums =
        |name, labels: &[(&str, &str)]| metrics::by_label(&text, name, labels, "verdict").unwrap();
    let of = |figure: fn(&Flow) -> u64| {
        let mut sums = BTreeMap::<String, u64>::new();
        for flow in ended
            .flows
            .iter()
            .filter(|flow| flow.product.as_deref() == Some("image-generation"))
        {
            *sums.entry(flow.verdict.clone()).or_default() += figure(flow);
        }
        sums
    };
    let three = ["declared", "internal", "undeclared"].map(|verdict| (verdict.to_owned(), 1));
    assert_eq!(of(|_| 1), BTreeMap::from(three));
    assert_eq!(sums("weir_flows_total", &product), of(|_| 1));
    assert_eq!(
        sums("weir_egress_bytes_total", &product),
        of(|flow| flow.egress_bytes)
    );
    assert_eq!(
        sums("weir_egress_packets_total", &product),
        of(|flow| flow.egress_packets)
    );
    assert_eq!(
        sums("weir_ingress_bytes_total", &product),
        of(|flow| flow.ingress_bytes)
    );
    assert!(
        sums("weir_flows_total", &[]).contains_key("unattributed"),
        "{text}"
    );
    let losses = metrics::by_label(&text, "weir_losses_total", &[], "kind").unwrap();
    assert_eq!(losses, ended.stopped.unwrap().losses);
}

#[test]
fn the_start_says_what_is_in_force() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent().unwrap();
    let started = agent.started();
    assert_eq!(
        (started.allowlists.products, started.databases.len()),
        (3, 1)
    );
    assert_eq!(started.allowlists.digest.len(), 64);
    let database = &started.databases[0];
    assert_eq!(database.name, "test");
    let file = stage.run.directory().join("country.mmdb");
    let sum = weir_tests::tool::tool("sha256sum", &[&file]).unwrap();
    assert!(
        sum.starts_with(&database.sha256),
        "{sum} {}",
        database.sha256
    );
    assert_eq!(
        started.cgroup_root,
        weir_tests::cgroup::root().unwrap().to_string_lossy()
    );
}

/// Bytes on the wire to `to` so far.
fn sent(stage: &Stage, to: SocketAddr) -> u64 {
    let counts = stage.wire.counts().unwrap();
    counts
        .iter()
        .filter(|(key, _)| key.destination == to)
        .map(|(_, count)| count.bytes)
        .sum()
}

/// Asserts exit code and one line `weir: <cause>: <remedy>` that names `what`.
fn assert_one_error(code: Option<i32>, stderr: &str, expected: i32, what: &str) {
    assert_eq!(code, Some(expected), "{stderr}");
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(lines.len(), 1, "not one line:\n{stderr}");
    assert!(
        lines[0].starts_with("weir: ") && lines[0].contains(what),
        "{stderr}"
    );
    assert!(lines[0].matches(": ").count() >= 2, "no remedy: {stderr}");
}
