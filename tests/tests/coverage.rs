//! Every way of the catalogue, and that the catalogue is documented.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path};

use weir_tests::coverage::{WAYS, run_all};

#[test]
fn every_way_is_recorded_by_both_layers() {
    let wrong: Vec<_> = run_all()
        .unwrap()
        .into_iter()
        .filter_map(|(way, outcome)| outcome.and_then(|outcome| outcome.check(way)).err())
        .map(|error| format!("{error:#}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_catalogue_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/coverage.md");
    let text = fs::read_to_string(path).unwrap();
    for way in WAYS {
        let row = format!("| `{}` | {} |", way.id, way.title);
        assert!(text.contains(&row), "docs/coverage.md lacks\n{row}");
    }
}
