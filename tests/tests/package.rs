//! The Debian package on a machine of its own, under a real systemd: what it installs, how
//! its service is confined, and what an upgrade and a removal leave.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{collections::BTreeSet, fs, net::SocketAddr, thread, time::Duration};

use serde_json::Value;
use weir_tests::{
    ledger,
    machine::Machine,
    stage::{self, Stage, fixtures},
    tool,
    traffic::Protocol::Tcp,
    workload::Sender,
};

const UNIT: &str = "image-generation.service";

/// Capabilities that packaging/systemd/weir.service leaves to root, by their bits.
const CAPABILITIES: [u32; 9] = [
    1,  // DAC_OVERRIDE
    2,  // DAC_READ_SEARCH
    10, // NET_BIND_SERVICE
    12, // NET_ADMIN
    13, // NET_RAW
    19, // SYS_PTRACE
    21, // SYS_ADMIN
    38, // PERFMON
    39, // BPF
];

fn peer() -> SocketAddr {
    format!("{}:443", stage::GERMANY).parse().unwrap()
}

/// A machine with the package, the allowlists of the tests, and the interface of the stage as
/// the one that leads off, by a drop-in as an operator writes it.
fn installed(stage: &Stage, options: &str) -> Machine {
    let machine = Machine::boot(&stage.run, &stage.slice, &stage.app).unwrap();
    install(&machine, 1);
    let lists = machine.path("/etc/weir/allowlists");
    for entry in fs::read_dir(fixtures().join("allowlists")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, lists.join(path.file_name().unwrap())).unwrap();
    }
    let database = stage.run.directory().join("country.mmdb");
    let ip_data = machine.path("/var/lib/weir/ipdata");
    fs::copy(database, ip_data.join("country.mmdb")).unwrap();
    let drop_in = machine.path("/etc/systemd/system/weir.service.d");
    fs::create_dir_all(&drop_in).unwrap();
    let text = format!(
        "[Service]\nExecStart=\n\
         ExecStart=/usr/bin/weir run --control-group weir --uplink eth0 {options}\n"
    );
    fs::write(drop_in.join("uplink.conf"), text).unwrap();
    machine.run(&["systemctl", "daemon-reload"]).unwrap();
    machine
}

fn install(machine: &Machine, number: u32) {
    let package = tool::package(number).unwrap();
    let inside = format!("/tmp/weir-{number}.deb");
    fs::copy(package, machine.path(&inside)).unwrap();
    machine.run(&["dpkg", "--install", &inside]).unwrap();
}

fn start(machine: &Machine) {
    if let Err(error) = machine.run(&["systemctl", "start", "weir"]) {
        eprintln!("{}", machine.journal("weir"));
        panic!("{error:#}");
    }
}

fn state(machine: &Machine) -> String {
    machine.property("weir", "ActiveState").unwrap()
}

fn entries(machine: &Machine) -> Vec<Value> {
    ledger::entries(&machine.path("/var/lib/weir")).unwrap()
}

fn of_type<'e>(entries: &'e [Value], kind: &str) -> Vec<&'e Value> {
    entries.iter().filter(|one| one["type"] == kind).collect()
}

