//! Tests of the config file and the environment.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod arbitrary;
mod broken;
mod environment;
mod keys;
mod values;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use super::*;
use crate::policy::Rejected;

/// A path of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join(path)
}

/// What a file of this text and these variables say. The file is named `weir.toml` in
/// messages.
fn load(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, Rejected> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("weir.toml");
    fs::write(&path, text).unwrap();
    let variables = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Loaded::read(&Wanted::At(path), variables)
}

/// What is wrong with a file of this text, as `place: message; help`.
fn faults(text: &str) -> Vec<String> {
    shown(&load(text, &[]).unwrap_err())
}

fn shown(rejected: &Rejected) -> Vec<String> {
    let one = |found: &crate::policy::Diagnostic| {
        let place = found.place.as_ref().map_or_else(String::new, |place| {
            format!("{}:{}: ", place.position.line, place.position.column)
        });
        format!("{place}{}; {}", found.message, found.help)
    };
    rejected.diagnostics().iter().map(one).collect()
}

#[test]
fn a_file_says_what_it_says() {
    let loaded = load(
        "[metrics]\nlisten = \"off\"\n\n[capture]\nuplinks = [\"eth0\"]\nmax_flows = 4_096\n\
         [self_test]\nevery = \"off\"\n[ledger]\nkeep_size = \"2 GiB\"\n",
        &[],
    )
    .unwrap();
    let config = loaded.config();
    assert_eq!(config.metrics.listen, Some(Listener(None)));
    assert_eq!(config.capture.uplinks, Some(vec!["eth0".to_owned()]));
    assert_eq!(config.capture.max_flows, Some(4096));
    assert_eq!(config.self_test.every, Some(Period(None)));
    assert_eq!(config.ledger.keep_size, Some(Size(2 << 30)));
    assert_eq!(config.paths, PathsSection::default());
    assert_eq!(loaded.texts("capture.max_flows").unwrap(), ["4096"]);
    assert_eq!(loaded.texts("paths.store"), None);
    let Origin::File(position) = loaded.origin("capture.uplinks") else {
        panic!("{:?}", loaded.origin("capture.uplinks"));
    };
    assert_eq!((position.line, position.column), (5, 11));
    assert_eq!(loaded.origin("paths.store"), Origin::Default);
}

#[test]
fn an_empty_file_says_nothing() {
    for text in ["", "# nothing\n", "[paths]\n[notify]\n"] {
        assert_eq!(*load(text, &[]).unwrap().config(), Config::default());
    }
}

/// Only the usual place may be empty.
#[test]
fn a_file_that_is_named_is_there() {
    let absent = Wanted::At(PathBuf::from("/nonexistent/weir.toml"));
    let rejected = Loaded::read(&absent, std::iter::empty()).unwrap_err();
    assert_eq!(
        rejected.to_string(),
        "/nonexistent/weir.toml: error: cannot read the file: no such file or directory\n  \
         help: there is no such file: see its name\n\n1 error in 1 file"
    );
    let none = Loaded::read(&Wanted::None, std::iter::empty()).unwrap();
    assert_eq!(none.file(), None);
    let directory = Wanted::At(PathBuf::from("/tmp"));
    let rejected = Loaded::read(&directory, std::iter::empty()).unwrap_err();
    assert!(rejected.to_string().contains("not a regular file"));
}

#[test]
fn what_is_wanted() {
    assert_eq!(
        Wanted::of(Some(Path::new("/a.toml"))),
        Wanted::At("/a.toml".into())
    );
    assert_eq!(Wanted::of(Some(Path::new("off"))), Wanted::None);
}
