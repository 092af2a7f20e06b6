//! What `weir check` prints.
#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use super::{
    object::{invalid, valid},
    text::print_valid,
    *,
};
use crate::policy::{Rejected, Source};

fn args(path: &str) -> CheckArgs {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    CheckArgs {
        directory: Some(root.join(path)),
        schema: None,
        deny_warnings: false,
        today: Some("2026-11-25".parse().unwrap()),
        format: Answer::Text,
    }
}

fn date() -> Date {
    "2026-11-25".parse().unwrap()
}

#[test]
fn a_valid_set_is_listed_with_its_digest() {
    let directory = args("allowlists").directory.unwrap();
    let checked = look(&directory, date()).unwrap();
    let policy = &checked.policy;
    let mut out = Vec::new();
    print_valid(&directory, &checked, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows[0],
        ["PRODUCT", "POSTURE", "OWNER", "WORKLOADS", "ENTRIES"]
    );
    let image = [
        "image-generation",
        "external_declared",
        "team-image",
        "3",
        "3",
    ];
    assert!(rows.iter().any(|row| *row == image), "{text}");
    assert!(text.contains("13 products, 12 entries, valid\n"), "{text}");
    assert!(text.contains("\ntests: 7, as expected\n"), "{text}");
    assert!(text.contains("\nclaims: 17, out of reach: 15\n"), "{text}");
    assert!(text.ends_with(&format!("digest: {}\n", policy.digest())));
}

#[test]
fn providers_are_counted() {
    let source = |name: &str, text: &str| Source::from_text(name, text);
    let product = "product = \"a\"\ntitle = \"A\"\nowner = \"t\"\nposture = \"internal_only\"\n\
                   [[workload]]\nunit = \"a.service\"\n";
    let one = |id: &str, asn: u32, review: &str| {
        format!(
            "[[provider]]\nid = \"{id}\"\ntitle = \"T\"\nkinds = [\"other\"]\nasn = [{asn}]\n\
             legal_entity = \"L\"\nparent = \"P\"\ndomicile = \"NO\"\nsource = [\"s\"]\n{review}\n"
        )
    };
    let providers = format!(
        "fresh_for_days = 400\n{}{}",
        one("b", 64496, "reviewed = 2026-11-01"),
        one("a", 64497, "unreviewed = \"no source\"")
    );
    let sources = vec![
        source("a.toml", product),
        source("providers.toml", &providers),
    ];
    let linted = args("tests/linted-allowlists/terms").directory.unwrap();
    let (_, lints) = Policy::load_and_lint(&linted, date()).unwrap();
    let checked = Checked {
        policy: Policy::from_sources(sources).unwrap(),
        lints,
        tests: 7,
    };
    let object = valid(Path::new("."), &checked);
    assert_eq!(object["warnings"][0]["lint"], "weir/port-less");
    assert_eq!(object["warnings"][0]["line"], 10);
    assert_eq!(object["tests"], 7);
    let counted = json!({ "listed": 2, "unreviewed": ["a"] });
    assert_eq!(object["providers"], counted);
    let mut out = Vec::new();
    print_valid(Path::new("."), &checked, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("\nproviders: 2, unreviewed: 1\n"), "{text}");
}

#[test]
fn json_of_both_outcomes() {
    let good = args("allowlists").directory.unwrap();
    let object = valid(&good, &look(&good, date()).unwrap());
    assert_eq!(object["valid"], true);
    assert_eq!(object["home"], "EEA");
    assert_eq!(object["products"].as_array().unwrap().len(), 13);

    let bad = args("tests/broken-allowlists/countries").directory.unwrap();
    let object = invalid(&Policy::load(&bad).unwrap_err());
    assert_eq!(object["valid"], false);
    assert_eq!(object["summary"], "10 errors in 3 files");
    let first = &object["errors"][0];
    assert_eq!((&first["line"], &first["column"]), (&json!(13), &json!(14)));
    assert_eq!(first["help"], "the code is `GB`");
}

