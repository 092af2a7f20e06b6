//! `weir top` in a real terminal and the page over a real socket, beside a real agent.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    time::Instant,
};

use serde_json::Value;
use weir_tests::{
    agent::{Agent, PATIENCE, Settings},
    stage::{APP, GERMANY, OVERSEAS, Stage, ended_well},
    terminal::Pane,
    tool::{self, Said},
    traffic::Protocol,
};

const UNIT: &str = "image-generation.service";

fn weir() -> String {
    let agent = tool::sibling("XTASK_AGENT", "weir").unwrap();
    agent.to_string_lossy().into_owned()
}

/// Two flows of one unit: one declared, one not, and to a third country.
fn played(stage: &Stage, settings: &Settings) -> Agent {
    let agent = stage.agent_with(settings).unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    for to in [GERMANY, OVERSEAS] {
        let line = format!("tcp --to {to}:443 --bytes 3000 --reply 500");
        unit.traffic(&stage.app, &line).unwrap();
    }
    let undeclared = |one: &weir_tests::record::Finding| one.kind == "undeclared";
    agent.wait_for_finding("opened", undeclared).unwrap();
    agent
        .wait_for("declared", |flow| {
            flow.verdict == "declared" && flow.egress_bytes > 3000
        })
        .unwrap();
    agent
}

fn top(settings: &Settings, more: &[&str]) -> Said {
    let mut command = tool::weir().unwrap();
    command.args(["top", "--runtime-dir"]);
    tool::said(command.arg(&settings.runtime_dir).args(more)).unwrap()
}

fn row<'s>(screen: &'s str, words: &[&str]) -> Option<&'s str> {
    let has = |line: &&str| words.iter().all(|word| line.contains(word));
    screen.lines().find(has)
}

