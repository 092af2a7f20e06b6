//! Bundles that were tampered with: `weir evidence verify` and the `verify.py` in the bundle
//! refuse each, by the right check and for the right reason. `cargo xtask setup` installs
//! Python's DuckDB.
//!
//! Where the stand-alone script cannot see a lie of the node's, since it judges no flow, the
//! case says so: its answer is `incomplete`, as for every bundle.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod archive;
mod bundle;
mod identity;
mod judges;
mod lies;
mod node;
mod rows;

use std::fs;

use bundle::{Files, STATEMENT, SUMS};
use judges::{WORLD, changed, own, refused, script};
use node::PERIODS;
use proptest::prelude::*;
use serde_json::json;
use weir::evidence::verify::{Outcome, Word};

#[test]
fn an_honest_bundle_is_verified() {
    let (lines, word) = own(&WORLD.bundle, Some(&WORLD.previous));
    assert_eq!(word, Word::Verified, "{lines:#?}");
    let (lines, word) = script(&WORLD.bundle, Some(&WORLD.previous));
    assert_eq!(word, "incomplete");
    let ok: Vec<&str> = lines
        .iter()
        .filter(|line| line[1] == "ok")
        .map(|line| line[0].as_str())
        .collect();
    let wanted = "archive sums statement trust checkpoint log consistency heartbeats policy";
    assert_eq!(ok, wanted.split(' ').collect::<Vec<_>>(), "{lines:#?}");

    // Unpacked, it is the same.
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in Files::read(&WORLD.bundle).files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let (lines, word) = own(directory.path(), Some(&WORLD.previous));
    assert_eq!(word, Word::Verified, "{lines:#?}");
    assert_eq!(script(directory.path(), None).1, "incomplete");
}

#[test]
fn what_is_not_given_is_incomplete() {
    let (lines, word) = own(&WORLD.bundle, None);
    assert_eq!(word, Word::Incomplete);
    let open: Vec<&str> = lines
        .iter()
        .filter(|line| line.outcome == Outcome::Incomplete)
        .map(|line| line.check.id())
        .collect();
    assert_eq!(open, ["consistency"]);
    // Flows of another product are not shown.
    let shown = WORLD.node.shown(PERIODS[2], &["llm"]);
    let (lines, word) = own(&shown, Some(&WORLD.previous));
    assert_eq!(word, Word::Incomplete, "{lines:#?}");
    let says = "121 heartbeats, none missing; 121 entries are hidden";
    let line = lines.iter().find(|line| line.check.id() == "heartbeats");
    assert!(line.unwrap().detail.starts_with(says), "{line:?}");
    let (lines, word) = script(&shown, Some(&WORLD.previous));
    assert_eq!(word, "incomplete");
    let line = lines.iter().find(|line| line[0] == "heartbeats").unwrap();
    assert!(line[2].starts_with(says), "{line:?}");
}

#[test]
fn what_is_no_statement_is_refused() {
    let previous = Some(WORLD.previous.as_path());
    let text = changed("text", |files| {
        drop(files.files.insert(STATEMENT.into(), b"{}".to_vec()));
    });
    refused("no envelope", &text, previous, "statement", ["", ""]);
    let period = changed("period", |files| {
        files.sign_with(&WORLD.node.key(), |predicate| {
            predicate["tree"]["size"] = json!(1);
        });
    });
    refused(
        "tree",
        &period,
        previous,
        "statement",
        ["of a tree of 1"; 2],
    );
    let list = changed("list", |files| {
        drop(files.files.insert(SUMS.into(), b"x\n".to_vec()));
    });
    refused("list", &list, previous, "sums", ["SHA256SUMS:1"; 2]);
}

/// In each member, by the script, too.
#[test]
fn a_byte_of_each_member_is_seen_by_both() {
    let all = Files::read(&WORLD.bundle).files;
    for (n, (name, bytes)) in all.iter().enumerate() {
        let Some(last) = bytes.len().checked_sub(1) else {
            continue;
        };
        let bundle = changed("byte", |files| {
            let at = (n * 7919) % (last + 1);
            files.files.get_mut(name).unwrap()[at] ^= 0x20;
        });
        let check = if name == STATEMENT {
            "statement"
        } else {
            "sums"
        };
        refused(name, &bundle, None, check, ["", ""]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any bit of the archive, in members and between them.
    #[test]
    fn any_bit_is_seen(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut bytes = fs::read(&WORLD.bundle).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        let path = WORLD.node.place("bit.tar");
        fs::write(&path, bytes).unwrap();
        let (lines, word) = own(&path, None);
        prop_assert_eq!(word, Word::Refused);
        let first = lines.iter().find(|line| line.outcome == Outcome::Failed).unwrap();
        prop_assert!(["archive", "sums", "statement"].contains(&first.check.id()), "{:?}", first);
    }
}
