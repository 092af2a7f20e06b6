//! Commands.

use std::fs;

use serde_json::Value;
use weir_tests::stage::{Stage, ended_well};

use crate::{UNIT, deviate, metric, send, settings, to_tell, wait};

#[test]
fn a_command_is_run_for_each_and_one_that_hangs_is_killed() {
    let stage = Stage::new().unwrap();
    let at = |name: &str| {
        stage
            .run
            .directory()
            .join(name)
            .to_string_lossy()
            .into_owned()
    };
    let good = format!(
        "cat >> {0}; echo >> {0}; echo \\\"$WEIR_TYPE $WEIR_SEVERITY $WEIR_FINDING $WEIR_KIND\\\" >> {1}",
        at("bodies"),
        at("words")
    );
    let hangs = format!("sleep 1000 & echo $! >> {}; wait", at("children"));
    let ways = format!(
        "[[notify.command]]\nname = \"good\"\ncommand = [\"/bin/sh\", \"-c\", \"{good}\"]\n\
         [[notify.command]]\nname = \"hangs\"\ncommand = [\"/bin/sh\", \"-c\", \"{hangs}\"]\n\
         timeout = \"300ms\"\nseverities = [\"page\"]\n"
    );
    let settings = settings(&stage, &ways);
    let agent = stage.agent_with(&settings).unwrap();
    let finding = deviate(&stage, &agent);
    wait("it is killed twice", || {
        metric(&agent, "failed_total", "hangs") >= 2
    });
    assert_eq!(metric(&agent, "delivered_total", "hangs"), 0);
    assert_eq!(metric(&agent, "waiting", "hangs"), 1);
    // Recording goes on meanwhile.
    send(&stage, UNIT, "203.0.113.9:8080");
    let port = |flow: &weir_tests::record::Flow| flow.destination.port == 8080;
    agent.wait_for("to the other port", port).unwrap();
    wait("all is told", || metric(&agent, "waiting", "good") == 0);
    let ended = agent.stop().unwrap();
    assert!(
        ended
            .stderr
            .contains("it took longer than 300ms and was killed"),
        "{}",
        ended.stderr
    );
    ended_well(&ended).unwrap();
    let words = fs::read_to_string(at("words")).unwrap();
    let first = format!("finding_opened page {} undeclared", finding.id);
    assert!(words.lines().any(|line| line == first), "{words}");
    let bodies = fs::read_to_string(at("bodies")).unwrap();
    let entries: Vec<u64> = bodies
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["entry"]
                .as_u64()
                .unwrap()
        })
        .collect();
    let wanted: Vec<u64> = to_tell(&settings).into_iter().map(|one| one.0).collect();
    assert_eq!(entries, wanted);
    for child in fs::read_to_string(at("children")).unwrap().lines() {
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        assert!(!stat.contains("(sleep)") || stat.contains(") Z "), "{stat}");
    }
}