#[test]
fn top_in_a_terminal_of_80_by_24() {
    let stage = Stage::new().unwrap();
    let settings = stage.settings().unwrap();
    let agent = played(&stage, &settings);
    let pane = Pane::open(&stage.run, 80, 24).unwrap();
    let command = format!(
        "stty -g > before; {} top --runtime-dir {}; echo code=$?; stty -g > after",
        weir(),
        settings.runtime_dir.display()
    );
    let directory = stage.run.directory().display().to_string();
    pane.line(&format!("cd {directory}")).unwrap();
    pane.line(&command).unwrap();

    let undeclared = [
        "!",
        "image-generatio",
        "203.0.113.9:443",
        "US!",
        "undeclared",
    ];
    let screen = pane
        .wait("both flows", |screen| {
            row(screen, &undeclared).is_some()
                && row(screen, &["198.51.100.9:443", "DE", "declared"]).is_some()
        })
        .unwrap();
    keep("top-destinations.txt", &screen);
    assert!(pane.is_alternate().unwrap());
    assert!(
        screen.lines().all(|line| line.chars().count() <= 80),
        "{screen}"
    );
    // As many findings as there are: this host's own flows may have some, too.
    pane.wait("how many findings there are", |screen| {
        let open = top(&settings, &["--format", "json"]).1;
        let open: Value = serde_json::from_str(&open).unwrap();
        let findings = open["findings"]["rows"].as_array().unwrap().len();
        screen.contains(&format!("3 Destinations  4 Findings {findings} "))
    })
    .unwrap();

    // A filter leaves what has its words.
    pane.keys(&["/"]).unwrap();
    pane.keys(&["undeclared", "Enter"]).unwrap();
    pane.wait("one flow", |screen| {
        screen.contains("/undeclared")
            && row(screen, &undeclared).is_some()
            && !screen.contains("198.51.100.9")
    })
    .unwrap();

    // Down to why.
    pane.keys(&["Enter"]).unwrap();
    let why = pane
        .wait("why", |screen| {
            screen.contains("203.0.113.9:443/tcp outbound")
        })
        .unwrap();
    keep("top-why.txt", &why);
    pane.keys(&["G"]).unwrap();
    pane.wait("the decision", |screen| {
        screen.contains("verdict        undeclared")
    })
    .unwrap();
    pane.keys(&["Escape"]).unwrap();
    pane.wait("the list again", |screen| screen.contains("WORKLOAD"))
        .unwrap();

    pane.keys(&["4"]).unwrap();
    let findings = pane
        .wait("the finding", |screen| {
            row(screen, &["page", "undeclared", "image-gen"]).is_some()
        })
        .unwrap();
    keep("top-findings.txt", &findings);

    // A narrow terminal has what fits.
    pane.keys(&["3"]).unwrap();
    pane.resize(40, 12).unwrap();
    pane.wait("a narrow list", |screen| {
        screen.lines().all(|line| line.chars().count() <= 40)
            && row(screen, &["203.0.113.9:443", "undeclared"]).is_some()
    })
    .unwrap();
    pane.resize(80, 24).unwrap();

    pane.keys(&["q"]).unwrap();
    pane.wait("the shell again", |screen| screen.contains("code=0"))
        .unwrap();
    assert!(!pane.is_alternate().unwrap());
    pane.line("echo done").unwrap();
    pane.wait("done", |screen| screen.lines().any(|line| line == "done"))
        .unwrap();
    let modes = |name: &str| fs::read_to_string(stage.run.directory().join(name)).unwrap();
    assert_eq!(modes("before"), modes("after"));

    // A signal ends it as orderly; so does the end of the agent's answers not end it.
    for signal in ["TERM", "INT"] {
        pane.line("clear").unwrap();
        pane.line(&command).unwrap();
        pane.wait("the list", |screen| row(screen, &undeclared).is_some())
            .unwrap();
        pane_signal(&settings, signal);
        pane.wait("the shell", |screen| screen.contains("code=0"))
            .unwrap();
        assert!(!pane.is_alternate().unwrap());
    }
    pane.line("echo again").unwrap();
    pane.wait("again", |screen| screen.lines().any(|line| line == "again"))
        .unwrap();
    assert_eq!(modes("before"), modes("after"));
    ended_well(&agent.stop().unwrap()).unwrap();
}

/// Sends a signal to the one process whose command line has this run's runtime directory.
fn pane_signal(settings: &Settings, signal: &str) {
    let directory = settings.runtime_dir.to_string_lossy().into_owned();
    let of_top = fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let words: Vec<_> = line.split(|byte| *byte == 0).collect();
        let is_top = words.get(1) == Some(&b"top".as_slice());
        (is_top && words.contains(&directory.as_bytes())).then_some(pid)
    });
    let pid = of_top.unwrap().to_string();
    tool::tool("kill", &["-s", signal, &pid]).unwrap();
}

