//! How far databases disagree over what an agent recorded.

use serde_json::{Value, json};
use weir_tests::{
    record::Flow,
    stage::{Stage, ended_well},
};

use super::*;

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
