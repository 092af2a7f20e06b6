//! Allowlists that change while the agent runs.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
    thread,
};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use weir_tests::{
    metrics::by_label,
    own_allowlists::OwnAllowlists,
    record::Flow,
    stage::{self, ended_well},
};

/// An entry for the peer overseas.
fn entry(id: &str) -> String {
    format!(
        "\n[[allow]]\nid = \"{id}\"\npurpose = \"provider in a third country (synthetic)\"\n\
         owner = \"team-test\"\ndata_categories = [\"prompts\"]\n\
         legal_basis = \"contract (synthetic)\"\napproved_by = \"dpo-test\"\n\
         approved_on = 2026-01-15\naddress = [\"203.0.113.9\"]\ncountries = [\"US\"]\n\
         ports = [443]\nprotocol = \"tcp\"\nexpires = 2099-12-31\n"
    )
}

/// What `sha256sum` says of the files of a directory, as documented.
fn digest(directory: &Path) -> String {
    let told = Command::new("sh")
        .args(["-c", "LC_ALL=C sha256sum *.toml | sha256sum"])
        .env("LC_ALL", "C")
        .current_dir(directory)
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    told.split(' ').next().unwrap().to_owned()
}

fn is_judged(flow: &Flow, address: &str, verdict: &str) -> bool {
    flow.destination.address.to_string() == address && flow.verdict == verdict
}

/// Entries of the ledger that speak of allowlists, without their type.
fn told(entries: &[Value], kind: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for entry in entries.iter().filter(|entry| entry["type"] == kind) {
        let mut entry = entry.clone();
        entry.as_object_mut().unwrap().remove("type");
        found.push(entry);
    }
    found
}

#[test]
fn a_flow_that_is_undeclared_becomes_declared_by_a_set_that_declares_it() {
    let scene = OwnAllowlists::new().unwrap();
    let agent = scene.agent().unwrap();
    let first = agent.started().allowlists.clone();
    assert_eq!(first.digest, digest(&scene.settings.allowlists));
    scene.send(stage::OVERSEAS, 100).unwrap();
    let before = agent
        .wait_for("undeclared", |flow| {
            is_judged(flow, stage::OVERSEAS, "undeclared")
        })
        .unwrap();

    let name = "image-generation.toml";
    let text = fs::read_to_string(scene.file(name)).unwrap() + &entry("image-new");
    scene.write(name, &text).unwrap();
    let loaded = agent.wait_for_allowlists(1).unwrap();
    let second = digest(&scene.settings.allowlists);
    assert_eq!(loaded.event, "loaded");
    assert_eq!(loaded.replaced.as_ref(), Some(&first.digest));
    assert_eq!(loaded.in_force.digest, second);
    assert_eq!(loaded.in_force.products, first.products);
    assert_eq!(loaded.in_force.entries, first.entries + 1);
    let after = agent
        .wait_for("declared", |flow| {
            is_judged(flow, stage::OVERSEAS, "declared")
        })
        .unwrap();
    assert_eq!(after.id, before.id);
    assert_eq!(after.rule.as_deref(), Some("image-new"));

    let metrics = agent.metrics().unwrap();
    let info = by_label(&metrics, "weir_allowlists_info", &[], "sha256").unwrap();
    assert_eq!(info, BTreeMap::from([(second.clone(), 1)]));
    assert!(metrics.contains("\nweir_allowlists_rejected 0\n"));
    ended_well(&agent.stop().unwrap()).unwrap();

    let entries = scene.ledger().unwrap();
    assert_eq!(
        told(&entries, "allowlists_loaded"),
        [json!({
            "digest": second, "replaced": first.digest,
            "products": first.products, "entries": first.entries + 1,
        })]
    );
    // Each judgement is an interval of its own, on its side of the change.
    let order: Vec<&str> = entries
        .iter()
        .filter(|entry| {
            let record = &entry["judged"]["flow"]["flow"]["flow"]["record"];
            record["address"] == stage::OVERSEAS || entry["type"] == "allowlists_loaded"
        })
        .map(|entry| entry["judged"]["verdict"].as_str().unwrap_or("loaded"))
        .collect();
    assert_eq!(order, ["undeclared", "loaded", "declared"]);
    // Both sets are kept as they were, and standard tools find their digests.
    for one in [&first.digest, &second] {
        assert_eq!(digest(&scene.kept(one)), **one);
    }
    assert_eq!(
        fs::read_to_string(scene.kept(&second).join(name)).unwrap(),
        text
    );
}