#[test]
fn top_once_for_pipes_and_without_an_agent() {
    let stage = Stage::new().unwrap();
    let settings = stage.settings().unwrap();
    let (code, out, err) = top(&settings, &["--once"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("weir: no agent listens at "), "{err}");
    assert!(err.contains("start one with `weir run`"), "{err}");

    let agent = played(&stage, &settings);
    let (code, out, err) = top(&settings, &[]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(!out.contains('\u{1b}'), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    assert!(
        row(&out, &["!", "203.0.113.9:443", "US!", "undeclared"]).is_some(),
        "{out}"
    );
    keep("top-once.txt", &out);

    // Once all that was on the wire is counted.
    stage.closed().unwrap();
    let any = |address: &str| SocketAddr::new(address.parse().unwrap(), 0);
    let on_wire = |to| {
        let wire = &stage.wire;
        let exchange = wire.exchange(any(APP[0]), any(to), Protocol::Tcp);
        exchange.unwrap().egress.bytes
    };
    let deadline = Instant::now() + PATIENCE;
    let now = loop {
        let (code, out, _) = top(&settings, &["--format", "json", "--filter", "198.51.100.9"]);
        assert_eq!(code, Some(0));
        let now: Value = serde_json::from_str(&out).unwrap();
        if now["verdicts"]["undeclared"]["sent"] == on_wire(OVERSEAS)
            && now["verdicts"]["declared"]["sent"] == on_wire(GERMANY)
        {
            break now;
        }
        assert!(Instant::now() < deadline, "{now}");
    };
    assert_eq!(now["version"], 1);
    let rows = now["destinations"]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["address"], "198.51.100.9");
    assert_eq!(rows[0]["verdict"], "declared");
    assert_eq!(rows[0]["rule"], "image-web");
    assert_eq!(rows[0]["hosted_in"], "DE");
    assert_eq!(now["findings"]["rows"][0]["finding"]["severity"], "page");
    assert_eq!(now["health"]["databases"][0]["name"], "test");
    let sent = |verdict: &str| now["verdicts"][verdict]["sent"].as_u64().unwrap();
    let ended = agent.stop().unwrap();
    let flow = |to: &str| {
        let flow = ended
            .flows
            .iter()
            .find(|flow| flow.destination.address.to_string() == to);
        flow.unwrap().egress_bytes
    };
    assert_eq!(sent("declared"), flow(GERMANY));
    assert_eq!(sent("undeclared"), flow(OVERSEAS));
    ended_well(&ended).unwrap();
}

fn asked(mut stream: impl std::io::Read + std::io::Write, host: &str, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_page_of_an_agent() {
    let stage = Stage::new().unwrap();
    let mut settings = stage.settings().unwrap();
    settings.extra = vec!["--page-listen".into(), "0.0.0.0:0".into()];
    let unit = stage.unit("weir.service").unwrap().keep();
    let (code, err) = Agent::refused(&unit, &settings).unwrap();
    assert_eq!(code, Some(2));
    assert!(err.contains("--page-anywhere"), "{err}");

    settings.extra = vec!["--page-listen".into(), "127.0.0.1:0".into()];
    let agent = played(&stage, &settings);
    let address = agent.started().page.clone().unwrap();
    let get = |path: &str| asked(TcpStream::connect(&address).unwrap(), &address, path);
    let now = get("/");
    assert!(now.starts_with("HTTP/1.1 200 "), "{now}");
    for word in [
        UNIT,
        "203.0.113.9:443",
        "198.51.100.9:443",
        "image-web",
        "outside the home",
    ] {
        assert!(now.contains(word), "{word}: {now}");
    }
    let findings = get("/findings");
    assert!(findings.contains("weir ack "), "{findings}");
    assert!(get("/coverage").contains("SHA-256"));
    // The allowlists of the tests claim nothing, which a process of its own finds out.
    let deadline = Instant::now() + PATIENCE;
    while !get("/claims").contains("claim nothing") {
        assert!(Instant::now() < deadline, "{}", get("/claims"));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let stream = TcpStream::connect(&address).unwrap();
    assert!(asked(stream, "evil.example", "/").starts_with("HTTP/1.1 421 "));
    ended_well(&agent.stop().unwrap()).unwrap();

    let path = stage.run.directory().join("page.sock");
    let listen = format!("unix:{}", path.display());
    settings.extra = vec!["--page-listen".into(), listen.clone()];
    let agent = stage.agent_with(&settings).unwrap();
    assert_eq!(agent.started().page.as_deref(), Some(listen.as_str()));
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let answer = asked(UnixStream::connect(&path).unwrap(), "localhost", "/");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    ended_well(&agent.stop().unwrap()).unwrap();
}

/// Keeps what was on a screen where somebody wants to look at it.
fn keep(name: &str, screen: &str) {
    if let Some(directory) = std::env::var_os("XTASK_SCREENSHOTS") {
        fs::create_dir_all(&directory).unwrap();
        fs::write(std::path::Path::new(&directory).join(name), screen).unwrap();
    }
}