#[test]
fn exit_codes() {
    assert_eq!(
        run(&args("tests/broken-allowlists/empty")).unwrap(),
        ExitCode::from(3)
    );
    assert_eq!(run(&args("allowlists")).unwrap(), ExitCode::SUCCESS);
}

#[test]
fn warnings_are_denied_where_that_is_asked_for() {
    let mut linted = args("tests/linted-allowlists/terms");
    assert_eq!(run(&linted).unwrap(), ExitCode::SUCCESS);
    linted.deny_warnings = true;
    assert_eq!(run(&linted).unwrap(), ExitCode::from(3));
    let mut clean = args("tests/linted-allowlists/clean");
    clean.deny_warnings = true;
    assert_eq!(run(&clean).unwrap(), ExitCode::SUCCESS);
}

/// Every broken and every linted set: each finding once, with a rule that the log has, and
/// a region that is the stretch of the text.
#[test]
fn sarif_of_every_set() {
    let root = args("").directory.unwrap();
    let sets = ["tests/broken-allowlists", "tests/linted-allowlists"];
    let sets = sets
        .iter()
        .flat_map(|sets| std::fs::read_dir(root.join(sets)).unwrap());
    let mut found = 0;
    for set in sets
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
    {
        let diagnostics = match Policy::load_and_lint(&set, date()) {
            Ok((_, lints)) => lints.diagnostics().to_vec(),
            Err(rejected) => Rejected::diagnostics(&rejected).to_vec(),
        };
        let log: Value = serde_json::from_str(&sarif::log(&diagnostics)).unwrap();
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), diagnostics.len());
        for (result, diagnostic) in results.iter().zip(&diagnostics) {
            found += 1;
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            let rule = &run["tool"]["driver"]["rules"][index];
            assert_eq!(rule["id"], result["ruleId"]);
            assert_eq!(rule["defaultConfiguration"]["level"], result["level"]);
            let location = &result["locations"][0]["physicalLocation"];
            let uri = location["artifactLocation"]["uri"].as_str().unwrap();
            assert_eq!(uri, format!("file://{}", diagnostic.file.display()));
            let Some(place) = &diagnostic.place else {
                assert_eq!(location["region"], Value::Null);
                continue;
            };
            let text = &place.source.text;
            let byte = |line: &str, column: &str| {
                let at = |key: &str| {
                    usize::try_from(location["region"][key].as_u64().unwrap()).unwrap() - 1
                };
                let before: usize = text
                    .split_inclusive('\n')
                    .take(at(line))
                    .map(str::len)
                    .sum();
                let rest = text[before..].chars().take(at(column));
                before + rest.map(char::len_utf8).sum::<usize>()
            };
            let region = byte("startLine", "startColumn")..byte("endLine", "endColumn");
            assert_eq!(region, place.span, "{uri}");
        }
    }
    assert!(found > 200, "{found}");
}

/// The log of one finding, whole.
#[test]
fn a_sarif_log() {
    let source = std::sync::Arc::new(Source::from_text(
        "my set/\u{e5}.toml",
        "\u{1f600} = 1\nb = 2\n",
    ));
    let found = Diagnostic::at(&source, 0..4, "a cause", "a remedy");
    let log: Value = serde_json::from_str(&sarif::log(&[found])).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["tool"]["driver"]["name"], "weir");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 14);
    let result = json!([{
        "ruleId": "weir/invalid",
        "ruleIndex": 0,
        "level": "error",
        "message": { "text": "a cause\na remedy" },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": "my%20set/%C3%A5.toml" },
            "region": { "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2 },
        } }],
    }]);
    assert_eq!(run["results"], result);
}

fn set_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let set = tempfile::tempdir().unwrap();
    let product = "product = \"a\"\ntitle = \"A\"\nowner = \"t\"\nposture = \"internal_only\"\n\
                   [[workload]]\nunit = \"a.service\"\n";
    std::fs::write(set.path().join("a.toml"), product).unwrap();
    std::fs::create_dir(set.path().join("tests")).unwrap();
    for (name, text) in files {
        std::fs::write(set.path().join(name), text).unwrap();
    }
    set
}

