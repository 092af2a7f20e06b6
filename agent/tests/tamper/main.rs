//! Bundles that were tampered with: `weir evidence verify` and the `verify.py` in the bundle
//! refuse each, by the right check and for the right reason. `cargo xtask setup` installs
//! Python's DuckDB.
//!
//! Where the stand-alone script cannot see a lie of the node's, since it judges no flow, the
//! case says so: its answer is `incomplete`, as for every bundle.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod bundle;
mod node;

use std::{fs, path::Path, process::Command, sync::LazyLock};

use bundle::{Files, STATEMENT, SUMS};
use node::{Node, PERIODS, honest, python};
use proptest::prelude::*;
use serde_json::{Value, json};
use weir::evidence::verify::{Line, Outcome, Subject, Word, verify};

/// An honest node, made once.
struct World {
    node: Node,
    previous: std::path::PathBuf,
    bundle: std::path::PathBuf,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let node = Node::new(honest(), None);
    World {
        previous: node.bundle(PERIODS[1]),
        bundle: node.bundle(PERIODS[2]),
        node,
    }
});

fn own(bundle: &Path, previous: Option<&Path>) -> (Vec<Line>, Word) {
    let subject = Subject {
        bundle: bundle.to_owned(),
        previous: previous.map(Path::to_owned),
        trusted: [WORLD.node.key_id()].into(),
        inventory: None,
    };
    let lines = verify(&subject, |_, _, _| ());
    let word = Word::of(&lines);
    (lines, word)
}

/// Id, outcome and sentence of each check by the script, and its word.
fn script(bundle: &Path, previous: Option<&Path>) -> (Vec<[String; 3]>, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../evidence/verify.py");
    let mut command = Command::new(python());
    command.arg(script).args(["--format", "json", "--trust"]);
    command.arg(WORLD.node.key_id()).arg(bundle);
    if let Some(previous) = previous {
        command.arg("--previous").arg(previous);
    }
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: cargo xtask setup", python().display()));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors, "");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = Vec::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(word) = line["word"].as_str() {
            let code = if word == "refused" { 13 } else { 12 };
            assert_eq!(output.status.code(), Some(code));
            return (lines, word.to_owned());
        }
        let field = |name: &str| line[name].as_str().unwrap().to_owned();
        lines.push(["check", "outcome", "detail"].map(field));
    }
    panic!("no word: {text}");
}

/// Both refuse, by this check first, with this in the sentence.
fn refused(case: &str, bundle: &Path, previous: Option<&Path>, check: &str, says: [&str; 2]) {
    refused_by_own(case, bundle, previous, check, says[0]);
    let (lines, word) = script(bundle, previous);
    let failed = lines.iter().find(|line| line[1] == "FAILED");
    let [id, _, detail] = failed.unwrap_or_else(|| panic!("{case}: {lines:#?}"));
    assert_eq!(word, "refused", "{case}");
    assert_eq!(id, check, "{case}: verify.py: {detail}");
    assert!(detail.contains(says[1]), "{case}: verify.py: {detail}");
}

fn refused_by_own(case: &str, bundle: &Path, previous: Option<&Path>, check: &str, says: &str) {
    let (lines, word) = own(bundle, previous);
    let failed = lines.iter().find(|line| line.outcome == Outcome::Failed);
    let failed = failed.unwrap_or_else(|| panic!("{case}: {lines:#?}"));
    assert_eq!(word, Word::Refused, "{case}");
    assert_eq!(failed.check.id(), check, "{case}: {}", failed.detail);
    assert!(failed.detail.contains(says), "{case}: {}", failed.detail);
}

/// Only the verifier that judges sees it; the script says that it did not look.
fn refused_by_judging(case: &str, bundle: &Path, check: &str, says: &str) {
    let previous = Some(WORLD.previous.as_path());
    refused_by_own(case, bundle, previous, check, says);
    let (lines, word) = script(bundle, previous);
    assert_eq!(word, "incomplete", "{case}: {lines:#?}");
    let line = lines.iter().find(|line| line[0] == check).unwrap();
    assert_eq!(line[1], "incomplete", "{case}");
    assert!(
        line[2].contains("weir evidence verify"),
        "{case}: {}",
        line[2]
    );
}

