//! What a host is told of itself.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

use serde_json::Value;
use weir_tests::tool;

/// State of each thing, by name; and the exit code.
fn examined(through: &[&str]) -> (Vec<(String, String)>, Option<i32>, String) {
    let agent = tool::sibling("XTASK_AGENT", "weir").unwrap();
    let agent = agent.to_string_lossy().into_owned();
    let mut line: Vec<&str> = through.to_vec();
    line.extend([agent.as_str(), "doctor", "--format", "json"]);
    let output = Command::new(line[0]).args(&line[1..]).output().unwrap();
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let states = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(one, "what"), text(one, "state")))
        .collect();
    let first = text(&all[0], "found");
    (states, output.status.code(), first)
}

#[test]
fn this_host_can_be_covered() {
    let (states, code, _) = examined(&["env"]);
    assert_eq!(code, Some(0), "{states:?}");
    assert!(states.iter().all(|(_, state)| state != "missing"));
    let state_of = |what: &str| &states.iter().find(|(name, _)| name == what).unwrap().1;
    assert_eq!(state_of("second layer"), "ok");
    assert_eq!(state_of("AF_XDP"), "not_covered");
}

#[test]
fn a_kernel_that_is_too_old_is_said() {
    let (states, code, found) = examined(&["setarch", "--uname-2.6"]);
    assert_eq!(code, Some(5));
    assert_eq!(states[0], ("kernel and rights".into(), "missing".into()));
    assert!(found.starts_with("kernel 2.6."), "{found}");
    assert!(
        found.ends_with(" is too old: boot Linux 6.1 or later"),
        "{found}"
    );
}
