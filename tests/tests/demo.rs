//! The demo as a person runs it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use weir_tests::{container, run};

fn demo() -> Child {
    Command::new(env!("CARGO_BIN_EXE_weir-demo"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn finish(child: Child) -> (Output, String, String) {
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(left_of(pid), Vec::<String>::new(), "{stderr}");
    (output, stdout, stderr)
}

fn left_of(pid: u32) -> Vec<String> {
    let prefix = format!("weir-t{pid}-");
    let names = run::names().unwrap().into_iter();
    names
        .chain(container::images().unwrap())
        .filter(|name| name.starts_with(&prefix))
        .collect()
}

#[test]
fn the_demo_shows_each_product_and_removes_everything() {
    let (output, stdout, stderr) = finish(demo());
    assert!(output.status.success(), "{stdout}\n{stderr}");
    for line in stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        assert!(!line.contains('\u{1b}'), "colour in a pipe: {line}");
    }
    let undeclared: Vec<&str> = stdout
        .lines()
        .skip_while(|line| !line.contains("undeclared"))
        .collect();
    for part in ["image", "image-worker.service", "203.0.113.9:443/tcp", "US"] {
        assert!(
            undeclared[0].contains(part),
            "{part} is missing: {}",
            undeclared[0]
        );
    }
    assert!(
        undeclared[1].starts_with("    "),
        "no reason below: {stdout}"
    );
    assert!(stdout.contains("video-render-1"), "{stdout}");
    let claim = |id: &str| {
        let line = stdout.lines().find(|line| line.starts_with(id));
        let words = line.unwrap_or_default().split_whitespace();
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let outcomes = [
        ("identity-inside", "identity", "unproven"),
        ("llm-inside", "llm-inference", "upheld"),
        ("providers-disclosed", "image,", "contradicted"),
        ("pages-are-true", "image,", "upheld"),
    ];
    for (id, product, outcome) in outcomes {
        let words = claim(id);
        assert_eq!(words[..2], [id, product], "{stdout}");
        assert!(words.iter().any(|word| word == outcome), "{id}: {stdout}");
    }
    assert!(
        stdout.contains("OUT OF REACH: what no packet proves"),
        "{stdout}"
    );
    assert!(stderr.contains("Removed:"), "{stderr}");
}

#[test]
fn ctrl_c_at_any_moment_leaves_nothing() {
    for milliseconds in [50, 400, 900, 1500, 2200, 3000] {
        let child = demo();
        let pid = child.id();
        thread::sleep(Duration::from_millis(milliseconds));
        kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGINT).unwrap();
        let (output, stdout, stderr) = finish(child);
        let code = output.status.code();
        assert!(
            code == Some(130) || code == Some(0),
            "{milliseconds} ms: {code:?} {stdout} {stderr}"
        );
    }
}

#[test]
fn a_killed_demo_leaves_nothing() {
    for milliseconds in [300, 700, 1100, 1800, 2400] {
        let mut child = demo();
        thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while !left_of(child.id()).is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(
            left_of(child.id()),
            Vec::<String>::new(),
            "{milliseconds} ms"
        );
    }
}
