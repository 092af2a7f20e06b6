//! What is worth a second look.

use std::collections::BTreeSet;

use jiff::civil::date;

use super::*;
use crate::policy::Lint;

/// Every directory of `tests/linted-allowlists`, byte for byte. `BLESS=1` writes what is
/// printed now.
#[test]
fn linted_sets() {
    let mut cases: Vec<PathBuf> = fs::read_dir(repository("tests/linted-allowlists"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for case in cases {
        let loaded = Policy::load_and_lint(&case, date(2026, 11, 25));
        let (_, lints) = loaded.unwrap_or_else(|rejected| panic!("{rejected}"));
        seen.extend(lints.diagnostics().iter().map(|found| found.lint.unwrap()));
        let root = format!("{}/", case.display());
        let shown = format!("{lints}\n").replace(&root, "");
        let expected = case.join("expected.txt");
        if env::var_os("BLESS").is_some() {
            fs::write(&expected, &shown).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != shown {
            wrong.push(format!("--- {} now prints:\n{shown}", case.display()));
        }
        let frames = lints.graphical(false);
        assert!(
            lints
                .diagnostics()
                .iter()
                .all(|found| frames.contains(found.lint.unwrap().id()))
        );
    }
    assert!(
        wrong.is_empty(),
        "{}\nBLESS=1 accepts this",
        wrong.join("\n")
    );
    assert_eq!(seen, BTreeSet::from(Lint::ALL), "every lint is shown once");
}

#[test]
fn lints_are_documented_and_their_ids_are_theirs_alone() {
    let text = fs::read_to_string(repository("docs/allowlists.md")).unwrap();
    let mut ids = BTreeSet::new();
    for lint in Lint::ALL {
        assert!(text.contains(&format!("| `{lint}` |")), "{lint}");
        assert!(ids.insert(lint.id()));
        assert!(lint.id().starts_with("weir/") && lint.summary().ends_with('.'));
    }
}

/// What the agent loads is not put off by a lint.
#[test]
fn a_lint_refuses_nothing() {
    let set = repository("tests/linted-allowlists/terms");
    assert_eq!(Policy::load(&set).unwrap().entry_count(), 4);
}

/// As `cargo xtask check` asks, on a day that does not pass.
#[test]
fn the_reference_set_is_clean() {
    let loaded = Policy::load_and_lint(&repository("allowlists"), date(2026, 11, 25));
    let (_, lints) = loaded.unwrap_or_else(|rejected| panic!("{rejected}"));
    assert_eq!(lints.to_string(), "");
}
