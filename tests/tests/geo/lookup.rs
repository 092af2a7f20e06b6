//! What every database says of an address.

use serde_json::{Value, json};

use super::*;

const LOOKUP: [&str; 5] = ["lookup", "--ip-data", "data", "--ip-db-max-age", "36500"];

fn lookup(directory: &Path, more: &[&str]) -> String {
    said(directory, &[&LOOKUP, more].concat())
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
operator       AS64500 Example Networks (synthetic) (unanimous, 1 of 1 sources)
anycast        no (unanimous, 1 of 1 sources)
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
        "      US (unanimous, 2 of 3 sources); being anycast, it is in no one
               country
registered in  unknown: no database tells the country of registration
operator       AS64501 Example Anycast (synthetic) (unanimous, 1 of 1 sources)
anycast        yes (unanimous, 1 of 1 sources)
provider       none: the allowlists list no providers
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
hosted in      US (unanimous, 1 of 3 sources); outside EEA
registered in  unknown: no database tells the country of registration
operator       unknown: 10.77.0.20 is in 10.0.0.0/8 (private use, RFC 1918),
               which no autonomous system announces
anycast        unknown: no database has an entry for 10.77.0.20
provider       none: the allowlists list no providers
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
fn the_operator_s_home_is_said_where_the_allowlists_know_it() {
    let directory = tempfile::tempdir().unwrap();
    databases(directory.path());
    let systems = [("198.51.100.0/24", 64_496, "Example (synthetic)", false)];
    let file = directory.path().join("data/systems.mmdb");
    geo::write_systems(&file, &systems).unwrap();
    let lists = stage::fixtures().join("explain-allowlists");
    let lists = lists.to_string_lossy();
    let out = lookup(
        directory.path(),
        &["198.51.100.200", "--allowlists", &lists],
    );
    let (_, operator) = out.split_once("\nprovider").unwrap();
    assert_eq!(
        operator,
        "       example-content-network by AS64496
legal entity   Example Content Network GmbH
parent         Example Holdings Inc.
domicile       US (reviewed 2099-01-01)
"
    );
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
    let (code, error) = refused(&[&LOOKUP[..], &["models..example"]].concat());
    assert_eq!(code, Some(2));
    let (first, _) = error.split_once('\n').unwrap();
    assert_eq!(
        first,
        "error: invalid value 'models..example' for '<ADDR|NAME>': it is no address, and no \
         name: a label is empty: remove the extra dot"
    );
    let (code, error) =
        refused(&[&LOOKUP[..], &["models.example", "--store", "no-store"]].concat());
    assert_eq!(code, Some(7));
    assert!(
        error.starts_with("weir: the store no-store cannot be read ("),
        "{error}"
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
