//! The decision, and what a set of allowlists makes of it.

use jiff::civil::date;
use serde_json::{Value, json};

use super::{pages::full, *};
use crate::cli::explain::object::Object;

/// The last part of the page.
fn decision(flow: FlowInterval, allowlists: &Allowlists) -> String {
    let page = page(&recorded(flow), Some(allowlists));
    let (_, decision) = page.split_once("DECISION\n").unwrap();
    // What the entries are is said behind it.
    let end = decision.find("\nENTRIES").unwrap_or(decision.len());
    decision[..end].to_owned()
}

#[test]
fn the_entry_is_shown_with_what_it_is_for() {
    let lists =
        allowlists("id = \"api\"\nname = [\"api.example\"]\nports = [443]\nexpires = 2026-12-31");
    let mut flow = full();
    *named(&mut flow) = Names {
        names: vec![told("api.example", &[])],
        missing: None,
    };
    assert_eq!(
        decision(flow, &lists),
        "verdict        declared
entry          api of a
  purpose      the provider
  owner        team-a
  expires      2026-12-31
because        no entry of a declares it
judged again   as recorded, by lists as of 2026-11-01 (another set than was in
               force)
"
    );
}

#[test]
fn another_verdict_is_said_with_its_reason() {
    let lists = allowlists("id = \"net\"\ncidr = [\"198.51.100.0/24\"]\nexpires = 2026-12-31");
    assert_eq!(
        decision(flow(), &lists),
        "verdict        undeclared
entry          none
because        no entry of a declares it
judged again   declared by entry net, by lists as of 2026-11-01 (another set
               than was in force)
  because      entry net of a declares 198.51.100.9:443/tcp outbound (place
               unknown: no database holds it)
"
    );
}

#[test]
fn an_entry_that_is_gone_is_said_to_be() {
    let lists = allowlists("id = \"net\"\ncidr = [\"203.0.113.0/24\"]\nexpires = 2026-12-31");
    let mut flow = full();
    *named(&mut flow) = Names::none(Missing::NoneSeen);
    let decision = decision(flow, &lists);
    assert!(
        decision.contains("\nentry          api, which lists does not have\n"),
        "{decision}"
    );
    assert!(
        decision.contains("\njudged again   undeclared, by lists as of 2026-11-01 ("),
        "{decision}"
    );
}

#[test]
fn the_day_of_the_record_counts() {
    let entry = "id = \"net\"\ncidr = [\"198.51.100.0/24\"]\nexpires = 2026-10-31";
    let explained = recorded(flow());
    assert_eq!(Explanation::of(&explained, None).day(), date(2026, 11, 1));
    let lists = allowlists(entry);
    let explanation = Explanation::of(&explained, Some(&lists));
    let by = explanation.by.unwrap();
    assert_eq!((by.judged.verdict, by.differs), (Verdict::Expired, true));
}

#[test]
fn the_object_has_all_of_it() {
    let explained = recorded(full());
    let lists =
        allowlists("id = \"api\"\nname = [\"api.example\"]\nports = [443]\nexpires = 2026-12-31");
    let explanation = Explanation::of(&explained, Some(&lists));
    let object = serde_json::to_value(Object::from(&explanation)).unwrap();
    for (field, value) in [
        ("type", json!("explanation")),
        ("time", json!("2026-11-01T12:01:00Z")),
        ("recording", json!("r1")),
        ("first_seen", json!("2026-11-01T12:00:00Z")),
        ("last_seen", json!("2026-11-01T12:01:00Z")),
        (
            "destination",
            json!({"address": "198.51.100.9", "port": 443, "protocol": "tcp"}),
        ),
        ("product", json!("a")),
        ("verdict", json!("declared")),
        ("rule", json!("api")),
        ("egress_bytes", json!(5120)),
        (
            "encrypted_dns",
            json!({"over": "https", "provider": "example-cdn"}),
        ),
    ] {
        assert_eq!(object[field], value, "{field}");
    }
    assert_eq!(object["names"]["names"].as_array().map(Vec::len), Some(4));
    assert_eq!(
        object["hosted_in"]["sources"].as_array().map(Vec::len),
        Some(4)
    );
    assert_eq!(object["operator_domicile"]["stated"], "US");
    let by = &object["by_allowlists"];
    assert_eq!(by["directory"], "lists");
    assert_eq!(by["digest"], lists.policy.digest());
    assert_eq!(by["was_in_force"], false);
    assert_eq!(by["posture"], "external_declared");
    assert_eq!(
        (
            &by["entry"]["of"],
            &by["entry"]["owner"],
            &by["entry"]["expires"]
        ),
        (&json!("a"), &json!("team-a"), &json!("2026-12-31"))
    );
    assert_eq!(by["again"]["day"], "2026-11-01");
    assert_eq!(by["again"]["verdict"], "undeclared");
    assert_eq!(by["again"]["differs"], true);

    let explanation = Explanation::of(&explained, None);
    let object = serde_json::to_value(Object::from(&explanation)).unwrap();
    assert_eq!(object["by_allowlists"], Value::Null);
}