#[test]
fn a_set_with_an_error_is_refused_and_the_one_in_force_stays() {
    let scene = OwnAllowlists::new().unwrap();
    let agent = scene.agent().unwrap();
    let first = agent.started().allowlists.digest.clone();
    let name = "image-generation.toml";
    let good = fs::read_to_string(scene.file(name)).unwrap();
    // What it would declare, it does not: the set is refused whole.
    let broken = good.replace("external_declared", "sometimes") + &entry("image-new");
    scene.write(name, &broken).unwrap();
    let refused = agent.wait_for_allowlists(1).unwrap();
    let second = digest(&scene.settings.allowlists);
    assert_eq!(refused.event, "refused");
    assert_eq!(refused.in_force.digest, first);
    assert_eq!(refused.digest.as_ref(), Some(&second));
    assert_eq!(refused.more_errors, Some(0));
    let path = scene.file(name);
    let place = broken.find("\"sometimes\"").unwrap();
    let error = json!({
        "file": path, "line": 5, "column": 11, "span": [place, place + 11], "lint": null,
        "message": "`sometimes` is not a `posture`",
        "help": "write `internal_only` or `external_declared`",
    });
    assert_eq!(refused.errors, [error]);
    scene.send(stage::OVERSEAS, 100).unwrap();
    let undeclared = |flow: &Flow| is_judged(flow, stage::OVERSEAS, "undeclared");
    agent.wait_for("undeclared", undeclared).unwrap();
    let metrics = agent.metrics().unwrap();
    assert!(metrics.contains("\nweir_allowlists_rejected 1\n"));
    let info = by_label(&metrics, "weir_allowlists_info", &[], "sha256").unwrap();
    assert_eq!(info, BTreeMap::from([(first.clone(), 1)]));

    // Nothing has changed: only the signal makes the agent read it.
    agent.signal(Signal::SIGHUP).unwrap();
    let again = agent.wait_for_allowlists(2).unwrap();
    assert_eq!(again.event, "refused");

    scene.write(name, &good).unwrap();
    agent.signal(Signal::SIGHUP).unwrap();
    let reverted = agent.wait_for_allowlists(3).unwrap();
    assert_eq!(reverted.event, "reverted");
    assert_eq!(reverted.refused.as_ref(), Some(&second));
    assert_eq!(reverted.in_force.digest, first);
    let metrics = agent.metrics().unwrap();
    assert!(metrics.contains("\nweir_allowlists_rejected 0\n"));
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let line = format!(
        "{}:5:11: `sometimes` is not a `posture`; write `internal_only` or `external_declared`",
        path.display()
    );
    assert!(ended.stderr.contains(&line), "{}", ended.stderr);

    let entries = scene.ledger().unwrap();
    let fact = json!({
        "digest": second, "in_force": first, "errors": [line], "more_errors": 0,
    });
    assert_eq!(told(&entries, "allowlists_refused"), [fact.clone(), fact]);
    assert_eq!(
        told(&entries, "allowlists_reverted"),
        [json!({"digest": first, "refused": second})]
    );
    assert_eq!(told(&entries, "allowlists_loaded"), [] as [Value; 0]);
    // Nothing was judged by what is refused, and it is not kept among what was in force.
    assert!(!scene.kept(&second).exists());
    assert!(scene.kept(&first).exists());
}

