//! Tests of whole sets.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod archive;
mod documentation;
mod entries;
mod expiry;
mod law;
mod limits;
mod lint;
mod schema;
mod selectors;
mod valid;
pub(super) mod workloads;

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

use super::{Policy, Source};

/// A path of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join(path)
}

/// Sources from names and texts.
fn sources(files: &[(&str, &str)]) -> Vec<Source> {
    files
        .iter()
        .map(|(name, text)| Source::from_text(name, text))
        .collect()
}

/// Every directory of `tests/broken-allowlists`, byte for byte. `BLESS=1`
/// writes what is printed now.
#[test]
fn broken_sets() {
    let root = repository("tests/broken-allowlists");
    let mut cases: Vec<PathBuf> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(cases.len() > 10, "the broken sets are where they belong");
    let mut wrong = Vec::new();
    for case in cases {
        let rejected = Policy::load(&case).unwrap_err();
        let root = format!("{}", case.display());
        let shown = format!("{rejected}\n")
            .replace(&format!("{root}/"), "")
            .replace(&root, ".");
        let expected = case.join("expected.txt");
        if env::var_os("BLESS").is_some() {
            fs::write(&expected, &shown).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != shown {
            wrong.push(format!("--- {} now prints:\n{shown}", case.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nBLESS=1 accepts this",
        wrong.join("\n")
    );
}

/// The frames hold every message and every help, in order, and colour only
/// when asked for.
#[test]
fn frames_say_the_same() {
    let rejected = Policy::load(&repository("tests/broken-allowlists/networks")).unwrap_err();
    let frames = rejected.graphical(false);
    assert!(!frames.contains('\u{1b}'), "no colour unless asked");
    assert!(rejected.graphical(true).contains('\u{1b}'));
    let mut rest = frames.as_str();
    for diagnostic in rejected.diagnostics() {
        let first_word = diagnostic.message.split(' ').next().unwrap();
        rest = &rest[rest.find(first_word).unwrap()..];
    }
    assert!(frames.ends_with(&rejected.summary()));
}

#[test]
fn missing_directory_and_file_for_directory() {
    let gone = Path::new("/nonexistent-allowlists");
    assert_eq!(
        Policy::load(gone).unwrap_err().to_string(),
        "/nonexistent-allowlists: error: the directory does not exist\n  \
         help: name the directory that holds the allowlists\n\n1 error"
    );
    let file = repository("Cargo.toml");
    let shown = Policy::load(&file).unwrap_err().to_string();
    assert!(shown.contains("error: this is not a directory"), "{shown}");
}

/// What some editors put first is no character of the line.
#[test]
fn a_byte_order_mark_is_no_column() {
    let source = Source::from_text("a.toml", "\u{feff}product = 1\nb = 2\n");
    let at = |offset| (source.position(offset).line, source.position(offset).column);
    assert_eq!(
        [at(0), at(3), at(5), at(15)],
        [(1, 1), (1, 1), (1, 3), (2, 1)]
    );
    assert_eq!(source.line_range(5), 3..14);
}

/// No text makes the reader panic, and a refused one always says why.
mod arbitrary_text {
    use proptest::prelude::*;

    use super::*;

    fn fragment() -> impl Strategy<Value = String> {
        let words = [
            "product",
            "title",
            "allow",
            "[[allow]]",
            "[[workload]]",
            "[",
            "]",
            "=",
            "\"",
            "\n",
            "id",
            "cidr",
            "198.51.100.5/24",
            "ports",
            "443",
            "\"8-1\"",
            "countries",
            "é",
            "\t",
            "'",
            "2027-01-01",
            "{",
            "}",
            ",",
            "#",
            "internal",
            "[[set]]",
            "[[provider]]",
            "[[set.conditional]]",
            "[[claim]]",
            "condition = \"no_provider_above\"",
            "percent",
            "fresh_for_days = 1",
            "names",
            "*.a",
            "name",
            "from",
            "\u{1b}",
            "\r",
        ];
        prop_oneof![
            proptest::sample::select(words.map(str::to_owned).to_vec()),
            ".{0,3}"
        ]
    }

    proptest! {
        #[test]
        fn is_read_without_panic(
            parts in proptest::collection::vec(fragment(), 0..40),
            name in proptest::sample::select(vec!["a.toml", "platform.toml", "jurisdictions.toml", "providers.toml", "claims.toml"]),
        ) {
            let text = parts.concat();
            if let Err(rejected) = Policy::from_sources(sources(&[(name, &text)])) {
                prop_assert!(!rejected.diagnostics().is_empty());
                let shown = rejected.to_string();
                prop_assert!(!shown.contains('\u{1b}'), "control characters reach the terminal");
                prop_assert!(!rejected.graphical(false).contains('\u{1b}'), "so do frames");
                let places: BTreeSet<_> = rejected.diagnostics().iter()
                    .filter_map(|d| d.place.as_ref().map(|p| p.position)).collect();
                prop_assert!(places.iter().all(|p| p.line > 0 && p.column > 0));
            }
        }
    }
}
