//! From what a workload did to an entry that declares it: learn, fill in, check, replay, diff.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use weir_tests::{
    geo,
    named_stage::{self as names, NamedStage},
    stage::{self, ended_well},
    tool,
};

/// What a person adds to a proposal.
const FILLED_IN: [(&str, &str); 3] = [
    ("purpose = \"\"", "purpose = \"found by the test\""),
    ("owner = \"\"", "owner = \"team-test\""),
    (
        "approved_by = \"\"",
        "approved_by = \"dpo\"\napproved_on = 2026-03-01\nexpires = 2099-12-31\n\
         data_categories = [\"prompts\"]\nlegal_basis = \"made up for the test\"",
    ),
];

/// What was recorded, and sets of allowlists to judge it by.
struct Recorded {
    stage: NamedStage,
    store: PathBuf,
}

impl Recorded {
    /// A declared page, an undeclared one of the same address, an undeclared address in the
    /// United States, and one that must be in Germany and is.
    fn new() -> Self {
        let stage = NamedStage::new().unwrap();
        let mut settings = stage.stage.settings().unwrap();
        settings.allowlists = lists();
        let agent = stage.stage.agent_with(&settings).unwrap();
        for (case, name) in [("declared", names::API), ("stranger", names::STRANGER)] {
            let unit = format!("image-generation-{case}.service");
            let unit = stage.stage.unit(&unit).unwrap();
            let url = format!("https://{name}/ --ipv4");
            stage.curl(&unit, names::RESOLVER, &url).unwrap();
        }
        for (case, to) in [("overseas", stage::OVERSEAS), ("germany", stage::GERMANY)] {
            let unit = format!("image-generation-{case}.service");
            let unit = stage.stage.unit(&unit).unwrap();
            let line = format!("tcp --to {to}:443 --bytes 1000");
            unit.traffic(&stage.stage.app, &line).unwrap();
        }
        ended_well(&agent.stop().unwrap()).unwrap();
        Self {
            store: settings.store,
            stage,
        }
    }

    /// Exit code and standard output of `weir`; nothing goes to standard error.
    fn weir(&self, line: &[&str]) -> (i32, String) {
        let agent = tool::sibling("XTASK_AGENT", "weir").unwrap();
        let output = Command::new(agent).args(line).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        assert_eq!(text(output.stderr), "", "{line:?}");
        (output.status.code().unwrap(), text(output.stdout))
    }

    /// The same of the record, as an object.
    fn asked(&self, line: &[&str]) -> (i32, Value) {
        let store = self.store.to_string_lossy();
        let of_record = ["--since", "1h", "--format", "json", "--store", &store];
        let (code, out) = self.weir(&[line, &of_record[..]].concat());
        (code, serde_json::from_str(&out).unwrap())
    }

    /// Judged again by a set: exit code, and each difference.
    fn replayed(&self, allowlists: &Path, more: &[&str]) -> (i32, Vec<String>) {
        let directory = allowlists.to_string_lossy();
        let (code, object) = self.asked(&[&["replay", "--allowlists", &directory], more].concat());
        (code, differences(&object))
    }

    /// A copy of the recorded set, with another file of the product.
    fn set(&self, name: &str, change: impl Fn(String) -> String) -> PathBuf {
        let directory = self.stage.stage.run.directory().join(name);
        fs::create_dir_all(&directory).unwrap();
        for file in fs::read_dir(lists()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), directory.join(file.file_name())).unwrap();
        }
        let product = directory.join("image-generation.toml");
        let text = fs::read_to_string(&product).unwrap();
        fs::write(&product, change(text)).unwrap();
        directory
    }

    /// Every file of the store.
    fn bytes(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = fs::read_dir(&self.store)
            .unwrap()
            .map(|file| file.unwrap().path());
        let files = files.filter(|path| path.is_file());
        files
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect()
    }
}

/// What `weir check` says of a set. That some entries are not disclosed goes to standard
/// error.
fn checked(directory: &Path) -> (i32, Value) {
    let agent = tool::sibling("XTASK_AGENT", "weir").unwrap();
    let directory = directory.to_string_lossy();
    let check = ["check", &directory, "--format", "json"];
    let output = Command::new(agent).args(check).output().unwrap();
    let object = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), object)
}

fn lists() -> PathBuf {
    stage::fixtures().join("names-allowlists")
}

