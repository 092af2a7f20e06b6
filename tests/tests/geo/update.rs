//! All or nothing is installed.

use serde_json::{Value, json};

use super::*;

/// A database of that day's build.
fn built_on(file: &Path, country: &str, seconds: u64) {
    let entries = [("198.51.100.0/24", country)];
    let bytes = weir_ipdata::country_mmdb(entries, "Test-Country", seconds).unwrap();
    geo::replace(file, &bytes).unwrap();
}

/// The rows of an update: name, build date before and now, action.
fn rows(out: &str) -> Vec<[String; 4]> {
    let rows = out.lines().skip(1).take_while(|line| !line.is_empty());
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let before = if words.len() == 6 { words[3] } else { "-" };
        let last = words[words.len() - 1];
        [words[0], words[1], before, last].map(str::to_owned)
    };
    rows.map(row).collect()
}

#[test]
fn an_update_installs_all_or_nothing() {
    const DAY: u64 = 86_400;
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let update = |line: &[&str]| {
        let line = [&["update", "--ip-data", "installed"], line].concat();
        weir(directory.path(), &line)
    };
    let installed = |line: &[&str]| {
        let (code, out, error) = update(line);
        assert_eq!((code, error.as_str()), (Some(0), ""));
        assert!(out.ends_with("\n\nin installed\n"), "{out}");
        rows(&out)
    };
    let row = |words: [&str; 4]| words.map(str::to_owned);
    fs::create_dir(at("new")).unwrap();
    built_on(&at("new/a.mmdb"), "DE", geo::BUILT);
    built_on(&at("new/b.v2.mmdb"), "DE", geo::BUILT);
    fs::write(at("new/a.toml"), "licence = \"CC0\"\n").unwrap();
    assert_eq!(
        installed(&["new"]),
        [
            row(["a", "2026-01-01", "-", "installed"]),
            row(["b.v2", "2026-01-01", "-", "installed"]),
        ]
    );
    let names = || {
        let mut names: Vec<_> = fs::read_dir(at("installed"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["a.mmdb", "a.toml", "b.v2.mmdb"]);
    built_on(&at("new/a.mmdb"), "NO", geo::BUILT + DAY);
    assert_eq!(
        installed(&["new/a.mmdb", "new/b.v2.mmdb"]),
        [
            row(["a", "2026-01-02", "2026-01-01", "replaced"]),
            row(["b.v2", "2026-01-01", "2026-01-01", "unchanged"]),
        ]
    );

    // One that is older, one that is none, one that is not there: nothing of the
    // fourth, which is good.
    let before = fs::read(at("installed/a.mmdb")).unwrap();
    built_on(&at("new/a.mmdb"), "FR", geo::BUILT);
    built_on(&at("new/d.mmdb"), "FR", geo::BUILT);
    fs::write(at("new/c.mmdb"), b"garbage").unwrap();
    let (code, out, error) = update(&["new", "missing.mmdb", "installed/a.mmdb"]);
    assert_eq!((code, out.as_str()), (Some(4), ""));
    assert_eq!(
        error,
        "weir: new/a.mmdb and installed/a.mmdb are both called `a`: rename one of them\n\
         weir: new/a.mmdb was built 2026-01-01T00:00:00Z, and `a` as it is installed \
         2026-01-02T00:00:00Z: pass --allow-older if that is meant\n\
         weir: IP database new/c.mmdb is a text file: name a database in MaxMind format (.mmdb)\n\
         weir: IP database missing.mmdb does not exist: name one that does\n\
         weir: 4 errors, nothing was installed\n"
    );
    assert_eq!(fs::read(at("installed/a.mmdb")).unwrap(), before);
    assert_eq!(names(), ["a.mmdb", "a.toml", "b.v2.mmdb"]);
    assert_eq!(
        installed(&["new/a.mmdb", "--allow-older"]),
        [row(["a", "2026-01-01", "2026-01-02", "replaced"])]
    );

    let (code, out, _) = update(&["new/a.mmdb", "--format", "json"]);
    assert_eq!(code, Some(0));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["databases"][0]["action"], "unchanged");
    assert_eq!(answer["databases"][0]["database"]["licence"], "CC0");
    assert_eq!(answer["errors"], json!([]));
    let (code, _, error) = update(&["empty"]);
    assert_eq!(code, Some(4));
    assert!(
        error.starts_with("weir: IP database empty does not exist"),
        "{error}"
    );
    fs::write(at("file"), b"").unwrap();
    let (code, _, error) = weir(
        directory.path(),
        &["update", "--ip-data", "file", "new/a.mmdb"],
    );
    assert_eq!(code, Some(1));
    assert!(
        error.starts_with("weir: file cannot be written (File exists"),
        "{error}"
    );
}
