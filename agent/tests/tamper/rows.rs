//! Entries and rows that are not as they were logged.

use std::{fs, process::Command};

use serde_json::json;
use weir::evidence::verify::Word;

use crate::{
    bundle::Files,
    judges::{WORLD, changed, forged, own, refused, script},
    node::{self, python},
};

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