/// A changed bundle on disk.
fn written(name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = WORLD.node.place(&format!("{name}.tar"));
    fs::write(&path, bytes).unwrap();
    path
}

fn changed(name: &str, change: impl FnOnce(&mut Files)) -> std::path::PathBuf {
    let mut files = Files::read(&WORLD.bundle);
    change(&mut files);
    written(name, &files.pack())
}

/// The bundle of a node that wrote otherwise, with the same key.
fn forged(change: impl FnOnce(&mut Vec<node::Written>)) -> (Node, std::path::PathBuf) {
    let mut entries = honest();
    change(&mut entries);
    let node = Node::new(entries, Some(&WORLD.node));
    let bundle = node.bundle(PERIODS[2]);
    (node, bundle)
}

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
fn an_archive_that_is_cut_or_has_more_is_refused() {
    let bytes = fs::read(&WORLD.bundle).unwrap();
    let previous = Some(WORLD.previous.as_path());
    for cut in [0, 100, 511, 512, bytes.len() / 2, bytes.len() - 1024] {
        let path = written("cut", &bytes[..cut]);
        refused(
            &format!("cut at {cut}"),
            &path,
            previous,
            "archive",
            ["", ""],
        );
    }
    let longer = [bytes.as_slice(), &[0; 512]].concat();
    let says = "the archive does not end where it should";
    refused(
        "longer",
        &written("longer", &longer),
        previous,
        "archive",
        [says; 2],
    );
}

#[test]
fn members_that_are_no_plain_files_or_out_of_order_are_refused() {
    let previous = Some(WORLD.previous.as_path());
    let mut bytes = fs::read(&WORLD.bundle).unwrap();
    bytes[156] = b'2';
    let says = "README.txt is not a plain file (type '2')";
    refused(
        "symlink",
        &written("link", &bytes),
        previous,
        "archive",
        [says; 2],
    );

    let bytes = fs::read(&WORLD.bundle).unwrap();
    let size = |at: usize| {
        let text = str::from_utf8(&bytes[at + 124..at + 135]).unwrap();
        512 + usize::from_str_radix(text, 8)
            .unwrap()
            .next_multiple_of(512)
    };
    let (one, two) = (size(0), size(size(0)));
    let swapped = [&bytes[one..one + two], &bytes[..one], &bytes[one + two..]].concat();
    let says = "README.txt stands after SHA256SUMS: members are in the order of their names";
    refused(
        "order",
        &written("order", &swapped),
        previous,
        "archive",
        [says; 2],
    );
    let twice = [&bytes[..one], &bytes[..]].concat();
    let says = "README.txt stands after README.txt";
    refused(
        "twice",
        &written("twice", &twice),
        previous,
        "archive",
        [says; 2],
    );
}

#[test]
fn files_that_are_added_or_taken_away_are_refused() {
    let previous = Some(WORLD.previous.as_path());
    let extra = |files: &mut Files| drop(files.files.insert("extra".into(), b"x".to_vec()));
    let says = "extra is in the bundle and not in SHA256SUMS";
    refused(
        "extra",
        &changed("extra", extra),
        previous,
        "sums",
        [says; 2],
    );
    let summed = changed("summed", |files| {
        extra(files);
        files.sum();
    });
    let says = "extra is in the bundle and not in the statement";
    refused("extra, listed", &summed, previous, "statement", [says; 2]);
    let signed = changed("signed", |files| {
        extra(files);
        files.sign(&WORLD.node.key());
    });
    refused_by_judging(
        "extra, signed",
        &signed,
        "derived",
        "extra follows from nothing",
    );
    let missing = changed("missing", |files| {
        drop(files.files.remove("databases.json"));
    });
    let says = "databases.json is in SHA256SUMS and not in the bundle";
    refused("missing", &missing, previous, "sums", [says; 2]);
}