fn messages(set: &Path) -> Vec<String> {
    let rejected = look(set, date()).err().unwrap();
    let all = rejected.diagnostics().iter();
    all.map(|found| found.message.clone()).collect()
}

/// A flow of `a` with what is expected of it.
fn flow(title: &str, rest: &str) -> String {
    format!(
        "[[flow]]\ntitle = \"{title}\"\nworkload = {{ unit = \"a.service\" }}\n\
         address = \"198.51.100.7\"\nprotocol = \"icmp\"\n{rest}\n"
    )
}

#[test]
fn a_directory_of_tests_may_be_empty_and_is_a_directory() {
    let set = set_with(&[]);
    let checked = look(set.path(), date()).map_err(|error| error.to_string());
    assert_eq!(checked.unwrap().tests, 0);
    let tests = set.path().join("tests");
    std::fs::remove_dir(&tests).unwrap();
    std::fs::write(&tests, "").unwrap();
    assert_eq!(messages(set.path()), ["this is not a directory"]);
    std::fs::remove_file(&tests).unwrap();
    std::os::unix::fs::symlink("nowhere", &tests).unwrap();
    assert_eq!(messages(set.path()), ["this is not a directory"]);
    std::fs::remove_file(&tests).unwrap();
    assert!(look(set.path(), date()).is_ok());
}

#[test]
fn errors_of_the_set_and_its_tests_are_told_together() {
    let faulty = flow("faulty", "expect = \"declared\"\nnonsense = 1");
    let set = set_with(&[("b.toml", "nonsense = 1\n"), ("tests/t.toml", &faulty)]);
    let found = messages(set.path());
    let unknown = |found: &&String| found.starts_with("unknown key `nonsense`");
    assert_eq!(found.iter().filter(unknown).count(), 2, "{found:?}");
}

/// A test that cannot be read as a whole is not judged, and hides no other.
#[test]
fn a_faulty_test_hides_no_failing_one() {
    let both = [
        flow("faulty", "expect = \"declared\"\nat = 9999-12-31"),
        flow("failing", "expect = \"declared\""),
    ];
    let set = set_with(&[("tests/t.toml", &both.concat())]);
    assert_eq!(
        messages(set.path()),
        [
            "the day `9999-12-31` is too far off",
            "failing: expected `declared`, got `undeclared`"
        ]
    );
}

/// The calendar has a day that the clock does not.
#[test]
fn a_day_that_is_too_far_off_is_refused() {
    assert_eq!(day("9999-12-30").unwrap().to_string(), "9999-12-30");
    assert!(day("9999-12-31").is_err());
}

#[test]
fn names_of_files_do_not_drive_the_terminal() {
    let set = set_with(&[("b\u{1b}[31m\n.toml", "nonsense = 1\n")]);
    let rejected = look(set.path(), date()).err().unwrap();
    for shown in [rejected.to_string(), rejected.graphical(false)] {
        assert!(!shown.contains('\u{1b}'), "{shown}");
        assert!(!shown.contains("\n.toml"), "{shown}");
    }
    let plain = rejected.to_string();
    assert!(plain.contains("b\\u{1b}[31m\\n.toml: error:"), "{plain}");
}

/// Every test that fails is told of, with the place and the verdict's reason.
#[test]
fn tests_beside_the_policy() {
    let set = args("tests/tested-allowlists/holding").directory.unwrap();
    assert_eq!(
        look(&set, date()).map_err(|e| e.to_string()).unwrap().tests,
        10
    );
    for case in ["failing", "faulty"] {
        let set = args(&format!("tests/tested-allowlists/{case}"))
            .directory
            .unwrap();
        let rejected = look(&set, date()).err().unwrap();
        let shown = format!("{rejected}\n").replace(&format!("{}/", set.display()), "");
        let expected = set.join("expected.txt");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expected, &shown).unwrap();
        }
        let known = std::fs::read_to_string(&expected).unwrap_or_default();
        assert!(
            known == shown,
            "{case} now prints:\n{shown}\nBLESS=1 accepts this"
        );
    }
}
