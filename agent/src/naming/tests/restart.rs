//! What is known of names outlives the agent.

use super::*;
use crate::naming::{Snapshot, SnapshotError};

/// A stage that knows a name of each kind.
fn knowing() -> Stage {
    let mut stage = Stage::new();
    stage.ask("api.example", &[("api.example", "203.0.113.9")]);
    stage.take(speech::said(&speech::hello("evil.example"), 0));
    stage.exchange(
        2,
        "relayed.example",
        &[("relayed.example", "203.0.113.10")],
        |p| {
            p.owner.cgroup = CgroupId(STUB_CGROUP);
        },
    );
    stage
}

fn again(stage: &Stage, complete: bool) -> Stage {
    let directory = tempfile::tempdir().unwrap();
    let kept = stage.namer.keep("r1", &stage.clock(), complete);
    kept.write(directory.path()).unwrap();
    let read = Snapshot::read(directory.path(), "r1").unwrap().unwrap();
    assert_eq!(read, kept);
    assert_eq!(Snapshot::read(directory.path(), "r2").unwrap(), None);
    let mut later = Stage::new();
    later.now = stage.now + 60 * SECOND;
    later.namer.restore(read, later.now);
    later
}

#[test]
fn answers_and_claims_are_kept_together() {
    let (mut before, mut after) = {
        let stage = knowing();
        let after = again(&stage, true);
        (stage, after)
    };
    after.now = before.now;
    for to in ["203.0.113.9", "203.0.113.10", "203.0.113.11"] {
        assert_eq!(after.names(to), before.names(to), "{to}");
    }
    assert!(after.names("203.0.113.9").contradiction().is_some());
}

#[test]
fn names_that_may_be_missing_since_a_crash_are_in_doubt() {
    let mut after = again(&knowing(), false);
    assert_eq!(none(&after.names("203.0.113.12")), Missing::Lost);
    let mut after = again(&knowing(), true);
    assert_eq!(none(&after.names("203.0.113.12")), Missing::NoneSeen);
}

#[test]
fn names_end_when_they_would_have_ended() {
    let mut after = again(&knowing(), true);
    after.now += 2 * 3600 * SECOND;
    let names = after.names("203.0.113.9");
    assert_eq!(graded(&names), [("evil.example", Grade::Presented)]);
}

#[test]
fn what_is_damaged_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("names.snapshot");
    assert_eq!(Snapshot::read(directory.path(), "r1").unwrap(), None);
    let stage = knowing();
    let kept = stage.namer.keep("r1", &stage.clock(), true);
    kept.write(directory.path()).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let says = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        match Snapshot::read(directory.path(), "r1") {
            Err(SnapshotError::Unreadable { why, .. }) => why,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(says(&whole[..3]), "it is too short");
    assert_eq!(says(&whole[..whole.len() - 1]), "its checksum is wrong");
    let mut flipped = whole;
    flipped[20] ^= 1;
    assert_eq!(says(&flipped), "its checksum is wrong");
}