#[test]
fn entries_that_are_taken_away_are_refused_even_if_signed() {
    let previous = Some(WORLD.previous.as_path());
    let key = WORLD.node.key();
    // A file of rows, and the line that stands for what is hidden.
    let rows = Files::read(&WORLD.bundle).named("log/", ".parquet");
    let gone = changed("rows", |files| {
        files.files.remove(&rows);
        files.sign(&key);
    });
    let says = [
        "the log ends with entry 367",
        "entry 368 is neither shown nor hidden",
    ];
    refused("rows", &gone, previous, "log", says);
    let hidden = Files::read(&WORLD.bundle).named("log/", "hidden.jsonl");
    let cut = changed("hidden", |files| {
        let text = files.files.get_mut(&hidden).unwrap();
        let end = text.iter().position(|byte| *byte == b'\n').unwrap();
        text.drain(..=end);
        files.sign(&key);
    });
    refused(
        "hidden",
        &cut,
        previous,
        "log",
        ["entry", "stands where entry"],
    );
    let nodes = changed("nodes", |files| {
        let text = String::from_utf8(files.files[&hidden].clone()).unwrap();
        let at = text.find("[[").unwrap();
        let digit = at + text[at..].find(",\"").unwrap() + 2;
        let mut bytes = text.into_bytes();
        bytes[digit] = if bytes[digit] == b'0' { b'1' } else { b'0' };
        files.files.insert(hidden.clone(), bytes);
        files.sign(&key);
    });
    let says = [
        "another root than was signed",
        "was signed: an entry or a hidden range was changed",
    ];
    refused("nodes", &nodes, previous, "log", says);
}

/// An entry of the last period.
const TAMPERED: usize = 499;

/// Rows are another node's, or stand otherwise: of a forged store, under the honest root.
#[test]
fn rows_that_were_changed_are_refused_even_if_signed() {
    let previous = Some(WORLD.previous.as_path());
    type Change = fn(&mut Vec<node::Written>);
    let cases: [(&str, Change); 4] = [
        ("deleted", |entries| drop(entries.remove(TAMPERED))),
        ("duplicated", |entries| {
            let again = entries[TAMPERED].clone();
            entries.insert(TAMPERED, again);
        }),
        ("reordered", |entries| entries.swap(TAMPERED, TAMPERED + 1)),
        ("changed", |entries| {
            entries[TAMPERED].1["boot_id"] = json!("c");
        }),
    ];
    for (case, change) in cases {
        let (_node, forged) = forged(|entries| {
            assert_eq!(entries[TAMPERED].1["type"], "balance");
            if case == "changed" {
                entries[TAMPERED].1 = entries[TAMPERED + 1].1.clone();
            }
            change(entries);
        });
        let other = Files::read(&forged);
        let rows = other.named("log/", ".parquet");
        let bundle = changed("rows", |files| {
            let own = files.named("log/", ".parquet");
            files.files.remove(&own);
            files.files.insert(rows.clone(), other.files[&rows].clone());
            files.sign(&WORLD.node.key());
        });
        refused(case, &bundle, previous, "log", ["", ""]);
    }
}

