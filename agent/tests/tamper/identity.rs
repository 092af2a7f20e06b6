//! Another key, another build, another log.

use serde_json::json;

use crate::{
    bundle::Files,
    judges::{WORLD, changed, forged, refused, written},
    node::{Node, PERIODS, honest},
};

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
