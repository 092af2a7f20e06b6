//! Proposals, word for word, and what becomes of them.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, sync::Arc};

use super::*;
use crate::{
    history::{
        intervals,
        sample::{Store, flow},
    },
    policy::Policy,
    replay::{
        Differences, Effect,
        sample::{assert_documented, policy, set, store, write},
    },
};

const PAGE: &str = include_str!("tests/proposals.toml");

fn args(store: &Path, allowlists: Option<&Path>) -> LearnArgs {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: LearnArgs,
    }
    let mut line = vec![
        "learn".to_owned(),
        "--period".to_owned(),
        "2026-11".to_owned(),
    ];
    line.push(format!("--store={}", store.display()));
    line.extend(allowlists.map(|path| format!("--allowlists={}", path.display())));
    <Line as clap::Parser>::try_parse_from(line).unwrap().args
}

fn span() -> Span {
    "2026-11".parse().unwrap()
}

/// Proposals from the sample's record, by its set.
fn proposed() -> String {
    let store = store();
    let policy = policy(&set());
    let mut args = args(store.path(), None);
    // Its text does not matter, only that there is a set.
    args.allowlists = Some(PathBuf::from("allowlists"));
    page::page(&learn(&args, span(), Some(&policy)).unwrap()).unwrap()
}

#[test]
fn proposals_are_toml_with_comments() {
    let page = proposed();
    if std::env::var_os("BLESS").is_some() {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/cli/learn/tests/proposals.toml"
        );
        fs::write(file, &page).unwrap();
    }
    assert_eq!(page, PAGE);
    assert!(page.lines().all(|line| line.chars().count() <= 80));
    page.parse::<toml::Table>().unwrap();
    let first = page.split("\n\n").nth(2).unwrap();
    assert_documented(first);
}

#[test]
fn what_is_pasted_is_refused_until_it_is_filled_in() {
    let directory = tempfile::tempdir().unwrap();
    let mut set = set();
    set[0].1.push_str(&proposed());
    write(&set, directory.path());
    let rejected = Policy::load(directory.path()).unwrap_err();
    let found = rejected.diagnostics().iter();
    let messages: Vec<&str> = found.map(|one| one.message.as_str()).collect();
    let mut expected = Vec::new();
    for id in ["api.provider.example", "provider-b", "203.0.113.10"] {
        let outside = format!(
            "image-{id} leads outside the platform and lacks `data_categories`, `legal_basis` \
             and `expires`"
        );
        expected.push("[[allow]] lacks `approved_on`".to_owned());
        expected.push(outside);
        let empty = ["purpose", "owner", "approved_by"];
        expected.extend(empty.map(|key| format!("`{key}` is empty")));
    }
    assert_eq!(messages, expected);

    let filled = "data_categories = [\"prompts\"]\nlegal_basis = \"contract\"\n\
                  approved_on = 2026-11-02\nexpires = 2027-06-30\n";
    for key in ["purpose", "owner", "approved_by"] {
        set[0].1 = set[0]
            .1
            .replace(&format!("{key} = \"\""), &format!("{key} = \"x\""));
    }
    set[0].1 = set[0].1.replace(
        "approved_by = \"x\"\n",
        &format!("approved_by = \"x\"\n{filled}"),
    );
    write(&set, directory.path());
    let policy = Policy::load(directory.path()).unwrap();
    let mut differences = Differences::default();
    let mut replay = Replay::new(&policy, None);
    intervals(store().path(), &span(), |interval| {
        let again = replay.judge(&interval);
        differences.take(&interval, &interval.flow.judged, &again);
    })
    .unwrap();
    let declared: Vec<String> = differences
        .list()
        .iter()
        .map(|one| format!("{} {:?}", one.change.to, one.change.after.rule))
        .collect();
    assert_eq!(
        declared,
        [
            "provider-b Some(\"image-provider-b\")",
            "hidden.example Some(\"image-203.0.113.10\")",
            "api.provider.example Some(\"image-api.provider.example\")",
        ]
    );
    assert_eq!(differences.amount(Effect::Better).flows, 3);
    assert_eq!(differences.amount(Effect::Worse).flows, 0);
}

#[test]
fn ids_that_are_taken_get_a_number() {
    let mut with_id = set();
    with_id[0].1 = with_id[0].1.replace("image-eea", "image-provider-b");
    let policy = policy(&with_id);
    let store = store();
    let args = args(store.path(), None);
    let answer = learn(&args, span(), Some(&policy)).unwrap();
    let ids: Vec<&str> = answer
        .proposals
        .iter()
        .filter_map(|draft| Some(draft.entry.as_ref()?.id.as_str()))
        .collect();
    assert_eq!(
        ids,
        [
            "image-api.provider.example",
            "image-provider-b-2",
            "image-203.0.113.10"
        ]
    );
}

#[test]
fn one_product_is_asked_for_and_the_object_has_its_entry() {
    let store = store();
    let mut args = args(store.path(), None);
    args.product = Some("llm".to_owned());
    let answer = learn(&args, span(), None).unwrap();
    let object = serde_json::to_value(&answer).unwrap();
    assert_eq!(object["type"], "proposals");
    assert_eq!(object["proposals"].as_array().unwrap().len(), 1);
    assert_eq!(
        object["proposals"][0]["entry"],
        serde_json::json!({
            "id": "llm-203.0.113.9",
            "purpose": "",
            "owner": "",
            "approved_by": "",
            "address": ["203.0.113.9"],
            "ports": [443],
            "protocol": ["tcp"],
        }),
    );
    let internal = policy(&set());
    let answer = learn(&args, span(), Some(&internal)).unwrap();
    assert!(answer.proposals[0].entry.is_none(), "it is internal_only");
}

#[test]
fn no_text_of_a_workload_ends_a_comment() {
    let mut store = Store::new();
    let mut flow = flow(1, 1);
    Arc::make_mut(&mut flow.judged.flow.flow.flow.workload).name =
        "a\n[[allow]]\rid\u{0}\u{7f}".to_owned();
    store.flow("2026-11-01T12:00:00Z", flow);
    let args = args(store.path(), None);
    let page = page::page(&learn(&args, span(), None).unwrap()).unwrap();
    let file: toml::Table = page.parse().unwrap();
    assert_eq!(file["allow"].as_array().unwrap().len(), 1);
    assert!(
        page.contains("#   workloads: a\\n[[allow]]\\rid\\u{0}\\u{7f}\n"),
        "{page}"
    );
}
