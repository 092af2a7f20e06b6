//! What a node that has the key says, and what does not follow from its record.

use serde_json::{Value, json};

use crate::{
    bundle::Files,
    judges::{WORLD, changed, forged, refused, refused_by_judging},
    node,
};

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
