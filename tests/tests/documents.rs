//! What the documentation says of tests is so.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::HashSet, fs, path::Path};

/// Names of all tests in Rust files below a directory.
fn tests_below(directory: &Path, found: &mut HashSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_below(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut lines = text.lines().map(str::trim);
            while let Some(line) = lines.next() {
                if line == "#[test]" {
                    let head = lines.next().unwrap_or_default();
                    let name = head.trim_start_matches("fn ").split('(').next();
                    found.extend(name.map(str::to_owned));
                }
            }
        }
    }
}

/// The test at the end of each row of a table that ends with one: `file`: `test`.
fn cited(text: &str) -> Vec<String> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    cells
        .filter_map(|cell| {
            let (file, test) = cell.trim().split_once("`: `")?;
            let file = file.strip_prefix('`')?;
            (!file.contains(' ')).then(|| test.trim_end_matches('`').to_owned())
        })
        .collect()
}

#[test]
fn tests_that_documents_name_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut tests = HashSet::new();
    for directory in [
        "tests/tests",
        "ledger",
        "agent/src",
        "agent/tests",
        "evidence",
    ] {
        tests_below(&root.join(directory), &mut tests);
    }
    for (page, least) in [("threat-model.md", 20), ("coverage.md", 17)] {
        let text = fs::read_to_string(root.join("docs").join(page)).unwrap();
        let cited = cited(&text);
        assert!(cited.len() >= least, "{page} names {} tests", cited.len());
        let missing: Vec<_> = cited.iter().filter(|test| !tests.contains(*test)).collect();
        assert!(
            missing.is_empty(),
            "{page} names tests that are not there: {missing:?}"
        );
    }
}
