//! Tests beside the policy: `tests/*.toml` of a directory of allowlists. No agent reads
//! them, and they are no part of the set's digest.

use std::{fs, path::Path, sync::Arc};

use super::{
    diagnostic::{Diagnostic, Rejected},
    form::{Problems, read_cases},
    source::{self, Source},
};
use crate::described::Case;

/// The tests of a directory of allowlists that are sound, and everything that is wrong
/// with others; neither where it has no `tests`.
pub fn cases_of(directory: &Path) -> (Vec<Case>, Vec<Diagnostic>) {
    let tests = directory.join("tests");
    if !tests.is_dir() {
        // What is there and no directory was meant to be one.
        let problem = fs::symlink_metadata(&tests).is_ok().then(|| {
            let help = "make it a directory with the files of tests, or remove it";
            Diagnostic::whole(&tests, "this is not a directory", help)
        });
        return (Vec::new(), problem.into_iter().collect());
    }
    let (sources, mut problems) = source::read_any(&tests);
    let (cases, found) = sound(sources);
    problems.extend(found);
    (cases, problems)
}

/// The flows of one file, which may stand anywhere.
///
/// # Errors
/// Everything that is wrong with it.
pub fn cases_in(file: &Path) -> Result<Vec<Case>, Rejected> {
    let directory = file.parent().unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default();
    match source::read_file(directory, Path::new(name)) {
        Ok(source) => cases_from(file, vec![source]),
        Err(problem) => Err(Rejected::new(file, vec![*problem])),
    }
}

pub(super) fn cases_from(directory: &Path, sources: Vec<Source>) -> Result<Vec<Case>, Rejected> {
    let (cases, found) = sound(sources);
    match Rejected::if_any(directory, found) {
        Some(rejected) => Err(rejected),
        None => Ok(cases),
    }
}

fn sound(sources: Vec<Source>) -> (Vec<Case>, Vec<Diagnostic>) {
    let (mut cases, mut found) = (Vec::new(), Vec::new());
    for source in sources {
        let mut problems = Problems::new(Arc::new(source));
        cases.extend(read_cases(&mut problems));
        found.extend(problems.into_found());
    }
    (cases, found)
}