/// `worse 203.0.113.9:443: declared by a > undeclared`.
fn differences(object: &Value) -> Vec<String> {
    let outcome = |outcome: &Value| match outcome["rule"].as_str() {
        Some(rule) => format!("{} by {rule}", outcome["verdict"].as_str().unwrap()),
        None => outcome["verdict"].as_str().unwrap().to_owned(),
    };
    let to = |to: &Value| {
        let by = to["by"].as_str().unwrap();
        to[by].as_str().unwrap().to_owned()
    };
    let one = |one: &Value| {
        format!(
            "{} {}: {} > {}",
            one["effect"].as_str().unwrap(),
            to(&one["to"]),
            outcome(&one["before"]),
            outcome(&one["after"])
        )
    };
    let mut all: Vec<String> = object["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(one)
        .collect();
    all.sort();
    all
}

#[test]
fn what_was_recorded_is_learned_filled_in_and_declared() {
    let recorded = Recorded::new();
    let before = recorded.bytes();

    // By the set that was in force, nothing differs.
    assert_eq!(recorded.replayed(&lists(), &[]), (0, Vec::new()));

    // Proposed: the name, since a trusted resolver gave it, and the address.
    let lists_text = lists().to_string_lossy().into_owned();
    let line = [
        "learn",
        "--allowlists",
        &lists_text,
        "--product",
        "image-generation",
    ];
    let (code, object) = recorded.asked(&line);
    assert_eq!(code, 0);
    let entry = |one: &Value| {
        (
            one["entry"]["id"].clone(),
            one["facts"]["third_country"].clone(),
        )
    };
    let proposals: Vec<_> = object["proposals"]
        .as_array()
        .unwrap()
        .iter()
        .map(entry)
        .collect();
    assert_eq!(
        proposals,
        [
            ("image-generation-www.stranger.example".into(), false.into()),
            ("image-generation-203.0.113.9".into(), true.into()),
        ]
    );
    let store = recorded.store.to_string_lossy().into_owned();
    let (_, toml) = recorded.weir(&[&line[..], &["--since", "1h", "--store", &store]].concat());

    // Pasted as it is, it is refused: of each entry three keys are empty, one is missing, and
    // so are the grounds.
    let pasted = recorded.set("pasted", |text| text + &toml);
    let (code, refused) = checked(&pasted);
    assert_eq!(code, 3);
    assert_eq!(refused["summary"], "10 errors in 1 file");

    // Filled in, it is valid, and the same record is declared by it.
    let filled = recorded.set("filled", |text| {
        let fill = |text: String, (empty, full): &(&str, &str)| text.replace(empty, full);
        FILLED_IN.iter().fold(text + &toml, fill)
    });
    let (code, valid) = checked(&filled);
    assert_eq!((code, &valid["valid"]), (0, &Value::Bool(true)));
    let mended = [
        "better 203.0.113.9: undeclared > declared by image-generation-203.0.113.9",
        "better www.stranger.example: undeclared > declared by \
         image-generation-www.stranger.example",
    ];
    assert_eq!(
        recorded.replayed(&filled, &[]),
        (0, mended.map(str::to_owned).into())
    );

    // The difference between the sets, key by key and in flows.
    let filled_text = filled.to_string_lossy();
    let (code, object) = recorded.asked(&["diff", &lists_text, &filled_text]);
    assert_eq!(code, 0);
    let part = |one: &Value| (one["edit"].clone(), one["id"].clone());
    let parts: Vec<_> = object["structure"]
        .as_array()
        .unwrap()
        .iter()
        .map(part)
        .collect();
    assert_eq!(
        parts,
        [
            ("added".into(), "image-generation-203.0.113.9".into()),
            (
                "added".into(),
                "image-generation-www.stranger.example".into()
            ),
        ]
    );
    assert_eq!(differences(&object["flows"]), mended);

    // Without an entry that was used, something would be worse.
    let renamed = recorded.set("narrower", |text| {
        text.replace("\"api.provider", "\"old.provider")
    });
    let worse = format!("worse {}: declared by image-api > undeclared", names::API);
    assert_eq!(recorded.replayed(&renamed, &[]), (9, vec![worse]));

    // With databases that place the German provider overseas, too.
    let moved = recorded.stage.stage.run.directory().join("moved.mmdb");
    geo::write_countries(
        &moved,
        &[("198.51.100.0/24", "US"), ("203.0.113.0/24", "US")],
    )
    .unwrap();
    let database = moved.to_string_lossy();
    let worse = format!(
        "worse {}: declared by image-germany > out_of_jurisdiction by image-germany",
        stage::GERMANY
    );
    let (code, found) = recorded.replayed(
        &lists(),
        &["--ip-db", &database, "--ip-db-max-age", "36500"],
    );
    assert_eq!((code, found), (9, vec![worse]));

    assert_eq!(recorded.bytes(), before, "the record was only read");
}
