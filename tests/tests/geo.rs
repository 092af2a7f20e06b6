//! `weir geo`: exact output of each command.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use weir_tests::{
    geo,
    record::Flow,
    stage::{self, Stage, ended_well},
    tool,
};

/// Exit code, standard output and standard error of `weir geo` in a directory.
fn weir(directory: &Path, line: &[&str]) -> (Option<i32>, String, String) {
    let agent = tool::sibling("WEIR_AGENT", "weir").unwrap();
    let output = Command::new(agent)
        .arg("geo")
        .args(line)
        .current_dir(directory)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
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

const LOOKUP: [&str; 5] = ["lookup", "--ip-data", "data", "--ip-db-max-age", "36500"];

fn lookup(directory: &Path, more: &[&str]) -> String {
    said(directory, &[&LOOKUP, more].concat())
}

fn fixtures() -> String {
    let path = stage::fixtures().join("allowlists");
    path.to_string_lossy().into_owned()
}

#[test]
fn sources_that_disagree_stand_side_by_side() {
    let directory = tempfile::tempdir().unwrap();
    databases(directory.path());
    assert_eq!(
        lookup(directory.path(), &["198.51.100.9"]),
        "198.51.100.9

SOURCE                 BUILT       HOSTED  REGISTERED  AS            ANYCAST
countries              2026-01-01  DE      -           -             -
  198.51.100.0/25
old                    2026-01-01  (FR)    -           -             -
  198.51.100.0/26; built 2026-01-01, older than its limit of 1 day
other                  2026-01-01  FR      -           -             -
  198.51.100.0/26
systems                2026-01-01  -       -           AS64500       no
  198.51.100.0/24; Example Networks (synthetic)

hosted in      disputed: the sources disagree: `countries` says DE, `other` says
               FR
registered in  unknown: no database tells the country of registration
operator       AS64500 Example Networks (synthetic) (unanimous, 1 of 1 sources
               count)
anycast        no (unanimous, 1 of 1 sources count)
"
    );
}

#[test]
fn an_anycast_address_is_in_no_one_country() {
    let directory = tempfile::tempdir().unwrap();
    databases(directory.path());
    // As IPv4, however it is written.
    let out = lookup(
        directory.path(),
        &["::ffff:203.0.113.9", "--allowlists", &fixtures()],
    );
    assert!(out.starts_with("203.0.113.9\n"), "{out}");
    let (_, answers) = out.split_once("\n\nhosted in").unwrap();
    assert_eq!(
        answers,
        "      US (unanimous, 2 of 3 sources count); being anycast, it is in no
               one country
registered in  unknown: no database tells the country of registration
operator       AS64501 Example Anycast (synthetic) (unanimous, 1 of 1 sources
               count)
anycast        yes (unanimous, 1 of 1 sources count)
"
    );
}

#[test]
fn the_platform_s_own_networks_are_beyond_every_database() {
    let directory = tempfile::tempdir().unwrap();
    databases(directory.path());
    let entries = [("10.77.0.0/16", "US")];
    geo::write_countries(&directory.path().join("data/other.mmdb"), &entries).unwrap();
    let out = lookup(
        directory.path(),
        &["10.77.0.20", "--allowlists", &fixtures()],
    );
    let (_, answers) = out.split_once("\n\ninternal").unwrap();
    assert_eq!(
        answers,
        "       10.77.0.0/16 (hosts of the test world), a network of the
               platform: internal, whatever databases say
hosted in      US (unanimous, 1 of 3 sources count); outside EEA
registered in  unknown: no database tells the country of registration
operator       unknown: 10.77.0.20 is in 10.0.0.0/8 (private use, RFC 1918),
               which no autonomous system announces
anycast        unknown: no database has an entry for 10.77.0.20
"
    );
}

#[test]
fn a_look_up_is_an_object_too() {
    let directory = tempfile::tempdir().unwrap();
    databases(directory.path());
    let fixtures = fixtures();
    let line = [
        "198.51.100.200",
        "--allowlists",
        &fixtures,
        "--format",
        "json",
    ];
    let (code, out, _) = weir(directory.path(), &[&LOOKUP[..], &line].concat());
    assert_eq!(code, Some(0));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["address"], "198.51.100.200");
    assert_eq!(answer["internal"], Value::Null);
    assert_eq!(answer["country"], "NO");
    assert_eq!(answer["third_country"], false);
    assert_eq!(
        answer["hosted_in"],
        json!({
            "value": "NO",
            "agreement": "unanimous",
            "sources": [
                {"source": "countries", "value": "NO", "prefix": "198.51.100.128/25", "note": null},
                {
                    "source": "old",
                    "value": null,
                    "prefix": null,
                    "note": "built 2026-01-01, older than its limit of 1 day",
                },
                {"source": "other", "value": null, "prefix": null, "note": null},
            ],
            "reason": null,
        })
    );
    assert_eq!(answer["operator"]["value"]["asn"], 64_500);
    let systems = &answer["databases"][3];
    assert_eq!(systems["name"], "systems");
    assert_eq!(systems["licence"], "synthetic");
    assert_eq!(systems["fields"], json!(["asn", "is_anycast"]));
}

