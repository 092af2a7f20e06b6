//! `weir geo`: exact output of each command.

#![expect(clippy::unwrap_used, reason = "tests")]

mod compare;
mod lookup;
mod update;

use std::{fs, path::Path};

use weir_tests::{
    geo, stage,
    tool::{self, Said},
};

/// Exit code, standard output and standard error of `weir geo` in a directory.
fn weir(directory: &Path, line: &[&str]) -> Said {
    let mut command = tool::weir().unwrap();
    tool::said(command.arg("geo").args(line).current_dir(directory)).unwrap()
}

/// What is said on success.
fn said(directory: &Path, line: &[&str]) -> String {
    let (code, out, error) = weir(directory, line);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(
        out.lines().all(|line| line.chars().count() <= 80),
        "wider than 80 columns:\n{out}"
    );
    out
}

/// Databases that disagree, a mark, one that is too old.
fn databases(directory: &Path) {
    let data = directory.join("data");
    fs::create_dir(&data).unwrap();
    geo::write(&data.join("countries.mmdb")).unwrap();
    let entries = [("198.51.100.0/26", "FR"), ("203.0.113.0/24", "US")];
    geo::write_countries(&data.join("other.mmdb"), &entries).unwrap();
    geo::write_countries(&data.join("old.mmdb"), &entries).unwrap();
    fs::write(data.join("old.toml"), "max_age_days = 1\n").unwrap();
    let systems = [
        (
            "198.51.100.0/24",
            64_500,
            "Example Networks (synthetic)",
            false,
        ),
        (
            "203.0.113.0/24",
            64_501,
            "Example Anycast (synthetic)",
            true,
        ),
    ];
    geo::write_systems(&data.join("systems.mmdb"), &systems).unwrap();
}

fn fixtures() -> String {
    let path = stage::fixtures().join("allowlists");
    path.to_string_lossy().into_owned()
}
