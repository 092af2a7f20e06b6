//! Other questions to the record, and other answers.

use serde_json::{Value, json};
use weir_tests::{named_stage as names, stage};

use super::{Played, played::LISTS};

/// By a name, several at once, and what is not there.
pub(super) fn other_questions(played: &Played) {
    let all = played.said(&["explain", "--last", "99", names::EDGE]);
    assert_eq!(all.matches("OPERATOR'S HOME\n").count(), 2, "{all}");
    assert!(all.starts_with("198.51.100.20:443/tcp outbound\n"), "{all}");
    let newest = played.said(&["explain"]);
    assert_eq!(newest.matches("OPERATOR'S HOME\n").count(), 1, "{newest}");
    let (code, out, error) = played.weir(&["explain", "apo.provider.example"]);
    assert_eq!((code, out.as_str()), (Some(8), ""));
    assert_eq!(
        error,
        format!(
            "weir: the store {} has no flow to apo.provider.example: ask for one that it has, \
             such as api.provider.example, www.stranger.example, edge.cdn.example\n",
            played.store
        )
    );
    let line = [
        "explain",
        stage::NORWAY,
        "--allowlists",
        "names-allowlists",
        "--format",
        "json",
    ];
    let object: Value = serde_json::from_str(&played.said(&line)).unwrap();
    let by = &object["by_allowlists"];
    assert_eq!(
        (&by["entry"], &by["was_in_force"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(
        (&by["again"]["verdict"], &by["again"]["differs"]),
        (&json!("undeclared"), &json!(true))
    );
}

pub(super) fn an_object(played: &Played) {
    let line = ["explain", "--workload", "generation-chain", names::API];
    let line = [&line[..], &["--format", "json"]].concat();
    let object: Value = serde_json::from_str(&played.said(&line)).unwrap();
    assert_eq!(object["type"], "explanation");
    let seen = [&object["first_seen"], &object["last_seen"], &object["time"]];
    let seen: Vec<&str> = seen.iter().filter_map(|time| time.as_str()).collect();
    assert_eq!(seen.len(), 3);
    assert!(seen.is_sorted(), "{seen:?}");
    assert_eq!(
        object["destination"],
        json!({"address": names::CDN, "port": 443, "protocol": "tcp"})
    );
    assert_eq!(
        (&object["verdict"], &object["rule"]),
        (&json!("declared"), &json!("image-api"))
    );
    assert_eq!(object["names"]["names"].as_array().map(Vec::len), Some(2));
    assert_eq!(object["by_allowlists"], Value::Null);
}

pub(super) fn the_addresses_of_a_name(played: &Played) {
    let lookup = |name: &str| {
        let databases = played.databases.iter().map(String::as_str);
        let line = ["geo", "lookup", name, "--allowlists", LISTS];
        played.weir(&line.into_iter().chain(databases).collect::<Vec<_>>())
    };
    let (code, out, error) = lookup(names::API);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    let provider = "provider       example-provider by *.provider.example
legal entity   Example Provider AS
parent         Example Provider AS
domicile       NO (reviewed 2099-01-01)
";
    let parts: Vec<&str> = out.split("\n\n").collect();
    assert_eq!(format!("{}\n", parts[1]), provider);
    let addresses: Vec<&str> = parts
        .iter()
        .filter(|part| part.contains("\nrecorded"))
        .copied()
        .collect();
    let addresses: Vec<&str> = addresses
        .iter()
        .filter_map(|part| part.split_once(", last at"))
        .map(|(known, _)| known)
        .collect();
    assert_eq!(
        addresses,
        [
            "198.51.100.20\nrecorded       answered",
            "203.0.113.90\nrecorded       answered_untrusted",
        ]
    );
    assert!(
        out.ends_with("table says US, which does not count\n"),
        "{out}"
    );

    let (code, out, error) = lookup(names::DUAL);
    assert_eq!(code, Some(8));
    assert_eq!(out, format!("{}\n\n{provider}", names::DUAL));
    assert_eq!(
        error,
        format!(
            "weir: the store {} has no address of dual.provider.example, and none is asked of \
             the network: ask for one that it has, such as api.provider.example, \
             www.stranger.example, edge.cdn.example\n",
            played.store
        )
    );
}