#[test]
fn what_cannot_be_looked_up_says_why() {
    let directory = tempfile::tempdir().unwrap();
    databases(directory.path());
    let refused = |line: &[&str]| {
        let (code, out, error) = weir(directory.path(), line);
        assert_eq!(out, "");
        (code, error)
    };
    assert_eq!(
        refused(&[&LOOKUP[..], &["models.example"]].concat()),
        (
            Some(2),
            "weir: `models.example` is not an address: names are looked up in the record, which \
             holds none yet, and never over the network; give an IP address\n"
                .to_owned()
        )
    );
    assert_eq!(
        refused(&["lookup", "192.0.2.1", "--ip-data", "none"]),
        (
            Some(4),
            "weir: the IP databases in none cannot be read (No such file or directory (os error \
             2)): make the directory readable, or name another with --ip-data\n"
                .to_owned()
        )
    );
    fs::write(directory.path().join("data/old.toml"), "max_age = 1\n").unwrap();
    assert_eq!(
        refused(&[&LOOKUP[..], &["192.0.2.1"]].concat()),
        (
            Some(4),
            "weir: data/old.toml:1:1: unknown field `max_age`, expected one of `licence`, \
             `max_age_days`, `source`: write licence = \"…\", max_age_days = 45, source = \"…\", \
             each of which may be missing\n"
                .to_owned()
        )
    );
}

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

#[test]
fn databases_are_compared_over_what_was_recorded() {
    let stage = Stage::new().unwrap();
    let settings = stage.settings().unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    let unit = stage.unit("image-generation.service").unwrap();
    let places = [
        stage::INTERNAL,
        stage::GERMANY,
        stage::NORWAY,
        stage::OVERSEAS,
        stage::NOWHERE,
    ];
    for address in places {
        let line = format!("tcp --to {address}:443 --bytes 1000");
        unit.traffic(&stage.app, &line).unwrap();
    }
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let bytes = |wanted: &[&str]| -> u64 {
        let is = |flow: &&Flow| {
            let address = flow.destination.address.to_string();
            flow.direction == "outbound" && wanted.contains(&address.as_str())
        };
        ended
            .flows
            .iter()
            .filter(is)
            .map(|flow| flow.egress_bytes)
            .sum()
    };

    let directory = tempfile::tempdir().unwrap();
    databases(directory.path());
    fs::remove_file(directory.path().join("data/old.mmdb")).unwrap();
    let entries = [
        ("198.51.100.0/25", "FI"),
        ("198.51.100.128/25", "US"),
        ("203.0.113.0/24", "US"),
    ];
    let data = directory.path().join("data");
    geo::write_countries(&data.join("other.mmdb"), &entries).unwrap();
    let store = settings.store.to_string_lossy().into_owned();
    let fixtures = fixtures();
    let line = [
        "compare",
        "--store",
        &store,
        "--ip-data",
        "data",
        "--allowlists",
        &fixtures,
        "--format",
        "json",
    ];
    let (code, out, error) = weir(directory.path(), &line);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    let answer: Value = serde_json::from_str(&out).unwrap();
    let amount = |places: &[&str]| json!({"destinations": places.len(), "bytes": bytes(places)});
    assert_eq!(answer["home"], "EEA");
    assert_eq!(
        answer["total"],
        amount(&places[1..]),
        "without what is internal"
    );
    assert_eq!(answer["pairs"].as_array().unwrap().len(), 3);
    assert_eq!(
        answer["pairs"][0],
        json!({
            "sources": ["countries", "other"],
            "countries": amount(&places[1..4]),
            "countries_differ": amount(&places[1..3]),
            "sides_differ": amount(&places[2..3]),
            "systems": amount(&[]),
            "systems_differ": amount(&[]),
        })
    );

    let text = said(directory.path(), &line[..7]);
    let (_, pair) = text.split_once("\n\n").unwrap();
    // Without the last column: how many bytes is in the object.
    let brief = |line: &str| line.chars().take(62).collect::<String>();
    let lines: Vec<String> = pair.lines().take(7).map(brief).collect();
    assert_eq!(
        lines,
        [
            "countries and other",
            "                                         DESTINATIONS    SHARE",
            "  both name a country                               3  100.0 %",
            "  different ones                                    2   66.6 %",
            "  on different sides of EEA                         1   33.3 %",
            "  both name a system                                0        -",
            "  different ones                                    0        -",
        ]
    );

    let later = [&line[..7], &["--since", "2100-01-01"]].concat();
    assert!(said(directory.path(), &later).starts_with("0 destinations, 0 B sent\n"));
    let wrong = [&line[..7], &["--since", "yesterday"]].concat();
    assert_eq!(weir(directory.path(), &wrong).0, Some(2));
    let nowhere = ["compare", "--store", "none", "--ip-data", "data"];
    assert_eq!(weir(directory.path(), &nowhere).0, Some(7));
}