/// Two sets that differ in two files: which entry declares, and where home is.
#[test]
fn under_load_each_judgement_is_by_one_set() {
    let scene = OwnAllowlists::new().unwrap();
    let (product, platform) = ("image-generation.toml", "platform.toml");
    let text = |name: &str| fs::read_to_string(scene.file(name)).unwrap();
    let (product_text, platform_text) = (text(product), text(platform));
    let sets = [
        ("image-a", "EEA", "outside EEA"),
        ("image-b", "US", "inside US"),
    ];
    let write = |(id, home, _): (&str, &str, &str)| {
        let home = format!("home = \"{home}\"");
        scene
            .write(product, &(product_text.clone() + &entry(id)))
            .unwrap();
        scene
            .write(platform, &platform_text.replace("home = \"EEA\"", &home))
            .unwrap();
        digest(&scene.settings.allowlists)
    };
    let mut says = BTreeMap::new();
    let first = write(sets[0]);
    says.insert(first.clone(), sets[0]);
    let agent = scene.agent().unwrap();
    assert_eq!(agent.started().allowlists.digest, first);
    thread::scope(|scope| {
        let senders: Vec<_> = (0..4)
            .map(|number| {
                let scene = &scene;
                scope.spawn(move || {
                    for round in 0..15 {
                        let name = format!("image-generation-{number}-{round}.service");
                        let unit = scene.stage.unit(&name).unwrap();
                        let to = stage::OVERSEAS;
                        let line = format!("tcp --to {to}:443 --bytes 100 --count 20");
                        unit.traffic(&scene.stage.app, &line).unwrap();
                    }
                })
            })
            .collect();
        let mut times = 0;
        while times < 4 || senders.iter().any(|sender| !sender.is_finished()) {
            times += 1;
            let set = sets[times % 2];
            says.insert(write(set), set);
            agent.signal(Signal::SIGHUP).unwrap();
            assert_eq!(agent.wait_for_allowlists(times).unwrap().event, "loaded");
        }
    });
    ended_well(&agent.stop().unwrap()).unwrap();

    let mut in_force = None;
    let mut judged = BTreeMap::<String, BTreeSet<String>>::new();
    for entry in scene.ledger().unwrap() {
        match entry["type"].as_str() {
            Some("started") => in_force = entry["allowlists"].as_str().map(str::to_owned),
            Some("allowlists_loaded") => {
                assert_eq!(entry["replaced"].as_str(), in_force.as_deref());
                in_force = entry["digest"].as_str().map(str::to_owned);
            }
            Some("flow") => {
                let judgement = &entry["judged"];
                let flow = &judgement["flow"]["flow"]["flow"];
                if flow["record"]["address"] != stage::OVERSEAS {
                    continue;
                }
                let digest = in_force.clone().unwrap();
                let (id, _, place) = says[&digest];
                let reason = judgement["reason"].as_str().unwrap();
                let Some(unit) = flow["workload"]["unit"].as_str() else {
                    // What the kernel sends for a cgroup that is gone.
                    assert!(
                        reason.ends_with(&format!("(hosted in US, {place})")),
                        "{reason}"
                    );
                    continue;
                };
                let expected = format!(
                    "entry {id} of image-generation declares 203.0.113.9:443/tcp outbound \
                     (hosted in US, {place})"
                );
                assert_eq!(reason, expected);
                assert_eq!(judgement["rule"], id);
                let unit = unit.to_owned();
                judged.entry(digest).or_default().insert(unit);
            }
            _ => {}
        }
    }
    assert_eq!(says.len(), 2);
    for digest in says.keys() {
        let units = judged.get(digest).map_or(0, BTreeSet::len);
        assert!(units > 0, "nothing was judged by {digest}");
    }
}

#[test]
fn entries_that_have_ended_are_told_of_at_the_start_and_when_a_set_is_new() {
    let scene = OwnAllowlists::new().unwrap();
    let name = "image-generation.toml";
    let text = fs::read_to_string(scene.file(name)).unwrap();
    let ended = entry("image-old").replace("2099-12-31", "2026-02-01");
    scene.write(name, &(text.clone() + &ended)).unwrap();
    let agent = scene.agent().unwrap();
    let of = |line: &weir_tests::record::Expiring| {
        assert_eq!(line.more_entries, 0);
        line.entries.clone()
    };
    scene.send(stage::OVERSEAS, 100).unwrap();
    let expired = |flow: &Flow| is_judged(flow, stage::OVERSEAS, "expired");
    agent.wait_for("expired", expired).unwrap();
    let told = agent.expiring();
    let [first] = told.as_slice() else {
        panic!("told of {told:?}");
    };
    let [one] = &of(first)[..] else {
        panic!("told of {first:?}");
    };
    assert_eq!(one["product"], "image-generation");
    assert_eq!(one["entry"], "image-old");
    assert_eq!(one["owner"], "team-test");
    assert_eq!(one["last_day"], "2026-02-01");
    assert!(one["days_left"].as_i64().unwrap() < 0);
    let metrics = agent.metrics().unwrap();
    let ends = by_label(
        &metrics,
        "weir_entry_expires_timestamp_seconds",
        &[("product", "image-generation")],
        "entry",
    );
    // The end of that day.
    assert_eq!(
        ends.unwrap(),
        BTreeMap::from([("image-old".to_owned(), 1_769_990_400)])
    );
    let count = |metrics: &str| by_label(metrics, "weir_ending_entries", &[], "state").unwrap();
    assert_eq!(count(&metrics)["ended"], 1);

    scene.write(name, &text).unwrap();
    agent.signal(Signal::SIGHUP).unwrap();
    agent.wait_for_allowlists(1).unwrap();
    let metrics = agent.metrics().unwrap();
    assert_eq!(count(&metrics)["ended"], 0);
    assert!(!metrics.contains("entry=\"image-old\""));
    ended_well(&agent.stop().unwrap()).unwrap();
}
