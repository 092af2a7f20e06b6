//! Tests beside the policy: `tests/*.toml` of a directory of allowlists. No agent reads
//! them, and they are no part of the set's digest.

use std::{path::Path, sync::Arc};

use super::{
    diagnostic::Rejected,
    form::{Problems, read_cases},
    source::{self, Source},
};
use crate::described::Case;

/// The tests of a directory of allowlists; none where it has no `tests`.
///
/// # Errors
/// Everything that is wrong with the files.
pub fn cases_of(directory: &Path) -> Result<Vec<Case>, Rejected> {
    let tests = directory.join("tests");
    if !tests.is_dir() {
        return Ok(Vec::new());
    }
    let (sources, found) = source::read(&tests);
    if !found.is_empty() {
        return Err(Rejected::new(directory, found));
    }
    cases_from(directory, sources)
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
    let (mut cases, mut found) = (Vec::new(), Vec::new());
    for source in sources {
        let mut problems = Problems::new(Arc::new(source));
        cases.extend(read_cases(&mut problems));
        found.extend(problems.into_found());
    }
    if found.is_empty() {
        Ok(cases)
    } else {
        Err(Rejected::new(directory, found))
    }
}