/// Waits until an entry of this type is in the ledger.
fn wait_for_entry(machine: &Machine, kind: &str) -> Value {
    for _ in 0..600 {
        if let Some(found) = of_type(&entries(machine), kind).first() {
            return (*found).clone();
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("no entry `{kind}`; {}", machine.journal("weir"));
}

/// A line of `/proc/PID/status` of the agent.
fn status(machine: &Machine, name: &str) -> String {
    let pid = machine.property("weir", "MainPID").unwrap();
    let text = machine
        .run(&["cat", &format!("/proc/{pid}/status")])
        .unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().trim_start_matches(':').trim().to_owned()
}

#[test]
fn the_service_works_under_all_that_confines_it() {
    let stage = Stage::new().unwrap();
    let machine = installed(&stage, "--self-test 3s");
    assert_eq!(state(&machine), "inactive");
    let enabled = machine.run(&["systemctl", "is-enabled", "weir"]).unwrap();
    assert_eq!(enabled.trim(), "enabled");

    start(&machine);
    assert_eq!(state(&machine), "active");
    let told = machine.property("weir", "StatusText").unwrap();
    assert!(told.starts_with("recording; open flows: "), "{told}");
    // What the unit lets it have at first, and what it keeps once it records: reading what
    // others may not, attaching again, and maps.
    let kept: &[u32] = &[2, 12, 39];
    for (set, expected) in [
        ("CapBnd", &CAPABILITIES[..]),
        ("CapPrm", kept),
        ("CapEff", kept),
    ] {
        let bits = u64::from_str_radix(&status(&machine, set), 16).unwrap();
        let held: Vec<u32> = (0..64).filter(|bit| bits >> bit & 1 == 1).collect();
        assert_eq!(held, expected, "{set}");
    }
    assert_eq!(status(&machine, "NoNewPrivs"), "1");
    assert_eq!(status(&machine, "Seccomp"), "2");

    // Every way is sent from namespaces of the canary's own, and recorded.
    let test = wait_for_entry(&machine, "self_test");
    assert_eq!(of_type(&entries(&machine), "gap"), Vec::<&Value>::new());
    let ways = test["ways"].as_array().unwrap();
    assert_eq!(ways.len(), 13, "{test}");
    for way in ways {
        assert_eq!(way["outcome"], "recorded", "{way}");
    }

    // Root and one group ask at the control socket.
    let socket = machine
        .run(&["stat", "--format=%a %U %G", "/run/weir/control.sock"])
        .unwrap();
    assert_eq!(socket.trim(), "660 root weir");

    // A process of another user is known by its executable.
    let unit = stage.unit(UNIT).unwrap().keep();
    let report = unit
        .traffic(&stage.app, &format!("tcp --to {} --bytes 5000", peer()))
        .unwrap();
    let wire = stage.on_wire(&report, peer(), Tcp).unwrap();
    machine.run(&["systemctl", "reload", "weir"]).unwrap();
    assert_eq!(state(&machine), "active");
    machine.run(&["systemctl", "stop", "weir"]).unwrap();
    assert_eq!(machine.property("weir", "Result").unwrap(), "success");
    let all = entries(&machine);
    let recorded = ledger::exchanged(&all, &unit.cgroup_path(), peer().ip());
    assert_eq!(recorded, wire);
    assert_eq!(of_type(&all, "gap"), Vec::<&Value>::new());
}

/// The journal of a real systemd takes what is found, under the fields that are documented; and
/// the doctor finds nothing that keeps the agent from its work.
#[test]
fn what_is_found_is_in_the_journal() {
    let stage = Stage::new().unwrap();
    let machine = installed(&stage, "--self-test off --ip-db-max-age 36500");
    let config = machine.path("/etc/weir/weir.toml");
    let text = fs::read_to_string(&config).unwrap();
    let way = "[[notify.syslog]]\nname = \"here\"\naddress = \"journald\"\n";
    fs::write(&config, format!("{text}\n{way}")).unwrap();
    start(&machine);
    let unit = stage.unit(UNIT).unwrap();
    unit.traffic(&stage.app, "tcp --to 203.0.113.9:443 --bytes 500")
        .unwrap();
    let opened = wait_for_entry(&machine, "finding_opened");
    assert_eq!(opened["severity"], "page", "{opened}");
    let line = ["journalctl", "--output=json", "SYSLOG_IDENTIFIER=weir"];
    let found = (0..600).find_map(|_| {
        let said = machine.run(&line).unwrap();
        let mut all = said.lines().map(serde_json::from_str::<Value>);
        let found = all.find_map(|one| one.ok().filter(|one| one["WEIR_FINDING"] == opened["id"]));
        if found.is_none() {
            thread::sleep(Duration::from_millis(100));
        }
        found
    });
    let found = found.unwrap_or_else(|| panic!("not there: {}", machine.journal("weir")));
    for (field, value) in [
        ("PRIORITY", "1"),
        ("WEIR_TYPE", "finding_opened"),
        ("WEIR_SEVERITY", "page"),
        ("WEIR_KIND", "undeclared"),
        ("WEIR_PRODUCT", "image-generation"),
        ("WEIR_WORKLOAD", UNIT),
        ("WEIR_JURISDICTION", "US"),
        ("_COMM", "weir"),
        ("_SYSTEMD_UNIT", "weir.service"),
    ] {
        assert_eq!(found[field], value, "{field} of {found}");
    }
    let text = format!("page: {}", opened["detail"].as_str().unwrap());
    assert_eq!(found["MESSAGE"], text);

    let said = machine.attempt(&["weir", "doctor", "--format", "json"]);
    let checks: Vec<Value> = serde_json::from_slice(&said.unwrap().stdout).unwrap();
    let failed: Vec<_> = checks.iter().filter(|one| one["state"] == "fail").collect();
    assert_eq!(failed, Vec::<&Value>::new());
    let agent = checks.iter().find(|one| one["what"] == "agent").unwrap();
    assert_eq!(agent["state"], "pass", "{agent}");
}

#[test]
fn an_agent_that_hangs_is_started_anew_and_nothing_is_lost() {
    let stage = Stage::new().unwrap();
    let machine = installed(&stage, "");
    let drop_in = machine.path("/etc/systemd/system/weir.service.d/watchdog.conf");
    fs::write(drop_in, "[Service]\nWatchdogSec=4s\nRestartSec=0\n").unwrap();
    machine.run(&["systemctl", "daemon-reload"]).unwrap();
    start(&machine);
    let first = machine.property("weir", "MainPID").unwrap();
    machine.run(&["kill", "-STOP", &first]).unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    let line = format!("tcp --to {} --bytes 70000", peer());
    let report = unit.traffic(&stage.app, &line).unwrap();
    machine
        .wait_for("weir", "NRestarts", |count| count == "1")
        .unwrap();
    machine
        .wait_for("weir", "ActiveState", |state| state == "active")
        .unwrap();
    assert_ne!(machine.property("weir", "MainPID").unwrap(), first);
    let wire = stage.on_wire(&report, peer(), Tcp).unwrap();
    machine.run(&["systemctl", "stop", "weir"]).unwrap();
    let all = entries(&machine);
    let recorded = ledger::exchanged(&all, &unit.cgroup_path(), peer().ip());
    assert_eq!(recorded, wire);
    let adopted: Vec<_> = of_type(&all, "started")
        .iter()
        .map(|one| one["adopted"].clone())
        .collect();
    assert_eq!(adopted, [false, true]);
    assert_eq!(of_type(&all, "gap"), Vec::<&Value>::new());
}

#[test]
fn an_upgrade_goes_on_recording_in_the_same_ledger() {
    let stage = Stage::new().unwrap();
    let machine = installed(&stage, "");
    start(&machine);
    let before = machine.property("weir", "MainPID").unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    let line = format!("tcp-stream --to {} --bytes 3000", peer());
    let sender = Sender::ready(unit.start(&stage.app, &line).unwrap()).unwrap();
    install(&machine, 2);
    assert_ne!(machine.property("weir", "MainPID").unwrap(), before);
    assert_eq!(state(&machine), "active");
    let report = sender.stop().unwrap();
    let wire = stage.on_wire(&report, peer(), Tcp).unwrap();
    machine.run(&["systemctl", "stop", "weir"]).unwrap();

    let all = entries(&machine);
    let recorded = ledger::exchanged(&all, &unit.cgroup_path(), peer().ip());
    assert!(wire.egress.bytes > 100_000, "{wire:?}");
    assert_eq!(recorded, wire);
    let started = of_type(&all, "started");
    let adopted: Vec<_> = started.iter().map(|one| one["adopted"].clone()).collect();
    assert_eq!(adopted, [false, true]);
    let recordings: BTreeSet<_> = started
        .iter()
        .map(|one| one["recording"].as_str())
        .collect();
    assert_eq!(recordings.len(), 1);
    let continues: Vec<_> = of_type(&all, "stopped")
        .iter()
        .map(|one| one["continues"].clone())
        .collect();
    assert_eq!(continues, [true, true]);
    assert_eq!(of_type(&all, "gap"), Vec::<&Value>::new());
}

#[test]
fn a_removal_ends_the_recording_and_a_purge_keeps_the_ledger() {
    let stage = Stage::new().unwrap();
    let machine = installed(&stage, "");
    let there = |path: &str| machine.path(path).exists();
    start(&machine);
    assert!(there("/sys/fs/bpf/weir/current"));
    machine.run(&["dpkg", "--remove", "weir"]).unwrap();
    assert!(!there("/usr/bin/weir"));
    assert!(!there("/sys/fs/bpf/weir"));
    let all = entries(&machine);
    let continues: Vec<_> = of_type(&all, "stopped")
        .iter()
        .map(|one| one["continues"].clone())
        .collect();
    assert_eq!(continues, [true, false]);

    machine.run(&["dpkg", "--purge", "weir"]).unwrap();
    assert_eq!(entries(&machine), all);
    assert!(there("/etc/weir/allowlists/image-generation.toml"));

    // Only who asks for it loses the ledger, and with it nothing that people wrote.
    install(&machine, 1);
    let answer = "weir weir/remove-ledger boolean true";
    let line = format!("echo '{answer}' | debconf-set-selections");
    machine.run(&["sh", "-c", &line]).unwrap();
    machine.run(&["dpkg", "--purge", "weir"]).unwrap();
    assert!(!there("/var/lib/weir"));
    assert!(there("/etc/weir/allowlists/image-generation.toml"));
}

/// What is in the package, by its paths.
#[test]
fn the_package_has_all_that_its_documents_name() {
    let package = tool::package(1).unwrap();
    let package = package.to_string_lossy();
    let contents = tool::tool("dpkg-deb", &["--contents", &package]).unwrap();
    let paths: BTreeSet<&str> = contents
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5))
        .map(|path| path.trim_start_matches('.'))
        .collect();
    for wanted in [
        "/usr/bin/weir",
        "/etc/weir/weir.toml",
        "/usr/lib/systemd/system/weir.service",
        "/usr/lib/sysusers.d/weir.conf",
        "/usr/lib/tmpfiles.d/weir.conf",
        "/usr/share/bash-completion/completions/weir",
        "/usr/share/zsh/vendor-completions/_weir",
        "/usr/share/fish/vendor_completions.d/weir.fish",
        "/usr/share/man/man1/weir.1.gz",
        "/usr/share/man/man1/weir-run.1.gz",
        "/usr/share/weir/prometheus/weir.rules.yml",
        "/usr/share/doc/weir/examples/allowlists/platform.toml",
        "/usr/share/doc/weir/copyright",
        "/usr/share/doc/weir/changelog.gz",
    ] {
        assert!(paths.contains(wanted), "{wanted} is not in {paths:#?}");
    }
}