/// Writes rows again with DuckDB, with these columns replaced.
fn rewritten(rows: &[u8], replace: &str) -> Vec<u8> {
    const SCRIPT: &str = "
import duckdb, sys
read, write, replace = sys.argv[1:]
facts = duckdb.execute('select decode(key), decode(value) from parquet_kv_metadata(?)', [read]).fetchall()
facts = ', '.join('\"{}\": \\'{}\\''.format(*fact) for fact in facts if fact[0].startswith('weir.'))
duckdb.execute(f\"copy (select * replace ({replace}) from read_parquet('{read}')) to '{write}' (format parquet, compression zstd, kv_metadata {{{facts}}})\")
";
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    fs::write(place("read"), rows).unwrap();
    let mut command = Command::new(python());
    command
        .args(["-c", SCRIPT])
        .arg(place("read"))
        .arg(place("write"));
    let output = command.arg(replace).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    fs::read(place("write")).unwrap()
}

/// Leaves are the same, and who asks the table is told otherwise.
#[test]
fn columns_that_say_other_than_their_leaf_are_refused_even_if_signed() {
    let previous = Some(WORLD.previous.as_path());
    let bundle = |replace: &str| {
        changed("columns", |files| {
            let name = files.named("log/", ".parquet");
            let rows = rewritten(&files.files[&name], replace);
            files.files.insert(name, rows);
            files.sign(&WORLD.node.key());
        })
    };
    // Whoever writes the file, it is what it says.
    let (lines, word) = own(&bundle("seq as seq"), previous);
    assert_eq!(word, Word::Verified, "{lines:#?}");
    let (lines, word) = script(&bundle("seq as seq"), previous);
    assert_eq!(word, "incomplete", "{lines:#?}");
    for (case, replace, says) in [
        (
            "a provider that no context names",
            "case when type = 'flow' then 'other' end as provider",
            ["its column provider says otherwise", "in column provider"],
        ),
        (
            "a product in the rest",
            "null::varchar as product, case when type = 'flow' \
             then replace(rest, '\"judged\":{', '\"judged\":{\"product\":\"image\",') else rest end as rest",
            [
                "column",
                "in column rest what belongs into a column of its own",
            ],
        ),
        (
            "a count in an entry that has none",
            "case when type = 'heartbeat' then 7 else egress_bytes end as egress_bytes",
            [
                "column egress_bytes",
                "in column egress_bytes, which is no part of its leaf",
            ],
        ),
    ] {
        refused(case, &bundle(replace), previous, "log", says);
    }
}

#[test]
fn another_key_is_refused() {
    let previous = Some(WORLD.previous.as_path());
    let other = Node::new(honest(), None);
    let says = format!("names the key {}", other.key_id());
    let signed = changed("key", |files| {
        files.sign(&other.key());
    });
    refused(
        "signed by another",
        &signed,
        previous,
        "statement",
        [&says; 2],
    );
    // Everything is the other's.
    let says = format!("signed by {}; trusted are", other.key_id());
    refused(
        "another node",
        &other.bundle(PERIODS[2]),
        None,
        "trust",
        [&says; 2],
    );
    let mut files = Files::read(&WORLD.bundle);
    let name = files.named("log/", "/checkpoint");
    let of_other = Files::read(&other.bundle(PERIODS[2]));
    let theirs = of_other.named("log/", "/checkpoint");
    files.files.insert(name, of_other.files[&theirs].clone());
    files.sign(&WORLD.node.key());
    let path = written("checkpoint", &files.pack());
    refused(
        "checkpoint",
        &path,
        previous,
        "checkpoint",
        ["it was taken from elsewhere"; 2],
    );
}

#[test]
fn another_build_than_the_log_has_is_refused() {
    let previous = Some(WORLD.previous.as_path());
    let says = "the builds of Weir that the statement names are not those";
    for (case, builds) in [
        ("no build", json!([])),
        (
            "another executable",
            json!([{ "executable": "0".repeat(64), "programs": "b".repeat(64) }]),
        ),
    ] {
        let other = changed(case, |files| {
            files.sign_with(&WORLD.node.key(), |predicate| {
                let build = json!({ "executable": "e".repeat(64), "programs": "b".repeat(64) });
                assert_eq!(predicate["builds"], json!([build]));
                predicate["builds"] = builds;
            });
        });
        refused(case, &other, previous, "log", [says; 2]);
    }
}

#[test]
fn a_log_that_was_rolled_back_or_forked_is_refused() {
    // The bundles in the wrong order: the log got shorter.
    let says = "the log was rolled back, or the bundles are in the wrong order";
    refused(
        "rolled back",
        &WORLD.previous,
        Some(&WORLD.bundle),
        "consistency",
        [says; 2],
    );
    // The same key signs a history that is other before the previous bundle's end.
    let (_node, fork) = forged(|entries| {
        entries[100].0 += jiff::SignedDuration::from_nanos(1);
    });
    let says = "another history of as many entries";
    refused(
        "forked",
        &fork,
        Some(&WORLD.previous),
        "consistency",
        [says; 2],
    );
    // A proof that proves nothing.
    let proof = changed("proof", |files| {
        let name = files.named("log/", "consistency.proof");
        let text = String::from_utf8(files.files[&name].clone()).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.reverse();
        files
            .files
            .insert(name, (lines.join("\n") + "\n").into_bytes());
        files.sign(&WORLD.node.key());
    });
    let says = "does not show that the log";
    refused(
        "proof",
        &proof,
        Some(&WORLD.previous),
        "consistency",
        [says; 2],
    );
}

/// Whoever has the node's key writes another record, and everything else fits it.
#[test]
fn a_node_that_lies_about_what_it_counted_is_refused() {
    let previous = Some(WORLD.previous.as_path());
    let is = |entry: &node::Written, kind: &str| entry.1["type"] == kind;
    let (_node, bundle) = forged(|entries| {
        let at = entries
            .iter()
            .rposition(|one| is(one, "heartbeat"))
            .unwrap()
            - 30;
        assert!(is(&entries[at], "heartbeat"));
        entries.remove(at);
    });
    let says = "a heartbeat was left out";
    refused("heartbeat", &bundle, previous, "heartbeats", [says; 2]);
    let (_node, bundle) = forged(|entries| {
        let at = entries.iter().rposition(|one| is(one, "flow")).unwrap() - 30;
        assert!(is(&entries[at], "flow"));
        entries.remove(at);
    });
    let says = "entries were left out, added or changed";
    refused("flow", &bundle, previous, "heartbeats", [says; 2]);
    let (_node, bundle) = forged(|entries| {
        let at = entries
            .iter()
            .rposition(|one| is(one, "heartbeat"))
            .unwrap()
            - 30;
        for (_, entry) in &mut entries[at..] {
            if let Some(ns) = entry["boot_ns"].as_u64() {
                entry["boot_ns"] = json!(ns + 10_000_000_000);
            }
        }
    });
    refused(
        "clock",
        &bundle,
        previous,
        "heartbeats",
        ["the clock was set by"; 2],
    );
}

#[test]
fn a_node_that_lies_about_verdicts_is_refused_by_judging() {
    let (_node, bundle) = forged(|entries| {
        let flows = entries.iter().rposition(|one| one.1["type"] == "flow");
        let entry = &mut entries[flows.unwrap() - 30].1;
        assert_eq!(entry["judged"]["verdict"], "declared");
        entry["judged"]["verdict"] = json!("internal");
        entry["judged"]["rule"] = Value::Null;
    });
    let says = "internal by no entry for image, and the allowlists make it declared by image-web";
    refused_by_judging("verdict", &bundle, "judgement", says);
}

#[test]
fn allowlists_that_were_exchanged_are_refused_even_if_signed() {
    let bundle = changed("policy", |files| {
        let name = files.named("policy/", "image.toml");
        files.edit(&name, "198.51.100.0/24", "0.0.0.0/1");
        files.sign(&WORLD.node.key());
    });
    let says = "an allowlist was changed, added or taken away";
    refused(
        "policy",
        &bundle,
        Some(&WORLD.previous),
        "policy",
        [says; 2],
    );
}

#[test]
fn derived_files_that_say_otherwise_are_refused_by_deriving() {
    for (name, check) in [
        ("claims.json", "claims"),
        ("coverage.json", "coverage"),
        ("findings.json", "findings"),
        ("databases.json", "derived"),
        ("report.html", "derived"),
        ("summary.json", "derived"),
        ("views/flows.csv", "derived"),
    ] {
        if !Files::read(&WORLD.bundle).files.contains_key(name) {
            continue;
        }
        let bundle = changed("derived", |files| {
            files.files.get_mut(name).unwrap().push(b'\n');
            files.sign(&WORLD.node.key());
        });
        let says = format!("{name} is other than the log and the allowlists make it");
        refused_by_judging(name, &bundle, check, &says);
    }
    let bundle = changed("script", |files| {
        files
            .files
            .insert("verify.py".into(), b"print('verified')\n".to_vec());
        files.sign(&WORLD.node.key());
    });
    refused_by_judging("verify.py", &bundle, "derived", "do not run it");
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
