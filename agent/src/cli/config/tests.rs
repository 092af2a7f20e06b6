//! Tests of `weir config`, and of what comes before what.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod documents;
mod precedence;
mod shown;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use clap::CommandFactory as _;
use serde_json::Value;

use super::{in_force, schema::default_of};
use crate::{
    cli::{
        Cli,
        configured::{Asked, Unasked, ask_for_test},
    },
    config::{self, KEPT, KEYS, Loaded, WITHOUT, Wanted},
};

/// A path of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join(path)
}

/// A file in a directory of its own, which goes with it.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("weir.toml");
    fs::write(&path, text).unwrap();
    (directory, path)
}

/// What a command line asks with a file of this text; `FILE` in it is the file.
fn ask(line: &str, text: &str, variables: &[(&str, &str)]) -> Result<Asked, Unasked> {
    let (_directory, path) = file(text);
    ask_for_test(&line.replace("FILE", path.to_str().unwrap()), variables)
}

/// Every key of that with its value and where it comes from.
fn in_force(
    line: &str,
    text: &str,
    variables: &[(&str, &str)],
) -> BTreeMap<String, (Value, String)> {
    let asked = match ask(line, text, variables) {
        Ok(asked) => asked,
        Err(Unasked::CommandLine(error)) => panic!("{error}"),
        Err(Unasked::Config(rejected)) => panic!("{rejected}"),
    };
    let keys = in_force::options(&asked.matches, &asked.loaded);
    let keys = keys.into_iter().map(|key| {
        let from = in_force::word(&key.origin).to_owned();
        (key.path, (key.value, from))
    });
    keys.collect()
}

/// A new option of the daemon is a key of the file, or says why it is none.
#[test]
fn every_option_of_run_has_a_key() {
    let command = Cli::command();
    let run = command.find_subcommand("run").unwrap();
    let without: Vec<&str> = WITHOUT.iter().map(|(option, _)| *option).collect();
    let options: Vec<String> = run
        .get_arguments()
        .chain(command.get_arguments())
        .map(|argument| argument.get_id().to_string())
        .filter(|option| !["help", "version"].contains(&option.as_str()))
        .collect();
    for option in &options {
        let keyed = KEYS.iter().any(|key| key.option == option);
        let excused = without.contains(&option.as_str());
        assert!(keyed != excused, "--{}", option.replace('_', "-"));
    }
    for option in KEYS.iter().map(|key| key.option).chain(without) {
        assert!(options.iter().any(|one| one == option), "{option}");
    }
}

#[test]
fn options_that_keep_their_meaning_are_there() {
    for (path, option, why) in KEPT {
        let mut command = &Cli::command();
        for name in path.split(' ') {
            command = command.find_subcommand(name).unwrap();
        }
        let mut options = command.get_arguments();
        assert!(
            options.any(|one| one.get_id() == *option),
            "{path} {option}"
        );
        assert!(!why.is_empty());
    }
}

/// File and command line refuse the same numbers.
#[test]
fn bounds_are_those_of_the_options() {
    let root = config::schema();
    let mut bounds = 0;
    for key in KEYS {
        let (section, name) = key.parts();
        let section = root["properties"][section].clone();
        let schema = &config::resolved(&root, &section)["properties"][name];
        for (keyword, step) in [("minimum", -1), ("maximum", 1)] {
            let Some(bound) = schema[keyword].as_i64() else {
                continue;
            };
            bounds += 1;
            let option = key.option.replace('_', "-");
            let parse = |number: i64| {
                let argument = format!("--{option}={number}");
                Cli::command().try_get_matches_from(["weir", "run", &argument])
            };
            assert!(parse(bound).is_ok(), "{option}={bound}");
            assert!(parse(bound + step).is_err(), "{option}={}", bound + step);
        }
    }
    assert_eq!(bounds, 4, "of max_flows and max_age_days");
}

/// Every default of an option is one that the file may have.
#[test]
fn defaults_are_values_of_their_keys() {
    let root = config::schema();
    for key in KEYS {
        let Some(default) = default_of(key, &root) else {
            assert!(!key.unset.is_empty(), "{}: say what holds", key.path);
            continue;
        };
        assert!(key.unset.is_empty(), "{} has a default", key.path);
        let (section, name) = key.parts();
        let (_directory, path) = file(&format!("[{section}]\n{name} = {default}\n"));
        let loaded = Loaded::read(&Wanted::At(path), std::iter::empty());
        assert_eq!(loaded.unwrap().value(key.path), Some(&default));
    }
}
